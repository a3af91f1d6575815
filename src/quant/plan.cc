// From a float graph to a plan: fusion, tables of one variable, scale classes, bits.
#include "quant/plan.h"

#include <fnmatch.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "base/text.h"
#include "quant/pointwise.h"

namespace potlut::quant {
namespace {

using graph::Graph;
using Kind = PlanNode::Kind;

template <typename T>
const T* As(const Graph& g, int32_t i) {
  return std::get_if<T>(&g.nodes[static_cast<size_t>(i)].op);
}

Dims ToDims(const graph::Shape& s) { return {s.h, s.w, s.c}; }

bool IsDepthwise(const graph::Conv& conv, int32_t in_channels) {
  return conv.groups > 1 && conv.groups == in_channels;
}

class Planner {
 public:
  Planner(const Graph& g, const Recipe& recipe) : g_(g), recipe_(recipe), pointwise_(g) {}

  Expected<Plan> Make() {
    POTLUT_RETURN_IF_ERROR(FindOutputs());
    POTLUT_RETURN_IF_ERROR(Normalisation());
    POTLUT_RETURN_IF_ERROR(ChooseWeights());
    plan_.input = NewTensor(0);
    plan_.tensors[0].type = {8, false};
    for (size_t i = 0; i < g_.nodes.size(); ++i) {
      if (live_[i]) POTLUT_RETURN_IF_ERROR(PlanOne(static_cast<int32_t>(i)));
    }
    for (const int32_t o : outputs_) {
      POTLUT_ASSIGN_OR_RETURN(const int32_t t, TensorOf(o));
      plan_.outputs.push_back(t);
    }
    ChooseTypes();
    return std::move(plan_);
  }

 private:
  const graph::Node& At(int32_t i) const { return g_.nodes[static_cast<size_t>(i)]; }

  template <typename... Parts>
  Error Refuse(int32_t i, const Parts&... parts) const {
    return Unsupported("node '", At(i).name, "' (", graph::OpName(At(i).op), "): ", parts...);
  }

  // Softmax at the very end is the application's; then only what outputs need is planned.
  Status FindOutputs() {
    live_.assign(g_.nodes.size(), false);
    for (int32_t o : g_.outputs) {
      if (As<graph::Softmax>(g_, o) != nullptr) {
        plan_.softmax = true;
        o = At(o).inputs[0];
      }
      outputs_.push_back(o);
      live_[static_cast<size_t>(o)] = true;
    }
    for (size_t i = g_.nodes.size(); i-- > 0;) {
      if (!live_[i]) continue;
      for (const int32_t in : g_.nodes[i].inputs) live_[static_cast<size_t>(in)] = true;
    }
    return {};
  }

  Status Normalisation() {
    const size_t channels = static_cast<size_t>(g_.input_shape().c);
    const auto spread = [&](const std::vector<double>& given, const char* what,
                            std::vector<double>& out) -> Status {
      if (given.size() != 1 && given.size() != channels) {
        return UsageError(what, " has ", given.size(), " values; the network's input has ",
                          channels, " channels: give one value or one a channel");
      }
      for (size_t c = 0; c < channels; ++c) {
        const double v = given[given.size() == 1 ? 0 : c];
        if (!std::isfinite(v)) return UsageError(what, " is not a number");
        out.push_back(v);
      }
      return {};
    };
    POTLUT_RETURN_IF_ERROR(spread(recipe_.mean, "mean", plan_.mean));
    POTLUT_RETURN_IF_ERROR(spread(recipe_.stddev, "std", plan_.stddev));
    for (const double s : plan_.stddev) {
      if (s <= 0) return UsageError("std must be positive, and has ", s);
    }
    return {};
  }

  // First, last, depthwise and overrides, for each convolution.
  Status ChooseWeights() {
    std::vector<int32_t> convs;
    for (size_t i = 0; i < g_.nodes.size(); ++i) {
      if (live_[i] && As<graph::Conv>(g_, static_cast<int32_t>(i))) {
        convs.push_back(static_cast<int32_t>(i));
      }
    }
    for (const int32_t i : convs) {
      const auto& conv = *As<graph::Conv>(g_, i);
      const bool depthwise = IsDepthwise(conv, At(At(i).inputs[0]).shape.c);
      WeightChoice choice = recipe_.weights;
      if (depthwise && recipe_.depthwise) choice = *recipe_.depthwise;
      // A depthwise layer has no neighbouring input channels: pairs mean nothing there.
      if (depthwise && choice.alphabet == AlphabetKind::kPair) {
        choice = {AlphabetKind::kUniform, 8, choice.per_channel};
      }
      if (i == convs.front()) choice = recipe_.first;
      if (i == convs.back()) choice = recipe_.last;
      int bits = i == convs.front() || i == convs.back() ? 8 : recipe_.activation_bits;
      for (const LayerOverride& o : recipe_.layers) {
        if (fnmatch(o.pattern.c_str(), At(i).name.c_str(), 0) != 0) continue;
        if (o.alphabet) choice.alphabet = *o.alphabet;
        if (o.weight_bits) choice.bits = *o.weight_bits;
        if (o.per_channel) choice.per_channel = *o.per_channel;
        if (o.activation_bits) bits = *o.activation_bits;
      }
      if (bits < 2 || bits > 8) {
        return UsageError("layer '", At(i).name, "': activations have 2 to 8 bits, not ", bits);
      }
      if (choice.alphabet == AlphabetKind::kPair || choice.alphabet == AlphabetKind::kCustom) {
        if (Status s = ValidateAlphabet({choice.alphabet, choice.bits, {0, 0}});
            choice.alphabet == AlphabetKind::kPair && !s.ok()) {
          return UsageError("layer '", At(i).name, "': ", s.message());
        }
        if (Status s = ValidateAlphabet({choice.alphabet, choice.bits, {0}});
            choice.alphabet == AlphabetKind::kCustom && !s.ok()) {
          return UsageError("layer '", At(i).name, "': ", s.message());
        }
        if (depthwise && choice.alphabet == AlphabetKind::kPair) {
          return UsageError("layer '", At(i).name, "' is depthwise and cannot use pairs");
        }
      } else if (auto fixed = MakeAlphabet(choice.alphabet, choice.bits); !fixed.ok()) {
        return UsageError("layer '", At(i).name, "': ", fixed.error().message);
      }
      weights_[i] = choice;
      reads_bits_[i] = bits;
    }
    for (const LayerOverride& o : recipe_.layers) {
      const bool hit = std::any_of(convs.begin(), convs.end(), [&](int32_t i) {
        return fnmatch(o.pattern.c_str(), At(i).name.c_str(), 0) == 0;
      });
      if (!hit) return UsageError("no layer's name matches the pattern '", o.pattern, "'");
    }
    return {};
  }

  int32_t NewTensor(int32_t value) {
    PlanTensor t;
    t.value = value;
    t.dims = ToDims(At(value).shape);
    t.scale_class = static_cast<int32_t>(plan_.tensors.size());
    plan_.tensors.push_back(std::move(t));
    return static_cast<int32_t>(plan_.tensors.size()) - 1;
  }
  int32_t Class(int32_t t) {
    int32_t c = t;
    while (plan_.tensors[static_cast<size_t>(c)].scale_class != c) {
      c = plan_.tensors[static_cast<size_t>(c)].scale_class;
    }
    return c;
  }
  void Tie(int32_t a, int32_t b) {
    a = Class(a);
    b = Class(b);
    plan_.tensors[static_cast<size_t>(std::max(a, b))].scale_class = std::min(a, b);
  }

  // The tensor that holds a graph value; a function of one variable gets its table when first asked
  // for.
  Expected<int32_t> TensorOf(int32_t value) {
    if (const auto it = tensor_.find(value); it != tensor_.end()) return it->second;
    const int32_t root = pointwise_.root(value);
    if (root == value && value != 0) {
      return Failed("planning '", At(value).name, "': its value was not planned");
    }
    // Tables read the image itself, or the root's tensor.
    int32_t from = plan_.input;
    if (root != 0) {
      POTLUT_ASSIGN_OR_RETURN(from, TensorOf(root));
    }
    PlanNode node;
    node.kind = Kind::kTable;
    node.node = value;
    node.inputs = {from};
    node.output = NewTensor(value);
    tensor_[value] = node.output;
    plan_.nodes.push_back(node);
    return node.output;
  }

  Status Emit(Kind kind, int32_t i, const std::vector<int32_t>& values) {
    PlanNode node;
    node.kind = kind;
    node.node = i;
    for (const int32_t v : values) {
      POTLUT_ASSIGN_OR_RETURN(const int32_t t, TensorOf(v));
      node.inputs.push_back(t);
    }
    const int32_t value = pointwise_.stands_for(i);
    if (const graph::Activation* clamp = pointwise_.fused(value)) {
      if (clamp->function == graph::Function::kRelu) {
        node.lo = 0;
      } else {
        node.lo = clamp->a;
        node.hi = clamp->b;
      }
    }
    node.output = NewTensor(value);
    tensor_[value] = node.output;
    if (kind == Kind::kMove || kind == Kind::kConcat || kind == Kind::kMaxPool) {
      for (const int32_t t : node.inputs) Tie(t, node.output);
    }
    plan_.nodes.push_back(std::move(node));
    return {};
  }

  Status PlanOne(int32_t i) {
    if (pointwise_.pointwise(i) || pointwise_.fused(i) != nullptr)
      return {};  // made when asked for
    const graph::Node& node = At(i);
    return std::visit([&](const auto& op) { return PlanOp(i, node, op); }, node.op);
  }
  Status PlanOp(int32_t, const graph::Node&, const graph::Input&) { return {}; }
  Status PlanOp(int32_t i, const graph::Node& node, const graph::Conv&) {
    POTLUT_RETURN_IF_ERROR(Emit(Kind::kConv, i, node.inputs));
    plan_.nodes.back().weights = weights_[i];
    return {};
  }
  Status PlanOp(int32_t i, const graph::Node& node, const graph::Add& add) {
    POTLUT_RETURN_IF_ERROR(Emit(Kind::kAdd, i, node.inputs));
    plan_.nodes.back().subtract = add.subtract;
    return {};
  }
  Status PlanOp(int32_t i, const graph::Node& node, const graph::Mul&) {
    return Emit(Kind::kMul, i, node.inputs);
  }
  Status PlanOp(int32_t i, const graph::Node& node, const graph::MaxPool& pool) {
    if (pool.window.dilation_h != 1 || pool.window.dilation_w != 1) {
      return Refuse(i, "dilated max pooling has no integer operator; use dilation 1");
    }
    return Emit(Kind::kMaxPool, i, node.inputs);
  }
  Status PlanOp(int32_t i, const graph::Node& node, const graph::AvgPool& pool) {
    const graph::Window& w = pool.window;
    const bool padded = w.pad_top + w.pad_left + w.pad_bottom + w.pad_right > 0;
    if (padded && !pool.count_include_pad) {
      return Refuse(
          i,
          "a mean whose divisor changes at the border has no integer operator; export it with "
          "count_include_pad=1 or without padding");
    }
    return Emit(Kind::kMean, i, node.inputs);
  }
  Status PlanOp(int32_t i, const graph::Node& node, const graph::Concat&) {
    return Emit(Kind::kConcat, i, node.inputs);
  }
  Status PlanOp(int32_t i, const graph::Node& node, const graph::Flatten& flatten) {
    const graph::Shape in = At(node.inputs[0]).shape;
    if (flatten.order == graph::Flatten::Order::kChw && in.h * in.w > 1 && in.c > 1) {
      return Refuse(i, "flattening a map channel by channel is only possible before a dense layer");
    }
    return Emit(Kind::kMove, i, node.inputs);
  }
  Status PlanOp(int32_t i, const graph::Node& node, const graph::Pad& pad) {
    if (pad.value != 0) {
      return Refuse(i, "padding with ", pad.value, " has no integer operator; pad with 0");
    }
    return Emit(Kind::kMove, i, node.inputs);
  }
  Status PlanOp(int32_t i, const graph::Node& node, const graph::Slice&) {
    return Emit(Kind::kMove, i, node.inputs);
  }
  Status PlanOp(int32_t i, const graph::Node& node, const graph::Shuffle&) {
    return Emit(Kind::kMove, i, node.inputs);
  }
  Status PlanOp(int32_t i, const graph::Node& node, const graph::Resize&) {
    return Emit(Kind::kMove, i, node.inputs);
  }
  Status PlanOp(int32_t i, const graph::Node&, const graph::Lrn&) {
    return Refuse(i, "local response normalisation has no integer operator; it runs in float only");
  }
  Status PlanOp(int32_t i, const graph::Node&, const graph::Softmax&) {
    return Refuse(i, "softmax is only possible as the last node, where the application applies it");
  }
  Status PlanOp(int32_t i, const graph::Node& node, const graph::ArgMax&) {
    if (!pointwise_.is_output(i)) return Refuse(i, "argmax is only possible as the last node");
    return Emit(Kind::kArgMax, i, node.inputs);
  }
  Status PlanOp(int32_t i, const graph::Node&, const graph::Affine&) { return Pending(i); }
  Status PlanOp(int32_t i, const graph::Node&, const graph::Activation&) { return Pending(i); }
  Status Pending(int32_t i) {
    return Failed("planning '", At(i).name, "': pointwise without a root");
  }

  // Bits: a class that only convolutions read has theirs; any other has 8, and convolutions that
  // read fewer bits get a narrowing table in front.
  void ChooseTypes() {
    const size_t n = plan_.tensors.size();
    struct Readers {
      bool others = false;
      std::set<int> bits;
    };
    std::map<int32_t, Readers> readers;
    for (const PlanNode& node : plan_.nodes) {
      for (const int32_t t : node.inputs) {
        Readers& r = readers[Class(t)];
        if (node.kind == Kind::kConv) {
          r.bits.insert(reads_bits_[node.node]);
        } else if (node.kind != Kind::kMove && node.kind != Kind::kConcat &&
                   node.kind != Kind::kMaxPool) {
          r.others = true;
        }
      }
    }
    for (const int32_t t : plan_.outputs) readers[Class(t)].others = true;
    for (size_t t = 0; t < n; ++t) {
      const int32_t c = Class(static_cast<int32_t>(t));
      const Readers& r = readers[c];
      plan_.tensors[t].scale_class = c;
      const bool narrow = !r.others && r.bits.size() == 1;
      plan_.tensors[t].type = {static_cast<uint8_t>(narrow ? *r.bits.begin() : 8), false};
    }
    WidenOutputs();

    std::map<std::pair<int32_t, int>, int32_t> narrowed;
    std::vector<PlanNode> nodes;
    for (PlanNode& node : plan_.nodes) {
      if (node.kind == Kind::kConv) {
        const int bits = reads_bits_[node.node];
        const int32_t wide = node.inputs[0];
        if (plan_.tensors[static_cast<size_t>(wide)].type.bits != bits) {
          const auto key = std::pair(wide, bits);
          auto it = narrowed.find(key);
          if (it == narrowed.end()) {
            const int32_t value = plan_.tensors[static_cast<size_t>(wide)].value;
            const int32_t t = NewTensor(value);
            plan_.tensors[static_cast<size_t>(t)].type.bits = static_cast<uint8_t>(bits);
            PlanNode table;
            table.kind = Kind::kTable;
            table.node = value;
            table.inputs = {wide};
            table.output = t;
            nodes.push_back(table);
            it = narrowed.emplace(key, t).first;
          }
          node.inputs[0] = it->second;
        }
      }
      nodes.push_back(std::move(node));
    }
    plan_.nodes = std::move(nodes);
  }

  // What leaves the program straight from an accumulator keeps 32 bits.
  void WidenOutputs() {
    std::map<int32_t, std::vector<const PlanNode*>> readers;
    for (const PlanNode& node : plan_.nodes) {
      for (const int32_t t : node.inputs) readers[t].push_back(&node);
    }
    for (const PlanNode& node : plan_.nodes) {
      PlanTensor& out = plan_.tensors[static_cast<size_t>(node.output)];
      if (node.kind == Kind::kArgMax) {
        out.type = {32, true};
        Widen(node.inputs[0], readers);
      }
    }
    for (const int32_t t : plan_.outputs) Widen(t, readers);
  }
  void Widen(int32_t t, const std::map<int32_t, std::vector<const PlanNode*>>& readers) {
    const auto it = readers.find(t);
    const bool only_argmax =
        it == readers.end() ||
        std::all_of(it->second.begin(), it->second.end(),
                    [](const PlanNode* n) { return n->kind == Kind::kArgMax; });
    if (!only_argmax) return;
    for (const PlanNode& node : plan_.nodes) {
      if (node.output != t) continue;
      PlanTensor& out = plan_.tensors[static_cast<size_t>(t)];
      if (node.kind == Kind::kConv || node.kind == Kind::kMean) {
        out.type = {32, true};
      } else if (node.kind == Kind::kMove &&
                 At(node.node).shape.count() == At(At(node.node).inputs[0]).shape.count()) {
        // A reshape between the accumulator and the way out.
        const int32_t from = node.inputs[0];
        Widen(from, readers_without(readers, from, &node));
        out.type = plan_.tensors[static_cast<size_t>(from)].type;
      }
    }
  }
  static std::map<int32_t, std::vector<const PlanNode*>> readers_without(
      std::map<int32_t, std::vector<const PlanNode*>> readers, int32_t t, const PlanNode* node) {
    auto& list = readers[t];
    list.erase(std::remove(list.begin(), list.end(), node), list.end());
    return readers;
  }

  const Graph& g_;
  const Recipe& recipe_;
  Pointwise pointwise_;
  Plan plan_;
  std::vector<bool> live_;
  std::vector<int32_t> outputs_;
  std::map<int32_t, int32_t> tensor_;
  std::map<int32_t, WeightChoice> weights_;
  std::map<int32_t, int> reads_bits_;
};

}  // namespace

double PlanTensor::real_scale(int32_t channel) const {
  const double f =
      factor.empty() ? 1.0 : factor[factor.size() == 1 ? 0 : static_cast<size_t>(channel)];
  return std::ldexp(f, exponent);
}

Expected<Plan> MakePlan(const graph::Graph& graph, const Recipe& recipe) {
  return Planner(graph, recipe).Make();
}

}  // namespace potlut::quant
