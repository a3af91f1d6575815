// Tests of stored constants: all types, and data that lies beside the model.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>

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

}  // namespace
}  // namespace potlut::onnx
