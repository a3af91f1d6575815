// Tests of layers with weights, pools and reductions, against plain loops.
#include <gtest/gtest.h>

#include <cmath>

#include "onnx/model_for_test.h"

namespace potlut::onnx {
namespace {

constexpr auto kUnsupported = ErrorCode::kUnsupported;
constexpr auto kBadInput = ErrorCode::kBadInput;

// A convolution of ONNX tensors by its definition: x [c][h][w], weights [o][c/g][kh][kw].
struct NaiveConv {
  int c, h, w, out, groups, kh, kw;
  int sh = 1, sw = 1, dh = 1, dw = 1;
  int top = 0, left = 0, out_h = 0, out_w = 0;

  std::vector<float> operator()(const std::vector<float>& x,
                                const std::vector<float>& weights) const {
    std::vector<float> y;
    const int depth = c / groups;
    for (int o = 0; o < out; ++o) {
      for (int i = 0; i < out_h; ++i) {
        for (int j = 0; j < out_w; ++j) {
          double sum = 0;
          for (int k = 0; k < depth * kh * kw; ++k) {
            const int at_c = o / (out / groups) * depth + k / (kh * kw);
            const int at_h = i * sh - top + k / kw % kh * dh;
            const int at_w = j * sw - left + k % kw * dw;
            if (at_h < 0 || at_h >= h || at_w < 0 || at_w >= w) continue;
            sum += double{x[static_cast<size_t>((at_c * h + at_h) * w + at_w)]} *
                   weights[static_cast<size_t>(o * depth * kh * kw + k)];
          }
          y.push_back(static_cast<float>(sum));
        }
      }
    }
    return y;
  }
};

std::vector<float> Initializer(const TestModel& model, int index) {
  const std::string& raw = const_cast<TestModel&>(model).graph().initializer(index).raw_data();
  std::vector<float> values(raw.size() / sizeof(float));
  std::memcpy(values.data(), raw.data(), raw.size());
  return values;
}

TEST(Conv, GroupsStridesDilationsAndAsymmetricPads) {
  TestModel model(13, {0, 4, 7, 6});
  model.Random("w", {6, 2, 3, 2})
      .Node("Conv", {"x", "w"}, {"y"},
            {Int("group", 2), Ints("strides", {2, 1}), Ints("dilations", {1, 2}),
             Ints("pads", {2, 0, 1, 1}), Ints("kernel_shape", {3, 2})});
  const std::vector<float> x = RandomFloats(4 * 7 * 6, 1);
  const NaiveConv naive{4, 7, 6, 6, 2, 3, 2, 2, 1, 1, 2, 2, 0, 4, 5};
  ExpectNear(Evaluated(model, x), naive(x, Initializer(model, 0)));
}

TEST(Conv, DepthwiseWithBias) {
  TestModel model;
  model.Random("w", {4, 1, 3, 3}).Floats("b", {4}, {1, 2, 3, 4});
  model.Node("Conv", {"x", "w", "b"}, {"y"}, {Int("group", 4), Ints("pads", {1, 1, 1, 1})});
  const std::vector<float> x = RandomFloats(4 * 36, 2);
  const NaiveConv naive{4, 6, 6, 4, 4, 3, 3, 1, 1, 1, 1, 1, 1, 6, 6};
  std::vector<float> want = naive(x, Initializer(model, 0));
  for (size_t i = 0; i < want.size(); ++i) want[i] += static_cast<float>(i / 36 + 1);
  ExpectNear(Evaluated(model, x), want);
}

TEST(Conv, AutoPad) {
  const auto window = [](const char* mode, int64_t stride) {
    TestModel model(13, {1, 4, 6, 6});
    model.Random("w", {2, 4, 3, 4})
        .Node("Conv", {"x", "w"}, {"y"},
              {Text("auto_pad", mode), Ints("strides", {stride, stride})});
    return Only<graph::Conv>(model.Import()).window;
  };
  graph::Window want{3, 4, 1, 1, 1, 1, 1, 1, 1, 2};
  EXPECT_EQ(window("SAME_UPPER", 1), want);
  std::swap(want.pad_left, want.pad_right);
  EXPECT_EQ(window("SAME_LOWER", 1), want);
  // Stride 2 on 6: three positions, one and two cells missing.
  EXPECT_EQ(window("SAME_UPPER", 2), (graph::Window{3, 4, 2, 2, 1, 1, 0, 1, 1, 1}));
  EXPECT_EQ(window("VALID", 2), (graph::Window{3, 4, 2, 2, 1, 1, 0, 0, 0, 0}));
  EXPECT_EQ(window("NOTSET", 1), (graph::Window{3, 4, 1, 1, 1, 1, 0, 0, 0, 0}));
}

TEST(Conv, Refusals) {
  const auto conv = [](std::vector<int64_t> weights, std::vector<TestAttribute> attributes) {
    TestModel model;
    model.Random("w", weights).Node("Conv", {"x", "w"}, {"y"}, attributes);
    model.last().set_name("first");
    return model;
  };
  ExpectRefused(conv({4, 3, 3, 3}, {}), kBadInput, {"'first'", "Conv", "group"});
  ExpectRefused(conv({4, 4, 3, 3}, {Int("group", 0)}), kBadInput, {"group"});
  ExpectRefused(conv({3, 2, 3, 3}, {Int("group", 2)}), kBadInput, {"group"});
  ExpectRefused(conv({4, 4, 3}, {}), kUnsupported, {"2-d"});
  ExpectRefused(conv({4, 4, 3, 3}, {Ints("kernel_shape", {3, 1})}), kBadInput, {"kernel_shape"});
  ExpectRefused(conv({4, 4, 3, 3}, {Ints("strides", {0, 1})}), kBadInput, {"strides"});
  ExpectRefused(conv({4, 4, 3, 3}, {Ints("pads", {0, 1})}), kUnsupported, {"pads", "2-d"});
  ExpectRefused(conv({4, 4, 3, 3}, {Ints("pads", {-1, 0, 0, 0})}), kUnsupported, {"pads", "Slice"});
  ExpectRefused(conv({4, 4, 3, 3}, {Ints("pads", {int64_t{1} << 40, 0, 0, 0})}), kBadInput,
                {"pads"});
  ExpectRefused(conv({4, 4, 3, 3}, {Text("auto_pad", "SAME")}), kBadInput, {"auto_pad"});
  ExpectRefused(conv({4, 4, 3, 3}, {Text("auto_pad", "VALID"), Ints("pads", {1, 1, 1, 1})}),
                kBadInput, {"auto_pad"});
  ExpectRefused(conv({4, 4, 9, 9}, {}), kBadInput, {"first"});
  ExpectRefused(conv({4, 4, 3, 3}, {Int("groups", 1)}), kUnsupported, {"'groups'"});
  ExpectRefused(conv({4, 4, 3, 3}, {Float("group", 1)}), kBadInput, {"group", "a float"});

  TestModel computed;
  computed.Node("Relu", {"x"}, {"w"}).Node("Conv", {"x", "w"}, {"y"});
  ExpectRefused(computed, kUnsupported, {"weight", "constant"});
  TestModel integers;
  integers.Ints("w", {1, 4, 1, 1}, {1, 2, 3, 4}).Node("Conv", {"x", "w"}, {"y"});
  ExpectRefused(integers, kBadInput, {"INT64", "float network"});
  TestModel bias;
  bias.Random("w", {2, 4, 1, 1}).Random("b", {3}).Node("Conv", {"x", "w", "b"}, {"y"});
  ExpectRefused(bias, kBadInput, {"bias"});
  TestModel not_finite;
  not_finite.Floats("w", {1, 4, 1, 1}, {1, NAN, 1, 1}).Node("Conv", {"x", "w"}, {"y"});
  ExpectRefused(not_finite, kBadInput, {"finite"});
  TestModel channels_last;
  channels_last.Random("w", {2, 6, 1, 1})
      .Node("Relu", {"x"}, {"r"})
      .Node("Transpose", {"r"}, {"t"}, {Ints("perm", {0, 2, 3, 1})})
      .Node("Conv", {"t", "w"}, {"y"});
  ExpectRefused(channels_last, kUnsupported, {"[N, C, H, W]"});
}

TEST(Gemm, AllForms) {
  const std::vector<float> x = RandomFloats(5, 3);
  const std::vector<float> w = RandomFloats(10, 4);
  for (const bool transposed : {false, true}) {
    TestModel model(13, {0, 5});
    model.Floats("w", transposed ? std::vector<int64_t>{2, 5} : std::vector<int64_t>{5, 2}, w)
        .Floats("b", {1, 2}, {1, -1})
        .Node("Gemm", {"x", "w", "b"}, {"y"},
              {Float("alpha", 0.5F), Float("beta", 2), Int("transB", transposed ? 1 : 0)});
    std::vector<float> want{2, -2};
    for (size_t o = 0; o < 2; ++o) {
      for (size_t i = 0; i < 5; ++i) {
        want[o] += 0.5F * x[i] * w[transposed ? o * 5 + i : i * 2 + o];
      }
    }
    ExpectNear(Evaluated(model, x), want);
  }
  TestModel scalar_bias(13, {1, 5});
  scalar_bias.Floats("w", {5, 1}, {0, 0, 0, 0, 0}).Floats("b", {}, {3});
  scalar_bias.Node("Gemm", {"x", "w", "b"}, {"y"});
  ExpectNear(Evaluated(scalar_bias, x), {3});
}

TEST(Gemm, Refusals) {
  TestModel transposed(13, {0, 5});
  transposed.Random("w", {5, 2}).Node("Gemm", {"x", "w"}, {"y"}, {Int("transA", 1)});
  ExpectRefused(transposed, kUnsupported, {"transA", "batch"});
  TestModel size(13, {0, 5});
  size.Random("w", {4, 2}).Node("Gemm", {"x", "w"}, {"y"});
  ExpectRefused(size, kBadInput, {"5 features"});
  TestModel map;
  map.Random("w", {6, 2}).Node("Gemm", {"x", "w"}, {"y"});
  ExpectRefused(map, kUnsupported, {"[N, features]", "flatten"});
  TestModel bias(13, {0, 5});
  bias.Random("w", {5, 2}).Random("b", {2, 1}).Node("Gemm", {"x", "w", "b"}, {"y"});
  ExpectRefused(bias, kBadInput, {"bias"});
}

TEST(MatMul, VectorWithBiasAndChannelsLast) {
  const std::vector<float> x = RandomFloats(4 * 36, 5);
  TestModel vector(13, {0, 4});
  vector.Random("w", {4, 3}).Floats("b", {3}, {1, 2, 3});
  vector.Node("MatMul", {"x", "w"}, {"m"}).Node("Add", {"m", "b"}, {"y"});
  std::vector<float> w = Initializer(vector, 0);
  std::vector<float> want{1, 2, 3};
  for (size_t k = 0; k < 12; ++k) want[k % 3] += x[k / 3] * w[k];
  ExpectNear(Evaluated(vector, {x[0], x[1], x[2], x[3]}), want);

  TestModel last;
  last.Random("w", {4, 3})
      .Node("Transpose", {"x"}, {"t"}, {Ints("perm", {0, 2, 3, 1})})
      .Node("MatMul", {"t", "w"}, {"m"})
      .Node("Transpose", {"m"}, {"y"}, {Ints("perm", {0, 3, 1, 2})});
  w = Initializer(last, 0);
  want.assign(3 * 36, 0);
  for (size_t o = 0; o < 3; ++o) {
    for (size_t i = 0; i < 4; ++i) {
      for (size_t p = 0; p < 36; ++p) want[o * 36 + p] += x[i * 36 + p] * w[i * 3 + o];
    }
  }
  ExpectNear(Evaluated(last, x), want);
}

TEST(MatMul, Refusals) {
  TestModel attention;
  attention.Node("MatMul", {"x", "x"}, {"y"});
  ExpectRefused(attention, kUnsupported, {"MatMul", "attention"});
  TestModel left(13, {0, 4});
  left.Random("w", {3, 4}).Node("MatMul", {"w", "x"}, {"y"});
  ExpectRefused(left, kUnsupported, {"left"});
  TestModel width;
  width.Random("w", {6, 4}).Node("MatMul", {"x", "w"}, {"y"});
  ExpectRefused(width, kUnsupported, {"not channels"});
}

TestModel BatchNorm(int opset, std::vector<TestAttribute> attributes) {
  TestModel model(opset, {0, 2, 2, 1});
  model.Floats("s", {2}, {2, 3}).Floats("b", {2}, {1, -1}).Floats("m", {2}, {0.5F, 0});
  model.Floats("v", {2}, {3, 8})
      .Node("BatchNormalization", {"x", "s", "b", "m", "v"}, {"y"}, std::move(attributes));
  return model;
}

TEST(BatchNormalization, BecomesAffine) {
  for (const int opset : {7, 9, 14, 15}) {
    const TestModel model = BatchNorm(opset, {Float("epsilon", 1), Float("momentum", 0.9F)});
    ExpectNear(Evaluated(model, {0.5F, 1.5F, 3, -3}), {1, 2, 2, -4});
  }
}

TEST(BatchNormalization, Refusals) {
  ExpectRefused(BatchNorm(14, {Int("training_mode", 1)}), kUnsupported,
                {"training_mode", "evaluation"});
  ExpectRefused(BatchNorm(7, {Int("spatial", 0)}), kUnsupported, {"spatial"});
  ExpectRefused(BatchNorm(9, {Float("epsilon", -5)}), kBadInput, {"variance"});
  TestModel outputs = BatchNorm(9, {});
  outputs.last().add_output("mean");
  outputs.Output("mean");
  ExpectRefused(outputs, kUnsupported, {"output 1", "mean"});
  TestModel count = BatchNorm(9, {});
  count.graph().mutable_initializer(3)->set_dims(0, 1);
  count.graph().mutable_initializer(3)->mutable_raw_data()->resize(4);
  ExpectRefused(count, kBadInput, {"variance", "2 channels"});
}

// A maximum or mean over windows; cells outside count where `include_pad`.
std::vector<float> NaivePool(const std::vector<float>& x, const graph::Window& window, int size,
                             bool mean, bool include_pad) {
  std::vector<float> y;
  const auto out = [&](int before, int after, int kernel, int stride, int dilation) {
    return (size + before + after - (kernel - 1) * dilation - 1) / stride + 1;
  };
  const int out_h =
      out(window.pad_top, window.pad_bottom, window.kernel_h, window.stride_h, window.dilation_h);
  const int out_w =
      out(window.pad_left, window.pad_right, window.kernel_w, window.stride_w, window.dilation_w);
  for (int c = 0; c < static_cast<int>(x.size()) / size / size; ++c) {
    for (int i = 0; i < out_h * out_w; ++i) {
      float best = -INFINITY;
      float sum = 0;
      int count = 0;
      for (int k = 0; k < window.kernel_h * window.kernel_w; ++k) {
        const int h =
            i / out_w * window.stride_h - window.pad_top + k / window.kernel_w * window.dilation_h;
        const int w =
            i % out_w * window.stride_w - window.pad_left + k % window.kernel_w * window.dilation_w;
        if (h < 0 || h >= size || w < 0 || w >= size) continue;
        const float v = x[static_cast<size_t>((c * size + h) * size + w)];
        best = std::max(best, v);
        sum += v;
        ++count;
      }
      if (include_pad) count = window.kernel_h * window.kernel_w;
      y.push_back(mean ? sum / static_cast<float>(count) : best);
    }
  }
  return y;
}

TEST(Pool, WindowsOfAllKinds) {
  struct Case {
    std::vector<TestAttribute> attributes;
    graph::Window window;
  };
  const std::vector<Case> cases = {
      {{Ints("kernel_shape", {3, 2})}, {3, 2}},
      {{Ints("kernel_shape", {3, 3}), Ints("strides", {2, 1}), Ints("pads", {1, 0, 0, 2})},
       {3, 3, 2, 1, 1, 1, 1, 0, 0, 2}},
      {{Ints("kernel_shape", {3, 3}), Ints("strides", {2, 2}), Text("auto_pad", "SAME_UPPER")},
       {3, 3, 2, 2, 1, 1, 0, 0, 1, 1}},
      {{Ints("kernel_shape", {3, 3}), Ints("strides", {2, 2}), Text("auto_pad", "SAME_LOWER")},
       {3, 3, 2, 2, 1, 1, 1, 1, 0, 0}},
      // Ceil: 6 cells, kernel 3, stride 2 has a third position that hangs over by one.
      {{Ints("kernel_shape", {3, 3}), Ints("strides", {2, 2}), Int("ceil_mode", 1)},
       {3, 3, 2, 2, 1, 1, 0, 0, 1, 1}},
      // A position that would begin in the end padding is dropped.
      {{Ints("kernel_shape", {2, 2}), Ints("strides", {3, 3}), Ints("pads", {0, 0, 1, 1}),
        Int("ceil_mode", 1)},
       {2, 2, 3, 3, 1, 1, 0, 0, 1, 1}}};
  const std::vector<float> x = RandomFloats(4 * 36, 6);
  for (size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(i);
    TestModel max;
    max.Node("MaxPool", {"x"}, {"y"}, cases[i].attributes);
    EXPECT_EQ(Only<graph::MaxPool>(max.Import()).window, cases[i].window);
    ExpectNear(Evaluated(max, x), NaivePool(x, cases[i].window, 6, false, false));
    TestModel mean;
    mean.Node("AveragePool", {"x"}, {"y"}, cases[i].attributes);
    EXPECT_EQ(Only<graph::AvgPool>(mean.Import()).window, cases[i].window);
    ExpectNear(Evaluated(mean, x), NaivePool(x, cases[i].window, 6, true, false));
  }
  TestModel dilated;
  dilated.Node("MaxPool", {"x"}, {"y"}, {Ints("kernel_shape", {2, 3}), Ints("dilations", {3, 2})});
  ExpectNear(Evaluated(dilated, x), NaivePool(x, {2, 3, 1, 1, 3, 2}, 6, false, false));
  TestModel include;
  include.Node(
      "AveragePool", {"x"}, {"y"},
      {Ints("kernel_shape", {3, 3}), Ints("pads", {1, 1, 1, 1}), Int("count_include_pad", 1)});
  ExpectNear(Evaluated(include, x), NaivePool(x, {3, 3, 1, 1, 1, 1, 1, 1, 1, 1}, 6, true, true));
}

TEST(Pool, Refusals) {
  const auto pool = [](const char* op, std::vector<TestAttribute> attributes) {
    TestModel model(12);
    attributes.push_back(Ints("kernel_shape", {3, 3}));
    model.Node(op, {"x"}, {"y"}, attributes);
    return model;
  };
  ExpectRefused(pool("MaxPool", {Int("storage_order", 1)}), kUnsupported, {"storage_order"});
  ExpectRefused(pool("AveragePool", {Ints("dilations", {2, 2})}), kUnsupported, {"dilations"});
  ExpectRefused(pool("AveragePool",
                     {Int("ceil_mode", 1), Int("count_include_pad", 1), Ints("strides", {2, 2})}),
                kUnsupported, {"ceil_mode"});
  EXPECT_TRUE(
      pool("AveragePool", {Int("ceil_mode", 1), Int("count_include_pad", 1)}).Import().ok());
  ExpectRefused(pool("MaxPool", {Ints("pads", {3, 3, 3, 3})}), kBadInput, {"padding"});
  ExpectRefused(pool("MaxPool", {Int("ceil_mode", 1), Text("auto_pad", "SAME_UPPER")}),
                kUnsupported, {"ceil_mode"});
  TestModel indices = pool("MaxPool", {});
  indices.last().add_output("places");
  EXPECT_TRUE(indices.Import().ok()) << "an output that nobody reads";
  indices.Output("places");
  ExpectRefused(indices, kUnsupported, {"Indices"});
  TestModel kernel;
  kernel.Node("MaxPool", {"x"}, {"y"});
  ExpectRefused(kernel, kBadInput, {"kernel_shape"});
}

TEST(Reduce, MeansMaximaAndSumsOverSpace) {
  const std::vector<float> x = RandomFloats(4 * 36, 7);
  std::vector<float> mean(4);
  std::vector<float> max(4, -INFINITY);
  for (size_t i = 0; i < x.size(); ++i) {
    mean[i / 36] += x[i] / 36;
    max[i / 36] = std::max(max[i / 36], x[i]);
  }
  std::vector<float> sum = mean;
  for (float& v : sum) v *= 36;
  const auto pooled = [&](const char* op, int opset, std::vector<TestAttribute> attributes,
                          std::vector<int64_t> axes) {
    TestModel model(opset);
    if (axes.empty()) {
      model.Node(op, {"x"}, {"y"}, attributes);
    } else {
      model.Ints("a", {static_cast<int64_t>(axes.size())}, axes);
      model.Node(op, {"x", "a"}, {"y"}, attributes);
    }
    return Evaluated(model, x);
  };
  ExpectNear(pooled("GlobalAveragePool", 13, {}, {}), mean);
  ExpectNear(pooled("GlobalMaxPool", 13, {}, {}), max);
  for (const int64_t keep : {0, 1}) {
    ExpectNear(pooled("ReduceMean", 13, {Ints("axes", {2, 3}), Int("keepdims", keep)}, {}), mean);
    ExpectNear(pooled("ReduceMean", 13, {Ints("axes", {-1, -2}), Int("keepdims", keep)}, {}), mean);
    ExpectNear(pooled("ReduceMean", 18, {Int("keepdims", keep)}, {-1, 2}), mean);
    ExpectNear(pooled("ReduceMax", 11, {Ints("axes", {2, 3}), Int("keepdims", keep)}, {}), max);
    ExpectNear(pooled("ReduceSum", 13, {Int("keepdims", keep)}, {2, 3}), sum);
    ExpectNear(pooled("ReduceSum", 11, {Ints("axes", {2, 3}), Int("keepdims", keep)}, {}), sum);
  }
  // Over the width alone, and over both joined into one axis.
  TestModel rows;
  rows.Node("ReduceMax", {"x"}, {"y"}, {Ints("axes", {3})});
  ExpectNear(Evaluated(rows, x), NaivePool(x, {1, 6}, 6, false, false));
  TestModel joined;
  joined.Ints("s", {3}, {0, 0, -1})
      .Node("Reshape", {"x", "s"}, {"r"})
      .Node("ReduceMean", {"r"}, {"y"}, {Ints("axes", {2}), Int("keepdims", 0)});
  ExpectNear(Evaluated(joined, x), mean);
}

TEST(Reduce, Refusals) {
  const auto reduce = [](int opset, std::vector<TestAttribute> attributes) {
    TestModel model(opset);
    model.Node("ReduceMean", {"x"}, {"y"}, attributes);
    return model;
  };
  ExpectRefused(reduce(13, {Ints("axes", {1})}), kUnsupported, {"height and width"});
  ExpectRefused(reduce(13, {Ints("axes", {0, 2, 3})}), kUnsupported, {"axis 0"});
  ExpectRefused(reduce(13, {}), kUnsupported, {"height and width"});
  ExpectRefused(reduce(13, {Ints("axes", {4})}), kBadInput, {"axis 4"});
  ExpectRefused(reduce(13, {Ints("axes", {2, -2})}), kBadInput, {"twice"});
  ExpectRefused(reduce(18, {Ints("axes", {2, 3})}), kBadInput, {"opset 18"});
  TestModel early(13);
  early.Ints("a", {1}, {2}).Node("ReduceMean", {"x", "a"}, {"y"});
  ExpectRefused(early, kBadInput, {"before opset 18"});
  EXPECT_EQ(Ops(reduce(18, {Int("noop_with_empty_axes", 1)}).Import()), "input");
}

}  // namespace
}  // namespace potlut::onnx
