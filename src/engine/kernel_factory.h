// The makers of kernels behind MakeKernel, by family. They throw nothing but std::bad_alloc.
#pragma once

#include <memory>

#include "engine/conv_tail.h"
#include "engine/engine.h"
#include "engine/kernels/kernels.h"

namespace potlut {

// A node with its tensors at hand.
struct NodeView {
  NodeView(const Program& p, const Node& n) : program(p), node(n) {}
  const Tensor& input(size_t i = 0) const {
    return program.tensors[static_cast<size_t>(node.inputs[i])];
  }
  const Tensor& output() const { return program.tensors[static_cast<size_t>(node.output)]; }

  const Program& program;
  const Node& node;
};

inline MapWindow MapWindowOf(const Window& w, const Dims& in, const Dims& out) {
  return {in.h,       in.w,       out.h,        out.w,        w.kernel_h, w.kernel_w,
          w.stride_h, w.stride_w, w.dilation_h, w.dilation_w, w.pad_top,  w.pad_left};
}

using KernelPtr = std::unique_ptr<Kernel>;

// What the kernels that multiply bytes add to activations of a type, modulo 2^8: nothing, 128 or
// -128. Sums are off by that times the sum of their weights.
inline int32_t ByteOffset(const KernelTable& table, TensorType in) {
  if (table.signed_bytes) return !in.is_signed && in.bits == 8 ? -128 : 0;
  return in.is_signed ? 128 : 0;
}

// kernel.cc: any node
KernelPtr MakeNode(const NodeView& view, const KernelTable& table);
Error NoSuchIsa(Isa isa);

// conv_kernel.cc: ways that run every convolution, by a matrix of windows or one channel at a time
KernelPtr MakeGemm(const Program& program, const FusedConv& fused, const KernelTable& table);
double GemmCycles(const Program& program, const FusedConv& fused, const KernelTable& table);

// lookup_kernel.cc
KernelPtr MakeLookup(const NodeView& view, const LookupOp& op, const KernelTable& table);

// value_kernels.cc: operators that compute
KernelPtr MakeAdd(const NodeView& view, const AddOp& op, const KernelTable& table);
KernelPtr MakeMul(const NodeView& view, const MulOp& op, const KernelTable& table);
KernelPtr MakeMaxPool(const NodeView& view, const MaxPoolOp& op, const KernelTable& table);
KernelPtr MakeMean(const NodeView& view, const MeanOp& op, const KernelTable& table);
KernelPtr MakeArgMax(const NodeView& view);

// move_kernels.cc: operators that move integers and never change them
KernelPtr MakeReshape(const NodeView& view);
KernelPtr MakeConcat(const NodeView& view);
KernelPtr MakeSlice(const NodeView& view, const SliceOp& op);
KernelPtr MakeShuffle(const NodeView& view, const ShuffleOp& op);
KernelPtr MakePad(const NodeView& view, const PadOp& op);
KernelPtr MakeResize(const NodeView& view, const ResizeOp& op);

}  // namespace potlut
