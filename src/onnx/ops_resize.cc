// Resize and Upsample: nearest by whole factors, where the coordinate rule gives just that.
#include <cmath>

#include "onnx/arguments.h"
#include "onnx/ops.h"

namespace potlut::onnx {
namespace {

// How output coordinates become input ones.
struct Rule {
  std::string coordinates;
  std::string nearest;
};

// The input coordinate of output place `i`, by the operator's definition, before rounding.
double Coordinate(const std::string& rule, int64_t i, double scale, int64_t in, int64_t out) {
  const auto x = static_cast<double>(i);
  if (rule == "half_pixel" || rule == "half_pixel_symmetric") return (x + 0.5) / scale - 0.5;
  if (rule == "pytorch_half_pixel") return out > 1 ? (x + 0.5) / scale - 0.5 : 0;
  if (rule == "tf_half_pixel_for_nn") return (x + 0.5) / scale;
  if (rule == "align_corners") {
    return out > 1 ? x * static_cast<double>(in - 1) / static_cast<double>(out - 1) : 0;
  }
  return x / scale;  // asymmetric
}

double Rounded(const std::string& nearest, double x) {
  if (nearest == "round_prefer_floor") return std::ceil(x - 0.5);
  if (nearest == "round_prefer_ceil") return std::floor(x + 0.5);
  return nearest == "ceil" ? std::ceil(x) : std::floor(x);
}

// Whether every output place i reads input place i / scale.
bool Repeats(const Rule& rule, int64_t in, int64_t scale) {
  const int64_t out = in * scale;
  for (int64_t i = 0; i < out; ++i) {
    const double x = Coordinate(rule.coordinates, i, static_cast<double>(scale), in, out);
    const double at =
        std::min(std::max(Rounded(rule.nearest, x), 0.0), static_cast<double>(in - 1));
    if (at != static_cast<double>(i / scale)) return false;
  }
  return true;
}

Expected<Rule> ReadRule(const NodeView& node) {
  const std::string mode = node.String("mode", "nearest");
  if (mode != "nearest") {
    return node.Refuse("attribute 'mode' is '", Printable(mode),
                       "'; only nearest is supported: export with mode='nearest'");
  }
  if (node.op() == "Upsample" || node.opset() < 11) return Rule{"asymmetric", "floor"};
  Rule rule{node.String("coordinate_transformation_mode", "half_pixel"),
            node.String("nearest_mode", "round_prefer_floor")};
  for (const std::string_view known : {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel",
                                       "tf_half_pixel_for_nn", "align_corners", "asymmetric"}) {
    if (rule.coordinates == known) return rule;
  }
  return node.Refuse("attribute 'coordinate_transformation_mode' is '", Printable(rule.coordinates),
                     "'; export with 'asymmetric'");
}

// One factor for each axis of `dims`, from scales or sizes.
Expected<std::vector<double>> Factors(const NodeView& node, const std::vector<int64_t>& dims) {
  std::vector<float> scales;
  std::vector<int64_t> sizes;
  const bool upsample = node.op() == "Upsample";
  if (upsample && node.opset() < 9) {
    scales = node.Floats("scales");
  } else {
    const size_t at = upsample || node.opset() < 11 ? 1 : 2;
    POTLUT_ASSIGN_OR_RETURN(const ConstantPtr constant, node.OptionalConstant(at, "scales"));
    if (constant != nullptr) scales = constant->floats;
    if (node.HasInput(3)) {
      POTLUT_ASSIGN_OR_RETURN(sizes, node.IntsInput(3, "sizes"));
    }
  }
  std::vector<int64_t> axes = node.Ints("axes");
  if (!node.Has("axes")) {
    for (size_t i = 0; i < dims.size(); ++i) axes.push_back(static_cast<int64_t>(i));
  }
  if (scales.empty() == sizes.empty() || scales.size() + sizes.size() != axes.size()) {
    return node.Bad("needs scales or sizes, one for each axis, and not both");
  }
  if (!sizes.empty() && node.String("keep_aspect_ratio_policy", "stretch") != "stretch") {
    return node.Refuse("attribute 'keep_aspect_ratio_policy' is not 'stretch'");
  }
  std::vector<double> factors(dims.size(), 1);
  for (size_t i = 0; i < axes.size(); ++i) {
    POTLUT_ASSIGN_OR_RETURN(const size_t axis, CheckedAxis(node, axes[i], dims.size()));
    factors[axis] = scales.empty() ? static_cast<double>(sizes[i]) / static_cast<double>(dims[axis])
                                   : double{scales[i]};
  }
  return factors;
}

}  // namespace

Values ImportResize(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(Tensor x, node.Activation(0, "input"));
  POTLUT_ASSIGN_OR_RETURN(const std::vector<double> factors, Factors(node, x.layout.Dims()));
  bool changes = false;
  for (const double factor : factors) changes = changes || factor != 1;
  if (!changes) return std::vector<Value>{x};
  POTLUT_ASSIGN_OR_RETURN(const Rule rule, ReadRule(node));
  POTLUT_ASSIGN_OR_RETURN(x, builder.Arranged(node, x));
  const graph::Shape in = builder.ShapeOf(x);
  const auto roles = Roles(x.layout, in);
  graph::Resize resize;
  for (size_t i = 0; i < factors.size(); ++i) {
    if (factors[i] == 1) continue;
    constexpr double kMost = 1 << 20;
    if (!(factors[i] >= 1) || factors[i] > kMost || factors[i] != std::floor(factors[i])) {
      return node.Refuse("its factor for axis ", i, " is ", factors[i],
                         "; only whole factors are supported");
    }
    const auto scale = static_cast<int32_t>(factors[i]);
    if (!roles[i] || (*roles[i] != Dim::kH && *roles[i] != Dim::kW)) {
      return node.Refuse("resizes axis ", i, " of ", x.layout.Text(),
                         "; only height and width are supported");
    }
    const int64_t size = DimSize(in, *roles[i]);
    if (size * scale > (int64_t{1} << 24)) return node.Bad("makes axis ", i, " too large");
    if (!Repeats(rule, size, scale)) {
      return node.Refuse("attributes 'coordinate_transformation_mode' (", rule.coordinates,
                         ") and 'nearest_mode' (", Printable(rule.nearest),
                         ") do not repeat each pixel ", scale,
                         " times; export with 'asymmetric' and 'floor'");
    }
    (*roles[i] == Dim::kH ? resize.scale_h : resize.scale_w) = scale;
    x.layout.axes[i] = WholeAxis(*roles[i], size * scale);
  }
  POTLUT_ASSIGN_OR_RETURN(x.node, builder.Emit(node, resize, {x.node}));
  return std::vector<Value>{x};
}

}  // namespace potlut::onnx
