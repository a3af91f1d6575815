// What a convolution's sums become: requantisation, and the residual addition and the change of
// scale that may be fused into it.
#pragma once

#include "engine/aligned.h"
#include "engine/kernels/kernels.h"
#include "program/program.h"

namespace potlut {

// A convolution and the nodes that run with it. Their order is conv, add, lookup; each reads what
// the one before it writes.
struct FusedConv {
  const Node* conv = nullptr;
  const Node* add = nullptr;     // of two maps of equal dims, of bytes
  const Node* lookup = nullptr;  // its table is clamp((x + round) >> right, lo, hi)
  bool keep_first = true;        // whether the map before the look-up is wanted too

  // Inputs of a kernel that runs these: the convolution's, and the residual (-1: none).
  int32_t input() const { return conv->inputs[0]; }
  int32_t residual() const {
    if (add == nullptr) return -1;
    return add->inputs[add->inputs[0] == conv->output ? 1 : 0];
  }
  // Its outputs: first (the convolution's map, or the sum's; -1 where it is not kept), second (the
  // look-up's; -1 where there is none).
  int32_t first() const {
    if (!keep_first) return -1;
    return add != nullptr ? add->output : conv->output;
  }
  int32_t second() const { return lookup != nullptr ? lookup->output : -1; }
};

// The change of scale that a look-up is, over all values of its input's type; `present` is false
// where it is none.
FusedRescale RescaleOf(const Program& program, const Node& lookup);

// What a channel's sums begin with: bias and rounding constant. Modulo 2^32; see ConvRequant.
uint32_t StartOf(const ConvOp& op, int64_t channel);

// The arrays of the requantisation, for `padded_channels` in a kernel's own order. Throws
// std::bad_alloc only.
class ConvTail {
 public:
  ConvTail(const Program& program, const FusedConv& fused, int64_t padded_channels);
  // Output channel `channel` is computed at `place`; `correction` (128 times the sum of its weights
  // where signed activations are offset) is taken off its sums, modulo 2^32.
  void Set(int64_t place, int32_t channel, int32_t correction);
  // Points into this object.
  ConvEpilogue View() const { return epilogue_; }

 private:
  const ConvOp* op_;
  AlignedArray<int32_t> start_, right_, left_;
  ConvEpilogue epilogue_{};
};

// What Kernel::Run is given, of a kernel that runs a FusedConv; and how many outputs it has.
inline ConvBuffers BuffersOf(const ConvEpilogue& e, const void* const* inputs, void* const* outputs,
                             void* scratch) {
  return {static_cast<const uint8_t*>(inputs[0]),
          e.add.present ? static_cast<const uint8_t*>(inputs[1]) : nullptr, outputs[0],
          e.rescale.present ? static_cast<uint8_t*>(outputs[1]) : nullptr, scratch};
}
inline int OutputsOf(const ConvEpilogue& e) { return e.rescale.present ? 2 : 1; }

// The epilogue for kernels that store requantised sums only: map = add(map, residual), and second =
// rescale(map), of `count` values. `map_signed`: how the map's bytes are to be read.
void AddResidual(const FusedAdd& add, bool map_signed, const uint8_t* residual, int64_t count,
                 uint8_t* map);
void Rescale(const FusedRescale& rescale, bool map_signed, const uint8_t* map, int64_t count,
             uint8_t* second);

}  // namespace potlut
