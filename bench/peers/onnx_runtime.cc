// ONNX Runtime through its C interface, loaded at run time: no header of it is needed, since the
// places of the functions in its table never change (its C interface is append-only).
#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>

#include "base/file.h"
#include "base/text.h"
#include "pack/plut.h"
#include "peers/peer.h"

namespace potlut::peers {
namespace {

constexpr uint32_t kApiVersion = 12;  // any since 1.12
constexpr int kFloat = 1, kUint8 = 2;
constexpr int kEnableAll = 99;
constexpr int kWarning = 3;  // errors and worse

struct ApiBase {
  const void* const* (*get_api)(uint32_t version);
  const char* (*get_version)();
};

// Places in the table of functions.
enum Place {
  kGetErrorMessage = 2,
  kCreateEnv = 3,
  kCreateSession = 7,
  kRun = 9,
  kCreateSessionOptions = 10,
  kSetOptimizedModelFilePath = 11,
  kEnableProfiling = 14,
  kSetGraphOptimizationLevel = 23,
  kSetIntraOpNumThreads = 24,
  kSetInterOpNumThreads = 25,
  kSessionGetInputName = 36,
  kSessionGetOutputName = 37,
  kCreateTensorWithData = 49,
  kCreateCpuMemoryInfo = 69,
  kGetAllocatorWithDefaultOptions = 78,
};

class OnnxRuntime final : public Peer {
 public:
  Status Load(const Source& source) {
    POTLUT_ASSIGN_OR_RETURN(const auto bytes, ReadFile(source.plut_path));
    POTLUT_ASSIGN_OR_RETURN(const PlutInfo info, Shape(bytes));
    void* library = dlopen(source.runtime_path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return Unsupported("ONNX Runtime: ", std::string_view(dlerror()));
    const auto base = reinterpret_cast<const ApiBase* (*)()>(dlsym(library, "OrtGetApiBase"));
    if (base == nullptr) return Unsupported("ONNX Runtime: the library has no OrtGetApiBase");
    api_ = base()->get_api(kApiVersion);
    if (api_ == nullptr) return Unsupported("ONNX Runtime: it lacks version 12 of its interface");
    void *env = nullptr, *options = nullptr;
    POTLUT_RETURN_IF_ERROR(Call<kCreateEnv>(kWarning, "potlut", &env));
    POTLUT_RETURN_IF_ERROR(Call<kCreateSessionOptions>(&options));
    POTLUT_RETURN_IF_ERROR(Call<kSetGraphOptimizationLevel>(options, kEnableAll));
    POTLUT_RETURN_IF_ERROR(Call<kSetIntraOpNumThreads>(options, source.threads));
    POTLUT_RETURN_IF_ERROR(Call<kSetInterOpNumThreads>(options, 1));
    if (const char* path = std::getenv("POTLUT_ORT_SAVE"))
      POTLUT_RETURN_IF_ERROR(Call<kSetOptimizedModelFilePath>(options, path));
    if (const char* path = std::getenv("POTLUT_ORT_PROFILE"))
      POTLUT_RETURN_IF_ERROR(Call<kEnableProfiling>(options, path));
    POTLUT_RETURN_IF_ERROR(Call<kCreateSession>(env, source.onnx_path.c_str(), options, &session_));
    void *allocator = nullptr, *memory = nullptr;
    POTLUT_RETURN_IF_ERROR(Call<kGetAllocatorWithDefaultOptions>(&allocator));
    POTLUT_RETURN_IF_ERROR(Call<kSessionGetInputName>(session_, size_t{0}, allocator, &in_name_));
    POTLUT_RETURN_IF_ERROR(Call<kSessionGetOutputName>(session_, size_t{0}, allocator, &out_name_));
    POTLUT_RETURN_IF_ERROR(Call<kCreateCpuMemoryInfo>(1, 0, &memory));  // arena, default
    image_.resize(static_cast<size_t>(info.in.count()));
    output_.resize(static_cast<size_t>(info.out.count()));
    const int64_t in_shape[] = {1, info.in.h, info.in.w, info.in.c};
    const int64_t out_shape[] = {1, info.out.c, info.out.h, info.out.w};
    POTLUT_RETURN_IF_ERROR(Call<kCreateTensorWithData>(memory, static_cast<void*>(image_.data()),
                                                       image_.size(), in_shape, size_t{4}, kUint8,
                                                       &x_));
    return Call<kCreateTensorWithData>(memory, static_cast<void*>(output_.data()),
                                       output_.size() * sizeof(float), out_shape,
                                       info.dense ? size_t{2} : size_t{4}, kFloat, &y_);
  }

  Status Run(std::span<const uint8_t> image) override {
    std::copy(image.begin(), image.end(), image_.begin());
    return Call<kRun>(session_, nullptr, &in_name_, &x_, size_t{1}, &out_name_, size_t{1}, &y_);
  }

  std::vector<float> Output() const override { return output_; }

 private:
  struct PlutInfo {
    Dims in, out;
    bool dense = false;
  };
  static Expected<PlutInfo> Shape(const std::vector<uint8_t>& bytes) {
    POTLUT_ASSIGN_OR_RETURN(const Program program, Unpack(bytes));
    const Tensor& out = program.tensors[static_cast<size_t>(program.outputs[0])];
    PlutInfo info{program.tensors[static_cast<size_t>(program.input)].dims, out.dims, false};
    if (info.out.h != 1 || info.out.w != 1)
      return Unsupported("ONNX Runtime: here only for networks that classify");
    info.dense = out.type.wide();
    return info;
  }

  // A function of the table: all that are used return a status, null where all went well.
  template <int place, typename... Arguments>
  Status Call(Arguments... arguments) const {
    const auto function = reinterpret_cast<void* (*)(Arguments...)>(const_cast<void*>(api_[place]));
    void* status = function(arguments...);
    if (status == nullptr) return {};
    const auto message =
        reinterpret_cast<const char* (*)(void*)>(const_cast<void*>(api_[kGetErrorMessage]));
    return Failed("ONNX Runtime: ", std::string_view(message(status)));
  }

  const void* const* api_ = nullptr;
  void *session_ = nullptr, *x_ = nullptr, *y_ = nullptr;
  char *in_name_ = nullptr, *out_name_ = nullptr;
  std::vector<uint8_t> image_;
  std::vector<float> output_;
};

}  // namespace

Expected<std::unique_ptr<Peer>> MakeOnnxRuntime(const Source& source) {
  auto peer = std::make_unique<OnnxRuntime>();
  POTLUT_RETURN_IF_ERROR(peer->Load(source));
  return std::unique_ptr<Peer>(std::move(peer));
}

}  // namespace potlut::peers
