// Tests of what is computed of constants ahead of time.
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "onnx/model_for_test.h"

namespace potlut::onnx {
namespace {

constexpr auto kUnsupported = ErrorCode::kUnsupported;
constexpr auto kBadInput = ErrorCode::kBadInput;

// What reaches a Mul by a constant, as the graph holds it: the folded value, one number or one a
// channel.
std::vector<float> Folded(TestModel model) {
  model.Node("Mul", {"x", "k"}, {"y"});
  const auto graph = model.Import();
  if (!graph.ok()) {
    ADD_FAILURE() << graph.error().message;
    return {};
  }
  return Only<graph::Affine>(graph).scale;
}

TEST(Folding, ConstantNodesOfAllForms) {
  TestModel value;
  value.Node("Constant", {}, {"k"});
  pb::AttributeProto& attribute = *value.last().add_attribute();
  attribute.set_name("value");
  attribute.set_type(pb::AttributeProto::TENSOR);
  attribute.mutable_t()->set_data_type(pb::TensorProto::FLOAT);
  attribute.mutable_t()->add_float_data(3);
  EXPECT_EQ(Folded(value), std::vector<float>{3});
  TestModel one;
  one.Node("Constant", {}, {"k"}, {Float("value_float", 3)});
  EXPECT_EQ(Folded(one), std::vector<float>{3});
  TestModel list;
  list.Node("Constant", {}, {"c"}, {{"value_floats", std::vector<float>{1, 2, 3, 4}}});
  list.Node("Constant", {}, {"s"}, {Ints("value_ints", {4, 1, 1})});
  list.Node("Reshape", {"c", "s"}, {"k"});
  EXPECT_EQ(Folded(list), (std::vector<float>{1, 2, 3, 4}));
  TestModel integer;
  integer.Node("Constant", {}, {"i"}, {Int("value_int", 3)});
  integer.Node("Cast", {"i"}, {"k"}, {Int("to", 1)});
  EXPECT_EQ(Folded(integer), std::vector<float>{3});
  TestModel text;
  text.Node("Constant", {}, {"k"}, {Text("value_string", "3")}).Node("Mul", {"x", "k"}, {"y"});
  ExpectRefused(text, kUnsupported, {"string"});
  TestModel both;
  both.Node("Constant", {}, {"k"}, {Float("value_float", 3), Int("value_int", 3)});
  both.Node("Mul", {"x", "k"}, {"y"});
  ExpectRefused(both, kBadInput, {"exactly one"});
}

TEST(Folding, Arithmetic) {
  const auto floats = [](const char* op, float a, float b) {
    TestModel model;
    model.Floats("a", {}, {a}).Floats("b", {}, {b}).Node(op, {"a", "b"}, {"k"});
    return Folded(model).at(0);
  };
  EXPECT_EQ(floats("Add", 3, 2), 5);
  EXPECT_EQ(floats("Sub", 3, 2), 1);
  EXPECT_EQ(floats("Mul", 3, 2), 6);
  EXPECT_EQ(floats("Div", 3, 2), 1.5F);
  EXPECT_EQ(floats("Pow", 3, 2), 9);
  EXPECT_EQ(floats("Max", 3, 2), 3);
  EXPECT_EQ(floats("Min", 3, 2), 2);
  EXPECT_EQ(floats("Sum", 3, 2), 5);
  EXPECT_EQ(floats("Mean", 3, 2), 2.5F);
  const auto ints = [](const char* op, int64_t a, int64_t b) {
    TestModel model;
    model.Ints("a", {}, {a}).Ints("b", {}, {b}).Node(op, {"a", "b"}, {"i"});
    model.Node("Cast", {"i"}, {"k"}, {Int("to", 1)});
    return Folded(model).at(0);
  };
  EXPECT_EQ(ints("Add", 7, -2), 5);
  EXPECT_EQ(ints("Sub", 7, -2), 9);
  EXPECT_EQ(ints("Mul", 7, -2), -14);
  EXPECT_EQ(ints("Div", 7, -2), -3) << "integers are cut off towards 0";
  EXPECT_EQ(ints("Mod", 7, -2), -1) << "with the divisor's sign";
  EXPECT_EQ(ints("Div", std::numeric_limits<int64_t>::min(), -1),
            static_cast<float>(std::numeric_limits<int64_t>::min()));
  EXPECT_EQ(ints("Equal", 7, 7), 1);
  EXPECT_EQ(ints("Greater", 7, 7), 0);
  EXPECT_EQ(ints("Less", 6, 7), 1);
  EXPECT_EQ(ints("GreaterOrEqual", 7, 7), 1);
  EXPECT_EQ(ints("LessOrEqual", 8, 7), 0);
  EXPECT_EQ(ints("And", 1, 0), 0);
  EXPECT_EQ(ints("Or", 1, 0), 1);
  const auto unary = [](const char* op, float a) {
    TestModel model;
    model.Floats("a", {}, {a}).Node(op, {"a"}, {"k"});
    return Folded(model).at(0);
  };
  EXPECT_EQ(unary("Neg", 2.5F), -2.5F);
  EXPECT_EQ(unary("Abs", -2.5F), 2.5F);
  EXPECT_EQ(unary("Floor", -2.5F), -3);
  EXPECT_EQ(unary("Ceil", -2.5F), -2);
  EXPECT_EQ(unary("Round", 2.5F), 2);
  EXPECT_EQ(unary("Sqrt", 4), 2);
  EXPECT_EQ(unary("Reciprocal", 4), 0.25F);
  EXPECT_EQ(unary("Exp", 0), 1);
  EXPECT_EQ(unary("Log", 1), 0);
  EXPECT_EQ(unary("Relu", -1), 0);
  EXPECT_EQ(unary("Identity", -1), -1);
  EXPECT_EQ(unary("Dropout", -1), -1);
}

TEST(Folding, ShapesOfConstants) {
  // Six numbers through each operator; the result is multiplied on as one value a channel.
  const auto run = [](const std::function<void(TestModel&)>& fill, int opset = 13) {
    TestModel model(opset, {0, 4, 2, 2});
    model.Floats("c", {2, 3}, {0, 1, 2, 3, 4, 5}).Ints("shape", {3}, {4, 1, 1});
    fill(model);
    model.Node("Reshape", {"four", "shape"}, {"k"});
    return Folded(model);
  };
  EXPECT_EQ(run([](TestModel& m) {
              m.Node("Transpose", {"c"}, {"t"});
              m.Ints("s", {1}, {1}).Ints("e", {1}, {3}).Node("Slice", {"t", "s", "e"}, {"four"});
            }),
            (std::vector<float>{1, 4, 2, 5}));
  EXPECT_EQ(run([](TestModel& m) {
              m.Ints("i", {2}, {-1, 0}).Node("Gather", {"c", "i"}, {"four"}, {Int("axis", 1)});
            }),
            (std::vector<float>{2, 0, 5, 3}));
  EXPECT_EQ(run(
                [](TestModel& m) {
                  m.Node("Split", {"c"}, {"p", "q"}, {Int("axis", 1), Ints("split", {1, 2})});
                  m.Node("Flatten", {"q"}, {"four"});
                },
                11),
            (std::vector<float>{1, 2, 4, 5}));
  EXPECT_EQ(run([](TestModel& m) {
              m.Floats("d", {2, 1}, {8, 9}).Node("Concat", {"d", "c"}, {"j"}, {Int("axis", 1)});
              m.Ints("s", {2}, {0, 0}).Ints("e", {2}, {2, 4}).Ints("a", {2}, {0, 1});
              m.Ints("t", {2}, {1, 2}).Node("Slice", {"j", "s", "e", "a", "t"}, {"four"});
            }),
            (std::vector<float>{8, 1, 9, 4}));
  EXPECT_EQ(
      run([](TestModel& m) { m.Ints("n", {1}, {4}).Node("ConstantOfShape", {"n"}, {"four"}); }),
      (std::vector<float>{0, 0, 0, 0}));
  EXPECT_EQ(run([](TestModel& m) {
              m.Floats("z", {}, {1}).Floats("e", {}, {3}).Floats("d", {}, {0.5F});
              m.Node("Range", {"z", "e", "d"}, {"four"});
            }),
            (std::vector<float>{1, 1.5F, 2, 2.5F}));
  EXPECT_EQ(run([](TestModel& m) {
              m.Node("Constant", {}, {"b"}, {{"value_floats", std::vector<float>{7, 9}}});
              m.Ints("s", {2}, {2, 1}).Node("Expand", {"b", "s"}, {"four"});
            }),
            (std::vector<float>{7, 9, 7, 9}));
  EXPECT_EQ(run([](TestModel& m) {
              m.Ints("a", {1}, {0}).Node("Unsqueeze", {"c", "a"}, {"u"});
              m.Node("Squeeze", {"u", "a"}, {"v"}).Node("Shape", {"v"}, {"s"});
              m.Node("Concat", {"s", "s"}, {"i"}, {Int("axis", 0)});
              m.Node("Cast", {"i"}, {"four"}, {Int("to", 1)});
            }),
            (std::vector<float>{2, 3, 2, 3}));
  EXPECT_EQ(run([](TestModel& m) {
              m.Ints("w", {4}, {1, 0, 0, 1}).Floats("a", {}, {5}).Floats("b", {4}, {1, 2, 3, 4});
              m.Node("Cast", {"w"}, {"t"}, {Int("to", 9)}).Node("Not", {"t"}, {"n"});
              m.Node("Where", {"n", "a", "b"}, {"four"});
            }),
            (std::vector<float>{1, 5, 5, 4}));
  const auto reduced = [](const char* op, int opset) {
    TestModel model(opset, {0, 2, 2, 2});
    model.Floats("c", {2, 1, 3}, {1, 2, 3, 4, 5, 6}).Ints("a", {1}, {-1});
    if (opset >= 18 || std::string(op) == "ReduceSum") {
      model.Node(op, {"c", "a"}, {"k"});
    } else {
      model.Node(op, {"c"}, {"k"}, {Ints("axes", {2})});
    }
    return Folded(model);
  };
  for (const int opset : {13, 18}) {
    EXPECT_EQ(reduced("ReduceSum", opset), (std::vector<float>{6, 15}));
    EXPECT_EQ(reduced("ReduceMean", opset), (std::vector<float>{2, 5}));
    EXPECT_EQ(reduced("ReduceMax", opset), (std::vector<float>{3, 6}));
    EXPECT_EQ(reduced("ReduceMin", opset), (std::vector<float>{1, 4}));
    EXPECT_EQ(reduced("ReduceProd", opset), (std::vector<float>{6, 120}));
  }
  TestModel size(15);
  size.Node("Size", {"x"}, {"n"}).Node("Shape", {"x"}, {"s"}, {Int("start", -2), Int("end", -1)});
  size.Node("Div", {"n", "s"}, {"i"}).Node("Cast", {"i"}, {"k"}, {Int("to", 1)});
  EXPECT_EQ(Folded(size), std::vector<float>{24});
}

TEST(Folding, WeightsThroughOperators) {
  TestModel model;
  model.Random("w", {1, 1, 4, 2}).Floats("s", {2, 1, 1, 1}, {2, 3});
  model.Node("Identity", {"w"}, {"a"}).Node("Cast", {"a"}, {"b"}, {Int("to", 11)});
  model.Node("Transpose", {"b"}, {"c"}, {Ints("perm", {3, 2, 0, 1})});
  model.Node("Mul", {"c", "s"}, {"d"}).Node("Conv", {"x", "d"}, {"y"});
  const std::vector<float> w = RandomFloats(8, 2);
  std::vector<float> want;
  for (size_t o = 0; o < 2; ++o) {
    for (size_t i = 0; i < 4; ++i) want.push_back(w[i * 2 + o] * (o == 0 ? 2 : 3));
  }
  EXPECT_EQ(Only<graph::Conv>(model.Import()).weights, want);
}

TEST(Folding, Refusals) {
  const auto folded = [](const std::function<void(TestModel&)>& fill) {
    TestModel model;
    model.Floats("a", {2}, {1, 2}).Floats("b", {3}, {1, 2, 3}).Ints("i", {}, {0});
    fill(model);
    return model.Node("Mul", {"x", "k"}, {"y"});
  };
  ExpectRefused(folded([](TestModel& m) {
                  m.Node("Add", {"a", "b"}, {"k"});
                }),
                kBadInput, {"[2]", "[3]"});
  ExpectRefused(folded([](TestModel& m) {
                  m.Node("Add", {"a", "i"}, {"k"});
                }),
                kBadInput, {"INT64"});
  ExpectRefused(folded([](TestModel& m) {
                  m.Node("Div", {"i", "i"}, {"j"}).Node("Cast", {"j"}, {"k"}, {Int("to", 1)});
                }),
                kBadInput, {"by 0"});
  ExpectRefused(folded([](TestModel& m) {
                  m.Ints("n", {2}, {1 << 20, 1 << 20}).Node("ConstantOfShape", {"n"}, {"k"});
                }),
                ErrorCode::kResourceLimit, {"ConstantOfShape"});
  ExpectRefused(
      folded([](TestModel& m) { m.Ints("n", {1}, {-1}).Node("ConstantOfShape", {"n"}, {"k"}); }),
      kBadInput, {"negative"});
  ExpectRefused(folded([](TestModel& m) {
                  m.Ints("n", {2}, {1 << 20, 2}).Node("Expand", {"a", "n"}, {"e"});
                  m.Ints("n2", {3}, {1 << 20, 1, 1}).Node("Expand", {"e", "n2"}, {"k"});
                }),
                ErrorCode::kResourceLimit, {"Expand"});
  ExpectRefused(folded([](TestModel& m) {
                  m.Ints("e", {}, {int64_t{1} << 50}).Ints("d", {}, {1});
                  m.Node("Range", {"i", "e", "d"}, {"k"});
                }),
                kBadInput, {"Range"});
  ExpectRefused(folded([](TestModel& m) {
                  m.Node("Range", {"i", "i", "i"}, {"k"});
                }),
                kBadInput, {"Range"});
  ExpectRefused(folded([](TestModel& m) {
                  m.Ints("j", {}, {2}).Node("Gather", {"a", "j"}, {"k"});
                }),
                kBadInput, {"index 2"});
  ExpectRefused(folded([](TestModel& m) {
                  m.Floats("h", {}, {1e30F}).Node("Cast", {"h"}, {"k"}, {Int("to", 7)});
                }),
                kBadInput, {"Cast"});
  ExpectRefused(folded([](TestModel& m) { m.Node("Cast", {"a"}, {"k"}, {Int("to", 8)}); }),
                kUnsupported, {"STRING"});
  ExpectRefused(folded([](TestModel& m) { m.Node("Tanh", {"a"}, {"k"}); }), kUnsupported,
                {"Tanh", "constant folding"});
  TestModel value;
  value.Node("Floor", {"x"}, {"y"});
  ExpectRefused(value, kUnsupported, {"Floor", "constants only"});
}

}  // namespace
}  // namespace potlut::onnx
