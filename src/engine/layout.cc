// The lives of tensors and scratch memory, and their places.
#include "engine/layout.h"

#include "engine/aligned.h"
#include "engine/plan.h"

namespace potlut {

size_t BytesOf(const Tensor& t) { return static_cast<size_t>(t.dims.count()) * t.type.bytes(); }

Layout PlanLayout(const Program& program, const std::vector<Step>& steps,
                  const std::vector<size_t>& scratch_bytes, const std::vector<int32_t>& shares) {
  const size_t tensors = program.tensors.size();
  // Tensors that hold the same bytes share the buffer of the first of them.
  std::vector<size_t> root(tensors);
  for (size_t t = 0; t < tensors; ++t) root[t] = t;
  for (const Node& node : program.nodes) {
    if (!std::holds_alternative<ReshapeOp>(node.op)) continue;
    root[static_cast<size_t>(node.output)] = root[static_cast<size_t>(node.inputs[0])];
  }

  Layout layout;
  std::vector<Buffer> buffers(tensors + steps.size());
  const auto of = [&](int32_t tensor) -> Buffer& {
    return buffers[root[static_cast<size_t>(tensor)]];
  };
  of(program.input) = {BytesOf(program.tensors[static_cast<size_t>(program.input)]), -1, -1};
  for (size_t s = 0; s < steps.size(); ++s) {
    const int32_t now = static_cast<int32_t>(s);
    for (const int32_t t : steps[s].inputs) of(t).last = now;
    for (const int32_t t : steps[s].outputs) {
      if (t >= 0) of(t) = {BytesOf(program.tensors[static_cast<size_t>(t)]), now, now};
    }
    layout.scratch_stride.push_back(AlignUp(scratch_bytes[s]));
    buffers[tensors + s] = {AlignUp(scratch_bytes[s]) * static_cast<size_t>(shares[s]), now, now};
  }
  for (const int32_t t : program.outputs) of(t).last = static_cast<int32_t>(steps.size());

  // Empty buffers (what nobody writes, steps without scratch) need no place.
  std::vector<Buffer> real;
  std::vector<size_t> index;
  for (size_t i = 0; i < buffers.size(); ++i) {
    if (buffers[i].bytes == 0) continue;
    real.push_back(buffers[i]);
    index.push_back(i);
  }
  const Placement placement = PlaceBuffers(real);
  std::vector<size_t> offset(buffers.size(), 0);
  for (size_t i = 0; i < real.size(); ++i) offset[index[i]] = placement.offset[i];
  layout.bytes = placement.bytes;
  for (size_t t = 0; t < tensors; ++t) layout.tensor.push_back(offset[root[t]]);
  for (size_t s = 0; s < steps.size(); ++s) layout.scratch.push_back(offset[tensors + s]);
  return layout;
}

}  // namespace potlut
