// potlut itself, through the engine that stands behind the C interface.
#include <cmath>

#include "engine/thread_pool.h"
#include "pack/plut.h"
#include "peers/peer.h"

namespace potlut::peers {
namespace {

class PotlutPeer final : public Peer {
 public:
  Status Load(const Source& source) {
    POTLUT_ASSIGN_OR_RETURN(Program program, LoadProgram(source.plut_path));
    POTLUT_ASSIGN_OR_RETURN(model_, Model::Create(std::move(program), source.isa));
    return Open(source.threads);
  }
  Status Run(std::span<const uint8_t> image) override { return session_->Run(image); }
  std::vector<float> Output() const override {
    const Program& program = model_->program();
    const Tensor& tensor = program.tensors[static_cast<size_t>(program.outputs[0])];
    std::vector<float> values;
    for (const int32_t v : session_->OutputValues(0))
      values.push_back(std::ldexp(static_cast<float>(v), tensor.exponent));
    return values;
  }

 private:
  Status Open(int threads) {
    std::shared_ptr<ThreadPool> pool;
    if (threads > 1) {
      POTLUT_ASSIGN_OR_RETURN(pool, ThreadPool::Create(threads));
    }
    POTLUT_ASSIGN_OR_RETURN(session_, Session::Create(model_, {}, pool));
    return {};
  }
  std::shared_ptr<const Model> model_;
  std::unique_ptr<Session> session_;
};

}  // namespace

Expected<std::unique_ptr<Peer>> MakePotlut(const Source& source) {
  auto peer = std::make_unique<PotlutPeer>();
  POTLUT_RETURN_IF_ERROR(peer->Load(source));
  return std::unique_ptr<Peer>(std::move(peer));
}

}  // namespace potlut::peers
