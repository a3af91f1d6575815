// XNNPACK: a walk over the program, one operator a node: convolutions as QC8 (signed activations, a
// scale a channel), residual sums as QS8 additions. Unsigned activations are stored less 128.
#include "peers/peer.h"

#ifdef POTLUT_HAVE_XNNPACK
#include <xnnpack.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/text.h"
#include "pack/plut.h"
#include "peers/glue.h"

namespace potlut::peers {
namespace {

class Xnnpack final : public Peer {
 public:
  ~Xnnpack() override {
    for (const Step& step : steps_) {
      if (step.op != nullptr) xnn_delete_operator(step.op);
    }
    if (pool_ != nullptr) pthreadpool_destroy(pool_);
  }

  Status Load(const Source& source) {
    POTLUT_ASSIGN_OR_RETURN(program_, LoadProgram(source.plut_path));
    if (xnn_initialize(nullptr) != xnn_status_success)
      return Unsupported("XNNPACK: it does not run on this CPU");
    if (source.threads > 1) pool_ = pthreadpool_create(static_cast<size_t>(source.threads));
    buffers_ = std::make_unique<Buffers>(program_);
    data_.resize(program_.tensors.size());
    image_.resize(static_cast<size_t>(TensorAt(program_.input).dims.count()) + 64);
    data_[static_cast<size_t>(program_.input)] = image_.data();
    for (const Node& node : program_.nodes) POTLUT_RETURN_IF_ERROR(Add(node));
    for (Node& node : program_.nodes) node.op = ReshapeOp{};  // codes are not needed any more
    return {};
  }

  Status Run(std::span<const uint8_t> image) override {
    std::copy(image.begin(), image.end(), image_.begin());
    for (const Step& step : steps_) {
      if (step.own) {
        step.own();
      } else if (xnn_run_operator(step.op, pool_) != xnn_status_success) {
        return Failed("XNNPACK: an operator could not run");
      }
    }
    return {};
  }

  std::vector<float> Output() const override {
    const auto t = static_cast<size_t>(program_.outputs[0]);
    const Tensor& tensor = program_.tensors[t];
    std::vector<float> values;
    for (int64_t i = 0; i < tensor.dims.count(); ++i) {
      values.push_back(std::ldexp(static_cast<float>(static_cast<int8_t>(data_[t][i])),
                                  tensor.exponent + output_shift_));
    }
    return values;
  }

 private:
  struct Step {
    xnn_operator_t op = nullptr;
    std::function<void()> own;
  };

  const Tensor& TensorAt(int32_t t) const { return program_.tensors[static_cast<size_t>(t)]; }
  uint8_t*& At(int32_t t) { return data_[static_cast<size_t>(t)]; }
  // What is added to a value where it is stored; wide ones are stored signed.
  uint8_t Flip(int32_t t) const {
    return t != program_.input && !TensorAt(t).type.is_signed ? 128 : 0;
  }
  int8_t Zero(int32_t t) const { return Flip(t) != 0 ? int8_t{-128} : int8_t{0}; }
  static int8_t Stored(int32_t value, int8_t zero) {
    return static_cast<int8_t>(std::clamp<int32_t>(value + zero, -128, 127));
  }
  static Error Refused(const Node& node, std::string_view why) {
    return Unsupported("XNNPACK: node '", node.name, "' (", OpName(node.op), "): ", why);
  }
  void Take(int32_t t) { At(t) = buffers_->Take(static_cast<size_t>(TensorAt(t).dims.count())); }
  void Operator(xnn_operator_t op) {
    Step step;
    step.op = op;
    steps_.push_back(std::move(step));
  }
  void Own(std::function<void()> run) {
    Step step;
    step.own = std::move(run);
    steps_.push_back(std::move(step));
  }

  Status Add(const Node& node) {
    const int32_t x = node.inputs[0], y = node.output;
    Take(y);
    Status status;
    if (const auto* conv = std::get_if<ConvOp>(&node.op)) {
      status = AddConv(node, *conv);
    } else if (const auto* add = std::get_if<AddOp>(&node.op)) {
      status = AddSum(node, *add);
    } else if (const auto* pool = std::get_if<MaxPoolOp>(&node.op)) {
      status = AddMaxPool(node, pool->window);
    } else if (std::holds_alternative<LookupOp>(node.op)) {
      Own([table = ByteTable(program_, node, Flip(x), Flip(y)), from = At(x), to = At(y)] {
        table.Run(from, to);
      });
    } else if (std::holds_alternative<MeanOp>(node.op) && TensorAt(y).dims.h == 1 &&
               TensorAt(y).dims.w == 1) {
      Own([mean = WholeMean(program_, node, Flip(x)), from = At(x), to = At(y)]() mutable {
        mean.Run(from, to);
      });
    } else {
      status = Refused(node, "this walker has no such operator");
    }
    for (const int32_t t : node.inputs) buffers_->Done(t, At(t));
    return status;
  }

  Status AddConv(const Node& node, const ConvOp& op) {
    const Window& w = op.window;
    const int32_t x = node.inputs[0], y = node.output;
    const Dims in = TensorAt(x).dims;
    const auto per_group = static_cast<size_t>(in.c / op.groups);
    const auto channels = static_cast<size_t>(TensorAt(y).dims.c);
    const bool depthwise = per_group == 1 && op.groups > 1;
    std::vector<int8_t> levels = ExpandWeights(op, static_cast<int32_t>(per_group));
    float out_scale = 1;
    int8_t zero = Zero(y), low = Stored(op.lo, zero), high = Stored(op.hi, zero);
    if (TensorAt(y).type.wide()) {
      // There is no 32-bit output here: as many bits as the largest sum may need are left out.
      output_shift_ = WideShift(node, op);
      out_scale = std::ldexp(1.0F, output_shift_);
      zero = 0;
      low = -128;
      high = 127;
    }
    std::vector<float> scales;
    for (const int8_t shift : op.shift) scales.push_back(std::ldexp(1.0F, -shift));
    // XNNPACK's channels of depthwise filters come last.
    if (depthwise && channels == static_cast<size_t>(op.groups)) {
      const size_t taps = levels.size() / channels;
      std::vector<int8_t> turned(levels.size());
      for (size_t o = 0; o < channels; ++o) {
        for (size_t t = 0; t < taps; ++t) turned[t * channels + o] = levels[o * taps + t];
      }
      levels = std::move(turned);
    } else if (depthwise) {
      return Refused(node, "several outputs a channel");
    }
    xnn_operator_t result = nullptr;
    const xnn_status status = xnn_create_convolution2d_nhwc_qc8(
        static_cast<uint32_t>(w.pad_top), static_cast<uint32_t>(w.pad_right),
        static_cast<uint32_t>(w.pad_bottom), static_cast<uint32_t>(w.pad_left),
        static_cast<uint32_t>(w.kernel_h), static_cast<uint32_t>(w.kernel_w),
        static_cast<uint32_t>(w.stride_h), static_cast<uint32_t>(w.stride_w),
        static_cast<uint32_t>(w.dilation_h), static_cast<uint32_t>(w.dilation_w),
        static_cast<uint32_t>(op.groups), per_group, channels / static_cast<size_t>(op.groups),
        static_cast<size_t>(in.c), channels, Zero(x), 1.0F, scales.data(), levels.data(),
        op.bias.data(), zero, out_scale, low, high,
        depthwise ? uint32_t{XNN_FLAG_DEPTHWISE_CONVOLUTION} : 0, &result);
    if (status != xnn_status_success)
      return Refused(node, Cat("creating it failed with ", static_cast<int>(status)));
    Operator(result);
    if (xnn_setup_convolution2d_nhwc_qc8(
            result, 1, static_cast<size_t>(in.h), static_cast<size_t>(in.w),
            reinterpret_cast<const int8_t*>(At(x)), reinterpret_cast<int8_t*>(At(y)),
            pool_) != xnn_status_success)
      return Refused(node, "setting it up failed");
    return {};
  }

  // So many bits that sums three standard deviations wide, of random inputs, fit a byte.
  int WideShift(const Node& node, const ConvOp& op) const {
    const TensorType type = TensorAt(node.inputs[0]).type;
    const double rms = 0.1 * std::max(type.hi(), -type.lo());
    double most = 1;
    const std::vector<int8_t> levels =
        ExpandWeights(op, TensorAt(node.inputs[0]).dims.c / op.groups);
    const size_t per_output = levels.size() / op.bias.size();
    for (size_t o = 0; o < op.bias.size(); ++o) {
      double squares = 0;
      for (size_t i = 0; i < per_output; ++i)
        squares += std::pow(static_cast<double>(levels[o * per_output + i]) * rms, 2);
      const double sum = 3 * std::sqrt(squares) + std::abs(static_cast<double>(op.bias[o]));
      most = std::max(most, std::ldexp(sum, -op.shift[o]));
    }
    return std::max(0, static_cast<int>(std::ceil(std::log2(most / 127))));
  }

  Status AddSum(const Node& node, const AddOp& op) {
    const int32_t a = node.inputs[0], b = node.inputs[1], y = node.output;
    const int8_t zero = Zero(y);
    xnn_operator_t result = nullptr;
    if (!(TensorAt(a).dims == TensorAt(b).dims)) return Refused(node, "operands of other shapes");
    if (xnn_create_add_nd_qs8(Zero(a), std::ldexp(1.0F, op.shift_a - op.shift), Zero(b),
                              std::ldexp(1.0F, op.shift_b - op.shift), zero, 1.0F,
                              Stored(op.lo, zero), Stored(op.hi, zero), 0,
                              &result) != xnn_status_success)
      return Refused(node, "creating it failed");
    Operator(result);
    const auto count = static_cast<size_t>(TensorAt(a).dims.count());
    if (xnn_setup_add_nd_qs8(result, 1, &count, 1, &count, reinterpret_cast<const int8_t*>(At(a)),
                             reinterpret_cast<const int8_t*>(At(b)),
                             reinterpret_cast<int8_t*>(At(y)), pool_) != xnn_status_success)
      return Refused(node, "setting it up failed");
    return {};
  }

  Status AddMaxPool(const Node& node, const Window& w) {
    const int32_t x = node.inputs[0], y = node.output;
    const auto channels = static_cast<size_t>(TensorAt(x).dims.c);
    xnn_operator_t result = nullptr;
    if (xnn_create_max_pooling2d_nhwc_s8(
            static_cast<uint32_t>(w.pad_top), static_cast<uint32_t>(w.pad_right),
            static_cast<uint32_t>(w.pad_bottom), static_cast<uint32_t>(w.pad_left),
            static_cast<uint32_t>(w.kernel_h), static_cast<uint32_t>(w.kernel_w),
            static_cast<uint32_t>(w.stride_h), static_cast<uint32_t>(w.stride_w), 1, 1, channels,
            channels, channels, -128, 127, 0, &result) != xnn_status_success)
      return Refused(node, "creating it failed");
    Operator(result);
    if (xnn_setup_max_pooling2d_nhwc_s8(
            result, 1, static_cast<size_t>(TensorAt(x).dims.h),
            static_cast<size_t>(TensorAt(x).dims.w), reinterpret_cast<const int8_t*>(At(x)),
            reinterpret_cast<int8_t*>(At(y)), pool_) != xnn_status_success)
      return Refused(node, "setting it up failed");
    return {};
  }

  Program program_;
  std::unique_ptr<Buffers> buffers_;
  std::vector<uint8_t> image_;
  std::vector<uint8_t*> data_;
  std::vector<Step> steps_;
  pthreadpool_t pool_ = nullptr;
  int output_shift_ = 0;
};

}  // namespace

Expected<std::unique_ptr<Peer>> MakeXnnpack(const Source& source) {
  auto peer = std::make_unique<Xnnpack>();
  POTLUT_RETURN_IF_ERROR(peer->Load(source));
  return std::unique_ptr<Peer>(std::move(peer));
}

}  // namespace potlut::peers
#else
#include "base/text.h"
namespace potlut::peers {
Expected<std::unique_ptr<Peer>> MakeXnnpack(const Source&) {
  return Unsupported("XNNPACK: libxnnpack-dev was not found when this was built");
}
}  // namespace potlut::peers
#endif
