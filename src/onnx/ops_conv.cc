// Layers with weights: Conv, Gemm, MatMul, BatchNormalization.
#include <cmath>

#include "onnx/ops.h"
#include "onnx/window.h"

namespace potlut::onnx {
namespace {

Expected<ConstantPtr> Weights(const NodeView& node, size_t input, std::string_view role,
                              size_t rank) {
  POTLUT_ASSIGN_OR_RETURN(ConstantPtr constant, node.ConstantInput(input, role));
  if (!constant->is_float()) {
    return node.Bad("its ", role, " holds ", TypeName(constant->type),
                    "; import the float network, before any quantisation");
  }
  if (constant->dims.size() != rank) {
    return node.Refuse(
        "its ", role, " has the shape ", DimsText(constant->dims), "; ", rank,
        rank == 4 ? " dimensions (2-d convolution) are supported" : " dimensions are supported");
  }
  return constant;
}

// A bias of one value a channel, or one value for all; scaled. Empty where it is missing.
Expected<std::vector<float>> Bias(const NodeView& node, size_t input, int64_t channels,
                                  float scale) {
  std::vector<float> bias;
  if (!node.HasInput(input)) return bias;
  POTLUT_ASSIGN_OR_RETURN(const ConstantPtr constant, node.ConstantInput(input, "bias"));
  const bool spread = constant->count() == 1;
  const bool fits = constant->count() == channels && constant->dims.size() <= 2 &&
                    (spread || constant->dims.back() == channels);
  if (!constant->is_float() || !(fits || (spread && node.op() == "Gemm"))) {
    return node.Bad("its bias is ", TypeName(constant->type), " ", DimsText(constant->dims), "; ",
                    channels, " floats are needed");
  }
  for (int64_t c = 0; c < channels; ++c) {
    bias.push_back(constant->floats[static_cast<size_t>(spread ? 0 : c)] * scale);
  }
  return bias;
}

// y = x * weights^T on channels: `weights` is [out][in], or [in][out] where `transposed`.
Expected<Tensor> Dense(GraphBuilder& builder, const NodeView& node, const Tensor& x,
                       const Constant& weights, bool transposed, float scale, size_t bias_input,
                       float bias_scale) {
  const int64_t in = weights.dims[transposed ? 0 : 1];
  const int64_t out = weights.dims[transposed ? 1 : 0];
  if (in != builder.ShapeOf(x).c || out < 1) {
    return node.Bad("its weights have the shape ", DimsText(weights.dims),
                    ", which does not fit an input of ", builder.ShapeOf(x).c, " features");
  }
  POTLUT_RETURN_IF_ERROR(builder.TakeDerived(node, weights.count()));
  graph::Conv conv;
  conv.out_channels = static_cast<int32_t>(out);
  conv.weights.resize(weights.floats.size());
  for (int64_t o = 0; o < out; ++o) {
    for (int64_t i = 0; i < in; ++i) {
      conv.weights[static_cast<size_t>(o * in + i)] =
          weights.floats[static_cast<size_t>(transposed ? i * out + o : o * in + i)] * scale;
    }
  }
  POTLUT_ASSIGN_OR_RETURN(conv.bias, Bias(node, bias_input, out, bias_scale));
  Tensor y = x;
  POTLUT_ASSIGN_OR_RETURN(y.node, builder.Emit(node, std::move(conv), {x.node}));
  y.layout.axes.back() = WholeAxis(Dim::kC, out);
  return y;
}

constexpr size_t kNoBias = ~size_t{0};

}  // namespace

Values ImportConv(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(Tensor x, node.Activation(0, "input"));
  POTLUT_ASSIGN_OR_RETURN(const ConstantPtr weights, Weights(node, 1, "weight tensor", 4));
  POTLUT_ASSIGN_OR_RETURN(x, builder.AsMap(node, x));
  const graph::Shape& in = builder.ShapeOf(x);
  const std::vector<int64_t>& dims = weights->dims;
  const int64_t groups = node.Int("group", 1);
  if (groups < 1 || weights->count() == 0 || in.c % groups != 0 || dims[0] % groups != 0 ||
      dims[1] != in.c / groups) {
    return node.Bad("weights of shape ", DimsText(dims), " in ", groups,
                    " groups (attribute 'group') do not fit an input of ", in.c, " channels");
  }
  POTLUT_ASSIGN_OR_RETURN(const WindowArgument window,
                          ReadWindow(node, in, {dims.begin() + 2, dims.end()}));
  POTLUT_RETURN_IF_ERROR(builder.TakeDerived(node, weights->count()));
  graph::Conv conv;
  conv.window = window.window;
  conv.groups = static_cast<int32_t>(groups);
  conv.out_channels = static_cast<int32_t>(dims[0]);
  POTLUT_ASSIGN_OR_RETURN(conv.bias, Bias(node, 2, dims[0], 1));
  // [out][in][h][w] to [out][h][w][in].
  const auto taps = static_cast<size_t>(dims[2] * dims[3]);
  const auto depth = static_cast<size_t>(dims[1]);
  conv.weights.resize(weights->floats.size());
  for (size_t o = 0; o < static_cast<size_t>(dims[0]); ++o) {
    const float* from = weights->floats.data() + o * taps * depth;
    float* to = conv.weights.data() + o * taps * depth;
    for (size_t i = 0; i < depth; ++i) {
      for (size_t t = 0; t < taps; ++t) to[t * depth + i] = from[i * taps + t];
    }
  }
  POTLUT_ASSIGN_OR_RETURN(x.node, builder.Emit(node, std::move(conv), {x.node}));
  x.layout = MapLayout(builder.ShapeOf(x), builder.batch());
  return std::vector<Value>{x};
}

Values ImportGemm(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(Tensor x, node.Activation(0, "input A"));
  POTLUT_ASSIGN_OR_RETURN(const ConstantPtr weights, Weights(node, 1, "input B", 2));
  if (node.Int("transA", 0) != 0) {
    return node.Refuse(
        "attribute 'transA' is set: that mixes the samples of a batch; export a "
        "plain dense layer");
  }
  POTLUT_ASSIGN_OR_RETURN(x, builder.AsVector(node, x));
  POTLUT_ASSIGN_OR_RETURN(x, Dense(builder, node, x, *weights, node.Int("transB", 0) == 0,
                                   node.Float("alpha", 1), 2, node.Float("beta", 1)));
  return std::vector<Value>{x};
}

Values ImportMatMul(GraphBuilder& builder, const NodeView& node) {
  if (!node.IsConstant(1)) {
    return node.Refuse(
        "its second factor is no constant: products of two values (attention) and "
        "constants from the left are not supported, only x * weights");
  }
  POTLUT_ASSIGN_OR_RETURN(Tensor x, node.Activation(0, "first factor"));
  POTLUT_ASSIGN_OR_RETURN(const ConstantPtr weights, Weights(node, 1, "second factor", 2));
  if (x.layout.rank() == 2) {
    POTLUT_ASSIGN_OR_RETURN(x, builder.AsVector(node, x));
  } else {
    POTLUT_ASSIGN_OR_RETURN(x, builder.Arranged(node, x));
    if (x.layout.rank() < 2 || x.layout.axes.back() != WholeAxis(Dim::kC, builder.ShapeOf(x).c)) {
      return node.Refuse("multiplies along the last of the axes ", x.layout.Text(),
                         ", which is not channels");
    }
  }
  POTLUT_ASSIGN_OR_RETURN(x, Dense(builder, node, x, *weights, true, 1, kNoBias, 1));
  return std::vector<Value>{x};
}

Values ImportBatchNormalization(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(Tensor x, node.Activation(0, "input"));
  if (node.Int("training_mode", 0) != 0) {
    return node.Refuse("attribute 'training_mode' is set; export the network in evaluation mode");
  }
  if (node.Int("spatial", 1) != 1) {
    return node.Refuse(
        "attribute 'spatial' is 0 (statistics for each pixel); only one mean and "
        "variance a channel is supported");
  }
  POTLUT_ASSIGN_OR_RETURN(x, builder.Arranged(node, x));
  if (x.layout.rank() < 2) return node.Bad("its input has no channel axis");
  // Four lists of one value a channel, as constants of [C, 1, ...] under axis 1.
  static constexpr std::string_view kRoles[] = {"scale", "bias", "mean", "variance"};
  std::vector<float> lists[4];
  const int64_t channels = AxisSize(x.layout.axes[1]);
  for (size_t i = 0; i < 4; ++i) {
    POTLUT_ASSIGN_OR_RETURN(const ConstantPtr list, Weights(node, i + 1, kRoles[i], 1));
    if (list->count() != channels) {
      return node.Bad("its ", kRoles[i], " has ", list->count(), " values for ", channels,
                      " channels");
    }
    Constant shaped;
    shaped.dims.assign(x.layout.rank() - 1, 1);
    shaped.dims[0] = channels;
    shaped.floats = list->floats;
    POTLUT_ASSIGN_OR_RETURN(lists[i], builder.PerChannel(node, x, shaped));
  }
  const double epsilon = node.Float("epsilon", 1e-5F);
  graph::Affine affine;
  for (size_t c = 0; c < lists[0].size(); ++c) {
    const double spread = double{lists[3][c]} + epsilon;
    if (!(spread > 0)) {
      return node.Bad("its variance of channel ", c, " is ", lists[3][c],
                      ", which has no square root");
    }
    const double scale = lists[0][c] / std::sqrt(spread);
    affine.scale.push_back(static_cast<float>(scale));
    affine.shift.push_back(static_cast<float>(lists[1][c] - lists[2][c] * scale));
  }
  POTLUT_ASSIGN_OR_RETURN(x, builder.EmitOn(node, std::move(affine), x));
  return std::vector<Value>{x};
}

}  // namespace potlut::onnx
