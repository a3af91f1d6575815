// Exported programs, computed as ONNX words it, beside the reference executor.
#include "onnx/export_qdq.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <set>

#include "base/text.h"
#include "onnx/lookup_fit.h"
#include "onnx/qdq_interpreter_for_test.h"
#include "pack/plut.h"
#include "pack/random_program.h"
#include "program/reference.h"
#include "program/testing.h"
#include "program/validate.h"

namespace potlut::onnx {
namespace {

pb::ModelProto Exported(const Program& program) {
  const auto bytes = ExportQdq(program);
  pb::ModelProto model;
  if (!bytes.ok()) {
    ADD_FAILURE() << bytes.error().message;
  } else {
    EXPECT_TRUE(model.ParseFromString(*bytes));
  }
  return model;
}

// Stored bytes as an NCHW value of an exported network (wide: integers).
QdqValue Planes(const Tensor& tensor, const TensorData& data) {
  const Dims d = tensor.dims;
  QdqValue value{{1, d.c, d.h, d.w}, std::vector<double>(static_cast<size_t>(d.count()))};
  for (int32_t p = 0; p < d.h * d.w; ++p) {
    for (int32_t c = 0; c < d.c; ++c) {
      const auto i = static_cast<size_t>(p * d.c + c);
      int32_t v = data[tensor.type.wide() ? i * 4 : i];
      if (tensor.type.wide()) {
        std::memcpy(&v, data.data() + i * 4, 4);
      } else if (tensor.type.is_signed) {
        v = static_cast<int8_t>(data[i]) + 128;
      }
      value.data[static_cast<size_t>(c * d.h * d.w + p)] = v;
    }
  }
  return value;
}

struct Differences {
  int64_t values = 0, off_by_one = 0;
};

// Runs the export, every node on what the reference executor computed, and compares each tensor: a
// byte may differ by the one that a tie is worth, and only where `may_be_negative`.
Differences Compare(Program program, std::span<const uint8_t> image) {
  for (size_t t = 0; t < program.tensors.size(); ++t) program.tensors[t].name = Cat("t", t);
  const auto wanted = ReferenceRun(program, image);
  EXPECT_TRUE(wanted.ok());
  std::map<std::string, size_t> tensors;
  for (const Node& node : program.nodes) {
    const auto t = static_cast<size_t>(node.output);
    tensors[Cat("t", t, program.tensors[t].type.wide() ? "" : "/bytes")] = t;
  }
  QdqValue input{
      {1, program.tensors[0].dims.h, program.tensors[0].dims.w, program.tensors[0].dims.c},
      {image.begin(), image.end()}};
  Differences differences;
  size_t met = 0;
  RunQdq(Exported(program), input, [&](const std::string& name, QdqValue& value) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) return;
    ++met;
    const Tensor& tensor = program.tensors[found->second];
    if (tensor.type.wide()) return;  // real numbers: the last ones are compared below
    const QdqValue want = Planes(tensor, (*wanted)[found->second]);
    ASSERT_EQ(value.dims, want.dims) << name;
    for (size_t i = 0; i < want.data.size(); ++i) {
      ++differences.values;
      if (value.data[i] == want.data[i]) continue;
      ++differences.off_by_one;
      ASSERT_EQ(std::abs(value.data[i] - want.data[i]), 1) << name << " at " << i;
    }
    value.data = want.data;
  });
  EXPECT_GE(met + program.outputs.size(), tensors.size());
  return differences;
}

std::vector<uint8_t> Noise(const Program& program, uint64_t seed) {
  SmallRandom random(seed);
  const auto count =
      static_cast<size_t>(program.tensors[static_cast<size_t>(program.input)].dims.count());
  std::vector<uint8_t> image(count);
  for (uint8_t& v : image) v = static_cast<uint8_t>(random.Int(0, 255));
  return image;
}

TEST(ExportQdq, EveryOperatorComputesWhatTheReferenceDoes) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(Cat("seed ", seed));
    const Program program = RandomProgram(seed, {.strange_text = false});
    const auto differences = Compare(program, Noise(program, seed));
    if (::testing::Test::HasFailure()) return;
    EXPECT_GT(differences.values, 0);
    // Ties of signed values alone.
    EXPECT_LT(differences.off_by_one, differences.values / 5 + 8);
  }
}

// One convolution whose input is the image.
Program OneConv(TensorType out, int8_t shift, int32_t lo) {
  std::mt19937 rng(7);
  testing::Builder builder({6, 5, 3});
  ConvOp conv = testing::RandomConv(rng, {3, 3, 1, 1, 1, 1, 1, 1, 1, 1}, 3, 8, 1,
                                    MakeAlphabet(AlphabetKind::kPot, 4).value(), out);
  std::fill(conv.shift.begin(), conv.shift.end(), shift);
  conv.lo = lo;
  builder.Add(conv, {0}, {6, 5, 8}, out);
  return builder.program();
}

TEST(ExportQdq, TiesRoundUpWhereNothingIsNegative) {
  for (const int8_t shift : {int8_t{1}, int8_t{2}, int8_t{5}, int8_t{9}}) {
    const Program program = OneConv({8, false}, shift, 0);
    for (uint64_t seed = 1; seed <= 20; ++seed)
      EXPECT_EQ(Compare(program, Noise(program, seed)).off_by_one, 0) << int{shift};
  }
}

TEST(ExportQdq, WholeNetworkGivesTheSameLogits) {
  const Program program = ResNet20Shaped(3, MakeAlphabet(AlphabetKind::kApot, 4).value());
  const auto image = Noise(program, 5);
  const auto differences = Compare(program, image);
  EXPECT_LT(differences.off_by_one, differences.values / 50);
  // The last layer's sums are exact, given what it reads.
  const pb::ModelProto model = Exported(program);
  ASSERT_EQ(model.graph().output_size(), 1);
  EXPECT_EQ(model.graph().output(0).type().tensor_type().shape().dim_size(), 2);
}

TEST(ExportQdq, WritesLevelsWithAScaleAChannel) {
  const Program program = OneConv({8, false}, 4, 0);
  const pb::ModelProto model = Exported(program);
  int64_t levels = 0, scales = 0, biases = 0;
  for (const auto& tensor : model.graph().initializer()) {
    levels += tensor.data_type() == pb::TensorProto::INT8 && tensor.dims_size() == 4 ? 1 : 0;
    scales += tensor.data_type() == pb::TensorProto::FLOAT && tensor.dims_size() == 1 &&
                      tensor.dims(0) == 8
                  ? 1
                  : 0;
    biases += tensor.data_type() == pb::TensorProto::INT32 && tensor.dims_size() == 1 ? 1 : 0;
  }
  EXPECT_EQ(levels, 1);
  EXPECT_EQ(scales, 2);  // of weights and of biases
  EXPECT_EQ(biases, 2);  // with the zero points
  EXPECT_EQ(model.opset_import(0).version(), 13);
  EXPECT_EQ(model.graph().input(0).type().tensor_type().elem_type(), pb::TensorProto::UINT8);
}

TEST(ExportQdq, StrangeNamesStayUniqueAndPlain) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    const pb::ModelProto model = Exported(RandomProgram(seed));
    std::set<std::string> names;
    for (const auto& node : model.graph().node()) {
      EXPECT_TRUE(names.insert(node.output(0)).second) << node.output(0);
      EXPECT_FALSE(node.output(0).empty());
      for (const char c : node.output(0)) EXPECT_TRUE(c > ' ' && c < 127);
    }
  }
}

TEST(ExportQdq, NamesTheNodeWhoseScaleIsNoFloat) {
  Program program = OneConv({8, false}, 4, 0);
  program.tensors[1].exponent = -200;
  const auto bytes = ExportQdq(program);
  ASSERT_FALSE(bytes.ok());
  EXPECT_EQ(bytes.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(bytes.error().message.find("'t1'"), std::string::npos) << bytes.error().message;
}

TEST(ExportQdq, RefusesAnInvalidProgram) {
  Program program = OneConv({8, false}, 4, 0);
  program.nodes[0].inputs = {9};
  EXPECT_EQ(ExportQdq(program).status().code(), ErrorCode::kBadInput);
}

std::vector<int16_t> Rounded(double slope, double offset, int32_t first, int lo, int hi) {
  std::vector<int16_t> table;
  for (int32_t x = first; x < first + 256; ++x) {
    const double y = std::floor(slope * x + offset + 0.5);
    table.push_back(static_cast<int16_t>(std::clamp<double>(y, lo, hi)));
  }
  return table;
}

TEST(LookupFit, FindsLinesAndTheirClamps) {
  for (const auto& [slope, offset] : {std::pair{0.3713, -21.31}, {-1.7, 200.2}, {0.011, 3.0}}) {
    const auto table = Rounded(slope, offset, 0, -128, 127);
    const auto line = FitLine(table, 0, -128, 127);
    ASSERT_TRUE(line.has_value()) << slope;
    for (int32_t x = 0; x < 256; ++x) {
      const double y = std::clamp(std::nearbyint(line->slope * x + line->offset), -128.0, 127.0);
      ASSERT_EQ(y, table[static_cast<size_t>(x)]) << slope << " at " << x;
    }
  }
  auto bent = Rounded(0.5, 0, 0, 0, 255);
  bent[100] = static_cast<int16_t>(bent[100] + 2);
  EXPECT_FALSE(FitLine(bent, 0, 0, 255).has_value());
}

TEST(LookupFit, SlopesThatOnlyChangeTheScale) {
  const auto table = Rounded(0.125, 0, 0, 0, 15);  // u8 to u4, ties up
  const auto slope = FitSlope(table, 0, 0, 15);
  ASSERT_TRUE(slope.has_value());
  for (int32_t x = 0; x < 256; ++x) {
    EXPECT_EQ(std::min(std::nearbyint(*slope * x), 15.0), table[static_cast<size_t>(x)]) << x;
  }
  EXPECT_EQ(FitSlope(Rounded(2, 0, 0, 0, 255), 0, 0, 255), 2.0);
  EXPECT_FALSE(FitSlope(Rounded(1, 7, 0, 0, 255), 0, 0, 255).has_value());
}

}  // namespace
}  // namespace potlut::onnx
