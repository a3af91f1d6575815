// Signal to noise, clipping and entropy of each layer, measured on the calibration images.
#include "quant/report.h"

#include <array>
#include <cmath>

#include "base/text.h"

namespace potlut::quant {
namespace {

double EntropyOf(const std::vector<uint8_t>& codes) {
  std::array<int64_t, 256> counts{};
  for (const uint8_t code : codes) ++counts[code];
  double bits = 0;
  for (const int64_t n : counts) {
    if (n == 0) continue;
    const double p = static_cast<double>(n) / static_cast<double>(codes.size());
    bits -= p * std::log2(p);
  }
  return bits;
}

std::string KindOf(const ConvOp& op, const Tensor& in) {
  if (op.groups > 1 && op.groups == in.dims.c) {
    return Cat("depthwise ", op.window.kernel_h, "x", op.window.kernel_w);
  }
  const bool whole = op.window.kernel_h == in.dims.h && op.window.kernel_w == in.dims.w;
  if (whole && in.dims.h * in.dims.w == 1) return "dense";
  return Cat(op.groups > 1 ? "grouped " : "conv ", op.window.kernel_h, "x", op.window.kernel_w);
}

}  // namespace

Status FillReport(const graph::Graph& graph, const Plan& plan, Lowering& lowering, Stream& stream,
                  const std::vector<TensorRange>& ranges, Report& report, Progress* progress) {
  const Program& program = lowering.program();
  for (size_t i = 0; i < plan.nodes.size(); ++i) {
    if (progress != nullptr) progress->Update(static_cast<int64_t>(i), "report");
    const PlanNode& node = plan.nodes[i];
    if (node.kind != PlanNode::Kind::kConv) continue;
    const PlanTensor& t = plan.tensors[static_cast<size_t>(node.output)];
    struct Sums {
      double signal = 0, noise = 0, clipped = 0, count = 0;
    };
    Sums sums;
    std::vector<Sums> partial(static_cast<size_t>(stream.slots()));
    // Fused clamps are part of the layer: compared is the value after them.
    POTLUT_RETURN_IF_ERROR(stream.Visit(
        i + 1, t.value,
        [&](Chunk& chunk, int slot) -> Status {
          const auto& stored = chunk.integers.at(node.output);
          const graph::Values& wanted = chunk.floats.at(t.value);
          Sums& s = partial[static_cast<size_t>(slot)];
          s = Sums();
          const size_t n = stored.size() / t.type.bytes();
          for (size_t k = 0; k < n; ++k) {
            const int32_t q = StoredValue(stored, k, t.type);
            const auto channel = static_cast<int32_t>(k % static_cast<size_t>(t.dims.c));
            const double error = wanted[k] - q * t.real_scale(channel);
            s.signal += double{wanted[k]} * wanted[k];
            s.noise += error * error;
            s.clipped += q == t.type.hi() || (t.type.is_signed && q == t.type.lo()) ? 1 : 0;
          }
          s.count = static_cast<double>(n);
          return {};
        },
        [&](int slot) {
          const Sums& s = partial[static_cast<size_t>(slot)];
          sums.signal += s.signal;
          sums.noise += s.noise;
          sums.clipped += s.clipped;
          sums.count += s.count;
        }));
    const Node& lowered = program.nodes[lowering.nodes(i).second - 1];
    const auto& op = std::get<ConvOp>(lowered.op);
    const Tensor& in = program.tensors[static_cast<size_t>(lowered.inputs[0])];
    const NodeCost cost = CostOf(program, lowered);
    LayerReport layer;
    layer.name = graph.nodes[static_cast<size_t>(node.node)].name;
    layer.kind = KindOf(op, in);
    layer.alphabet = Cat(AlphabetName(op.alphabet.kind), " ", op.alphabet.bits);
    layer.weight_bits = op.alphabet.bits;
    layer.activation_bits = in.type.bits;
    layer.weights = cost.weights;
    layer.bits_per_weight = static_cast<double>(op.codes.size()) * op.alphabet.bits /
                            static_cast<double>(std::max<int64_t>(1, cost.weights));
    layer.range_lo = ranges[static_cast<size_t>(node.output)].lo;
    layer.range_hi = ranges[static_cast<size_t>(node.output)].hi;
    layer.sqnr_db =
        sums.noise > 0 ? 10 * std::log10(std::max(sums.signal, 1e-300) / sums.noise) : INFINITY;
    layer.clipped = sums.count > 0 ? sums.clipped / sums.count : 0;
    layer.entropy = EntropyOf(op.codes);
    report.layers.push_back(layer);
  }
  return {};
}

}  // namespace potlut::quant
