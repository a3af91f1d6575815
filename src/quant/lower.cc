// Plan nodes to program nodes: where scales turn into shifts and functions into tables.
#include "quant/lower.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "program/validate.h"
#include "quant/pointwise.h"

namespace potlut::quant {
namespace {

double FactorOf(const std::vector<double>& factor, size_t channel) {
  return factor.empty() ? 1.0 : factor[factor.size() == 1 ? 0 : channel];
}

int32_t RoundTo(double v, TensorType type) {
  return static_cast<int32_t>(std::clamp<double>(std::floor(v + 0.5), type.lo(), type.hi()));
}

}  // namespace

Window ToWindow(const graph::Window& w) {
  return {w.kernel_h,   w.kernel_w, w.stride_h, w.stride_w,   w.dilation_h,
          w.dilation_w, w.pad_top,  w.pad_left, w.pad_bottom, w.pad_right};
}

std::string Lowering::NameOf(const PlanNode& node) const {
  return graph_.nodes[static_cast<size_t>(node.node)].name;
}

int32_t Lowering::NewTensor(int32_t plan_tensor, const std::string& name) {
  const PlanTensor& t = T(plan_tensor);
  program_.tensors.push_back({name, t.dims, t.type, t.exponent, t.factor});
  return static_cast<int32_t>(program_.tensors.size()) - 1;
}

void Lowering::AddNode(std::string name, Op op, std::vector<int32_t> inputs, int32_t output) {
  program_.nodes.push_back({std::move(name), std::move(op), std::move(inputs), output});
  unrounded_.emplace_back();
}

void Lowering::AddLookup(const std::string& name, const std::vector<std::vector<double>>& tables,
                         int32_t input, int32_t output) {
  const Tensor& out = program_.tensors[static_cast<size_t>(output)];
  std::vector<std::vector<int16_t>> rounded;
  std::vector<double> unrounded;
  for (size_t c = 0; c < tables.size(); ++c) {
    const double factor = FactorOf(out.factor, c);
    const double step = std::ldexp(factor, out.exponent);
    std::vector<int16_t>& table = rounded.emplace_back();
    for (const double y : tables[c]) {
      table.push_back(static_cast<int16_t>(RoundTo(y / step, out.type)));
      unrounded.push_back(y / factor);
    }
  }
  // One table a channel becomes one for all where they are equal.
  LookupOp op;
  op.per_channel = std::any_of(rounded.begin(), rounded.end(),
                               [&](const auto& table) { return table != rounded[0]; });
  for (const auto& table : rounded) {
    op.table.insert(op.table.end(), table.begin(), table.end());
    if (!op.per_channel) break;
  }
  unrounded.resize(op.table.size());
  AddNode(name, std::move(op), {input}, output);
  unrounded_.back() = std::move(unrounded);
}

void Lowering::Emit(const PlanNode& node, Op op, std::vector<int32_t> inputs) {
  const std::string& value = graph_.nodes[static_cast<size_t>(T(node.output).value)].name;
  const int32_t out = NewTensor(node.output, value);
  map_[static_cast<size_t>(node.output)] = out;
  AddNode(NameOf(node), std::move(op), std::move(inputs), out);
}

template <typename Operator>
void Lowering::Clamp(const PlanNode& node, Operator& op) const {
  const PlanTensor& out = T(node.output);
  op.lo = out.type.lo();
  op.hi = out.type.hi();
  const auto bound = [&](double real) {
    return static_cast<int32_t>(
        std::clamp<double>(std::floor(real / out.real_scale(0) + 0.5), op.lo, op.hi));
  };
  if (node.lo) op.lo = std::max(op.lo, bound(*node.lo));
  if (node.hi) op.hi = std::min(op.hi, bound(*node.hi));
  op.hi = std::max(op.hi, op.lo);
}

void Lowering::Begin() {
  map_.assign(plan_.tensors.size(), -1);
  program_.input = NewTensor(plan_.input, "image");
  map_[static_cast<size_t>(plan_.input)] = program_.input;
}

Status Lowering::Lower(const PlanNode& node) {
  const size_t first = program_.nodes.size();
  Status status;
  switch (node.kind) {
    case PlanNode::Kind::kTable:
      status = LowerTable(node);
      break;
    case PlanNode::Kind::kAdd:
      status = LowerAdd(node);
      break;
    case PlanNode::Kind::kMul:
      status = LowerMul(node);
      break;
    case PlanNode::Kind::kMean:
      status = LowerMean(node);
      break;
    case PlanNode::Kind::kMaxPool:
    case PlanNode::Kind::kMove:
    case PlanNode::Kind::kArgMax:
      status = LowerMove(node);
      break;
    case PlanNode::Kind::kConcat:
      status = LowerConcat(node);
      break;
    case PlanNode::Kind::kConv:
      return Failed("a convolution is lowered with its weights");
  }
  ranges_.emplace_back(first, program_.nodes.size());
  return status;
}

Status Lowering::LowerTable(const PlanNode& node) {
  const PlanTensor& in = T(node.inputs[0]);
  const PlanTensor& out = T(node.output);
  const bool image = node.inputs[0] == plan_.input;
  const int32_t root = in.value;
  const PointwiseFunction function(graph_, root, node.node);
  std::vector<std::vector<double>> tables;
  for (int32_t c = 0; c < in.dims.c; ++c) {
    const auto channel = static_cast<size_t>(c);
    std::vector<double>& table = tables.emplace_back();
    for (int32_t q = in.type.lo(); q <= in.type.hi(); ++q) {
      const double x =
          image ? (q - plan_.mean[channel]) / plan_.stddev[channel] : q * in.real_scale(c);
      table.push_back(function(x, c));
      if (std::isnan(table.back())) {
        return BadInput("node '", NameOf(node), "' is not a number at ", x,
                        "; it cannot become a table");
      }
    }
  }
  std::string name = NameOf(node);
  if (root == node.node) name = image ? "input" : Cat(name, "/bits", int{out.type.bits});
  const int32_t tensor = NewTensor(node.output, name);
  map_[static_cast<size_t>(node.output)] = tensor;
  AddLookup(name, tables, this->tensor(node.inputs[0]), tensor);
  return {};
}

int32_t Lowering::Rescaled(int32_t t, int32_t exponent, const std::vector<double>& factor,
                           double sign) {
  const PlanTensor& in = T(t);
  const auto same = [&] {
    for (size_t c = 0; c < std::max(in.factor.size(), factor.size()); ++c) {
      if (FactorOf(in.factor, c) != FactorOf(factor, c)) return false;
    }
    return in.exponent == exponent && sign > 0;
  };
  if (same()) return tensor(t);
  Tensor out = program_.tensors[static_cast<size_t>(tensor(t))];
  out.name += Cat("/scaled", program_.tensors.size());
  out.exponent = exponent;
  out.factor = factor;
  if (sign < 0) out.type.is_signed = true;
  std::vector<std::vector<double>> tables;
  for (int32_t c = 0; c < in.dims.c; ++c) {
    std::vector<double>& table = tables.emplace_back();
    for (int32_t q = in.type.lo(); q <= in.type.hi(); ++q) {
      table.push_back(sign * q * in.real_scale(c));
    }
  }
  const std::string name = out.name;
  program_.tensors.push_back(std::move(out));
  const auto index = static_cast<int32_t>(program_.tensors.size()) - 1;
  AddLookup(name, tables, tensor(t), index);
  return index;
}

Status Lowering::LowerAdd(const PlanNode& node) {
  constexpr int32_t kMostShift = 15;
  const int32_t ta = node.inputs[0], tb = node.inputs[1];
  PlanTensor& out = T(node.output);
  int32_t ea = T(ta).exponent, eb = T(tb).exponent;
  // The finer operand loses what a 15-bit alignment could not hold.
  ea = std::max(ea, eb - kMostShift);
  eb = std::max(eb, ea - kMostShift);
  // A negated unsigned value needs one bit more than its type has.
  if (node.subtract && !T(tb).type.is_signed) ++eb;
  const int32_t a = Rescaled(ta, ea, out.factor);
  const int32_t b = Rescaled(tb, eb, out.factor, node.subtract ? -1 : 1);
  const int32_t finest = std::min(ea, eb);
  AddOp op;
  op.shift_a = ea - finest;
  op.shift_b = eb - finest;
  // A left shift of the sum by more than 7 could leave 32 bits, and would be of no use.
  op.shift = std::clamp(out.exponent - finest, -7, 31);
  out.exponent = finest + op.shift;
  Clamp(node, op);
  Emit(node, op, {a, b});
  return {};
}

Status Lowering::LowerMul(const PlanNode& node) {
  const PlanTensor &a = T(node.inputs[0]), &b = T(node.inputs[1]);
  PlanTensor& out = T(node.output);
  // The product's factor is the operands'; its exponent grows so that the range stays covered.
  std::vector<double> factor;
  double least = INFINITY;
  const auto channels = static_cast<size_t>(out.dims.c);
  const bool spread = a.factor.size() > 1 || b.factor.size() > 1;
  for (size_t c = 0; c < (spread ? channels : 1); ++c) {
    factor.push_back(FactorOf(a.factor, c) * FactorOf(b.factor, c));
    least = std::min(least, factor.back());
  }
  if (!spread && factor[0] == 1.0) factor.clear();
  const auto exponent = static_cast<int32_t>(std::ceil(out.exponent - std::log2(least) - 1e-9));
  MulOp op;
  op.shift = std::clamp(exponent - a.exponent - b.exponent, -15, 31);
  out.exponent = a.exponent + b.exponent + op.shift;
  out.factor = std::move(factor);
  Clamp(node, op);
  Emit(node, op, {tensor(node.inputs[0]), tensor(node.inputs[1])});
  return {};
}

Status Lowering::LowerMean(const PlanNode& node) {
  const auto& pool = std::get<graph::AvgPool>(graph_.nodes[static_cast<size_t>(node.node)].op);
  const PlanTensor& in = T(node.inputs[0]);
  PlanTensor& out = T(node.output);
  const double count = double{1} * pool.window.kernel_h * pool.window.kernel_w;
  // 1/count = 2^-k * rest, rest in [1, 2) / 2: what is no power of two goes to the factor.
  const int32_t k = std::ilogb(count);
  const double rest = std::ldexp(1.0, k) / count;
  out.factor = in.factor.empty() ? std::vector<double>{1.0} : in.factor;
  double least = INFINITY;
  for (double& f : out.factor) {
    f *= rest;
    least = std::min(least, f);
  }
  if (out.factor.size() == 1 && out.factor[0] == 1.0) out.factor.clear();
  MeanOp op;
  op.window = ToWindow(pool.window);
  const int32_t natural = in.exponent - k;  // of the bare sum
  if (!out.type.wide()) {
    const auto wanted = static_cast<int32_t>(std::ceil(out.exponent - std::log2(least) - 1e-9));
    op.shift = std::clamp(wanted - natural, 0, 31);
  }
  out.exponent = natural + op.shift;
  Clamp(node, op);
  Emit(node, op, {tensor(node.inputs[0])});
  return {};
}

Status Lowering::LowerMove(const PlanNode& node) {
  const graph::Node& source = graph_.nodes[static_cast<size_t>(node.node)];
  const PlanTensor& in = T(node.inputs[0]);
  PlanTensor& out = T(node.output);
  const int32_t from = tensor(node.inputs[0]);
  if (node.kind == PlanNode::Kind::kArgMax) {
    out.exponent = 0;
    Emit(node, ArgMaxOp{}, {from});
    return {};
  }
  out.type = in.type;
  out.exponent = in.exponent;
  out.factor = in.factor;
  if (const auto* pool = std::get_if<graph::MaxPool>(&source.op)) {
    Emit(node, MaxPoolOp{ToWindow(pool->window)}, {from});
  } else if (const auto* slice = std::get_if<graph::Slice>(&source.op)) {
    if (in.factor.size() > 1) {
      out.factor.clear();
      for (int32_t c = 0; c < out.dims.c; ++c) {
        out.factor.push_back(in.factor[static_cast<size_t>(slice->start[0] + c * slice->step[0])]);
      }
    }
    Emit(node,
         SliceOp{{slice->start[1], slice->start[2], slice->start[0]},
                 {slice->step[1], slice->step[2], slice->step[0]}},
         {from});
  } else if (const auto* pad = std::get_if<graph::Pad>(&source.op)) {
    if (in.factor.size() > 1) {
      out.factor.insert(out.factor.begin(), static_cast<size_t>(pad->before[0]), 1.0);
      out.factor.resize(static_cast<size_t>(out.dims.c), 1.0);
    }
    Emit(node,
         PadOp{{pad->before[1], pad->before[2], pad->before[0]},
               {pad->after[1], pad->after[2], pad->after[0]}},
         {from});
  } else if (const auto* shuffle = std::get_if<graph::Shuffle>(&source.op)) {
    if (in.factor.size() > 1) {
      const int32_t per_group = in.dims.c / shuffle->groups;
      for (int32_t c = 0; c < out.dims.c; ++c) {
        out.factor[static_cast<size_t>(c)] =
            in.factor[static_cast<size_t>(c % shuffle->groups * per_group + c / shuffle->groups)];
      }
    }
    Emit(node, ShuffleOp{shuffle->groups}, {from});
  } else if (const auto* resize = std::get_if<graph::Resize>(&source.op)) {
    Emit(node, ResizeOp{resize->scale_h, resize->scale_w}, {from});
  } else {  // Flatten
    int32_t source_tensor = from;
    if (in.factor.size() > 1 && in.dims.h * in.dims.w > 1) {
      // Channels interleave: one scale for all, the coarsest.
      const double most = *std::max_element(in.factor.begin(), in.factor.end());
      out.factor = {most};
      source_tensor = Rescaled(node.inputs[0], in.exponent, out.factor);
    }
    Emit(node, ReshapeOp{}, {source_tensor});
  }
  return {};
}

Status Lowering::LowerConcat(const PlanNode& node) {
  PlanTensor& out = T(node.output);
  std::vector<int32_t> inputs;
  out.type = T(node.inputs[0]).type;
  for (const int32_t t : node.inputs) inputs.push_back(Rescaled(t, out.exponent, out.factor));
  Emit(node, ConcatOp{}, std::move(inputs));
  return {};
}

Lowering::ConvScales Lowering::ScalesOf(const PlanNode& node) const {
  const PlanTensor &in = T(node.inputs[0]), &out = T(node.output);
  ConvScales s;
  s.input_exponent = in.exponent;
  s.output_exponent = out.exponent;
  s.wide = out.type.wide();
  for (int32_t c = 0; c < in.dims.c; ++c)
    s.input_factor.push_back(FactorOf(in.factor, static_cast<size_t>(c)));
  for (int32_t c = 0; c < out.dims.c; ++c)
    s.output_factor.push_back(FactorOf(out.factor, static_cast<size_t>(c)));
  return s;
}

Status Lowering::LowerConv(const PlanNode& node, const Alphabet& alphabet,
                           const std::vector<RoundedRow>& rows, const std::vector<double>& bias) {
  const size_t first = program_.nodes.size();
  const auto& source = std::get<graph::Conv>(graph_.nodes[static_cast<size_t>(node.node)].op);
  const PlanTensor& in = T(node.inputs[0]);
  PlanTensor& out = T(node.output);
  ConvOp op;
  op.window = ToWindow(source.window);
  op.groups = source.groups;
  op.alphabet = alphabet;
  for (size_t o = 0; o < rows.size(); ++o) {
    op.codes.insert(op.codes.end(), rows[o].codes.begin(), rows[o].codes.end());
    const double units = std::floor(std::ldexp(bias[o], -(in.exponent + rows[o].exponent)) + 0.5);
    op.bias.push_back(static_cast<int32_t>(std::clamp(units, -1073741824.0, 1073741824.0)));
  }
  op.shift.assign(rows.size(), 0);
  const int32_t in_per_group = in.dims.c / source.groups;
  if (out.type.wide()) {
    // The finest scale to which every channel can be shifted up within 32 bits.
    int32_t exponent = INT32_MAX, coarsest = INT32_MIN;
    for (size_t o = 0; o < rows.size(); ++o) {
      const int64_t bound = AccumulatorBound(op, in_per_group, in.type, static_cast<int32_t>(o));
      const int32_t room =
          bound == 0 ? 15 : std::min(15, 30 - std::ilogb(static_cast<double>(bound)));
      exponent = std::min(exponent, in.exponent + rows[o].exponent);
      coarsest = std::max(coarsest, in.exponent + rows[o].exponent - room);
    }
    out.exponent = std::max(exponent, coarsest);
  }
  for (size_t o = 0; o < rows.size(); ++o) {
    op.shift[o] =
        static_cast<int8_t>(std::clamp(out.exponent - in.exponent - rows[o].exponent, -15, 31));
  }
  Clamp(node, op);
  Emit(node, std::move(op), {tensor(node.inputs[0])});
  ranges_.emplace_back(first, program_.nodes.size());
  return {};
}

Expected<Program> Lowering::Finish() {
  for (const int32_t t : plan_.outputs) program_.outputs.push_back(tensor(t));
  if (plan_.softmax) program_.metadata["softmax"] = "1";
  if (Status s = Validate(program_); !s.ok()) {
    return Failed("the lowered program is not sound: ", s.message());
  }
  return std::move(program_);
}

}  // namespace potlut::quant
