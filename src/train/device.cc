// What there is, asked of LibTorch.
#include "train/device.h"

#include <malloc.h>
#include <torch/cuda.h>

#include <charconv>

#include "base/text.h"
#include "train/guard.h"

namespace potlut::train {

Expected<at::Device> ChooseDevice(const std::string& text) {
  return Guarded("--device", [&]() -> Expected<at::Device> {
    if (text == "cpu") return at::Device(at::kCPU);
    const auto count = static_cast<int>(torch::cuda::device_count());
    if (text == "auto") return count > 0 ? at::Device(at::kCUDA, 0) : at::Device(at::kCPU);
    int index = 0;
    if (text.rfind("cuda:", 0) == 0) {
      const auto [end, error] = std::from_chars(text.data() + 5, text.data() + text.size(), index);
      if (error != std::errc() || end != text.data() + text.size() || index < 0) index = -1;
    } else if (text != "cuda") {
      index = -1;
    }
    if (index < 0) return UsageError("--device '", text, "': wanted is auto, cpu, cuda or cuda:N");
    if (index >= count) {
      return Unsupported("--device ", text, ": LibTorch sees ", count,
                         " GPUs here; --device cpu works everywhere");
    }
    return at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(index));
  });
}

void KeepMemory() {
#ifdef __GLIBC__
  // The largest threshold that glibc takes; larger buffers are rare.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 2000 << 20);
  mallopt(M_TOP_PAD, 64 << 20);
#endif
}

}  // namespace potlut::train
