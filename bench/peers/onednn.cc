// oneDNN: a walk over the program that makes one primitive a convolution, with what follows it
// (residual sum, bounds) as post-ops, weights in the layout that the primitive asks for, and
// activations in its layouts from end to end.
#include "peers/peer.h"

#ifdef POTLUT_HAVE_ONEDNN
#include <algorithm>
#include <cmath>
#include <functional>
#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>

#include "base/text.h"
#include "pack/plut.h"
#include "peers/glue.h"

namespace potlut::peers {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;
using Type = memory::data_type;

class OneDnn final : public Peer {
 public:
  Status Load(const Source& source, bool winograd) {
    POTLUT_ASSIGN_OR_RETURN(program_, LoadProgram(source.plut_path));
    winograd_ = winograd;
    values_.resize(program_.tensors.size());
    buffers_ = std::make_unique<Buffers>(program_);
    image_.resize(static_cast<size_t>(TensorAt(program_.input).dims.count()));
    values_[static_cast<size_t>(program_.input)] = {image_.data(), Plain(program_.input)};
    try {
      for (size_t n = 0; n < program_.nodes.size(); ++n) {
        if (fused_.count(n) != 0) continue;
        POTLUT_RETURN_IF_ERROR(Add(n));
      }
    } catch (const dnnl::error& error) {
      return Unsupported("oneDNN: ", std::string_view(error.what()));
    }
    if (winograd_ && winograds_ == 0) return Unsupported("oneDNN: no layer has a Winograd kernel");
    for (Node& node : program_.nodes) node.op = ReshapeOp{};  // codes are not needed any more
    return {};
  }

  Status Run(std::span<const uint8_t> image) override {
    std::copy(image.begin(), image.end(), image_.begin());
    for (Step& step : steps_) {
      if (step.own) {
        step.own();
      } else {
        step.primitive.execute(stream_, step.arguments);
      }
    }
    stream_.wait();
    return {};
  }

  std::vector<float> Output() const override {
    const auto t = static_cast<size_t>(program_.outputs[0]);
    const Tensor& tensor = program_.tensors[t];
    std::vector<float> values(static_cast<size_t>(tensor.dims.count()));
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = std::ldexp(reinterpret_cast<const float*>(values_[t].data)[i], tensor.exponent);
    }
    return values;
  }

 private:
  struct Value {
    uint8_t* data = nullptr;
    memory::desc desc;
  };
  struct Step {
    dnnl::primitive primitive;
    std::unordered_map<int, memory> arguments;
    std::function<void()> own;
  };

  const Tensor& TensorAt(int32_t t) const { return program_.tensors[static_cast<size_t>(t)]; }
  static Type TypeOf(const Tensor& t) {
    return t.type.wide() ? Type::f32 : t.type.is_signed ? Type::s8 : Type::u8;
  }
  memory::dims DimsOf(int32_t t) const {
    const Dims& d = TensorAt(t).dims;
    return {1, d.c, d.h, d.w};
  }
  memory::desc Plain(int32_t t) const { return {DimsOf(t), TypeOf(TensorAt(t)), Tag::nhwc}; }
  memory::desc Any(int32_t t) const { return {DimsOf(t), TypeOf(TensorAt(t)), Tag::any}; }
  Value& At(int32_t t) { return values_[static_cast<size_t>(t)]; }

  void Own(std::function<void()> run) {
    Step step;
    step.own = std::move(run);
    steps_.push_back(std::move(step));
  }
  void Primitive(dnnl::primitive primitive, std::unordered_map<int, memory> arguments) {
    Step step;
    step.primitive = std::move(primitive);
    step.arguments = std::move(arguments);
    steps_.push_back(std::move(step));
  }
  // The data of tensor `t` in another layout.
  memory In(int32_t t, const memory::desc& wanted) {
    Value& value = At(t);
    if (value.desc == wanted) return {value.desc, engine_, value.data};
    uint8_t* data = buffers_->Take(wanted.get_size());
    memory from(value.desc, engine_, value.data), to(wanted, engine_, data);
    Primitive(dnnl::reorder(from, to), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
    value = {data, wanted};
    return to;
  }
  memory Out(int32_t t, const memory::desc& desc) {
    At(t) = {buffers_->Take(desc.get_size()), desc};
    return {desc, engine_, At(t).data};
  }
  void Release(const Node& node) {
    for (const int32_t t : node.inputs) buffers_->Done(t, At(t).data);
  }

  Status Add(size_t n) {
    const Node& node = program_.nodes[n];
    if (std::holds_alternative<ConvOp>(node.op)) return AddConv(n);
    const int32_t x = node.inputs[0], y = node.output;
    if (std::holds_alternative<LookupOp>(node.op)) {
      In(x, Plain(x));
      Out(y, Plain(y));
      Own([table = ByteTable(program_, node, 0, 0), from = At(x).data, to = At(y).data] {
        table.Run(from, to);
      });
    } else if (std::holds_alternative<MeanOp>(node.op)) {
      const Window& w = std::get<MeanOp>(node.op).window;
      if (TensorAt(y).dims.h != 1 || TensorAt(y).dims.w != 1 || w.pad_top != 0 || w.pad_left != 0)
        return Refused(node);
      In(x, Plain(x));
      Out(y, Plain(y));
      Own([mean = WholeMean(program_, node, 0), from = At(x).data, to = At(y).data]() mutable {
        mean.Run(from, to);
      });
    } else if (const auto* pool = std::get_if<MaxPoolOp>(&node.op)) {
      const Window& w = pool->window;
      const memory::desc from = At(x).desc, to = Plain(y);
      const dnnl::pooling_forward::primitive_desc pd(
          {dnnl::prop_kind::forward_inference, dnnl::algorithm::pooling_max, from, to,
           memory::dims{w.stride_h, w.stride_w}, memory::dims{w.kernel_h, w.kernel_w},
           memory::dims{w.pad_top, w.pad_left}, memory::dims{w.pad_bottom, w.pad_right}},
          engine_);
      const memory source = In(x, pd.src_desc());
      const memory target = Out(y, pd.dst_desc());
      Primitive(dnnl::pooling_forward(pd), {{DNNL_ARG_SRC, source}, {DNNL_ARG_DST, target}});
    } else {
      return Refused(node);
    }
    Release(node);
    return {};
  }
  static Error Refused(const Node& node) {
    return Unsupported("oneDNN: this walker has no ", OpName(node.op), " as in node '", node.name,
                       "'");
  }

  // The sum that alone reads tensor `t` and can be done in the convolution that writes it; its
  // other operand is there already and nobody reads it after.
  size_t FusedSum(size_t n) const {
    const int32_t t = program_.nodes[n].output;
    if (buffers_->readers(t) != 1) return 0;
    const auto& conv = std::get<ConvOp>(program_.nodes[n].op);
    const TensorType type = TensorAt(t).type;
    if (conv.lo > type.lo() || conv.hi < type.hi()) return 0;  // an activation before the sum
    for (size_t k = n + 1; k < program_.nodes.size(); ++k) {
      const Node& node = program_.nodes[k];
      if (std::find(node.inputs.begin(), node.inputs.end(), t) == node.inputs.end()) continue;
      if (!std::holds_alternative<AddOp>(node.op)) return 0;
      const int32_t other = node.inputs[node.inputs[0] == t ? 1 : 0];
      const bool ready = values_[static_cast<size_t>(other)].data != nullptr;
      // What else reads the operand has run: no node in between does.
      return ready && other != t && buffers_->readers(other) == 1 &&
                     TensorAt(other).dims == TensorAt(t).dims
                 ? k
                 : 0;
    }
    return 0;
  }

  Status AddConv(size_t n) {
    const Node& node = program_.nodes[n];
    const auto& op = std::get<ConvOp>(node.op);
    const Window& w = op.window;
    const int32_t x = node.inputs[0];
    const Tensor& in = TensorAt(x);
    const auto channels = static_cast<int64_t>(op.bias.size());
    const int64_t per_group = in.dims.c / op.groups;
    const size_t sum = FusedSum(n);
    const int32_t y = sum != 0 ? program_.nodes[sum].output : node.output;
    const bool wide = TensorAt(y).type.wide();
    int32_t lo = op.lo, hi = op.hi;
    std::vector<float> scales;
    for (const int8_t shift : op.shift) scales.push_back(std::ldexp(1.0F, -shift));
    dnnl::post_ops post;
    int32_t other = -1;
    if (sum != 0) {
      const Node& add_node = program_.nodes[sum];
      const auto& add = std::get<AddOp>(add_node.op);
      const bool first = add_node.inputs[0] == node.output;
      other = add_node.inputs[first ? 1 : 0];
      for (float& scale : scales)
        scale = std::ldexp(scale, (first ? add.shift_a : add.shift_b) - add.shift);
      post.append_sum(std::ldexp(1.0F, (first ? add.shift_b : add.shift_a) - add.shift),
                      TypeOf(TensorAt(other)));
      lo = add.lo;
      hi = add.hi;
    }
    const TensorType type = TensorAt(y).type;
    const int32_t least = type.is_signed ? -128 : 0, most = type.is_signed ? 127 : 255;
    if (!wide && (lo > least || hi < most)) {
      post.append_eltwise(1.0F, dnnl::algorithm::eltwise_clip, static_cast<float>(lo),
                          static_cast<float>(hi));
    }
    dnnl::primitive_attr attr;
    attr.set_output_scales(1 << 1, scales);
    attr.set_post_ops(post);
    // A quarter of an accumulator's step more: ties round up, nothing else changes.
    std::vector<float> bias(op.bias.begin(), op.bias.end());
    if (!wide) {
      for (float& b : bias) b += 0.25F;
    }
    const memory::dims weight_dims =
        op.groups == 1
            ? memory::dims{channels, per_group, w.kernel_h, w.kernel_w}
            : memory::dims{op.groups, channels / op.groups, per_group, w.kernel_h, w.kernel_w};
    const memory::desc weights_any(weight_dims, Type::s8, Tag::any),
        bias_desc({channels}, Type::f32, Tag::a);
    const memory::desc y_desc = sum != 0 ? memory::desc(DimsOf(y), TypeOf(TensorAt(y)), Tag::nhwc)
                                : wide   ? Plain(y)
                                         : Any(y);
    if (sum != 0) In(other, Plain(other));
    const auto make = [&](dnnl::algorithm algorithm) {
      return dnnl::convolution_forward::primitive_desc(
          {dnnl::prop_kind::forward_inference, algorithm, Any(x), weights_any, bias_desc, y_desc,
           memory::dims{w.stride_h, w.stride_w}, memory::dims{w.dilation_h - 1, w.dilation_w - 1},
           memory::dims{w.pad_top, w.pad_left}, memory::dims{w.pad_bottom, w.pad_right}},
          attr, engine_);
    };
    dnnl::convolution_forward::primitive_desc pd;
    bool made = false;
    if (winograd_ && w.kernel_h == 3 && w.kernel_w == 3 && w.stride_h == 1 && op.groups == 1) {
      try {
        pd = make(dnnl::algorithm::convolution_winograd);
        made = true;
        ++winograds_;
      } catch (const dnnl::error&) {
        made = false;  // this layer has none
      }
    }
    if (!made) pd = make(dnnl::algorithm::convolution_direct);

    // Levels [out][tap][in] as (g)oihw, from which all layouts can be reached.
    const std::vector<int8_t> levels = ExpandWeights(op, static_cast<int32_t>(per_group));
    std::vector<int8_t> planes(levels.size());
    const size_t taps = static_cast<size_t>(w.kernel_h) * static_cast<size_t>(w.kernel_w);
    const auto inputs = static_cast<size_t>(per_group);
    for (size_t i = 0; i < levels.size(); ++i) {
      const size_t o = i / (taps * inputs), t = i / inputs % taps;
      planes[(o * inputs + i % inputs) * taps + t] = levels[i];
    }
    const memory::desc plain_weights(weight_dims, Type::s8,
                                     op.groups == 1 ? Tag::oihw : Tag::goihw);
    memory source(plain_weights, engine_, planes.data());
    memory weights(pd.weights_desc(), engine_);
    dnnl::reorder(source, weights).execute(stream_, source, weights);
    stream_.wait();
    memory bias_memory(bias_desc, engine_);
    std::copy(bias.begin(), bias.end(), static_cast<float*>(bias_memory.get_data_handle()));

    const memory from = In(x, pd.src_desc());
    memory to;
    if (sum != 0) {  // in the operand's place
      At(y) = {At(other).data, pd.dst_desc()};
      to = memory(pd.dst_desc(), engine_, At(y).data);
      fused_[sum] = true;
    } else {
      to = Out(y, pd.dst_desc());
    }
    Primitive(dnnl::convolution_forward(pd), {{DNNL_ARG_SRC, from},
                                              {DNNL_ARG_WEIGHTS, weights},
                                              {DNNL_ARG_BIAS, bias_memory},
                                              {DNNL_ARG_DST, to}});
    Release(node);
    return {};
  }

  Program program_;
  bool winograd_ = false;
  int winograds_ = 0;
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  std::unique_ptr<Buffers> buffers_;
  std::vector<uint8_t> image_;
  std::vector<Value> values_;
  std::vector<Step> steps_;
  std::unordered_map<size_t, bool> fused_;
};

}  // namespace

Expected<std::unique_ptr<Peer>> MakeOneDnn(const Source& source, bool winograd) {
  auto peer = std::make_unique<OneDnn>();
  POTLUT_RETURN_IF_ERROR(peer->Load(source, winograd));
  return std::unique_ptr<Peer>(std::move(peer));
}

}  // namespace potlut::peers
#else
#include "base/text.h"
namespace potlut::peers {
Expected<std::unique_ptr<Peer>> MakeOneDnn(const Source&, bool) {
  return Unsupported("oneDNN: libdnnl-dev was not found when this was built");
}
}  // namespace potlut::peers
#endif
