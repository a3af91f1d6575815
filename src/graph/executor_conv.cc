// Which oneDNN primitive runs a convolution, and in which memory formats.
#include "graph/executor_conv.h"

#include <algorithm>
#include <oneapi/dnnl/dnnl.hpp>

#include "base/text.h"

namespace potlut::graph {

using dnnl::memory;
using Tag = memory::format_tag;

class DnnContext {
 public:
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  std::vector<uint8_t> scratch;  // as large as the neediest primitive wants
};

std::shared_ptr<DnnContext> MakeDnnContext() { return std::make_shared<DnnContext>(); }

namespace {

memory::desc Float(const memory::dims& dims, Tag tag) {
  return {dims, memory::data_type::f32, tag};
}

// oneDNN takes pointers without const, also for what it only reads.
void* Readable(const float* data) { return const_cast<float*>(data); }

// A dense layer in oneDNN's sense: one position that sees the whole map, whose weights then are a
// plain matrix.
bool IsInnerProduct(const Conv& conv, const Shape& in) {
  const Window& w = conv.window;
  return conv.groups == 1 && w.kernel_h == in.h && w.kernel_w == in.w && w.dilation_h == 1 &&
         w.dilation_w == 1 && w.pad_top == 0 && w.pad_left == 0 && w.pad_bottom == 0 &&
         w.pad_right == 0;
}

class DnnConv : public ConvRunner {
 public:
  DnnConv(std::shared_ptr<DnnContext> context, const Conv& conv, const Shape& in, const Shape& out,
          int32_t batch)
      : context_(std::move(context)) {
    attributes_.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    if (IsInnerProduct(conv, in)) {
      MakeInnerProduct(conv, in, batch);
    } else {
      MakeConvolution(conv, in, out, batch);
    }
  }

  void Run(const float* in, float* out) override {
    in_.set_data_handle(Readable(in));
    out_.set_data_handle(out);
    scratch_.set_data_handle(context_->scratch.data());
    primitive_.execute(context_->stream, arguments_);
    context_->stream.wait();
  }

 private:
  void MakeInnerProduct(const Conv& conv, const Shape& in, int32_t batch) {
    const int64_t k = in.count(), out = conv.out_channels;
    const auto src = Float({batch, k}, Tag::nc), dst = Float({batch, out}, Tag::nc);
    const auto any = Float({out, k}, Tag::any), bias = Float({out}, Tag::x);
    const auto kind = dnnl::prop_kind::forward_inference;
    using Primitive = dnnl::inner_product_forward;
    const auto desc = conv.bias.empty() ? Primitive::desc(kind, src, any, dst)
                                        : Primitive::desc(kind, src, any, bias, dst);
    Finish(Primitive::primitive_desc(desc, attributes_, context_->engine), conv,
           Float({out, k}, Tag::oi));
  }

  void MakeConvolution(const Conv& conv, const Shape& in, const Shape& out, int32_t batch) {
    const Window& w = conv.window;
    const int64_t groups = conv.groups, oc = conv.out_channels / groups, ic = in.c / groups;
    memory::dims weights{oc, ic, w.kernel_h, w.kernel_w};
    if (groups > 1) weights.insert(weights.begin(), groups);
    const auto src = Float({batch, in.c, in.h, in.w}, Tag::nhwc);
    const auto dst = Float({batch, out.c, out.h, out.w}, Tag::nhwc);
    const auto any = Float(weights, Tag::any), bias = Float({conv.out_channels}, Tag::x);
    const memory::dims stride{w.stride_h, w.stride_w};
    const memory::dims dilation{w.dilation_h - 1, w.dilation_w - 1};
    const memory::dims before{w.pad_top, w.pad_left}, after{w.pad_bottom, w.pad_right};
    const auto kind = dnnl::prop_kind::forward_inference;
    const auto algorithm = dnnl::algorithm::convolution_direct;
    using Primitive = dnnl::convolution_forward;
    const auto desc = conv.bias.empty() ? Primitive::desc(kind, algorithm, src, any, dst, stride,
                                                          dilation, before, after)
                                        : Primitive::desc(kind, algorithm, src, any, bias, dst,
                                                          stride, dilation, before, after);
    Finish(Primitive::primitive_desc(desc, attributes_, context_->engine), conv,
           Float(weights, groups > 1 ? Tag::gohwi : Tag::ohwi));
  }

  // Brings the weights into the primitive's format and binds all arguments. Where that format is
  // the graph's own, its memory is used as it is.
  template <typename PrimitiveDesc>
  void Finish(const PrimitiveDesc& desc, const Conv& conv, const memory::desc& plain) {
    memory weights(plain, context_->engine, Readable(conv.weights.data()));
    if (desc.weights_desc() != plain) {
      memory reordered(desc.weights_desc(), context_->engine);
      dnnl::reorder(weights, reordered).execute(context_->stream, weights, reordered);
      context_->stream.wait();
      weights = reordered;
    }
    in_ = memory(desc.src_desc(), context_->engine, nullptr);
    out_ = memory(desc.dst_desc(), context_->engine, nullptr);
    scratch_ = memory(desc.scratchpad_desc(), context_->engine, nullptr);
    auto& scratch = context_->scratch;
    scratch.resize(std::max(scratch.size(), desc.scratchpad_desc().get_size()));
    arguments_ = {{DNNL_ARG_SRC, in_},
                  {DNNL_ARG_WEIGHTS, weights},
                  {DNNL_ARG_DST, out_},
                  {DNNL_ARG_SCRATCHPAD, scratch_}};
    if (!conv.bias.empty()) {
      arguments_[DNNL_ARG_BIAS] =
          memory(Float({conv.out_channels}, Tag::x), context_->engine, Readable(conv.bias.data()));
    }
    primitive_ = dnnl::primitive(desc.get());
  }

  std::shared_ptr<DnnContext> context_;
  dnnl::primitive_attr attributes_;
  dnnl::primitive primitive_;
  memory in_, out_, scratch_;  // handles; the arguments share them
  std::unordered_map<int, memory> arguments_;
};

}  // namespace

std::unique_ptr<ConvRunner> ConvRunner::Make(std::shared_ptr<DnnContext> context, const Conv& conv,
                                             const Shape& in, const Shape& out, int32_t batch) {
  return std::make_unique<DnnConv>(std::move(context), conv, in, out, batch);
}

std::string DnnFailure() {
  try {
    throw;
  } catch (const dnnl::error& error) {
    return Cat("oneDNN: ", error.what(), " (status ", static_cast<int>(error.status), ")");
  } catch (const std::bad_alloc&) {
    return "out of memory";
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "an unknown failure";
  }
}

}  // namespace potlut::graph
