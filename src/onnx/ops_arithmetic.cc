// Sums and products of values and constants.
#include <algorithm>
#include <cmath>

#include "onnx/arguments.h"
#include "onnx/ops.h"

namespace potlut::onnx {
namespace {

// A float constant spread over channels; `x` gets its axes in order where that is needed for it.
Expected<std::vector<float>> Spread(GraphBuilder& builder, const NodeView& node, Tensor& x,
                                    size_t input) {
  POTLUT_ASSIGN_OR_RETURN(const ConstantPtr constant, node.ConstantInput(input, "constant"));
  if (!constant->is_float()) {
    return node.Bad("its constant input ", input, " holds ", TypeName(constant->type),
                    " where the other side is float");
  }
  return builder.PerChannel(node, x, *constant);
}

// y = x op constant, or constant op x where `reversed`.
Expected<Tensor> WithConstant(GraphBuilder& builder, const NodeView& node, Tensor x,
                              const std::string& op, size_t input, bool reversed,
                              std::string_view part = {}) {
  POTLUT_ASSIGN_OR_RETURN(std::vector<float> values, Spread(builder, node, x, input));
  graph::Affine affine{{1}, {0}};
  if (op == "Add") {
    affine.shift = std::move(values);
  } else if (op == "Sub") {
    affine.scale = {reversed ? -1.0F : 1.0F};
    if (!reversed) {
      for (float& v : values) v = -v;
    }
    affine.shift = std::move(values);
  } else {
    if (op == "Div" && reversed) {
      graph::Activation reciprocal{graph::Function::kReciprocal, 0, 0, {}};
      POTLUT_ASSIGN_OR_RETURN(x, builder.EmitOn(node, std::move(reciprocal), x, "reciprocal"));
    } else if (op == "Div") {
      for (float& v : values) {
        if (v == 0) return node.Bad("divides by a constant that holds 0");
        v = static_cast<float>(1.0 / v);
      }
    }
    affine.scale = std::move(values);
  }
  return builder.EmitOn(node, std::move(affine), x, part);
}

// How two values meet: the larger first, the second equal in shape or one value a channel.
struct Pair {
  Tensor first, second;
  bool swapped = false;
};

// Right-aligns `layout` to `rank` axes.
Layout Widened(const Layout& layout, size_t rank) {
  Layout out = layout;
  if (rank > out.rank()) out.axes.insert(out.axes.begin(), rank - out.rank(), Axis{});
  return out;
}

bool Fits(const GraphBuilder& builder, const Pair& pair) {
  const Layout second = Widened(pair.second.layout, pair.first.layout.rank());
  if (second.rank() != pair.first.layout.rank()) return false;
  for (size_t i = 0; i < second.rank(); ++i) {
    if (second.axes[i] != pair.first.layout.axes[i] && !second.axes[i].empty()) return false;
    if (IsBatch(pair.first.layout.axes[i]) && second.axes[i].empty()) return false;
  }
  const graph::Shape& big = builder.ShapeOf(pair.first);
  const graph::Shape& small = builder.ShapeOf(pair.second);
  return big == small || (small.c == big.c && small.h == 1 && small.w == 1);
}

Expected<Pair> Paired(GraphBuilder& builder, const NodeView& node, const Tensor& a,
                      const Tensor& b) {
  Pair pair{a, b};
  const auto order = [&] {
    const int64_t first = builder.ShapeOf(pair.first).count();
    const int64_t second = builder.ShapeOf(pair.second).count();
    if (first < second ||
        (first == second && pair.first.layout.rank() < pair.second.layout.rank())) {
      std::swap(pair.first, pair.second);
      pair.swapped = !pair.swapped;
    }
  };
  order();
  if (Fits(builder, pair)) return pair;
  POTLUT_ASSIGN_OR_RETURN(pair.first, builder.Arranged(node, pair.first));
  POTLUT_ASSIGN_OR_RETURN(pair.second, builder.Arranged(node, pair.second));
  order();
  if (Fits(builder, pair)) return pair;
  return node.Refuse("joins values with the axes ", pair.first.layout.Text(), " and ",
                     pair.second.layout.Text(),
                     "; they must be equal, or the second one value a channel");
}

Expected<Tensor> AddTensors(GraphBuilder& builder, const NodeView& node, const Tensor& a,
                            const Tensor& b, bool subtract, std::string_view part) {
  POTLUT_ASSIGN_OR_RETURN(Pair pair, Paired(builder, node, a, b));
  if (subtract && pair.swapped) {
    // small - large = small + (-1 * large); the graph spreads only the second operand.
    POTLUT_ASSIGN_OR_RETURN(pair.first,
                            builder.EmitOn(node, graph::Affine{{-1}, {0}}, pair.first, "negated"));
    subtract = false;
  }
  Tensor out = pair.first;
  POTLUT_ASSIGN_OR_RETURN(out.node, builder.Emit(node, graph::Add{subtract},
                                                 {pair.first.node, pair.second.node}, part));
  return out;
}

Expected<Tensor> MulTensors(GraphBuilder& builder, const NodeView& node, const Tensor& a,
                            const Tensor& b, std::string_view part = {}) {
  POTLUT_ASSIGN_OR_RETURN(const Pair pair, Paired(builder, node, a, b));
  Tensor out = pair.first;
  POTLUT_ASSIGN_OR_RETURN(
      out.node, builder.Emit(node, graph::Mul{}, {pair.first.node, pair.second.node}, part));
  return out;
}

}  // namespace

Values ImportArithmetic(GraphBuilder& builder, const NodeView& node) {
  if (node.IsConstant(0) || node.IsConstant(1)) {
    const bool reversed = node.IsConstant(0);
    POTLUT_ASSIGN_OR_RETURN(const Tensor x, node.Activation(reversed ? 1 : 0, "operand"));
    POTLUT_ASSIGN_OR_RETURN(Tensor y,
                            WithConstant(builder, node, x, node.op(), reversed ? 0 : 1, reversed));
    return std::vector<Value>{y};
  }
  POTLUT_ASSIGN_OR_RETURN(const Tensor a, node.Activation(0, "first operand"));
  POTLUT_ASSIGN_OR_RETURN(Tensor b, node.Activation(1, "second operand"));
  if (node.op() == "Mul" || node.op() == "Div") {
    if (node.op() == "Div") {
      graph::Activation reciprocal{graph::Function::kReciprocal, 0, 0, {}};
      POTLUT_ASSIGN_OR_RETURN(b, builder.EmitOn(node, std::move(reciprocal), b, "reciprocal"));
    }
    POTLUT_ASSIGN_OR_RETURN(Tensor y, MulTensors(builder, node, a, b));
    return std::vector<Value>{y};
  }
  POTLUT_ASSIGN_OR_RETURN(Tensor y, AddTensors(builder, node, a, b, node.op() == "Sub", {}));
  return std::vector<Value>{y};
}

Values ImportSum(GraphBuilder& builder, const NodeView& node) {
  std::optional<Tensor> sum;
  for (size_t i = 0; i < node.input_count(); ++i) {
    if (node.IsConstant(i)) continue;
    POTLUT_ASSIGN_OR_RETURN(Tensor x, node.Activation(i, "operand"));
    if (sum) {
      POTLUT_ASSIGN_OR_RETURN(
          x, AddTensors(builder, node, *sum, x, false, i == 1 ? std::string() : Cat("sum", i)));
    }
    sum = std::move(x);
  }
  for (size_t i = 0; i < node.input_count(); ++i) {
    if (!node.IsConstant(i)) continue;
    POTLUT_ASSIGN_OR_RETURN(sum,
                            WithConstant(builder, node, *sum, "Add", i, false, Cat("constant", i)));
  }
  if (node.op() == "Mean" && node.input_count() > 1) {
    const auto share = static_cast<float>(1.0 / static_cast<double>(node.input_count()));
    POTLUT_ASSIGN_OR_RETURN(sum, builder.EmitOn(node, graph::Affine{{share}, {0}}, *sum, "mean"));
  }
  return std::vector<Value>{*sum};
}

Values ImportMaxMin(GraphBuilder& builder, const NodeView& node) {
  const bool max = node.op() == "Max";
  std::optional<Tensor> x;
  for (size_t i = 0; i < node.input_count(); ++i) {
    if (node.IsConstant(i)) continue;
    if (x) {
      return node.Refuse("compares two values; only a value with a constant number is supported");
    }
    POTLUT_ASSIGN_OR_RETURN(x, node.Activation(i, "operand"));
  }
  graph::Activation clip{graph::Function::kClip, -INFINITY, INFINITY, {}};
  bool clips = false;
  for (size_t i = 0; i < node.input_count(); ++i) {
    if (!node.IsConstant(i)) continue;
    POTLUT_ASSIGN_OR_RETURN(const std::vector<float> values, Spread(builder, node, *x, i));
    if (values.size() != 1) {
      return node.Refuse(
          "its constant differs from channel to channel; only one number is "
          "supported");
    }
    clips = true;
    if (max) {
      clip.a = std::max(clip.a, values[0]);
    } else {
      clip.b = std::min(clip.b, values[0]);
    }
  }
  if (!clips) return std::vector<Value>{*x};
  if (max && clip.a == 0) clip = {graph::Function::kRelu, 0, 0, {}};
  POTLUT_ASSIGN_OR_RETURN(Tensor y, builder.EmitOn(node, std::move(clip), *x));
  return std::vector<Value>{y};
}

Values ImportPow(GraphBuilder& builder, const NodeView& node) {
  if (node.IsConstant(0)) {
    return node.Refuse(
        "raises a constant to a value; only x to the power of a constant is "
        "supported");
  }
  POTLUT_ASSIGN_OR_RETURN(Tensor x, node.Activation(0, "base"));
  POTLUT_ASSIGN_OR_RETURN(const ConstantPtr constant, node.ConstantInput(1, "exponent"));
  POTLUT_ASSIGN_OR_RETURN(const double exponent, Scalar(node, *constant, "exponent"));
  const auto function = [](graph::Function f) { return graph::Activation{f, 0, 0, {}}; };
  if (exponent == 1) return std::vector<Value>{x};
  if (exponent == 2 || exponent == 3) {
    POTLUT_ASSIGN_OR_RETURN(Tensor y,
                            MulTensors(builder, node, x, x, exponent == 2 ? "" : "square"));
    if (exponent == 3) {
      POTLUT_ASSIGN_OR_RETURN(y, MulTensors(builder, node, y, x));
    }
    return std::vector<Value>{y};
  }
  if (exponent == 0.5 || exponent == -0.5) {
    const bool inverse = exponent < 0;
    POTLUT_ASSIGN_OR_RETURN(
        x, builder.EmitOn(node, function(graph::Function::kSqrt), x, inverse ? "root" : ""));
    if (!inverse) return std::vector<Value>{x};
  } else if (exponent != -1) {
    return node.Refuse("its exponent is ", exponent, "; supported are -1, -0.5, 0.5, 1, 2 and 3");
  }
  POTLUT_ASSIGN_OR_RETURN(x, builder.EmitOn(node, function(graph::Function::kReciprocal), x));
  return std::vector<Value>{x};
}

}  // namespace potlut::onnx
