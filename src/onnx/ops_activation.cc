// Functions of one value: activations, clips, casts, and what sees channels as classes.
#include <algorithm>
#include <cmath>
#include <map>

#include "onnx/arguments.h"
#include "onnx/ops.h"

namespace potlut::onnx {
namespace {

graph::Activation Function(graph::Function function, float a = 0, float b = 0) {
  return {function, a, b, {}};
}

// The end of a clip: attribute before opset 11, input later.
Expected<float> ClipEnd(const NodeView& node, size_t input, std::string_view name,
                        float otherwise) {
  if (node.opset() < 11) {
    if (node.HasInput(input)) return node.Bad(name, " is an attribute before opset 11");
    return node.Float(name, otherwise);
  }
  if (node.Has(name)) return node.Bad("attribute '", name, "' became an input with opset 11");
  POTLUT_ASSIGN_OR_RETURN(const ConstantPtr constant, node.OptionalConstant(input, name));
  if (constant == nullptr) return otherwise;
  POTLUT_ASSIGN_OR_RETURN(const double value, Scalar(node, *constant, name));
  return static_cast<float>(value);
}

// Puts axes in order and checks that `axis` is channels. With `coerced` (Softmax before opset 13)
// all later axes belong to it.
Expected<Tensor> WithChannelAxis(GraphBuilder& builder, const NodeView& node, Tensor x, size_t axis,
                                 bool coerced) {
  if (x.layout.rank() == 2 && axis == 1) return builder.AsVector(node, x);
  POTLUT_ASSIGN_OR_RETURN(x, builder.Arranged(node, x));
  bool good = Roles(x.layout, builder.ShapeOf(x))[axis] == Dim::kC;
  for (size_t i = axis + 1; coerced && i < x.layout.rank(); ++i) {
    good = good && x.layout.axes[i].empty();
  }
  if (good) return x;
  return node.Refuse("attribute 'axis' names axis ", axis, " of ", x.layout.Text(),
                     "; only channels (classes) are supported");
}

}  // namespace

Values ImportFunction(GraphBuilder& builder, const NodeView& node) {
  using F = graph::Function;
  static const std::map<std::string_view, F> kFunctions = {{"Abs", F::kAbs},
                                                           {"Elu", F::kElu},
                                                           {"Erf", F::kErf},
                                                           {"Exp", F::kExp},
                                                           {"Gelu", F::kGelu},
                                                           {"HardSigmoid", F::kHardSigmoid},
                                                           {"HardSwish", F::kHardSwish},
                                                           {"LeakyRelu", F::kLeakyRelu},
                                                           {"Neg", F::kNeg},
                                                           {"Reciprocal", F::kReciprocal},
                                                           {"Relu", F::kRelu},
                                                           {"Sigmoid", F::kSigmoid},
                                                           {"Softplus", F::kSoftplus},
                                                           {"Sqrt", F::kSqrt},
                                                           {"Tanh", F::kTanh}};
  POTLUT_ASSIGN_OR_RETURN(Tensor x, node.Activation(0, "input"));
  graph::Activation activation = Function(kFunctions.at(node.op()));
  if (activation.function == F::kLeakyRelu) activation.a = node.Float("alpha", 0.01F);
  if (activation.function == F::kElu) activation.a = node.Float("alpha", 1);
  if (activation.function == F::kHardSigmoid) {
    activation.a = node.Float("alpha", 0.2F);
    activation.b = node.Float("beta", 0.5F);
  }
  if (activation.function == F::kGelu) {
    const std::string form = node.String("approximate", "none");
    if (form != "none" && form != "tanh") {
      return node.Bad("attribute 'approximate' is '", Printable(form), "'");
    }
    if (form == "tanh") activation.function = F::kGeluTanh;
  }
  POTLUT_ASSIGN_OR_RETURN(x, builder.EmitOn(node, std::move(activation), x));
  return std::vector<Value>{x};
}

Values ImportClip(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(Tensor x, node.Activation(0, "input"));
  POTLUT_ASSIGN_OR_RETURN(const float low, ClipEnd(node, 1, "min", -INFINITY));
  POTLUT_ASSIGN_OR_RETURN(const float high, ClipEnd(node, 2, "max", INFINITY));
  constexpr float kMost = std::numeric_limits<float>::max();
  if (low <= -kMost && high >= kMost) return std::vector<Value>{x};
  graph::Activation activation = Function(graph::Function::kClip, low, high);
  if (low == 0 && high >= kMost) activation = Function(graph::Function::kRelu);
  POTLUT_ASSIGN_OR_RETURN(x, builder.EmitOn(node, std::move(activation), x));
  return std::vector<Value>{x};
}

Values ImportPRelu(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(Tensor x, node.Activation(0, "input"));
  POTLUT_ASSIGN_OR_RETURN(const ConstantPtr slope, node.ConstantInput(1, "slope"));
  if (!slope->is_float()) return node.Bad("its slope holds ", TypeName(slope->type));
  graph::Activation activation = Function(graph::Function::kPRelu);
  POTLUT_ASSIGN_OR_RETURN(activation.slope, builder.PerChannel(node, x, *slope));
  POTLUT_ASSIGN_OR_RETURN(x, builder.EmitOn(node, std::move(activation), x));
  return std::vector<Value>{x};
}

Values ImportComposed(GraphBuilder& builder, const NodeView& node) {
  using F = graph::Function;
  POTLUT_ASSIGN_OR_RETURN(const Tensor x, node.Activation(0, "input"));
  Tensor y = x;
  if (node.op() == "Mish") {  // x * tanh(softplus(x))
    POTLUT_ASSIGN_OR_RETURN(y, builder.EmitOn(node, Function(F::kSoftplus), y, "softplus"));
    POTLUT_ASSIGN_OR_RETURN(y, builder.EmitOn(node, Function(F::kTanh), y, "tanh"));
    POTLUT_ASSIGN_OR_RETURN(y.node, builder.Emit(node, graph::Mul{}, {x.node, y.node}));
  } else if (node.op() == "Selu") {  // gamma * elu(x)
    const float alpha = node.Float("alpha", 1.67326319217681884765625F);
    const float gamma = node.Float("gamma", 1.05070102214813232421875F);
    POTLUT_ASSIGN_OR_RETURN(y, builder.EmitOn(node, Function(F::kElu, alpha), y, "elu"));
    POTLUT_ASSIGN_OR_RETURN(y, builder.EmitOn(node, graph::Affine{{gamma}, {0}}, y));
  } else {  // Celu: alpha * elu(x / alpha)
    const float alpha = node.Float("alpha", 1);
    if (!(alpha > 0)) return node.Refuse("attribute 'alpha' is ", alpha, ", not above 0");
    POTLUT_ASSIGN_OR_RETURN(y, builder.EmitOn(node, graph::Affine{{1 / alpha}, {0}}, y, "scale"));
    POTLUT_ASSIGN_OR_RETURN(y, builder.EmitOn(node, Function(F::kElu, 1), y, "elu"));
    POTLUT_ASSIGN_OR_RETURN(y, builder.EmitOn(node, graph::Affine{{alpha}, {0}}, y));
  }
  return std::vector<Value>{y};
}

Values ImportSoftmax(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(Tensor x, node.Activation(0, "input"));
  const bool coerced = node.opset() < 13;
  POTLUT_ASSIGN_OR_RETURN(const size_t axis,
                          CheckedAxis(node, node.Int("axis", coerced ? 1 : -1), x.layout.rank()));
  POTLUT_ASSIGN_OR_RETURN(x, WithChannelAxis(builder, node, x, axis, coerced));
  POTLUT_ASSIGN_OR_RETURN(x, builder.EmitOn(node, graph::Softmax{}, x));
  return std::vector<Value>{x};
}

Values ImportArgMax(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(Tensor x, node.Activation(0, "input"));
  if (node.Int("select_last_index", 0) != 0) {
    return node.Refuse(
        "attribute 'select_last_index' is set; only the first maximum is "
        "supported");
  }
  POTLUT_ASSIGN_OR_RETURN(const size_t axis,
                          CheckedAxis(node, node.Int("axis", 0), x.layout.rank()));
  POTLUT_ASSIGN_OR_RETURN(x, WithChannelAxis(builder, node, x, axis, false));
  POTLUT_ASSIGN_OR_RETURN(x, builder.EmitOn(node, graph::ArgMax{}, x));
  x.integral = true;
  x.layout.axes[axis].clear();
  if (node.Int("keepdims", 1) == 0) {
    x.layout.axes.erase(x.layout.axes.begin() + static_cast<std::ptrdiff_t>(axis));
  }
  return std::vector<Value>{x};
}

Values ImportLrn(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(Tensor x, node.Activation(0, "input"));
  POTLUT_ASSIGN_OR_RETURN(x, builder.AsMap(node, x));
  const int64_t size = node.Int("size", 0);
  if (size < 1 || size > (1 << 20)) return node.Bad("attribute 'size' is ", size);
  const graph::Lrn lrn{static_cast<int32_t>(size), node.Float("alpha", 1e-4F),
                       node.Float("beta", 0.75F), node.Float("bias", 1)};
  POTLUT_ASSIGN_OR_RETURN(x, builder.EmitOn(node, lrn, x));
  return std::vector<Value>{x};
}

Values ImportIdentity(GraphBuilder&, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(Tensor x, node.Activation(0, "input"));
  return std::vector<Value>{x};
}

Values ImportDropout(GraphBuilder&, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(Tensor x, node.Activation(0, "input"));
  if (node.OutputUsed(1)) return node.Refuse("its output 'mask' is used");
  POTLUT_ASSIGN_OR_RETURN(const ConstantPtr training, node.OptionalConstant(2, "training_mode"));
  if (training != nullptr) {
    POTLUT_ASSIGN_OR_RETURN(const double on, Scalar(node, *training, "training_mode"));
    if (on != 0) {
      return node.Refuse(
          "its input 'training_mode' is true; export the network in evaluation "
          "mode");
    }
  }
  return std::vector<Value>{x};
}

Values ImportCast(GraphBuilder&, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(Tensor x, node.Activation(0, "input"));
  const auto to = static_cast<int32_t>(node.Int("to", 0));
  if (IsFloatType(to)) {
    x.integral = false;
  } else if (!x.integral || !IsIntType(to) || to == pb::TensorProto::BOOL) {
    return node.Refuse("attribute 'to' is ", TypeName(to),
                       "; a float value can be cast to another float type only");
  }
  return std::vector<Value>{x};
}

}  // namespace potlut::onnx
