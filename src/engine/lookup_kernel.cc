// Look-ups: tables indexed by the stored byte, 256 entries each, so that no byte whatever reads
// outside.
#include <algorithm>
#include <string>
#include <vector>

#include "engine/kernel_factory.h"
#include "engine/share.h"

namespace potlut {
namespace {

class LookupKernel : public Kernel {
 public:
  LookupKernel(const NodeView& view, const LookupOp& op, const KernelTable& table) {
    const TensorType type = view.input().type;
    const int64_t channels = op.per_channel ? view.input().dims.c : 1;
    pixels_ = view.input().dims.count() / channels;
    const int32_t entries = int32_t{1} << type.bits;
    tables_.assign(size_t{256} * static_cast<size_t>(channels), 0);
    for (int64_t c = 0; c < channels; ++c) {
      for (int32_t i = 0; i < entries; ++i) {
        const uint8_t byte = static_cast<uint8_t>(type.lo() + i);
        tables_[static_cast<size_t>(c * 256 + byte)] =
            static_cast<uint8_t>(op.table[static_cast<size_t>(c * entries + i)]);
      }
    }
    params_.channels = static_cast<int32_t>(channels);
    params_.tables = tables_.data();
    // Blocks of 16 that values of the type reach: from 0 upwards, and from 255 or -1 downwards.
    params_.low_end = std::min(type.hi() / 16 + 1, 8);
    params_.high_begin = 8;
    if (type.is_signed) params_.high_begin = (128 + type.lo()) / 16;
    if (!type.is_signed && type.hi() > 127) params_.high_begin = 0;
    name_ = channels == 1 ? "lookup" : "lookup_per_channel";
    if (channels <= table.lookup_channels) {
      fn_ = table.lookup;
      name_ += std::string("_") + table.name;
    }
#if defined(POTLUT_X86_KERNELS)
    if (table.lookup_vbmi != nullptr && channels <= 4 && __builtin_cpu_supports("avx512vbmi")) {
      fn_ = table.lookup_vbmi;
      name_ = channels == 1 ? "lookup_avx512vbmi" : "lookup_per_channel_avx512vbmi";
    }
#endif
  }
  void Run(const void* const* inputs, void* const* outputs, void*, Share share) const override {
    const Range range = PartOf(pixels_, share);
    const int64_t channels = params_.channels, begin = range.begin * channels;
    const uint8_t* x = static_cast<const uint8_t*>(inputs[0]) + begin;
    uint8_t* y = static_cast<uint8_t*>(outputs[0]) + begin;
    const int64_t bytes = range.count() * channels;
    if (fn_ != nullptr) return fn_(params_, x, bytes, y);
    const uint8_t* const table = tables_.data();
    if (channels == 1) {
      for (int64_t i = 0; i < bytes; ++i) y[i] = table[x[i]];
    } else if (channels == 3) {
      for (int64_t i = 0; i < bytes; i += 3) {
        const uint8_t a = table[x[i]], b = table[256 + x[i + 1]], c = table[512 + x[i + 2]];
        y[i] = a;
        y[i + 1] = b;
        y[i + 2] = c;
      }
    } else {
      for (int64_t i = 0; i < bytes; i += channels) {
        for (int64_t c = 0; c < channels; ++c) y[i + c] = table[c * 256 + x[i + c]];
      }
    }
  }
  std::string_view name() const override { return name_; }

 private:
  int64_t pixels_ = 0;
  std::vector<uint8_t> tables_;
  LookupParams params_{};
  decltype(KernelTable::lookup) fn_ = nullptr;
  std::string name_;
};

}  // namespace

KernelPtr MakeLookup(const NodeView& view, const LookupOp& op, const KernelTable& table) {
  return std::make_unique<LookupKernel>(view, op, table);
}

}  // namespace potlut
