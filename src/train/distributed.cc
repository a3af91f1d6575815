// Tensors travel through main memory; what is not on the CPU is copied there and back.
#include "train/distributed.h"

#include <charconv>
#include <cstdlib>

#include "base/text.h"
#include "train/guard.h"

#if defined(USE_C10D_GLOO) && __has_include(<gloo/config.h>)
#define POTLUT_TRAIN_GLOO 1
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#endif

namespace potlut::train {
namespace {

constexpr int kMaxWorld = 4096;

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

Expected<int> ParseInt(const std::string& text, int lo, int hi, const std::string& what) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < lo || value > hi) {
    return UsageError(what, " '", text, "': wanted is a number from ", lo, " to ", hi);
  }
  return value;
}

Expected<std::optional<Rendezvous>> Checked(Rendezvous made) {
  if (made.rank >= made.world_size) {
    return UsageError("--rank ", made.rank, ": ranks of ", made.world_size,
                      " processes go from 0 to ", made.world_size - 1);
  }
  if (made.world_size == 1) return std::optional<Rendezvous>();
  return std::optional(std::move(made));
}

Expected<std::optional<Rendezvous>> FromEnvironment() {
  Rendezvous made;
  made.host = Variable("MASTER_ADDR");
  const std::string port = Variable("MASTER_PORT"), rank = Variable("RANK"),
                    world = Variable("WORLD_SIZE");
  if (made.host.empty() || port.empty() || rank.empty() || world.empty())
    return std::optional<Rendezvous>();
  POTLUT_ASSIGN_OR_RETURN(const int number, ParseInt(port, 1, 65535, "MASTER_PORT"));
  POTLUT_ASSIGN_OR_RETURN(made.rank, ParseInt(rank, 0, kMaxWorld - 1, "RANK"));
  POTLUT_ASSIGN_OR_RETURN(made.world_size, ParseInt(world, 1, kMaxWorld, "WORLD_SIZE"));
  made.port = static_cast<uint16_t>(number);
  made.serve = Variable("TORCHELASTIC_USE_AGENT_STORE") != "True";
  return Checked(std::move(made));
}

#ifdef POTLUT_TRAIN_GLOO

constexpr std::chrono::minutes kPatience{5};

class GlooWorkers : public Workers {
 public:
  explicit GlooWorkers(const Rendezvous& rendezvous)
      : rank_(rendezvous.rank), size_(rendezvous.world_size) {
    c10d::TCPStoreOptions store_options;
    store_options.port = rendezvous.port;
    store_options.isServer = rendezvous.rank == 0 && rendezvous.serve;
    store_options.numWorkers = static_cast<size_t>(rendezvous.world_size);
    store_options.waitWorkers = rendezvous.serve;
    store_options.timeout = kPatience;
    store_ = c10::make_intrusive<c10d::TCPStore>(rendezvous.host, store_options);
    auto options = c10d::ProcessGroupGloo::Options::create();
    options->timeout = kPatience;
    const bool here = rendezvous.host == "localhost" || rendezvous.host.rfind("127.", 0) == 0;
    const std::string interface = Variable("GLOO_SOCKET_IFNAME");
    if (here) {
      options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1"));
    } else if (!interface.empty()) {
      options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForInterface(interface));
    } else {
      options->devices.push_back(c10d::ProcessGroupGloo::createDefaultDevice());
    }
    group_ = c10::make_intrusive<c10d::ProcessGroupGloo>(
        c10::make_intrusive<c10d::PrefixStore>("potlut-train", store_), rank_, size_, options);
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  void Average(at::Tensor& flat) override {
    std::vector<at::Tensor> tensors{flat};
    group_->allreduce(tensors)->wait();
    flat.div_(size_);
  }

  void Broadcast(at::Tensor& tensor) override {
    if (tensor.numel() == 0) return;
    const at::Tensor flat = tensor.detach().to(at::kCPU).contiguous();
    // As bytes: Gloo knows fewer types than LibTorch.
    std::vector<at::Tensor> bytes{at::from_blob(
        flat.data_ptr(), {static_cast<int64_t>(flat.nbytes())}, at::TensorOptions(at::kByte))};
    group_->broadcast(bytes)->wait();
    const at::NoGradGuard no_grad;
    if (rank_ != 0) tensor.copy_(flat);
  }

 private:
  const int rank_, size_;
  c10::intrusive_ptr<c10d::TCPStore> store_;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> group_;
};

#endif

}  // namespace

Expected<std::optional<Rendezvous>> ResolveRendezvous(const RendezvousOptions& options) {
  if (options.address.empty()) {
    if (options.rank || options.world_size)
      return UsageError("--rank and --world-size need --rendezvous tcp://HOST:PORT");
    return FromEnvironment();
  }
  constexpr std::string_view kScheme = "tcp://";
  const size_t colon = options.address.rfind(':');
  if (options.address.rfind(kScheme, 0) != 0 || colon < kScheme.size() + 1) {
    return UsageError("--rendezvous '", options.address, "': wanted is tcp://HOST:PORT");
  }
  if (!options.rank || !options.world_size)
    return UsageError("--rendezvous needs --rank R and --world-size N");
  if (*options.world_size < 1 || *options.world_size > kMaxWorld || *options.rank < 0)
    return UsageError("--world-size: wanted is 1 to ", kMaxWorld, ", and --rank below it");
  Rendezvous made;
  made.host = options.address.substr(kScheme.size(), colon - kScheme.size());
  POTLUT_ASSIGN_OR_RETURN(
      const int port, ParseInt(options.address.substr(colon + 1), 1, 65535, "--rendezvous: port"));
  made.port = static_cast<uint16_t>(port);
  made.rank = *options.rank;
  made.world_size = *options.world_size;
  return Checked(std::move(made));
}

Expected<std::unique_ptr<Workers>> Join(const Rendezvous& rendezvous) {
#ifdef POTLUT_TRAIN_GLOO
  return Guarded(
      Cat("--rendezvous tcp://", rendezvous.host, ":", static_cast<int>(rendezvous.port)),
      [&]() -> Expected<std::unique_ptr<Workers>> {
        return std::unique_ptr<Workers>(new GlooWorkers(rendezvous));
      });
#else
  (void)rendezvous;
  return Unsupported(
      "--rendezvous: this potlut-train was built without Gloo (Debian: libgloo-dev)");
#endif
}

}  // namespace potlut::train
