// Tests of what moves, joins, splits, pads and enlarges axes.
#include <gtest/gtest.h>

#include "onnx/model_for_test.h"

namespace potlut::onnx {
namespace {

constexpr auto kUnsupported = ErrorCode::kUnsupported;
constexpr auto kBadInput = ErrorCode::kBadInput;

// A map of 4 channels, 6 x 6; every element different.
std::vector<float> Counted(size_t count = 4 * 36) {
  std::vector<float> x(count);
  for (size_t i = 0; i < count; ++i) x[i] = static_cast<float>(i);
  return x;
}

// Elements [c][h][w] for the given lists of places.
std::vector<float> Picked(const std::vector<size_t>& c, const std::vector<size_t>& h,
                          const std::vector<size_t>& w) {
  std::vector<float> out;
  for (const size_t ci : c) {
    for (const size_t hi : h) {
      for (const size_t wi : w) out.push_back(static_cast<float>(ci * 36 + hi * 6 + wi));
    }
  }
  return out;
}

const std::vector<size_t> kAll6{0, 1, 2, 3, 4, 5};
const std::vector<size_t> kAll4{0, 1, 2, 3};

TEST(Flatten, ChannelsFirstAndLast) {
  for (const char* form : {"Flatten", "Reshape -1", "Reshape 1", "Reshape 0"}) {
    SCOPED_TRACE(form);
    const std::string name = form;
    TestModel model;
    const int64_t batch = name.back() == '0' ? 0 : (name == "Reshape -1" ? -1 : 1);
    model.Ints("s", {2}, {batch, batch == -1 ? 144 : -1}).Random("w", {144, 3});
    if (name == "Flatten") {
      model.Node("Flatten", {"x"}, {"f"}, {Int("axis", -3)});
    } else {
      model.Node("Reshape", {"x", "s"}, {"f"});
    }
    model.Node("Gemm", {"f", "w"}, {"y"});
    const auto graph = model.Import();
    EXPECT_EQ(Ops(graph), "input flatten conv");
    EXPECT_EQ(Only<graph::Flatten>(graph).order, graph::Flatten::Order::kChw);
  }
  TestModel last;
  last.Random("w", {144, 3}).Node("Relu", {"x"}, {"r"});
  last.Node("Transpose", {"r"}, {"t"}, {Ints("perm", {0, 2, 3, 1})});
  last.Node("Flatten", {"t"}, {"f"}).Node("MatMul", {"f", "w"}, {"y"});
  EXPECT_EQ(Only<graph::Flatten>(last.Import()).order, graph::Flatten::Order::kHwc);
  TestModel output;
  output.Node("Flatten", {"x"}, {"y"});
  ExpectNear(Evaluated(output, Counted()), Counted());
  TestModel odd;
  odd.Node("Relu", {"x"}, {"r"}).Node("Transpose", {"r"}, {"t"}).Node("Flatten", {"t"}, {"y"});
  ExpectRefused(odd, kUnsupported, {"Flatten", "batch"});
  TestModel wch;
  wch.Node("Relu", {"x"}, {"r"}).Node("Transpose", {"r"}, {"t"}, {Ints("perm", {0, 3, 2, 1})});
  wch.Node("Flatten", {"t"}, {"y"});
  ExpectRefused(wch, kUnsupported, {"C, H, W or H, W, C"});
  TestModel axis0;
  axis0.Node("Flatten", {"x"}, {"y"}, {Int("axis", 0)});
  ExpectRefused(axis0, kUnsupported, {"batch"});
}

TEST(Flatten, IsNothingOnAVector) {
  for (const char* op : {"Flatten", "Squeeze"}) {
    TestModel model(11);
    model.Random("w", {4, 3}).Node("GlobalAveragePool", {"x"}, {"g"});
    model.Node(op, {"g"}, {"f"}).Node("Gemm", {"f", "w"}, {"y"});
    EXPECT_EQ(Ops(model.Import()), "input avg_pool conv");
  }
}

TEST(Reshape, ShapesThatExportersCompute) {
  // Reshape(x, Concat(Unsqueeze(Gather(Shape(x), 0)), [-1])).
  TestModel model(11);
  model.Ints("zero", {}, {0}).Ints("rest", {1}, {-1}).Random("w", {144, 2});
  model.Node("Shape", {"x"}, {"s"}).Node("Gather", {"s", "zero"}, {"n"});
  model.Node("Unsqueeze", {"n"}, {"u"}, {Ints("axes", {0})});
  model.Node("Concat", {"u", "rest"}, {"t"}, {Int("axis", 0)});
  model.Node("Reshape", {"x", "t"}, {"f"}).Node("Gemm", {"f", "w"}, {"y"});
  EXPECT_EQ(Ops(model.Import()), "input flatten conv");
  // A batch that the model fixes at 3.
  TestModel fixed(13, {3, 4, 6, 6});
  fixed.Ints("s", {2}, {3, 144}).Node("Reshape", {"x", "s"}, {"y"});
  EXPECT_EQ(Ops(fixed.Import()), "input flatten");
  TestModel mixed(13, {3, 4, 6, 6});
  mixed.Ints("s", {2}, {1, -1}).Node("Reshape", {"x", "s"}, {"y"});
  ExpectRefused(mixed, kUnsupported, {"batch"});
}

TEST(Reshape, Refusals) {
  const auto reshape = [](std::vector<int64_t> shape) {
    TestModel model;
    model.Ints("s", {static_cast<int64_t>(shape.size())}, shape);
    model.Node("Reshape", {"x", "s"}, {"y"});
    return model;
  };
  ExpectRefused(reshape({1, 100}), kBadInput, {"[1, 4, 6, 6]", "[1, 100]"});
  ExpectRefused(reshape({-1, -1}), kBadInput, {"cannot be"});
  ExpectRefused(reshape({-2, 72}), kBadInput, {"cannot be"});
  ExpectRefused(reshape({0, 0, 0, 0, 0}), kBadInput, {"dimension 4"});
  ExpectRefused(reshape({-1, 5}), kBadInput, {"cannot reshape"});
  ExpectRefused(reshape({-1, 72}), kUnsupported, {"batch"});
  ExpectRefused(reshape({1, 9, 16}), kUnsupported, {"[1, 9, 16]"});
  TestModel split;  // regrouped channels and no way back
  split.Ints("s", {5}, {1, 2, 2, 6, 6}).Node("Reshape", {"x", "s"}, {"y"});
  ExpectRefused(split, kUnsupported, {"regrouped", "shuffle"});
  TestModel computed;
  computed.Node("Relu", {"x"}, {"s"}).Node("Reshape", {"x", "s"}, {"y"});
  ExpectRefused(computed, kUnsupported, {"shape", "constant"});
  TestModel unflatten(13, {0, 144});
  unflatten.Ints("s", {4}, {-1, 4, 6, 6}).Random("w", {1, 4, 1, 1});
  unflatten.Node("Reshape", {"x", "s"}, {"r"}).Node("Conv", {"r", "w"}, {"y"});
  ExpectRefused(unflatten, kUnsupported, {"Conv", "regrouped"});
}

TEST(Shuffle, IsRecognised) {
  // y[j * groups + g] = x[g * (c / groups) + j], channels first and last, before any reader.
  TestModel first(13, {0, 6, 2, 1});
  first.Ints("split", {5}, {0, 2, 3, 2, 1}).Ints("join", {4}, {-1, 6, 2, 1});
  first.Node("Reshape", {"x", "split"}, {"a"});
  first.Node("Transpose", {"a"}, {"b"}, {Ints("perm", {0, 2, 1, 3, 4})});
  first.Node("Reshape", {"b", "join"}, {"y"});
  EXPECT_EQ(Only<graph::Shuffle>(first.Import()).groups, 2);
  ExpectNear(Evaluated(first, Counted(12)), {0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11});

  TestModel last(13, {0, 6, 2, 1});
  last.Ints("split", {5}, {1, 2, 1, 3, 2})
      .Ints("join", {4}, {1, 2, 1, 6})
      .Random("w", {1, 6, 1, 1});
  last.Node("Relu", {"x"}, {"r"}).Node("Transpose", {"r"}, {"t"}, {Ints("perm", {0, 2, 3, 1})});
  last.Node("Reshape", {"t", "split"}, {"a"});
  last.Node("Transpose", {"a"}, {"b"}, {Ints("perm", {0, 1, 2, 4, 3})});
  last.Node("Reshape", {"b", "join"}, {"c"});
  last.Node("Transpose", {"c"}, {"d"}, {Ints("perm", {0, 3, 1, 2})});
  last.Node("Conv", {"d", "w"}, {"y"});
  EXPECT_EQ(Ops(last.Import()), "input activation shuffle conv");
  EXPECT_EQ(Only<graph::Shuffle>(last.Import()).groups, 3);

  // Constants meet the regrouped channels in ONNX's order.
  TestModel biased(13, {0, 6, 2, 1});
  biased.Ints("split", {5}, {0, 2, 3, 2, 1}).Ints("join", {4}, {-1, 6, 2, 1});
  biased.Floats("k", {2, 3, 1, 1}, {0, 10, 20, 30, 40, 50})
      .Floats("k2", {6, 1, 1}, {0, 1, 2, 3, 4, 5});
  biased.Node("Reshape", {"x", "split"}, {"a"}).Node("Add", {"a", "k"}, {"a2"});
  biased.Node("Transpose", {"a2"}, {"b"}, {Ints("perm", {0, 2, 1, 3, 4})});
  biased.Node("Reshape", {"b", "join"}, {"c"}).Node("Add", {"c", "k2"}, {"y"});
  ExpectNear(Evaluated(biased, std::vector<float>(12, 0)),
             {0, 0, 31, 31, 12, 12, 43, 43, 24, 24, 55, 55});
}

TEST(Transpose, Refusals) {
  const auto transpose = [](std::vector<int64_t> perm) {
    TestModel model;
    model.Random("w", {1, 4, 1, 1}).Node("Relu", {"x"}, {"r"});
    model.Node("Transpose", {"r"}, {"t"}, {Ints("perm", perm)});
    model.Node("Conv", {"t", "w"}, {"y"});
    return model;
  };
  ExpectRefused(transpose({0, 1, 1, 2}), kBadInput, {"perm"});
  ExpectRefused(transpose({0, 1, 2}), kBadInput, {"perm"});
  ExpectRefused(transpose({0, 1, 2, 4}), kBadInput, {"perm"});
  ExpectRefused(transpose({1, 0, 2, 3}), kUnsupported, {"[C:4, N"});
  ExpectRefused(transpose({0, 1, 3, 2}), kUnsupported, {"[N, C:4, W:6, H:6]"});
}

TEST(SqueezeUnsqueeze, BothForms) {
  for (const int opset : {11, 13}) {
    TestModel model(opset);
    model.Random("w", {4, 3}).Random("k", {2, 3, 1, 1}).Ints("a", {2}, {2, -1});
    model.Node("GlobalAveragePool", {"x"}, {"g"});
    if (opset == 11) {
      model.Node("Squeeze", {"g"}, {"s"}, {Ints("axes", {-1, 2})}).Node("Gemm", {"s", "w"}, {"d"});
      model.Node("Unsqueeze", {"d"}, {"u"}, {Ints("axes", {2, -1})});
    } else {
      model.Node("Squeeze", {"g", "a"}, {"s"}).Node("Gemm", {"s", "w"}, {"d"});
      model.Node("Unsqueeze", {"d", "a"}, {"u"});
    }
    model.Node("Conv", {"u", "k"}, {"y"});
    EXPECT_EQ(Ops(model.Import()), "input avg_pool conv conv");
  }
  TestModel wide;
  wide.Ints("a", {1}, {2}).Node("Squeeze", {"x", "a"}, {"y"});
  ExpectRefused(wide, kBadInput, {"size is not 1"});
  TestModel batch(13, {1, 4, 6, 6});
  batch.Ints("a", {1}, {0}).Node("Squeeze", {"x", "a"}, {"y"});
  ExpectRefused(batch, kUnsupported, {"batch"});
  TestModel late(13);
  late.Node("Unsqueeze", {"x"}, {"y"}, {Ints("axes", {4})});
  ExpectRefused(late, kBadInput, {"axes"});
}

TEST(Expand, OverTheMap) {
  TestModel same;
  same.Ints("s", {3}, {4, 1, 6}).Node("Expand", {"x", "s"}, {"y"});
  EXPECT_EQ(Ops(same.Import()), "input");
  // A gate spread by hand: Expand(max, Shape(x)).
  TestModel gate;
  gate.Node("GlobalMaxPool", {"x"}, {"g"}).Node("Shape", {"x"}, {"s"});
  gate.Node("Expand", {"g", "s"}, {"e"}).Node("Sub", {"x", "e"}, {"y"});
  std::vector<float> want = Counted();
  for (size_t i = 0; i < want.size(); ++i) want[i] -= static_cast<float>(i / 36 * 36 + 35);
  ExpectNear(Evaluated(gate, Counted()), want);
  TestModel batch;
  batch.Ints("s", {4}, {2, 4, 6, 6}).Node("Expand", {"x", "s"}, {"y"});
  ExpectRefused(batch, kUnsupported, {"Expand", "height and width"});
  TestModel misfit;
  misfit.Ints("s", {4}, {1, 4, 6, 7}).Node("Expand", {"x", "s"}, {"y"});
  ExpectRefused(misfit, kUnsupported, {"[1, 4, 6, 7]"});
  TestModel axes;
  axes.Ints("s", {5}, {2, 1, 4, 6, 6}).Node("Expand", {"x", "s"}, {"y"});
  ExpectRefused(axes, kUnsupported, {"adds axes"});
}

TEST(Concat, ChannelsAndConstants) {
  TestModel model;
  model.Node("Neg", {"x"}, {"n"}).Node("Concat", {"x", "n"}, {"y"}, {Int("axis", -3)});
  std::vector<float> want = Counted();
  for (size_t i = 0; i < 144; ++i) want.push_back(-static_cast<float>(i));
  ExpectNear(Evaluated(model, Counted()), want);

  TestModel zeros;
  zeros.Floats("a", {1, 1, 6, 6}, std::vector<float>(36, 0));
  zeros.Floats("b", {1, 2, 6, 6}, std::vector<float>(72, 5));
  zeros.Node("Concat", {"a", "x", "b"}, {"y"}, {Int("axis", 1)});
  want.assign(36, 0);
  for (size_t i = 0; i < 144; ++i) want.push_back(static_cast<float>(i));
  want.insert(want.end(), 72, 5);
  ExpectNear(Evaluated(zeros, Counted()), want);

  TestModel vectors;
  vectors.Node("Flatten", {"x"}, {"f"}).Node("GlobalMaxPool", {"x"}, {"g"});
  vectors.Node("Flatten", {"g"}, {"v"}).Node("Concat", {"v", "f"}, {"y"}, {Int("axis", 1)});
  want = {35, 71, 107, 143};
  for (size_t i = 0; i < 144; ++i) want.push_back(static_cast<float>(i));
  ExpectNear(Evaluated(vectors, Counted()), want);
}

TEST(Concat, Refusals) {
  const auto concat = [](int64_t axis) {
    TestModel model;
    model.Node("Relu", {"x"}, {"r"}).Node("Concat", {"x", "r"}, {"y"}, {Int("axis", axis)});
    return model;
  };
  ExpectRefused(concat(2), kUnsupported, {"axis 2", "channels"});
  ExpectRefused(concat(0), kUnsupported, {"axis 0"});
  ExpectRefused(concat(7), kBadInput, {"axis 7"});
  TestModel constant;
  constant.Random("c", {1, 1, 6, 6}).Node("Concat", {"x", "c"}, {"y"}, {Int("axis", 1)});
  ExpectRefused(constant, kUnsupported, {"same number"});
  TestModel sizes;
  sizes.Node("GlobalMaxPool", {"x"}, {"g"}).Node("Concat", {"x", "g"}, {"y"}, {Int("axis", 1)});
  ExpectRefused(sizes, kBadInput, {"do not fit"});
  TestModel no_axis;
  no_axis.Node("Concat", {"x", "x"}, {"y"});
  ExpectRefused(no_axis, kBadInput, {"'axis' is missing"});
}

TEST(Slice, AttributesAndInputs) {
  TestModel old(9);
  old.Node("Slice", {"x"}, {"y"},
           {Ints("axes", {1, -1}), Ints("starts", {1, -4}), Ints("ends", {3, 1000})});
  ExpectNear(Evaluated(old, Counted()), Picked({1, 2}, kAll6, {2, 3, 4, 5}));
  TestModel steps;
  steps.Ints("s", {2}, {0, 1}).Ints("e", {2}, {std::numeric_limits<int64_t>::max(), -1});
  steps.Ints("a", {2}, {-2, 3}).Ints("t", {2}, {2, 3});
  steps.Node("Slice", {"x", "s", "e", "a", "t"}, {"y"});
  ExpectNear(Evaluated(steps, Counted()), Picked(kAll4, {0, 2, 4}, {1, 4}));
  TestModel all;
  all.Ints("s", {1}, {0}).Ints("e", {1}, {99}).Node("Slice", {"x", "s", "e"}, {"y"});
  EXPECT_EQ(Ops(all.Import()), "input");
}

TEST(Slice, Refusals) {
  const auto slice = [](int64_t start, int64_t end, int64_t axis, int64_t step) {
    TestModel model;
    model.Ints("s", {1}, {start}).Ints("e", {1}, {end});
    model.Ints("a", {1}, {axis}).Ints("t", {1}, {step});
    model.Node("Slice", {"x", "s", "e", "a", "t"}, {"y"});
    return model;
  };
  ExpectRefused(slice(5, 0, 2, -1), kUnsupported, {"step -1"});
  ExpectRefused(slice(0, 1, 2, 0), kUnsupported, {"step 0"});
  ExpectRefused(slice(3, 3, 2, 1), kBadInput, {"nothing"});
  ExpectRefused(slice(0, 1, 5, 1), kBadInput, {"axis 5"});
  TestModel batch(13, {3, 4, 6, 6});
  batch.Ints("s", {1}, {0}).Ints("e", {1}, {1}).Node("Slice", {"x", "s", "e"}, {"y"});
  ExpectRefused(batch, kUnsupported, {"axis 0"});
  TestModel lengths;
  lengths.Ints("s", {1}, {0}).Ints("e", {2}, {1, 1}).Node("Slice", {"x", "s", "e"}, {"y"});
  ExpectRefused(lengths, kBadInput, {"length"});
}

TEST(Split, AllForms) {
  struct Case {
    int opset;
    std::vector<TestAttribute> attributes;
    std::vector<int64_t> sizes;
    std::vector<size_t> second;
  };
  const std::vector<Case> cases = {{11, {Int("axis", 1)}, {}, {2, 3}},
                                   {11, {Int("axis", 1), Ints("split", {1, 3})}, {}, {1, 2, 3}},
                                   {13, {Int("axis", -3)}, {3, 1}, {3}},
                                   {18, {Int("axis", 1), Int("num_outputs", 2)}, {}, {2, 3}}};
  for (const Case& c : cases) {
    TestModel model(c.opset);
    std::vector<std::string> inputs{"x"};
    if (!c.sizes.empty()) {
      model.Ints("s", {2}, c.sizes);
      inputs.push_back("s");
    }
    model.Node("Split", inputs, {"a", "y"}, c.attributes);
    ExpectNear(Evaluated(model, Counted()), Picked(c.second, kAll6, kAll6));
    EXPECT_EQ(Ops(model.Import()), "input slice") << "the unread part makes no node";
  }
  const auto split = [](int opset, std::vector<TestAttribute> attributes) {
    TestModel model(opset);
    model.Node("Split", {"x"}, {"y", "b", "c"}, attributes);
    return model;
  };
  ExpectRefused(split(11, {Int("axis", 1)}), kBadInput, {"3 equal parts"});
  ExpectRefused(split(11, {Int("axis", 1), Ints("split", {1, 3})}), kBadInput, {"add up"});
  ExpectRefused(split(11, {Int("axis", 1), Ints("split", {1, 9, 1})}), kBadInput, {"add up"});
  ExpectRefused(split(13, {Int("axis", 1), Ints("split", {1, 2, 1})}), kBadInput, {"opset 13"});
  ExpectRefused(split(18, {Int("axis", 1), Int("num_outputs", 2)}), kBadInput, {"num_outputs"});
  TestModel batch(13, {3, 4, 6, 6});
  batch.Node("Split", {"x"}, {"y", "b", "c"});
  ExpectRefused(batch, kUnsupported, {"axis 0"});
}

TEST(Gather, OneIndexAndLists) {
  TestModel one(11);
  one.Ints("i", {}, {-1}).Node("Gather", {"x", "i"}, {"g"}, {Int("axis", 1)});
  one.Node("Unsqueeze", {"g"}, {"u"}, {Ints("axes", {1})}).Node("Relu", {"u"}, {"y"});
  ExpectNear(Evaluated(one, Counted()), Picked({3}, kAll6, kAll6));
  TestModel list;
  list.Ints("i", {3}, {1, 3, 5}).Node("Gather", {"x", "i"}, {"y"}, {Int("axis", 2)});
  ExpectNear(Evaluated(list, Counted()), Picked(kAll4, {1, 3, 5}, kAll6));
  TestModel swapped;
  swapped.Ints("i", {2}, {3, 1}).Node("Gather", {"x", "i"}, {"y"}, {Int("axis", 1)});
  ExpectRefused(swapped, kUnsupported, {"equal steps"});
  TestModel outside;
  outside.Ints("i", {}, {4}).Node("Gather", {"x", "i"}, {"y"}, {Int("axis", 1)});
  ExpectRefused(outside, kBadInput, {"index 4"});
  TestModel batch;
  batch.Ints("i", {}, {0}).Node("Gather", {"x", "i"}, {"y"});
  ExpectRefused(batch, kUnsupported, {"batch"});
  TestModel table;
  table.Random("t", {9, 3}).Node("Gather", {"t", "x"}, {"y"});
  ExpectRefused(table, kUnsupported, {"Gather", "constant indices"});
}

TEST(Pad, AllForms) {
  const graph::Pad want{{0, 1, 2}, {3, 0, 1}, 0.5F};
  const auto equals = [&](const TestModel& model) {
    const graph::Pad got = Only<graph::Pad>(model.Import());
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(got.before[i], want.before[i]);
      EXPECT_EQ(got.after[i], want.after[i]);
    }
    EXPECT_EQ(got.value, want.value);
  };
  TestModel old(10);
  old.Node("Pad", {"x"}, {"y"}, {Ints("pads", {0, 0, 1, 2, 0, 3, 0, 1}), Float("value", 0.5F)});
  equals(old);
  TestModel inputs(13);
  inputs.Ints("p", {8}, {0, 0, 1, 2, 0, 3, 0, 1}).Floats("v", {}, {0.5F});
  inputs.Node("Pad", {"x", "p", "v"}, {"y"}, {Text("mode", "constant")});
  equals(inputs);
  TestModel axes(18);
  axes.Ints("p", {6}, {2, 0, 1, 1, 3, 0}).Floats("v", {}, {0.5F}).Ints("a", {3}, {-1, 1, 2});
  axes.Node("Pad", {"x", "p", "v", "a"}, {"y"});
  equals(axes);
  TestModel none;
  none.Ints("p", {8}, std::vector<int64_t>(8, 0)).Node("Pad", {"x", "p"}, {"y"});
  EXPECT_EQ(Ops(none.Import()), "input");
}

TEST(Pad, Refusals) {
  const auto pad = [](std::vector<int64_t> pads, std::vector<TestAttribute> attributes) {
    TestModel model;
    model.Ints("p", {static_cast<int64_t>(pads.size())}, pads);
    model.Node("Pad", {"x", "p"}, {"y"}, attributes);
    return model;
  };
  ExpectRefused(pad({0, 0, 1, 1, 0, 0, 1, 1}, {Text("mode", "reflect")}), kUnsupported,
                {"mode", "reflect"});
  ExpectRefused(pad({0, 0, -1, 0, 0, 0, 0, 0}, {}), kUnsupported, {"negative", "Slice"});
  ExpectRefused(pad({1, 0, 0, 0, 0, 0, 0, 0}, {}), kUnsupported, {"axis 0"});
  ExpectRefused(pad({0, 0, 0, 0}, {}), kBadInput, {"4 pads"});
  ExpectRefused(pad({0, int64_t{1} << 40, 0, 0, 0, 0, 0, 0}, {}), kBadInput, {"bounds"});
  ExpectRefused(pad({0, 1 << 27, 0, 0, 0, 0, 0, 0}, {}), ErrorCode::kResourceLimit, {"elements"});
  ExpectRefused(pad({0, 0, 0, 0, 0, 0, 0, 0}, {Ints("pads", {1})}), kBadInput, {"opset 11"});
}

TestModel Resize(int opset, std::vector<TestAttribute> attributes,
                 const std::vector<float>& scales) {
  TestModel model(opset, {0, 1, 2, 3});
  model.Floats("s", {static_cast<int64_t>(scales.size())}, scales);
  model.Node("Resize", {"x", "", "s"}, {"y"}, attributes);
  return model;
}

TEST(Resize, NearestByWholeFactors) {
  const std::vector<float> x{0, 1, 2, 3, 4, 5};
  const std::vector<float> want{0, 0, 0, 1, 1, 1, 2, 2, 2, 0, 0, 0, 1, 1, 1, 2, 2, 2,
                                3, 3, 3, 4, 4, 4, 5, 5, 5, 3, 3, 3, 4, 4, 4, 5, 5, 5};
  const auto mode = [](const char* coordinates, const char* nearest) {
    return std::vector<TestAttribute>{Text("coordinate_transformation_mode", coordinates),
                                      Text("nearest_mode", nearest)};
  };
  const std::vector<float> scales{1, 1, 2, 3};
  ExpectNear(Evaluated(Resize(13, {}, scales), x), want);
  ExpectNear(Evaluated(Resize(13, mode("asymmetric", "floor"), scales), x), want);
  ExpectNear(Evaluated(Resize(13, mode("half_pixel", "round_prefer_ceil"), scales), x), want);
  ExpectNear(Evaluated(Resize(13, mode("pytorch_half_pixel", "round_prefer_floor"), scales), x),
             want);
  ExpectNear(Evaluated(Resize(19, mode("half_pixel_symmetric", "round_prefer_floor"), scales), x),
             want);
  ExpectNear(Evaluated(Resize(11, mode("tf_half_pixel_for_nn", "floor"), scales), x), want);
  ExpectNear(Evaluated(Resize(18, {Ints("axes", {3, -2})}, {3, 2}), x), want);
  TestModel sizes(13, {0, 1, 2, 3});
  sizes.Ints("s", {4}, {1, 1, 4, 9}).Node("Resize", {"x", "", "", "s"}, {"y"});
  ExpectNear(Evaluated(sizes, x), want);
  TestModel ten(10, {0, 1, 2, 3});
  ten.Floats("s", {4}, scales).Node("Resize", {"x", "s"}, {"y"});
  ExpectNear(Evaluated(ten, x), want);
  TestModel nine(9, {0, 1, 2, 3});
  nine.Floats("s", {4}, scales).Node("Upsample", {"x", "s"}, {"y"}, {Text("mode", "nearest")});
  ExpectNear(Evaluated(nine, x), want);
  TestModel seven(7, {0, 1, 2, 3});
  seven.Node("Upsample", {"x"}, {"y"}, {{"scales", scales}});
  ExpectNear(Evaluated(seven, x), want);
  EXPECT_EQ(Ops(Resize(13, {Text("mode", "linear")}, {1, 1, 1, 1}).Import()), "input");
}

TEST(Resize, Refusals) {
  const auto mode = [](const char* coordinates, const char* nearest) {
    return std::vector<TestAttribute>{Text("coordinate_transformation_mode", coordinates),
                                      Text("nearest_mode", nearest)};
  };
  ExpectRefused(Resize(13, {Text("mode", "linear")}, {1, 1, 2, 2}), kUnsupported, {"linear"});
  ExpectRefused(Resize(13, {}, {1, 1, 1.5F, 2}), kUnsupported, {"1.5", "whole"});
  ExpectRefused(Resize(13, {}, {1, 1, 0.5F, 1}), kUnsupported, {"0.5"});
  ExpectRefused(Resize(13, {}, {1, 2, 1, 1}), kUnsupported, {"axis 1"});
  ExpectRefused(Resize(13, {}, {1, 1, 2}), kBadInput, {"each axis"});
  ExpectRefused(Resize(13, mode("asymmetric", "ceil"), {1, 1, 2, 2}), kUnsupported,
                {"asymmetric", "ceil"});
  ExpectRefused(Resize(13, mode("half_pixel", "floor"), {1, 1, 2, 2}), kUnsupported,
                {"half_pixel"});
  ExpectRefused(Resize(13, mode("align_corners", "floor"), {1, 1, 2, 2}), kUnsupported,
                {"align_corners"});
  ExpectRefused(Resize(13, mode("tf_crop_and_resize", "floor"), {1, 1, 2, 2}), kUnsupported,
                {"tf_crop_and_resize"});
  TestModel late(10);
  late.Node("Upsample", {"x"}, {"y"}, {{"scales", std::vector<float>{1, 1, 2, 2}}});
  ExpectRefused(late, kBadInput, {"Upsample", "opsets 7 to 9"});
}

}  // namespace
}  // namespace potlut::onnx
