// Arithmetic on constants: what exporters leave of shapes and of transformed weights.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "onnx/arguments.h"
#include "onnx/ops.h"

namespace potlut::onnx {
namespace {

std::vector<Value> One(ConstantPtr constant) { return {Value(std::move(constant))}; }

// The shape that two broadcast to.
Expected<std::vector<int64_t>> Broadcast(const NodeView& node, const std::vector<int64_t>& a,
                                         const std::vector<int64_t>& b) {
  std::vector<int64_t> out(std::max(a.size(), b.size()), 1);
  const auto merge = [&](const std::vector<int64_t>& dims) {
    for (size_t i = 0; i < dims.size(); ++i) {
      int64_t& to = out[out.size() - dims.size() + i];
      if (dims[i] == 1) continue;
      if (to != 1 && to != dims[i]) return false;
      to = dims[i];
    }
    return true;
  };
  if (merge(a) && merge(b)) return out;
  return node.Bad("its constants of shapes ", DimsText(a), " and ", DimsText(b),
                  " do not fit together");
}

// For each element of `out`, in order, its place in a constant of shape `dims`.
class Places {
 public:
  Places(const std::vector<int64_t>& out, const std::vector<int64_t>& dims) : out_(out) {
    strides_.assign(out.size(), 0);
    int64_t stride = 1;
    for (size_t i = dims.size(); i-- > 0;) {
      strides_[out.size() - dims.size() + i] = dims[i] == 1 ? 0 : stride;
      stride *= dims[i];
    }
    index_.assign(out.size(), 0);
  }
  int64_t Next() {
    const int64_t now = at_;
    for (size_t i = out_.size(); i-- > 0;) {
      at_ += strides_[i];
      if (++index_[i] < out_[i]) break;
      at_ -= strides_[i] * out_[i];
      index_[i] = 0;
    }
    return now;
  }

 private:
  const std::vector<int64_t>& out_;
  std::vector<int64_t> strides_, index_;
  int64_t at_ = 0;
};

int64_t Wrapped(uint64_t value) { return static_cast<int64_t>(value); }

bool IsComparison(const std::string& op) {
  return op == "Equal" || op == "Greater" || op == "Less" || op == "GreaterOrEqual" ||
         op == "LessOrEqual" || op == "And" || op == "Or";
}

template <typename T>
bool Compare(const std::string& op, T a, T b) {
  if (op == "Equal") return a == b;
  if (op == "Greater") return a > b;
  if (op == "Less") return a < b;
  if (op == "GreaterOrEqual") return a >= b;
  if (op == "LessOrEqual") return a <= b;
  if (op == "And") return a != 0 && b != 0;
  return a != 0 || b != 0;
}

double Real(const std::string& op, double a, double b) {
  if (op == "Add" || op == "Sum" || op == "Mean") return a + b;
  if (op == "Sub") return a - b;
  if (op == "Mul") return a * b;
  if (op == "Div") return a / b;
  if (op == "Max") return std::max(a, b);
  if (op == "Min") return std::min(a, b);
  if (op == "Mod") return std::fmod(a, b);
  return std::pow(a, b);
}

Expected<int64_t> Integer(const NodeView& node, int64_t a, int64_t b) {
  const std::string& op = node.op();
  const auto ua = static_cast<uint64_t>(a);
  const auto ub = static_cast<uint64_t>(b);
  if (op == "Add" || op == "Sum") return Wrapped(ua + ub);
  if (op == "Sub") return Wrapped(ua - ub);
  if (op == "Mul") return Wrapped(ua * ub);
  if (op == "Max") return std::max(a, b);
  if (op == "Min") return std::min(a, b);
  if (op == "Div" || op == "Mod") {
    if (b == 0) return node.Bad("divides a constant by 0");
    if (b == -1) return op == "Mod" ? 0 : Wrapped(0 - ua);
    if (op == "Div") return a / b;
    // The sign follows the divisor, unless fmod asks for C's rule.
    const int64_t rest = a % b;
    const bool fix = node.Int("fmod", 0) == 0 && rest != 0 && (rest < 0) != (b < 0);
    return fix ? rest + b : rest;
  }
  return node.Refuse("is not folded for integers");
}

Expected<ConstantPtr> Combine(GraphBuilder& builder, const NodeView& node, const Constant& a,
                              const Constant& b) {
  const std::string& op = node.op();
  if (a.is_float() != b.is_float() && op != "Pow") {
    return node.Bad("its constants are ", TypeName(a.type), " and ", TypeName(b.type));
  }
  POTLUT_ASSIGN_OR_RETURN(std::vector<int64_t> dims, Broadcast(node, a.dims, b.dims));
  POTLUT_ASSIGN_OR_RETURN(const int64_t count, ElementCount(dims));
  POTLUT_RETURN_IF_ERROR(builder.TakeDerived(node, count));
  auto out = std::make_shared<Constant>();
  out->type = IsComparison(op) ? static_cast<int32_t>(pb::TensorProto::BOOL) : a.type;
  Places at_a(dims, a.dims);
  Places at_b(dims, b.dims);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t ia = at_a.Next();
    const int64_t ib = at_b.Next();
    if (IsComparison(op)) {
      out->ints.push_back(a.is_float() ? Compare(op, a.At(ia), b.At(ib))
                                       : Compare(op, a.ints[static_cast<size_t>(ia)],
                                                 b.ints[static_cast<size_t>(ib)]));
    } else if (out->is_float()) {
      out->floats.push_back(static_cast<float>(Real(op, a.At(ia), b.At(ib))));
    } else if (op == "Pow") {
      const double power = std::pow(a.At(ia), b.At(ib));
      if (!(std::abs(power) < 9e15)) return node.Bad("its power of constants is too large");
      out->ints.push_back(static_cast<int64_t>(power));
    } else {
      POTLUT_ASSIGN_OR_RETURN(const int64_t value, Integer(node, a.ints[static_cast<size_t>(ia)],
                                                           b.ints[static_cast<size_t>(ib)]));
      out->ints.push_back(value);
    }
  }
  out->dims = std::move(dims);
  return ConstantPtr(out);
}

double RealUnary(const std::string& op, double x) {
  if (op == "Neg") return -x;
  if (op == "Abs") return std::abs(x);
  if (op == "Sqrt") return std::sqrt(x);
  if (op == "Exp") return std::exp(x);
  if (op == "Log") return std::log(x);
  if (op == "Floor") return std::floor(x);
  if (op == "Ceil") return std::ceil(x);
  if (op == "Round") return std::nearbyint(x);
  if (op == "Relu") return std::max(x, 0.0);
  return 1 / x;  // Reciprocal
}

}  // namespace

Values FoldBinary(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(const ConstantPtr a, node.ConstantInput(0, "first operand"));
  POTLUT_ASSIGN_OR_RETURN(const ConstantPtr b, node.ConstantInput(1, "second operand"));
  POTLUT_ASSIGN_OR_RETURN(ConstantPtr out, Combine(builder, node, *a, *b));
  return One(std::move(out));
}

Values FoldVariadic(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(ConstantPtr out, node.ConstantInput(0, "operand"));
  for (size_t i = 1; i < node.input_count(); ++i) {
    POTLUT_ASSIGN_OR_RETURN(const ConstantPtr next, node.ConstantInput(i, "operand"));
    POTLUT_ASSIGN_OR_RETURN(out, Combine(builder, node, *out, *next));
  }
  if (node.op() == "Mean") {
    auto mean = std::make_shared<Constant>(*out);
    for (float& v : mean->floats) v /= static_cast<float>(node.input_count());
    if (!mean->is_float()) return node.Bad("its constants are not floats");
    out = std::move(mean);
  }
  return One(std::move(out));
}

Values FoldUnary(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(const ConstantPtr in, node.ConstantInput(0, "operand"));
  POTLUT_RETURN_IF_ERROR(builder.TakeDerived(node, in->count()));
  auto out = std::make_shared<Constant>(*in);
  for (float& v : out->floats) v = static_cast<float>(RealUnary(node.op(), v));
  for (int64_t& v : out->ints) {
    if (node.op() == "Not") {
      v = v == 0 ? 1 : 0;
    } else if (node.op() == "Neg" || (node.op() == "Abs" && v < 0)) {
      v = Wrapped(0 - static_cast<uint64_t>(v));
    } else if (node.op() != "Abs") {
      return node.Bad("is not defined for integers");
    }
  }
  return One(std::move(out));
}

Values FoldWhere(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(const ConstantPtr which, node.ConstantInput(0, "condition"));
  POTLUT_ASSIGN_OR_RETURN(const ConstantPtr a, node.ConstantInput(1, "first choice"));
  POTLUT_ASSIGN_OR_RETURN(const ConstantPtr b, node.ConstantInput(2, "second choice"));
  if (which->is_float() || a->is_float() != b->is_float()) {
    return node.Bad("its constants are ", TypeName(which->type), ", ", TypeName(a->type), " and ",
                    TypeName(b->type));
  }
  POTLUT_ASSIGN_OR_RETURN(std::vector<int64_t> dims, Broadcast(node, a->dims, b->dims));
  POTLUT_ASSIGN_OR_RETURN(dims, Broadcast(node, dims, which->dims));
  POTLUT_ASSIGN_OR_RETURN(const int64_t count, ElementCount(dims));
  POTLUT_RETURN_IF_ERROR(builder.TakeDerived(node, count));
  auto out = std::make_shared<Constant>();
  out->type = a->type;
  Places at_which(dims, which->dims);
  Places at_a(dims, a->dims);
  Places at_b(dims, b->dims);
  for (int64_t i = 0; i < count; ++i) {
    const auto ia = static_cast<size_t>(at_a.Next());
    const auto ib = static_cast<size_t>(at_b.Next());
    const bool first = which->ints[static_cast<size_t>(at_which.Next())] != 0;
    if (out->is_float()) {
      out->floats.push_back(first ? a->floats[ia] : b->floats[ib]);
    } else {
      out->ints.push_back(first ? a->ints[ia] : b->ints[ib]);
    }
  }
  out->dims = std::move(dims);
  return One(std::move(out));
}

Values FoldReduce(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(const ConstantPtr in, node.ConstantInput(0, "operand"));
  const size_t rank = in->dims.size();
  const int since = node.op() == "ReduceSum" ? 13 : 18;
  POTLUT_ASSIGN_OR_RETURN(const AxesArgument axes, ReadAxes(node, since, 1, rank));
  if (axes.axes.empty() && node.Int("noop_with_empty_axes", 0) != 0) return One(in);
  std::vector<int64_t> kept = in->dims;
  std::vector<int64_t> dims;
  for (size_t i = 0; i < rank; ++i) {
    const bool reduced =
        axes.axes.empty() || std::binary_search(axes.axes.begin(), axes.axes.end(), i);
    if (reduced) kept[i] = 1;
    if (!reduced || node.Int("keepdims", 1) != 0) dims.push_back(kept[i]);
  }
  POTLUT_ASSIGN_OR_RETURN(const int64_t count, ElementCount(kept));
  if (in->count() == 0 || count == 0) return node.Bad("reduces an empty constant");
  POTLUT_RETURN_IF_ERROR(builder.TakeDerived(node, in->count()));
  const std::string op = node.op() == "ReduceMax"    ? "Max"
                         : node.op() == "ReduceMin"  ? "Min"
                         : node.op() == "ReduceProd" ? "Mul"
                                                     : "Add";
  std::vector<double> sums(static_cast<size_t>(count));
  std::vector<bool> begun(static_cast<size_t>(count), false);
  Places place(in->dims, kept);
  for (int64_t i = 0; i < in->count(); ++i) {
    const auto at = static_cast<size_t>(place.Next());
    sums[at] = begun[at] ? Real(op, sums[at], in->At(i)) : in->At(i);
    begun[at] = true;
  }
  auto out = std::make_shared<Constant>();
  out->type = in->type;
  out->dims = std::move(dims);
  for (double v : sums) {
    if (node.op() == "ReduceMean") v /= static_cast<double>(in->count() / count);
    if (out->is_float()) {
      out->floats.push_back(static_cast<float>(v));
    } else if (std::abs(v) < 9e15) {
      out->ints.push_back(static_cast<int64_t>(v));
    } else {
      return node.Bad("its result is too large for an integer");
    }
  }
  return One(std::move(out));
}

namespace {

// An integer as a narrower type keeps it: its low bits.
int64_t Narrowed(int32_t type, int64_t value) {
  switch (type) {
    case pb::TensorProto::UINT8:
      return static_cast<uint8_t>(value);
    case pb::TensorProto::INT8:
      return static_cast<int8_t>(value);
    case pb::TensorProto::UINT16:
      return static_cast<uint16_t>(value);
    case pb::TensorProto::INT16:
      return static_cast<int16_t>(value);
    case pb::TensorProto::UINT32:
      return static_cast<uint32_t>(value);
    case pb::TensorProto::INT32:
      return static_cast<int32_t>(value);
    default:
      return value;
  }
}

}  // namespace

Values FoldCast(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(const ConstantPtr in, node.ConstantInput(0, "operand"));
  const auto to = static_cast<int32_t>(node.Int("to", 0));
  if (!IsFloatType(to) && !IsIntType(to)) {
    return node.Refuse("attribute 'to' is ", TypeName(to), ", which potlut does not read");
  }
  POTLUT_RETURN_IF_ERROR(builder.TakeDerived(node, in->count()));
  auto out = std::make_shared<Constant>();
  out->type = to;
  out->dims = in->dims;
  out->source = in->source;
  for (int64_t i = 0; i < in->count(); ++i) {
    const double value = in->At(i);
    if (out->is_float()) {
      out->floats.push_back(static_cast<float>(value));
    } else if (to == pb::TensorProto::BOOL) {
      out->ints.push_back(value != 0 ? 1 : 0);
    } else if (!in->is_float()) {
      out->ints.push_back(Narrowed(to, in->ints[static_cast<size_t>(i)]));
    } else if (std::abs(value) < 9e18) {
      out->ints.push_back(Narrowed(to, static_cast<int64_t>(value)));
    } else {
      return node.Bad("casts the number ", value, " to an integer");
    }
  }
  return One(std::move(out));
}

}  // namespace potlut::onnx
