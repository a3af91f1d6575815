// Tests of a model as a whole: versions, names, order, inputs, outputs, what is live.
#include "onnx/import.h"

#include <gtest/gtest.h>

#include <fstream>

#include "onnx/model_for_test.h"

namespace potlut::onnx {
namespace {

constexpr auto kUnsupported = ErrorCode::kUnsupported;
constexpr auto kBadInput = ErrorCode::kBadInput;

TestModel Relu(int opset = 13, const std::vector<int64_t>& input = {0, 4, 6, 6}) {
  TestModel model(opset, input);
  model.Node("Relu", {"x"}, {"y"});
  return model;
}

TEST(Model, Versions) {
  for (int opset = 7; opset <= 21; ++opset) EXPECT_TRUE(Relu(opset).Import().ok()) << opset;
  ExpectRefused(Relu(6), kUnsupported, {"opset 6", "7..21"});
  ExpectRefused(Relu(22), kUnsupported, {"opset 22", "7..21"});
  ExpectRefused(Relu(-3), kUnsupported, {"opset -3"});
  TestModel none = Relu();
  none.proto().clear_opset_import();
  ExpectRefused(none, kBadInput, {"opset"});
  TestModel twice = Relu();
  twice.proto().add_opset_import()->set_version(12);
  twice.proto().mutable_opset_import(1)->set_domain("ai.onnx");
  ExpectRefused(twice, kBadInput, {"13 and 12"});
  TestModel others = Relu();
  others.proto().add_opset_import()->set_domain("ai.onnx.ml");
  EXPECT_TRUE(others.Import().ok()) << "imported and not used";
  for (const int ir : {3, 4, 10, 12}) {
    TestModel model = Relu();
    model.proto().set_ir_version(ir);
    EXPECT_TRUE(model.Import().ok()) << ir;
  }
  TestModel old = Relu();
  old.proto().set_ir_version(2);
  ExpectRefused(old, kUnsupported, {"IR version 2"});
  old.proto().clear_ir_version();
  ExpectRefused(old, kBadInput, {"IR version"});
}

TEST(Model, IsRecognised) {
  const auto import = [](const std::string& bytes) {
    return Import({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, "").status();
  };
  EXPECT_EQ(import("").code(), kBadInput);
  EXPECT_EQ(import("Not a model at all, but some text.").code(), kBadInput);
  EXPECT_EQ(import(std::string(1000, '\0')).code(), kBadInput);
  pb::ModelProto empty;
  empty.set_ir_version(8);
  EXPECT_EQ(import(empty.SerializeAsString()).code(), kBadInput);
  EXPECT_EQ(ImportFile("/no/such/file.onnx").status().code(), kBadInput);
  EXPECT_EQ(ImportFile(POTLUT_SOURCE_DIR).status().code(), kBadInput);
  ImportOptions small;
  small.max_file_bytes = 10;
  EXPECT_EQ(Relu().Import("", small).status().code(), ErrorCode::kResourceLimit);
  // The path is part of the message.
  const std::string path = testing::TempDir() + "broken.onnx";
  std::ofstream(path) << "broken";
  EXPECT_NE(ImportFile(path).status().message().find("broken.onnx"), std::string::npos);
}

TEST(Model, Metadata) {
  const auto graph = Relu(17).Import();
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  auto metadata = graph->metadata;
  EXPECT_EQ(metadata["source.format"], "onnx");
  EXPECT_EQ(metadata["source.name"], "small");
  EXPECT_EQ(metadata["source.producer"], "test 1.0");
  EXPECT_EQ(metadata["source.opset"], "17");
  EXPECT_EQ(metadata["source.ir_version"], "8");
  EXPECT_EQ(metadata["source.input"], "x");
  EXPECT_EQ(metadata["source.input_axes"], "NCHW");
  EXPECT_EQ(metadata["source.output.0"], "y");
}

TEST(Names, AreUniqueAndSpeak) {
  TestModel model;
  model.Node("Relu", {"x"}, {"a"}).Node("Neg", {"a"}, {"b"}).Node("Abs", {"b"}, {"y"});
  model.graph().mutable_node(0)->set_name("same");
  model.graph().mutable_node(1)->set_name("same");
  const auto graph = model.Import();
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph->nodes[1].name, "same");
  EXPECT_EQ(graph->nodes[2].name, "same_2");
  EXPECT_EQ(graph->nodes[3].name, "y") << "no name: that of its output";
  model.graph().mutable_node(0)->set_name("a\x1b[31m\nb");
  EXPECT_EQ(model.Import()->nodes[1].name, "a?[31m?b");
}

TEST(Names, Clashes) {
  TestModel twice;
  twice.Node("Relu", {"x"}, {"y"}).Node("Abs", {"x"}, {"y"});
  ExpectRefused(twice, kBadInput, {"'y'", "second time"});
  TestModel input;
  input.Node("Relu", {"x"}, {"x"});
  ExpectRefused(input, kBadInput, {"'x'"});
  TestModel stored = Relu();
  stored.Floats("w", {}, {1}).Floats("w", {}, {1});
  ExpectRefused(stored, kBadInput, {"'w'", "twice"});
  TestModel nameless = Relu();
  nameless.Floats("", {}, {1});
  ExpectRefused(nameless, kBadInput, {"no name"});
  TestModel inputs = Relu();
  *inputs.graph().add_input() = inputs.graph().input(0);
  ExpectRefused(inputs, kBadInput, {"'x'", "twice"});
}

TEST(Order, IsFoundAndCyclesAreNot) {
  TestModel shuffled;
  shuffled.Node("Abs", {"b"}, {"y"}).Node("Neg", {"a"}, {"b"}).Node("Relu", {"x"}, {"a"});
  EXPECT_EQ(Ops(shuffled.Import()), "input activation activation activation");
  TestModel cycle;
  cycle.Node("Add", {"x", "c"}, {"a"}).Node("Neg", {"a"}, {"c"}).Node("Abs", {"a"}, {"y"});
  ExpectRefused(cycle, kBadInput, {"cycle"});
  TestModel self;
  self.Node("Add", {"x", "y"}, {"y"});
  ExpectRefused(self, kBadInput, {"cycle"});
  TestModel missing;
  missing.Node("Add", {"x", "nowhere"}, {"y"});
  ExpectRefused(missing, kBadInput, {"'nowhere'", "nothing gives"});
}

TEST(Live, DeadNodesAreNotLookedAt) {
  TestModel model = Relu();
  model.Node("LSTM", {"x", "gone"}, {"dead"}).Node("If", {"dead"}, {"dead2"});
  model.graph().add_node()->set_domain("com.example");
  EXPECT_EQ(Ops(model.Import()), "input activation");
  // A node that only a shape was taken from leaves nothing behind.
  TestModel shape;
  shape.Node("Exp", {"x"}, {"e"}).Node("Shape", {"e"}, {"s"}).Node("Reshape", {"x", "s"}, {"r"});
  shape.Node("Abs", {"r"}, {"y"});
  EXPECT_EQ(Ops(shape.Import()), "input activation");
}

TEST(Inputs, FormsAndRefusals) {
  EXPECT_EQ(Relu(13, {1, 3, 8, 9}).Import()->input_shape(), (graph::Shape{3, 8, 9}));
  EXPECT_EQ(Relu(13, {-1, 3, 8, 9}).Import()->input_shape(), (graph::Shape{3, 8, 9}));
  EXPECT_EQ(Relu(13, {16, 3, 8, 9}).Import()->input_shape(), (graph::Shape{3, 8, 9}));
  EXPECT_EQ(Relu(13, {0, 20}).Import()->input_shape(), (graph::Shape{20, 1, 1}));
  TestModel no_dim = Relu();
  no_dim.graph()
      .mutable_input(0)
      ->mutable_type()
      ->mutable_tensor_type()
      ->mutable_shape()
      ->mutable_dim(0)
      ->Clear();
  EXPECT_TRUE(no_dim.Import().ok());
  ExpectRefused(Relu(13, {0, 3, 0, 0}), kUnsupported, {"'x'", "dimension 2", "fixed"});
  ExpectRefused(Relu(13, {0, 3, 8}), kUnsupported, {"3 dimensions"});
  ExpectRefused(Relu(13, {0, 3, 8, 8, 8}), kUnsupported, {"5 dimensions"});
  ExpectRefused(Relu(13, {0, int64_t{1} << 40, 8, 8}), kUnsupported, {"too large"});
  ExpectRefused(Relu(13, {0, 1 << 20, 1 << 20, 8}), ErrorCode::kResourceLimit, {"elements"});
  TestModel two;
  *two.graph().add_input() = two.graph().input(0);
  two.graph().mutable_input(1)->set_name("z");
  two.Node("Add", {"x", "z"}, {"y"});
  ExpectRefused(two, kUnsupported, {"2 inputs", "'x'", "'z'"});
  TestModel unused = Relu();
  *unused.graph().add_input() = unused.graph().input(0);
  unused.graph().mutable_input(1)->set_name("z");
  EXPECT_TRUE(unused.Import().ok());
  TestModel none;
  none.Floats("c", {1}, {1}).Node("Relu", {"c"}, {"y"});
  ExpectRefused(none, kBadInput, {"no output depends"});
  TestModel shapeless = Relu();
  shapeless.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->clear_shape();
  ExpectRefused(shapeless, kUnsupported, {"no shape"});
  TestModel text = Relu();
  text.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(
      pb::TensorProto::STRING);
  ExpectRefused(text, kUnsupported, {"STRING"});
  TestModel sequence = Relu();
  sequence.graph().mutable_input(0)->mutable_type()->mutable_sequence_type();
  ExpectRefused(sequence, kUnsupported, {"no tensor"});
}

TEST(Inputs, InitializersAmongThem) {
  // As files of IR version 3 list them.
  TestModel model;
  model.Floats("c", {}, {2}).Node("Mul", {"x", "c"}, {"y"});
  *model.graph().add_input() = model.graph().input(0);
  model.graph().mutable_input(1)->set_name("c");
  EXPECT_EQ(Ops(model.Import()), "input affine");
}

TEST(Inputs, IntegerImagesMustBeCast) {
  TestModel model;
  model.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(
      pb::TensorProto::UINT8);
  model.Node("Cast", {"x"}, {"f"}, {Int("to", 1)}).Node("Relu", {"f"}, {"y"});
  EXPECT_EQ(Ops(model.Import()), "input activation");
  model.graph().mutable_node(1)->set_input(0, "x");
  ExpectRefused(model, kUnsupported, {"integers"});
}

TEST(Inputs, ChannelsLast) {
  // As exporters of TensorFlow write it: arithmetic, then a transpose.
  TestModel model(13, {0, 5, 6, 3});
  model.Floats("k", {}, {2}).Floats("m", {3}, {10, 20, 30}).Random("w", {2, 3, 1, 1});
  model.Node("Mul", {"x", "k"}, {"a"}).Node("Sub", {"a", "m"}, {"b"});
  model.Node("Transpose", {"b"}, {"t"}, {Ints("perm", {0, 3, 1, 2})});
  model.Node("Identity", {"t"}, {"y"});
  const auto graph = model.Import();
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph->input_shape(), (graph::Shape{3, 5, 6}));
  EXPECT_EQ(graph->metadata.at("source.input_axes"), "NHWC");
  std::vector<float> x = RandomFloats(90, 1);
  std::vector<float> want;
  for (size_t i = 0; i < 90; ++i) want.push_back(2 * x[i] - 10 * static_cast<float>(i / 30 + 1));
  ExpectNear(Evaluated(model, x), want);
  // One channel: the move of its axis may be a reshape.
  TestModel grey(13, {0, 5, 6, 1});
  grey.Ints("s", {4}, {-1, 1, 5, 6}).Random("w", {2, 1, 3, 3});
  grey.Node("Reshape", {"x", "s"}, {"r"}).Node("Conv", {"r", "w"}, {"y"});
  EXPECT_EQ(grey.Import()->input_shape(), (graph::Shape{1, 5, 6}));
}

TEST(Outputs, SeveralAndConstantOnes) {
  TestModel model = Relu();
  model.Node("Neg", {"x"}, {"z"}).Output("z").Output("y");
  const auto graph = model.Import();
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  ASSERT_EQ(graph->outputs.size(), 3U);
  EXPECT_EQ(graph->outputs[0], graph->outputs[2]);
  EXPECT_EQ(graph->nodes[static_cast<size_t>(graph->outputs[1])].name, "z");
  TestModel constant = Relu();
  constant.Floats("c", {1}, {1}).Output("c");
  ExpectRefused(constant, kUnsupported, {"'c'", "does not depend"});
  TestModel turned;
  turned.Node("Transpose", {"x"}, {"y"}, {Ints("perm", {1, 0, 2, 3})});
  ExpectRefused(turned, kUnsupported, {"'y'", "axis 0 must be the batch"});
  TestModel missing = Relu();
  missing.Output("nowhere");
  ExpectRefused(missing, kBadInput, {"'nowhere'"});
  TestModel none = Relu();
  none.graph().clear_output();
  ExpectRefused(none, kBadInput, {"no outputs"});
}

TEST(Operators, OutsideTheTable) {
  const auto unknown = [](const char* op) {
    TestModel model;
    model.Node(op, {"x"}, {"y"});
    return model;
  };
  ExpectRefused(unknown("LSTM"), kUnsupported, {"'y'", "LSTM", "recurrent"});
  ExpectRefused(unknown("Loop"), kUnsupported, {"control flow"});
  ExpectRefused(unknown("SequenceConstruct"), kUnsupported, {"sequences"});
  ExpectRefused(unknown("QuantizeLinear"), kUnsupported, {"float network"});
  ExpectRefused(unknown("DequantizeLinear"), kUnsupported, {"float network"});
  ExpectRefused(unknown("QLinearConv"), kUnsupported, {"float network"});
  ExpectRefused(unknown("ConvTranspose"), kUnsupported, {"potlut ops"});
  ExpectRefused(unknown(""), kUnsupported, {"not supported"});
  TestModel custom;
  custom.Node("Relu", {"x"}, {"y"});
  custom.last().set_domain("com.microsoft");
  ExpectRefused(custom, kUnsupported, {"com.microsoft", "standard"});
  custom.last().set_domain("ai.onnx");
  EXPECT_TRUE(custom.Import().ok());
  TestModel branch;
  branch.Node("Relu", {"x"}, {"y"});
  pb::AttributeProto& attribute = *branch.last().add_attribute();
  attribute.set_name("body");
  attribute.set_type(pb::AttributeProto::GRAPH);
  ExpectRefused(branch, kUnsupported, {"'body'", "control flow"});
}

TEST(Operators, ReadSparseTensors) {
  TestModel model;
  model.Node("Add", {"x", "s"}, {"y"});
  model.graph().add_sparse_initializer()->mutable_values()->set_name("s");
  ExpectRefused(model, kUnsupported, {"sparse", "'s'"});
}

TEST(Operators, TableIsWhatIsDispatched) {
  const auto rows = SupportedOperators();
  ASSERT_GT(rows.size(), 60U);
  for (size_t i = 0; i < rows.size(); ++i) {
    const OperatorInfo& row = rows[i];
    SCOPED_TRACE(std::string(row.name));
    if (i > 0) {
      EXPECT_LT(rows[i - 1].name, row.name);
    }
    EXPECT_GE(row.min_opset, 7);
    EXPECT_LE(row.max_opset, 21);
    EXPECT_TRUE(row.quantised == "yes" || row.quantised == "float only" ||
                row.quantised == "folded" || row.quantised == "last only");
    // An attribute that nobody knows is never passed over; nor is a surplus input.
    TestModel model(row.min_opset);
    const std::string name(row.name);
    model.Node(name, {"x"}, {"y"}, {Int("surprise", 1)});
    const auto graph = model.Import();
    ASSERT_FALSE(graph.ok());
    EXPECT_NE(graph.error().message.find(name), std::string::npos);
    EXPECT_TRUE(graph.error().message.find("surprise") != std::string::npos ||
                graph.error().message.find("inputs") != std::string::npos)
        << graph.error().message;
    if (row.min_opset > 7) {
      TestModel early(row.min_opset - 1);
      early.Node(name, {"x"}, {"y"});
      ExpectRefused(early, kBadInput, {name, "exists in opsets"});
    }
  }
}

TEST(Operators, Arity) {
  TestModel few;
  few.Node("Add", {"x"}, {"y"});
  ExpectRefused(few, kBadInput, {"1 inputs", "2"});
  TestModel many;
  many.Node("Relu", {"x", "x"}, {"y"});
  ExpectRefused(many, kBadInput, {"2 inputs"});
  TestModel empty;
  empty.Node("Add", {"x", ""}, {"y"});
  ExpectRefused(empty, kBadInput, {"missing"});
  TestModel outputs;
  outputs.Node("Relu", {"x"}, {"y", "z"});
  ExpectRefused(outputs, kBadInput, {"2 outputs"});
  TestModel twice;
  twice.Node("Elu", {"x"}, {"y"}, {Float("alpha", 1), Float("alpha", 2)});
  ExpectRefused(twice, kBadInput, {"'alpha'", "twice"});
}

}  // namespace
}  // namespace potlut::onnx
