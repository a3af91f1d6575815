// Activation functions as ONNX operators; those that opset 13 lacks written out.
#include <cmath>

#include "onnx/export_ops.h"

namespace potlut::onnx {

void OpExporter::Write(const graph::Activation& op) {
  using F = graph::Function;
  const std::string x = Alike()[0];
  const auto plain = [&](std::string_view type) { return writer_.Node(type, name(), {x}); };
  switch (op.function) {
    case F::kRelu:
      plain("Relu");
      return;
    case F::kClip: {
      std::vector<std::string> inputs{x};
      const bool low = op.a != -INFINITY;
      const bool high = op.b != INFINITY;
      if (low || high) inputs.push_back(low ? writer_.Scalar(name() + ".min", op.a) : "");
      if (high) inputs.push_back(writer_.Scalar(name() + ".max", op.b));
      writer_.Node("Clip", name(), inputs);
      return;
    }
    case F::kLeakyRelu:
      plain("LeakyRelu").Float("alpha", op.a);
      return;
    case F::kPRelu:
      writer_.Node("PRelu", name(), {x, Channelwise("slope", op.slope)});
      return;
    case F::kHardSigmoid:
      plain("HardSigmoid").Float("alpha", op.a).Float("beta", op.b);
      return;
    case F::kElu:
      plain("Elu").Float("alpha", op.a);
      return;
    case F::kSigmoid:
      plain("Sigmoid");
      return;
    case F::kTanh:
      plain("Tanh");
      return;
    case F::kErf:
      plain("Erf");
      return;
    case F::kSoftplus:
      plain("Softplus");
      return;
    case F::kExp:
      plain("Exp");
      return;
    case F::kSqrt:
      plain("Sqrt");
      return;
    case F::kAbs:
      plain("Abs");
      return;
    case F::kNeg:
      plain("Neg");
      return;
    case F::kReciprocal:
      plain("Reciprocal");
      return;
    case F::kHardSwish:
    case F::kGelu:
    case F::kGeluTanh:
    case F::kSilu:
      return WriteComposed(op.function, x);
  }
}

void OpExporter::WriteComposed(graph::Function function, const std::string& x) {
  const auto with = [&](std::string_view op, std::string_view part, const std::string& from,
                        float constant) {
    return PartNode(op, part, {from, writer_.Scalar(name() + "." + std::string(part), constant)});
  };
  if (function == graph::Function::kSilu) {  // x * sigmoid(x)
    writer_.Node("Mul", name(), {x, PartNode("Sigmoid", "sigmoid", {x})});
    return;
  }
  if (function == graph::Function::kHardSwish) {  // x * hardsigmoid(x)
    const std::string gate = Part("gate");
    writer_.Node("HardSigmoid", gate, {x}).Float("alpha", 1.0F / 6).Float("beta", 0.5F);
    writer_.Node("Mul", name(), {x, gate});
    return;
  }
  // x * (1 + f) / 2, f = erf(x / sqrt 2) or its approximation by tanh; divided and joined in the
  // order in which exporters write it, which importers look for.
  std::string f;
  if (function == graph::Function::kGelu) {
    f = PartNode("Erf", "erf", {with("Div", "scaled", x, std::sqrt(2.0F))});
  } else {
    const std::string cube = PartNode("Mul", "cube", {PartNode("Mul", "square", {x, x}), x});
    const std::string inner = PartNode("Add", "inner", {x, with("Mul", "cubic", cube, 0.044715F)});
    f = PartNode("Tanh", "tanh", {with("Mul", "scaled", inner, 0.79788456F)});
  }
  const std::string twice = PartNode("Mul", "twice", {x, with("Add", "plus_one", f, 1)});
  writer_.Node("Mul", name(), {twice, writer_.Scalar(name() + ".half", 0.5F)});
}

}  // namespace potlut::onnx
