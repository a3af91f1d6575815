// The operators' ids and small attributes in the nodes section: one description for writing and for
// reading.
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>

#include "pack/wire.h"
#include "program/program.h"

namespace potlut {

// Ids are part of the format, whatever the order of Op.
enum class OpId : uint8_t {
  kConv = 1,
  kAdd = 2,
  kMul = 3,
  kMaxPool = 4,
  kMean = 5,
  kLookup = 6,
  kReshape = 7,
  kConcat = 8,
  kSlice = 9,
  kShuffle = 10,
  kPad = 11,
  kResize = 12,
  kArgMax = 13,
};
inline constexpr uint8_t kMaxOpId = 13;

OpId OpIdOf(const Op& op);
// An empty operator of that kind; `id` in 1..kMaxOpId.
Op MakeOp(OpId id);
// Number of inputs; 0 where it varies and is stored (concat).
size_t FixedInputs(OpId id);

// `Codec` is OpWriter or OpReader. Same() sets what a flag said is equal.
template <typename Codec, typename WindowT>
void WindowFields(Codec& codec, WindowT& w) {
  bool square = w.kernel_h == w.kernel_w && w.stride_h == w.stride_w &&
                w.dilation_h == w.dilation_w && w.pad_top == w.pad_left &&
                w.pad_top == w.pad_bottom && w.pad_top == w.pad_right;
  codec.Flag(square, "square");
  codec.Int(w.kernel_h, "kernel_h");
  codec.Int(w.stride_h, "stride_h");
  codec.Int(w.dilation_h, "dilation_h");
  codec.Int(w.pad_top, "pad_top");
  if (square) {
    codec.Same(w.kernel_w, w.kernel_h);
    codec.Same(w.stride_w, w.stride_h);
    codec.Same(w.dilation_w, w.dilation_h);
    codec.Same(w.pad_left, w.pad_top);
    codec.Same(w.pad_bottom, w.pad_top);
    codec.Same(w.pad_right, w.pad_top);
    return;
  }
  codec.Int(w.kernel_w, "kernel_w");
  codec.Int(w.stride_w, "stride_w");
  codec.Int(w.dilation_w, "dilation_w");
  codec.Int(w.pad_left, "pad_left");
  codec.Int(w.pad_bottom, "pad_bottom");
  codec.Int(w.pad_right, "pad_right");
}

// All kinds of operators; members that several have in common stand in one order (docs/format1.md,
// section 3.4).
template <typename Codec, typename OpT>
void OpFields(Codec& codec, OpT& op) {
  using T = std::remove_const_t<OpT>;
  if constexpr (std::is_same_v<T, AddOp>) {
    codec.Int(op.shift_a, "shift_a");
    codec.Int(op.shift_b, "shift_b");
  }
  if constexpr (requires { op.window; }) WindowFields(codec, op.window);
  if constexpr (requires { op.groups; }) codec.Int(op.groups, "groups");
  if constexpr (std::is_same_v<T, AddOp> || std::is_same_v<T, MulOp> || std::is_same_v<T, MeanOp>) {
    codec.Int(op.shift, "shift");
  }
  if constexpr (requires { op.lo; }) {
    codec.Int(op.lo, "lo");
    codec.Int(op.hi, "hi");
  }
  if constexpr (std::is_same_v<T, LookupOp>) codec.Flag(op.per_channel, "per_channel");
  if constexpr (std::is_same_v<T, SliceOp>) {
    for (auto& v : op.start) codec.Int(v, "start");
    for (auto& v : op.step) codec.Int(v, "step");
  }
  if constexpr (std::is_same_v<T, PadOp>) {
    for (auto& v : op.before) codec.Int(v, "before");
    for (auto& v : op.after) codec.Int(v, "after");
  }
  if constexpr (std::is_same_v<T, ResizeOp>) {
    codec.Int(op.scale_h, "scale_h");
    codec.Int(op.scale_w, "scale_w");
  }
}

class OpWriter {
 public:
  explicit OpWriter(Writer& writer) : writer_(writer) {}
  void Int(const int32_t& v, std::string_view) { writer_.Svarint(v); }
  void Flag(const bool& v, std::string_view) { writer_.U8(v ? 1 : 0); }
  void Same(const int32_t&, const int32_t&) {}

 private:
  Writer& writer_;
};

class OpReader {
 public:
  explicit OpReader(Reader& reader) : reader_(reader) {}
  void Int(int32_t& v, std::string_view what) { v = reader_.Int32(what); }
  void Flag(bool& v, std::string_view what) { v = reader_.Varint(what, 1) == 1; }
  void Same(int32_t& v, const int32_t& other) { v = other; }

 private:
  Reader& reader_;
};

}  // namespace potlut
