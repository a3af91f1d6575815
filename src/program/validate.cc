// One pass over a program that checks everything later rooms rely on.
#include "program/validate.h"

#include <algorithm>
#include <cmath>

#include "base/checked.h"
#include "base/text.h"

namespace potlut {
namespace {

constexpr int64_t kInt32Max = INT32_MAX;

int64_t MaxAbs(TensorType type) { return std::max<int64_t>(type.hi(), -int64_t{type.lo()}); }

// Whether values of at most `bound` stay in int32 through rshift(v, n).
bool ShiftFits(int64_t bound, int n) {
  if (n < -15 || n > 31) return false;
  if (n > 0) return bound + (int64_t{1} << (n - 1)) <= kInt32Max;
  return bound <= (kInt32Max >> -n);
}

// Written so that compilers make vectors of it: it looks at every weight of a program.
int LargestCode(const std::vector<uint8_t>& codes) {
  uint8_t most = 0;
  for (const uint8_t code : codes) most = code > most ? code : most;
  return most;
}

class NodeChecker {
 public:
  NodeChecker(const Program& program, const Node& node, const ProgramLimits& limits)
      : program_(program), node_(node), limits_(limits) {}

  Status Check() {
    const bool joins = std::holds_alternative<ConcatOp>(node_.op);
    const bool two =
        std::holds_alternative<AddOp>(node_.op) || std::holds_alternative<MulOp>(node_.op);
    const size_t wanted = two ? 2 : 1;
    if (joins ? node_.inputs.empty() : node_.inputs.size() != wanted) {
      return Bad("has ", node_.inputs.size(), " inputs");
    }
    return std::visit([&](const auto& op) { return CheckOp(op); }, node_.op);
  }

  int64_t weights() const { return weights_; }

 private:
  const Tensor& In(size_t i = 0) const {
    return program_.tensors[static_cast<size_t>(node_.inputs[i])];
  }
  const Tensor& Out() const { return program_.tensors[static_cast<size_t>(node_.output)]; }

  template <typename... Parts>
  Error Bad(const Parts&... parts) const {
    return BadInput("node '", node_.name, "' (", OpName(node_.op), ") ", parts...);
  }
  Status OutputDims(Dims dims) const {
    if (dims == Out().dims) return {};
    return Bad("gives ", dims.h, "x", dims.w, "x", dims.c, ", but its tensor is ", Out().dims.h,
               "x", Out().dims.w, "x", Out().dims.c);
  }
  Status Narrow(size_t input) const {
    if (!In(input).type.wide()) return {};
    return Bad("reads a 32-bit tensor");
  }
  Status SameType(size_t input = 0) const {
    if (In(input).type == Out().type) return {};
    return Bad("must not change the type of its tensor");
  }
  Status Clamp(int32_t lo, int32_t hi) const {
    if (lo <= hi && lo >= Out().type.lo() && hi <= Out().type.hi()) return {};
    return Bad("clamps to ", lo, "..", hi, ", outside its output type");
  }
  Status Requantises(int64_t bound, int shift, int32_t lo, int32_t hi) const {
    if (!ShiftFits(bound, shift)) return Bad("with shift ", shift, " can leave 32 bits");
    return Clamp(lo, hi);
  }
  Status PoolWindow(const Window& w) const {
    if (w.dilation_h != 1 || w.dilation_w != 1) return Bad("has a dilated window");
    // Every window must meet a real value.
    if (w.pad_top >= w.kernel_h || w.pad_bottom >= w.kernel_h || w.pad_left >= w.kernel_w ||
        w.pad_right >= w.kernel_w) {
      return Bad("pads by a whole window");
    }
    return WindowDims(w, In().dims.c);
  }
  Status WindowDims(const Window& w, int32_t channels) const {
    auto dims = WindowOutput(w, In().dims, channels);
    if (!dims.ok()) return Bad("has a bad ", dims.error().message);
    return OutputDims(*dims);
  }
  // Two operands of one shape, or the second 1x1 with as many channels.
  Status Operands() const {
    POTLUT_RETURN_IF_ERROR(Narrow(0));
    POTLUT_RETURN_IF_ERROR(Narrow(1));
    const Dims a = In(0).dims, b = In(1).dims;
    if (!(b == a) && !(b == Dims{1, 1, a.c})) return Bad("has operands of different shapes");
    return OutputDims(a);
  }

  Status CheckOp(const ConvOp& op) {
    POTLUT_RETURN_IF_ERROR(Narrow(0));
    if (Status s = ValidateAlphabet(op.alphabet); !s.ok()) return Bad("has a bad ", s.message());
    const int32_t in = In().dims.c, out = Out().dims.c;
    if (op.groups < 1 || in % op.groups != 0 || out % op.groups != 0) {
      return Bad("has ", op.groups, " groups, which do not divide ", in, " and ", out, " channels");
    }
    POTLUT_RETURN_IF_ERROR(WindowDims(op.window, out));
    const int64_t per_group = in / op.groups;
    const int64_t per_tap = op.alphabet.is_pair() ? (per_group + 1) / 2 : per_group;
    const auto codes =
        CheckedProduct<int64_t>(out, op.window.kernel_h, op.window.kernel_w, per_tap);
    if (!codes || *codes > limits_.max_weights) {
      return ResourceLimit("node '", node_.name, "' has more weights than the limit of ",
                           limits_.max_weights);
    }
    if (static_cast<int64_t>(op.codes.size()) != *codes) {
      return Bad("has ", op.codes.size(), " codes instead of ", *codes);
    }
    weights_ = op.alphabet.is_pair() ? *codes * 2 : *codes;
    const size_t channels = static_cast<size_t>(out);
    if (op.bias.size() != channels || op.shift.size() != channels) {
      return Bad("needs ", out, " biases and shifts");
    }
    const int valid = op.alphabet.codes();
    if (const int most = LargestCode(op.codes); most >= valid)
      return Bad("uses code ", most, ", but its alphabet has ", valid);
    // What a channel can reach at most whatever its codes are: nearly always enough, and nothing is
    // to be summed.
    const int64_t most_of_products =
        *codes / out * (op.alphabet.is_pair() ? 2 : 1) * op.alphabet.max_abs() * MaxAbs(In().type);
    for (int32_t o = 0; o < out; ++o) {
      const auto channel = static_cast<size_t>(o);
      if (ShiftFits(std::abs(int64_t{op.bias[channel]}) + most_of_products, op.shift[channel]))
        continue;
      const int64_t bound = AccumulatorBound(op, static_cast<int32_t>(per_group), In().type, o);
      if (!ShiftFits(bound, op.shift[channel])) {
        return Bad("channel ", o, " can reach ", bound, ", which with shift ",
                   int{op.shift[channel]}, " leaves 32 bits");
      }
    }
    return Clamp(op.lo, op.hi);
  }
  Status CheckOp(const AddOp& op) {
    POTLUT_RETURN_IF_ERROR(Operands());
    if (op.shift_a < 0 || op.shift_a > 15 || op.shift_b < 0 || op.shift_b > 15) {
      return Bad("has an operand shift outside 0..15");
    }
    const int64_t bound = (MaxAbs(In(0).type) << op.shift_a) + (MaxAbs(In(1).type) << op.shift_b);
    return Requantises(bound, op.shift, op.lo, op.hi);
  }
  Status CheckOp(const MulOp& op) {
    POTLUT_RETURN_IF_ERROR(Operands());
    return Requantises(MaxAbs(In(0).type) * MaxAbs(In(1).type), op.shift, op.lo, op.hi);
  }
  Status CheckOp(const MaxPoolOp& op) {
    POTLUT_RETURN_IF_ERROR(SameType());
    POTLUT_RETURN_IF_ERROR(Narrow(0));
    return PoolWindow(op.window);
  }
  Status CheckOp(const MeanOp& op) {
    POTLUT_RETURN_IF_ERROR(Narrow(0));
    POTLUT_RETURN_IF_ERROR(PoolWindow(op.window));
    const int64_t count = int64_t{op.window.kernel_h} * op.window.kernel_w;
    return Requantises(MaxAbs(In().type) * count, op.shift, op.lo, op.hi);
  }
  Status CheckOp(const LookupOp& op) {
    POTLUT_RETURN_IF_ERROR(Narrow(0));
    if (Out().type.wide()) return Bad("writes a 32-bit tensor");
    POTLUT_RETURN_IF_ERROR(OutputDims(In().dims));
    const int64_t tables = op.per_channel ? In().dims.c : 1;
    if (static_cast<int64_t>(op.table.size()) != tables << In().type.bits) {
      return Bad("has ", op.table.size(), " table entries instead of ", tables << In().type.bits);
    }
    for (const int16_t v : op.table) {
      if (v < Out().type.lo() || v > Out().type.hi()) {
        return Bad("has ", int{v}, " in its table, outside its output type");
      }
    }
    return {};
  }
  Status CheckOp(const ReshapeOp&) {
    POTLUT_RETURN_IF_ERROR(SameType());
    if (In().dims.count() != Out().dims.count()) return Bad("changes the number of values");
    return {};
  }
  Status CheckOp(const ConcatOp&) {
    int64_t channels = 0;
    for (size_t i = 0; i < node_.inputs.size(); ++i) {
      POTLUT_RETURN_IF_ERROR(SameType(i));
      if (In(i).dims.h != In(0).dims.h || In(i).dims.w != In(0).dims.w) {
        return Bad("has inputs of different sizes");
      }
      channels += In(i).dims.c;
    }
    if (channels > limits_.max_dimension) return Bad("has too many channels");
    return OutputDims({In(0).dims.h, In(0).dims.w, static_cast<int32_t>(channels)});
  }
  Status CheckOp(const SliceOp& op) {
    POTLUT_RETURN_IF_ERROR(SameType());
    const int32_t in[3] = {In().dims.h, In().dims.w, In().dims.c};
    const int32_t out[3] = {Out().dims.h, Out().dims.w, Out().dims.c};
    for (size_t i = 0; i < 3; ++i) {
      if (op.start[i] < 0 || op.step[i] < 1 ||
          int64_t{op.start[i]} + (int64_t{out[i]} - 1) * op.step[i] >= in[i]) {
        return Bad("reads outside its input");
      }
    }
    return {};
  }
  Status CheckOp(const ShuffleOp& op) {
    POTLUT_RETURN_IF_ERROR(SameType());
    if (op.groups < 1 || In().dims.c % op.groups != 0) {
      return Bad("has ", op.groups, " groups, which do not divide ", In().dims.c, " channels");
    }
    return OutputDims(In().dims);
  }
  Status CheckOp(const PadOp& op) {
    POTLUT_RETURN_IF_ERROR(SameType());
    const int32_t in[3] = {In().dims.h, In().dims.w, In().dims.c};
    int32_t out[3];
    for (size_t i = 0; i < 3; ++i) {
      const int64_t size = int64_t{in[i]} + op.before[i] + op.after[i];
      if (op.before[i] < 0 || op.after[i] < 0 || size > limits_.max_dimension) {
        return Bad("pads by too little or too much");
      }
      out[i] = static_cast<int32_t>(size);
    }
    return OutputDims({out[0], out[1], out[2]});
  }
  Status CheckOp(const ResizeOp& op) {
    POTLUT_RETURN_IF_ERROR(SameType());
    if (op.scale_h < 1 || op.scale_w < 1) return Bad("has a scale below 1");
    const int64_t h = int64_t{In().dims.h} * op.scale_h, w = int64_t{In().dims.w} * op.scale_w;
    if (h > limits_.max_dimension || w > limits_.max_dimension) return Bad("grows too large");
    return OutputDims({static_cast<int32_t>(h), static_cast<int32_t>(w), In().dims.c});
  }
  Status CheckOp(const ArgMaxOp&) {
    if (!Out().type.wide()) return Bad("must write a 32-bit tensor");
    return OutputDims({In().dims.h, In().dims.w, 1});
  }

  const Program& program_;
  const Node& node_;
  const ProgramLimits& limits_;
  int64_t weights_ = 0;
};

Status CheckTensor(const Tensor& t, const ProgramLimits& limits) {
  const auto bad = [&](const auto&... parts) {
    return BadInput("tensor '", t.name, "' ", parts...);
  };
  for (const int32_t side : {t.dims.h, t.dims.w, t.dims.c}) {
    if (side < 1) return bad("has a side of ", side);
    if (side > limits.max_dimension) {
      return ResourceLimit("tensor '", t.name, "' has a side above the limit of ",
                           limits.max_dimension);
    }
  }
  const auto count = CheckedProduct<int64_t>(t.dims.h, t.dims.w, t.dims.c);
  if (!count || *count > limits.max_tensor_elements) {
    return ResourceLimit("tensor '", t.name, "' has more values than the limit of ",
                         limits.max_tensor_elements);
  }
  if (t.type.bits == 32 ? !t.type.is_signed : (t.type.bits < 2 || t.type.bits > 8)) {
    return bad("has ", int{t.type.bits}, t.type.is_signed ? " signed" : " unsigned",
               " bits; allowed are 2 to 8, and 32 signed");
  }
  if (t.exponent < -512 || t.exponent > 512) return bad("has exponent ", t.exponent);
  if (t.factor.size() > 1 && t.factor.size() != static_cast<size_t>(t.dims.c)) {
    return bad("has ", t.factor.size(), " factors for ", t.dims.c, " channels");
  }
  for (const double f : t.factor) {
    if (!std::isfinite(f) || f <= 0) return bad("has a factor that is not a positive number");
  }
  return {};
}

}  // namespace

int64_t AccumulatorBound(const ConvOp& conv, int32_t in_per_group, TensorType type, int32_t o) {
  const size_t channels = conv.bias.size();
  const size_t per_channel = conv.codes.size() / channels;
  const auto& levels = conv.alphabet.levels;
  // Padding brings zeros, and 0 is in every type, so each product counts only where it pushes
  // outwards.
  int64_t positive = 0, negative = 0;
  const auto account = [&](int64_t level) {
    const int64_t a = level * type.lo(), b = level * type.hi();
    positive += std::max<int64_t>({0, a, b});
    negative += std::min<int64_t>({0, a, b});
  };
  const int32_t pairs = (in_per_group + 1) / 2;
  int32_t p = 0;
  for (size_t i = 0; i < per_channel; ++i) {
    const uint8_t code = conv.codes[static_cast<size_t>(o) * per_channel + i];
    if (!conv.alphabet.is_pair()) {
      account(levels[code]);
      continue;
    }
    account(levels[size_t{code} * 2]);
    if (2 * p + 1 < in_per_group) account(levels[size_t{code} * 2 + 1]);
    if (++p == pairs) p = 0;
  }
  const int64_t bias = conv.bias[static_cast<size_t>(o)];
  return std::max({std::abs(bias), std::abs(bias + positive), std::abs(bias + negative)});
}

Status Validate(const Program& program, const ProgramLimits& limits) {
  const size_t tensors = program.tensors.size(), nodes = program.nodes.size();
  if (tensors == 0) return BadInput("program has no tensors");
  if (nodes > static_cast<size_t>(limits.max_nodes)) {
    return ResourceLimit("program has ", nodes, " nodes; the limit is ", limits.max_nodes);
  }
  if (tensors != nodes + 1) {
    return BadInput("program has ", tensors, " tensors for ", nodes,
                    " nodes; each node writes one and the input is one");
  }
  for (const Tensor& t : program.tensors) POTLUT_RETURN_IF_ERROR(CheckTensor(t, limits));

  const auto in_range = [&](int32_t i) { return i >= 0 && static_cast<size_t>(i) < tensors; };
  if (!in_range(program.input)) return BadInput("program's input is tensor ", program.input);
  if (!(program.tensors[static_cast<size_t>(program.input)].type == TensorType{8, false})) {
    return BadInput("program's input must be 8 bits unsigned: the raw image");
  }
  std::vector<bool> written(tensors, false);
  written[static_cast<size_t>(program.input)] = true;
  int64_t weights = 0;
  for (const Node& node : program.nodes) {
    for (const int32_t i : node.inputs) {
      if (!in_range(i) || !written[static_cast<size_t>(i)]) {
        return BadInput("node '", node.name, "' reads tensor ", i,
                        ", which nothing wrote before it");
      }
    }
    if (!in_range(node.output) || written[static_cast<size_t>(node.output)]) {
      return BadInput("node '", node.name, "' writes tensor ", node.output,
                      ", which does not exist or is written already");
    }
    NodeChecker checker(program, node, limits);
    POTLUT_RETURN_IF_ERROR(checker.Check());
    weights += checker.weights();
    if (weights > limits.max_weights) {
      return ResourceLimit("program has more weights than the limit of ", limits.max_weights);
    }
    written[static_cast<size_t>(node.output)] = true;
  }
  if (program.outputs.empty()) return BadInput("program has no output");
  for (const int32_t i : program.outputs) {
    if (!in_range(i)) return BadInput("program's output is tensor ", i, ", which does not exist");
  }
  return {};
}

}  // namespace potlut
