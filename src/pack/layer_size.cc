// Sizes of layers that nothing has validated yet.
#include "pack/layer_size.h"

#include "base/checked.h"
#include "base/text.h"

namespace potlut {

Expected<LayerSize> LayerSizeOf(const Program& program, const Node& node, int64_t& weights_before,
                                const ProgramLimits& limits) {
  const auto& conv = std::get<ConvOp>(node.op);
  const int64_t in = program.tensors[static_cast<size_t>(node.inputs[0])].dims.c;
  const int64_t out = program.tensors[static_cast<size_t>(node.output)].dims.c;
  const Window& w = conv.window;
  if (in < 1 || out < 1 || conv.groups < 1 || in % conv.groups != 0 || w.kernel_h < 1 ||
      w.kernel_w < 1) {
    return BadInput(conv.groups, " groups of ", in, " channels, ", out, " outputs or a kernel of ",
                    w.kernel_h, "x", w.kernel_w, " are not possible");
  }
  const int64_t per_group = in / conv.groups;
  const int64_t members = conv.alphabet.is_pair() ? 2 : 1;
  const auto codes =
      CheckedProduct<int64_t>(out, w.kernel_h, w.kernel_w, (per_group + members - 1) / members);
  if (!codes || *codes > (limits.max_weights - weights_before) / members)
    return ResourceLimit("more weights than the limit of ", limits.max_weights);
  weights_before += *codes * members;
  return LayerSize{out * w.kernel_h * w.kernel_w * per_group, *codes};
}

}  // namespace potlut
