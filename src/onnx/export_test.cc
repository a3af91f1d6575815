// What is written, operator by operator, read back, and compared in floats.
#include "onnx/export.h"

#include <gtest/gtest.h>

#include <cmath>

#include "graph/random_for_test.h"
#include "graph/simplify.h"
#include "onnx/export_for_test.h"
#include "onnx/import.h"
#include "onnx/model_for_test.h"

namespace potlut::onnx {
namespace {

using graph::Function;
using graph::GraphBuilder;
using graph::Random;
using graph::Shape;

pb::ModelProto Parsed(const graph::Graph& graph, const ExportOptions& options = {}) {
  const auto bytes = ExportOnnx(graph, options);
  if (!bytes.ok()) Stop(bytes.error().message);
  pb::ModelProto model;
  if (!model.ParseFromString(*bytes)) Stop("the bytes are no ONNX model");
  return model;
}

// The operators in the file's order: "Conv Relu".
std::string OpTypes(const pb::ModelProto& model) {
  std::string types;
  for (const pb::NodeProto& node : model.graph().node()) {
    types += (types.empty() ? "" : " ") + node.op_type();
  }
  return types;
}

std::string Dims(const pb::ValueInfoProto& info) {
  std::string text;
  for (const auto& dim : info.type().tensor_type().shape().dim()) {
    text += (text.empty() ? "" : " ") +
            (dim.has_dim_value() ? std::to_string(dim.dim_value()) : dim.dim_param());
  }
  return text;
}

// A graph of one operator on an image of this shape.
graph::Graph Single(const graph::Op& op, const Shape& in = {4, 6, 5}, const Shape& wanted = {}) {
  graph::Graph graph;
  graph.nodes.push_back({"image", graph::Input{}, {}, in});
  const auto node = graph::Append(graph, {"it", op, {0}, wanted});
  if (!node.ok()) Stop(node.error().message);
  graph.outputs = {1};
  return graph;
}

TEST(Export, RandomGraphsComeBack) {
  for (uint32_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random(seed);
    const graph::Graph graph = graph::RandomGraph(random, random.Int(1, 14));
    ExpectComesBack(graph, seed);
    if (testing::Test::HasFailure()) {
      FAIL() << graph::Describe(graph) << OpTypes(Parsed(graph));
    }
  }
}

TEST(Export, EveryFunctionComesBack) {
  for (int32_t f = 0; f <= static_cast<int32_t>(Function::kReciprocal); ++f) {
    graph::Activation act{static_cast<Function>(f), 0.25F, 0.75F, {}};
    if (act.function == Function::kPRelu) act.slope = {0.1F, -0.2F, 0.3F, 0.4F};
    SCOPED_TRACE(graph::FunctionName(act.function));
    ExpectComesBack(Single(act), 7);  // a map
    ExpectComesBack(Single(act, {4, 1, 1}), 8);
    GraphBuilder b({3, 4, 4});  // a vector
    const int32_t flat = b.Put(graph::Flatten{}, {0});
    if (!act.slope.empty()) act.slope.assign(48, 0.3F);
    ExpectComesBack(b.Finish({b.Put(act, {flat})}), 9);
  }
}

// The forms in which functions are written out are those that Simplify recognises.
TEST(Export, ComposedFunctionsAreRecognised) {
  for (const Function f : {Function::kHardSwish, Function::kGelu, Function::kSilu}) {
    const auto back = Reimported(Single(graph::Activation{f, 0, 0, {}}));
    ASSERT_TRUE(back.ok()) << back.error().message;
    const auto simple = graph::Simplify(*back);
    ASSERT_TRUE(simple.ok()) << simple.error().message;
    EXPECT_EQ(Only<graph::Activation>(simple).function, f) << graph::Describe(*simple);
  }
}

TEST(Export, ClipWithOpenEnds) {
  for (const auto& [a, b] : std::vector<std::pair<float, float>>{
           {-INFINITY, 0.5F}, {0.25F, INFINITY}, {-INFINITY, INFINITY}, {0, 6}}) {
    ExpectComesBack(Single(graph::Activation{Function::kClip, a, b, {}}), 3);
  }
}

TEST(Export, EveryOtherOperatorComesBack) {
  Random random(5);
  const graph::Window window{.kernel_h = 3,
                             .kernel_w = 2,
                             .stride_h = 2,
                             .dilation_h = 1,
                             .dilation_w = 2,
                             .pad_top = 1,
                             .pad_bottom = 2,
                             .pad_right = 1};
  graph::Window pool = window;
  pool.dilation_w = 1;
  ExpectComesBack(Single(graph::RandomConv(random, window, 4, 6, 2)), 1);
  ExpectComesBack(Single(graph::RandomConv(random, window, 4, 8, 4)), 1);
  ExpectComesBack(Single(graph::MaxPool{window}), 1);
  ExpectComesBack(Single(graph::AvgPool{pool, true}), 1);
  ExpectComesBack(Single(graph::AvgPool{pool, false}), 1);
  ExpectComesBack(Single(graph::AvgPool{{.kernel_h = 6, .kernel_w = 5}, false}), 1);
  ExpectComesBack(Single(graph::Flatten{graph::Flatten::Order::kChw}), 1);
  ExpectComesBack(Single(graph::Flatten{graph::Flatten::Order::kHwc}), 1);
  ExpectComesBack(Single(graph::Pad{{1, 0, 2}, {0, 3, 1}, -0.5F}), 1);
  ExpectComesBack(Single(graph::Slice{{1, 0, 1}, {2, 3, 1}}, {4, 6, 5}, {2, 2, 3}), 1);
  ExpectComesBack(Single(graph::Slice{}, {4, 6, 5}, {4, 6, 5}), 1);
  for (const int32_t groups : {1, 2, 3, 6}) {
    ExpectComesBack(Single(graph::Shuffle{groups}, {6, 3, 2}), 1);
  }
  ExpectComesBack(Single(graph::Resize{2, 3}), 1);
  ExpectComesBack(Single(graph::Lrn{3, 0.2F, 0.6F, 1.5F}), 1);
  ExpectComesBack(Single(graph::Softmax{}), 1);
  ExpectComesBack(Single(graph::Softmax{}, {7, 1, 1}), 1);
  ExpectComesBack(Single(graph::ArgMax{}), 1);
  ExpectComesBack(Single(graph::ArgMax{}, {7, 1, 1}), 1);
}

TEST(Export, GatesAndJoins) {
  Random random(11);
  GraphBuilder b({4, 5, 5});
  const int32_t conv = b.Put(graph::RandomConv(random, {}, 4, 6), {0}, "body");
  const int32_t mean = b.Put(graph::AvgPool{{.kernel_h = 5, .kernel_w = 5}, false}, {conv});
  const int32_t less = b.Put(graph::RandomConv(random, {}, 6, 2), {mean}, "squeeze");
  const int32_t more = b.Put(graph::RandomConv(random, {}, 2, 6), {b.Act(Function::kRelu, less)});
  const int32_t gate = b.Act(Function::kSigmoid, more);
  const int32_t gated = b.Put(graph::Mul{}, {conv, gate}, "gated");
  const int32_t moved = b.Put(graph::Add{true}, {gated, gate});
  const int32_t joined = b.Put(graph::Concat{}, {moved, conv, gated}, "joined");
  const int32_t index = b.Put(graph::ArgMax{}, {joined}, "index");
  const graph::Graph graph = b.Finish({joined, index, b.Line(index, 0.5F, 1), joined, 0});
  ExpectComesBack(graph, 2);
  // A gate is a map for the multiplication: no dense layer, no change of form.
  const pb::ModelProto model = Parsed(graph);
  EXPECT_EQ(OpTypes(model),
            "Conv GlobalAveragePool Conv Relu Conv Sigmoid Mul Sub Concat ArgMax Cast Mul Add "
            "Identity Identity");
  ASSERT_EQ(model.graph().output_size(), 5);
  EXPECT_EQ(model.graph().output(0).name(), "joined");
  EXPECT_EQ(model.graph().output(1).name(), "index");
  EXPECT_EQ(model.graph().output(1).type().tensor_type().elem_type(), pb::TensorProto::INT64);
  EXPECT_EQ(model.graph().output(3).name(), "joined/output");
  EXPECT_EQ(model.graph().output(4).name(), "image/output");
}

TEST(Export, DenseLayersAreGemm) {
  Random random(12);
  GraphBuilder b({4, 5, 5});
  const int32_t mean = b.Put(graph::AvgPool{{.kernel_h = 5, .kernel_w = 5}, false}, {0}, "mean");
  const int32_t one = b.Put(graph::RandomConv(random, {}, 4, 8), {mean}, "fc1");
  const int32_t bent = b.Put(graph::Affine{random.Reals(8), random.Reals(8)}, {one}, "bn");
  const int32_t two =
      b.Put(graph::RandomConv(random, {}, 8, 3), {b.Act(Function::kRelu, bent)}, "fc2");
  const graph::Graph graph = b.Finish({b.Put(graph::Softmax{}, {two})});
  ExpectComesBack(graph, 3);
  const pb::ModelProto model = Parsed(graph);
  EXPECT_EQ(OpTypes(model), "GlobalAveragePool Flatten Gemm Mul Add Relu Gemm Softmax");
  EXPECT_EQ(Dims(model.graph().input(0)), "N 4 5 5");
  EXPECT_EQ(Dims(model.graph().output(0)), "N 3");
}

// A dense layer's vector is made a map again where a window reads it.
TEST(Export, FormsMeet) {
  Random random(13);
  GraphBuilder b({3, 4, 4});
  const int32_t flat = b.Put(graph::Flatten{}, {0}, "flat");
  const int32_t fc = b.Put(graph::RandomConv(random, {}, 48, 5), {flat}, "fc");
  const int32_t padded = b.Put(graph::Pad{{1, 0, 0}, {0, 0, 0}, 2}, {flat}, "padded");
  const int32_t again = b.Put(graph::Pad{{0, 1, 0}, {0, 0, 0}, 1}, {flat}, "again");
  const graph::Graph graph = b.Finish({fc, padded, again});
  ExpectComesBack(graph, 4);
  EXPECT_EQ(OpTypes(Parsed(graph)), "Flatten Gemm Unsqueeze Pad Pad");
}

TEST(Export, NormalisationComesBackBitForBit) {
  Random random(14);
  GraphBuilder b({3, 8, 8});
  const int32_t conv =
      b.Put(graph::RandomConv(random, {.kernel_h = 3, .kernel_w = 3}, 3, 5), {0}, "conv1");
  const graph::Affine affine{random.Reals(5, -3, 3), random.Reals(5, -3, 3)};
  const int32_t bn = b.Put(affine, {conv}, "bn1");
  const int32_t pool = b.Put(graph::MaxPool{{.kernel_h = 2, .kernel_w = 2}}, {bn});
  b.Put(graph::Affine{{2}, {0}}, {pool}, "twice");
  const graph::Graph graph =
      b.Finish({b.Line(4, 1, 0.5F), b.Put(graph::Affine{{3}, {1}}, {conv}, "bn2")});
  EXPECT_EQ(OpTypes(Parsed(graph)), "Conv BatchNormalization MaxPool Mul Add BatchNormalization");
  ExpectComesBack(graph, 5);
  const auto back = Reimported(graph);
  ASSERT_TRUE(back.ok()) << back.error().message;
  for (const graph::Node& node : back->nodes) {
    if (node.name != "bn1") continue;
    EXPECT_EQ(std::get<graph::Affine>(node.op).scale, affine.scale);
    EXPECT_EQ(std::get<graph::Affine>(node.op).shift, affine.shift);
    return;
  }
  FAIL() << "no bn1: " << graph::Describe(*back);
}

TEST(Export, HeaderNamesAndMetadata) {
  Random random(15);
  GraphBuilder b({3, 8, 8});
  // A node with the name that a weight would get, and one that no output needs.
  const int32_t relu = b.Act(Function::kRelu, 0);
  b.graph.nodes[1].name = "conv.weight";
  const int32_t conv = b.Put(graph::RandomConv(random, {}, 3, 2), {relu}, "conv");
  b.Put(graph::Softmax{}, {conv}, "unused");
  b.graph.metadata = {{"source.name", "a net"}, {"key", "value"}};
  const graph::Graph graph = b.Finish({conv});
  const pb::ModelProto model = Parsed(graph, {.graph_name = "", .producer_version = "1.2"});
  EXPECT_EQ(model.producer_name(), "potlut");
  EXPECT_EQ(model.producer_version(), "1.2");
  EXPECT_EQ(model.ir_version(), 7);
  ASSERT_EQ(model.opset_import_size(), 1);
  EXPECT_EQ(model.opset_import(0).version(), 13);
  EXPECT_EQ(model.graph().name(), "a net");
  ASSERT_EQ(model.metadata_props_size(), 2);
  EXPECT_EQ(model.metadata_props(0).key(), "key");
  EXPECT_EQ(model.metadata_props(0).value(), "value");
  EXPECT_EQ(OpTypes(model), "Relu Conv");
  EXPECT_EQ(Parsed(graph, {.graph_name = "mine", .producer_version = ""}).graph().name(), "mine");
  const auto back = Reimported(graph);
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(back->nodes[0].name, "image");
  EXPECT_EQ(back->nodes[1].name, "conv.weight");
  EXPECT_EQ(back->nodes[2].name, "conv");
  ExpectComesBack(graph, 6);
}

TEST(Export, AFileIsReplacedWholly) {
  const std::string path = testing::TempDir() + "/potlut_export_test.onnx";
  const graph::Graph graph = Single(graph::Softmax{});
  ASSERT_TRUE(SaveOnnx(path, graph).ok());
  const auto back = ImportFile(path);
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(Ops(back), "input softmax");
  std::remove(path.c_str());
  const Status status = SaveOnnx("/nowhere/x.onnx", graph);
  EXPECT_EQ(status.code(), ErrorCode::kFailed);
  EXPECT_NE(status.message().find("/nowhere/x.onnx"), std::string::npos) << status.message();
}

TEST(Export, InvalidGraphsAreRefused) {
  graph::Graph graph = Single(graph::Softmax{});
  graph.outputs = {9};
  const auto bytes = ExportOnnx(graph);
  ASSERT_FALSE(bytes.ok());
  EXPECT_EQ(bytes.error().code, ErrorCode::kBadInput);
  const Status status = SaveOnnx(testing::TempDir() + "/never.onnx", graph);
  EXPECT_NE(status.message().find("never.onnx"), std::string::npos) << status.message();
}

}  // namespace
}  // namespace potlut::onnx
