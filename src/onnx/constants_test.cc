// Tests of constants: how they are stored, where they lie, and what is computed of them ahead of
// time.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>

#include "base/text.h"
#include "onnx/model_for_test.h"
#include "onnx/tensor_reader.h"

namespace potlut::onnx {
namespace {

constexpr auto kUnsupported = ErrorCode::kUnsupported;
constexpr auto kBadInput = ErrorCode::kBadInput;

Expected<ConstantPtr> Read(const pb::TensorProto& tensor, const std::string& folder = {},
                           int64_t limit = 1000) {
  Budget budget(limit);
  return ReadTensor(tensor, "it", folder, budget);
}

pb::TensorProto Tensor2(int type) {
  pb::TensorProto tensor;
  tensor.set_data_type(type);
  tensor.add_dims(2);
  return tensor;
}

template <typename T>
void SetRaw(pb::TensorProto& tensor, std::initializer_list<T> values) {
  tensor.set_raw_data(values.begin(), values.size() * sizeof(T));
}

TEST(Tensors, AllTypesRawAndTyped) {
  using T = pb::TensorProto;
  const auto check = [](const pb::TensorProto& tensor, double first, double second) {
    SCOPED_TRACE(TypeName(tensor.data_type()));
    const auto constant = Read(tensor);
    ASSERT_TRUE(constant.ok()) << constant.error().message;
    ASSERT_EQ((*constant)->count(), 2);
    EXPECT_EQ((*constant)->At(0), first);
    EXPECT_EQ((*constant)->At(1), second);
  };
  const auto raw = [&](int type, auto values, double first, double second) {
    pb::TensorProto tensor = Tensor2(type);
    SetRaw(tensor, values);
    check(tensor, first, second);
  };
  raw(T::FLOAT, std::initializer_list<float>{1.5F, -2}, 1.5, -2);
  raw(T::DOUBLE, std::initializer_list<double>{1.5, -2}, 1.5, -2);
  raw(T::FLOAT16, std::initializer_list<uint16_t>{0x3E00, 0xC000}, 1.5, -2);
  raw(T::BFLOAT16, std::initializer_list<uint16_t>{0x3FC0, 0xC000}, 1.5, -2);
  raw(T::INT8, std::initializer_list<int8_t>{5, -6}, 5, -6);
  raw(T::UINT8, std::initializer_list<uint8_t>{5, 250}, 5, 250);
  raw(T::INT16, std::initializer_list<int16_t>{5, -600}, 5, -600);
  raw(T::UINT16, std::initializer_list<uint16_t>{5, 65000}, 5, 65000);
  raw(T::INT32, std::initializer_list<int32_t>{5, -600000}, 5, -600000);
  raw(T::UINT32, std::initializer_list<uint32_t>{5, 4000000000}, 5, 4e9);
  raw(T::INT64, std::initializer_list<int64_t>{5, -6}, 5, -6);
  raw(T::UINT64, std::initializer_list<uint64_t>{5, 6}, 5, 6);
  raw(T::BOOL, std::initializer_list<uint8_t>{0, 7}, 0, 1);
  for (const int type : {T::INT8, T::UINT8, T::INT16, T::UINT16, T::INT32, T::BOOL}) {
    pb::TensorProto tensor = Tensor2(type);
    tensor.add_int32_data(1);
    tensor.add_int32_data(0);
    check(tensor, 1, 0);
  }
  pb::TensorProto half = Tensor2(T::FLOAT16);
  half.add_int32_data(0x3E00);
  half.add_int32_data(0xC000);
  check(half, 1.5, -2);
  pb::TensorProto brain = Tensor2(T::BFLOAT16);
  brain.add_int32_data(0x3FC0);
  brain.add_int32_data(0xC000);
  check(brain, 1.5, -2);
  pb::TensorProto floats = Tensor2(T::FLOAT);
  floats.add_float_data(1.5F);
  floats.add_float_data(-2);
  check(floats, 1.5, -2);
  pb::TensorProto doubles = Tensor2(T::DOUBLE);
  doubles.add_double_data(1.5);
  doubles.add_double_data(-2);
  check(doubles, 1.5, -2);
  pb::TensorProto longs = Tensor2(T::INT64);
  longs.add_int64_data(5);
  longs.add_int64_data(-6);
  check(longs, 5, -6);
  for (const int type : {T::UINT32, T::UINT64}) {
    pb::TensorProto tensor = Tensor2(type);
    tensor.add_uint64_data(5);
    tensor.add_uint64_data(6);
    check(tensor, 5, 6);
  }
}

TEST(Tensors, HalfPrecisionInFull) {
  EXPECT_EQ(HalfToFloat(0x0001), std::ldexp(1.0F, -24));
  EXPECT_EQ(HalfToFloat(0x03FF), std::ldexp(1023.0F, -24));
  EXPECT_EQ(HalfToFloat(0x0400), std::ldexp(1.0F, -14));
  EXPECT_EQ(HalfToFloat(0x7BFF), 65504);
  EXPECT_EQ(HalfToFloat(0x7C00), INFINITY);
  EXPECT_EQ(HalfToFloat(0xFC00), -INFINITY);
  EXPECT_TRUE(std::isnan(HalfToFloat(0x7E00)));
  EXPECT_TRUE(std::signbit(HalfToFloat(0x8000)));
  EXPECT_EQ(Bfloat16ToFloat(0xFF80), -INFINITY);
}

TEST(Tensors, Refusals) {
  using T = pb::TensorProto;
  const auto refused = [](const pb::TensorProto& tensor, ErrorCode code, const char* part) {
    const auto constant = Read(tensor);
    ASSERT_FALSE(constant.ok());
    EXPECT_EQ(static_cast<int>(constant.error().code), static_cast<int>(code));
    EXPECT_NE(constant.error().message.find(part), std::string::npos) << constant.error().message;
  };
  for (const int type : {0, 8, 14, 15, 17, 21, 22, 99}) {
    refused(Tensor2(type), kUnsupported, "float32");
  }
  pb::TensorProto tensor = Tensor2(T::FLOAT);
  refused(tensor, kBadInput, "2 elements");
  tensor.set_raw_data("1234567");
  refused(tensor, kBadInput, "8 bytes, 7");
  tensor.set_raw_data("12345678");
  tensor.add_float_data(1);
  refused(tensor, kBadInput, "twice");
  tensor.clear_float_data();
  tensor.set_dims(0, -1);
  refused(tensor, kBadInput, "negative");
  tensor.set_dims(0, int64_t{1} << 61);
  refused(tensor, kBadInput, "too large");
  tensor.add_dims(int64_t{1} << 61);
  refused(tensor, kBadInput, "counted");
  tensor.clear_dims();
  tensor.add_dims(1000000);
  refused(tensor, kBadInput, "4000000 bytes");
  tensor.mutable_segment();
  refused(tensor, kUnsupported, "segments");
  pb::TensorProto many = Tensor2(T::FLOAT);
  for (int i = 0; i < 20; ++i) many.add_dims(1);
  refused(many, kBadInput, "21 dimensions");
  pb::TensorProto large = Tensor2(T::BOOL);
  large.set_dims(0, 2000);
  large.set_raw_data(std::string(2000, '\1'));
  refused(large, ErrorCode::kResourceLimit, "2000");
}

// A folder with a model's data file of eight floats 0..7, a secret beside the folder, and links to
// both.
class ExternalData : public testing::Test {
 protected:
  void SetUp() override {
    root_ = testing::TempDir() + Cat("potlut_external_", getpid());
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_ + "/model/sub");
    for (const char* name : {"/model/data.bin", "/model/sub/data.bin", "/secret.bin"}) {
      std::ofstream file(root_ + name, std::ios::binary);
      for (int i = 0; i < 8; ++i) {
        const auto value = static_cast<float>(i);
        file.write(reinterpret_cast<const char*>(&value), sizeof(value));
      }
    }
    std::filesystem::create_symlink("data.bin", root_ + "/model/inside");
    std::filesystem::create_symlink("../secret.bin", root_ + "/model/outside");
    std::filesystem::create_symlink("..", root_ + "/model/up");
    ASSERT_EQ(mkfifo((root_ + "/model/pipe").c_str(), 0600), 0);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  Expected<ConstantPtr> At(const std::string& location, const std::string& offset = {},
                           const std::string& length = {}, bool with_folder = true) const {
    pb::TensorProto tensor = Tensor2(pb::TensorProto::FLOAT);
    tensor.set_data_location(pb::TensorProto::EXTERNAL);
    const auto add = [&](const char* key, const std::string& value) {
      if (value.empty()) return;
      pb::StringStringEntryProto& entry = *tensor.add_external_data();
      entry.set_key(key);
      entry.set_value(value);
    };
    add("location", location);
    add("offset", offset);
    add("length", length);
    return Read(tensor, with_folder ? root_ + "/model" : "");
  }
  void Refused(const Expected<ConstantPtr>& constant, const char* part) const {
    ASSERT_FALSE(constant.ok());
    EXPECT_EQ(static_cast<int>(constant.error().code), static_cast<int>(kBadInput));
    EXPECT_NE(constant.error().message.find(part), std::string::npos) << constant.error().message;
  }

  std::string root_;
};

TEST_F(ExternalData, IsReadBesideTheModel) {
  for (const char* location : {"data.bin", "./data.bin", "sub/data.bin", "inside"}) {
    const auto constant = At(location, "8", "8");
    ASSERT_TRUE(constant.ok()) << constant.error().message;
    EXPECT_EQ((*constant)->floats, (std::vector<float>{2, 3}));
  }
  EXPECT_EQ((*At("data.bin", "24"))->floats, (std::vector<float>{6, 7})) << "to the end";
}

TEST_F(ExternalData, OtherPlacesAreRefused) {
  Refused(At("../secret.bin"), "leaves");
  Refused(At("sub/../../secret.bin"), "leaves");
  Refused(At("sub/.."), "leaves");
  Refused(At(root_ + "/secret.bin"), "absolute");
  Refused(At("C:\\secret.bin"), "absolute");
  Refused(At("sub\\data.bin"), "absolute");
  Refused(At("outside", "0", "8"), "link out");
  Refused(At("up/secret.bin", "0", "8"), "link out");
  Refused(At(""), "no file name");
  Refused(At(std::string("data.bin\0x", 10), "0", "8"), "no file name");
  Refused(At("missing.bin"), "not there");
  Refused(At("sub", "0", "8"), "regular");
  Refused(At("pipe", "0", "8"), "regular");
  Refused(At("data.bin", "0", "8", false), "folder");
}

TEST_F(ExternalData, SizesAreChecked) {
  Refused(At("data.bin"), "32 bytes");
  Refused(At("data.bin", "0", "4"), "4 bytes");
  Refused(At("data.bin", "28", "8"), "4 bytes");
  Refused(At("data.bin", "33"), "outside");
  Refused(At("data.bin", "-8"), "offset");
  Refused(At("data.bin", "8x"), "offset");
  Refused(At("data.bin", "0", "99999999999999999999"), "length");
}

TEST_F(ExternalData, InAModelFile) {
  TestModel model;
  pb::TensorProto& weights = *model.graph().add_initializer();
  weights.set_name("w");
  weights.set_data_type(pb::TensorProto::FLOAT);
  for (const int64_t dim : {2, 4, 1, 1}) weights.add_dims(dim);
  weights.set_data_location(pb::TensorProto::EXTERNAL);
  pb::StringStringEntryProto& entry = *weights.add_external_data();
  entry.set_key("location");
  entry.set_value("data.bin");
  model.Node("Conv", {"x", "w"}, {"y"});
  const std::string path = root_ + "/model/net.onnx";
  std::ofstream(path, std::ios::binary) << model.Bytes();
  const auto graph = ImportFile(path);
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(Only<graph::Conv>(graph).weights, (std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7}));
  ExpectRefused(model, kBadInput, {"'w'", "import it by its path"});
}

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
