// Tests with broken and hostile bytes: every answer is a graph or an error, in bounded time and
// memory.
#include <gtest/gtest.h>

#include "onnx/model_for_test.h"
#include "onnx/model_reader.h"
#include "onnx/wire_check.h"

namespace potlut::onnx {
namespace {

// A model with something of everything.
TestModel Rich() {
  TestModel model(13, {0, 4, 6, 6});
  model.Random("w", {4, 2, 3, 3}).Random("b", {4}).Ints("p", {8}, {0, 0, 1, 1, 0, 0, 1, 1});
  model.Ints("split", {5}, {0, 2, 2, 6, 6}).Ints("join", {4}, {-1, 4, 6, 6}).Random("d", {4, 3});
  model.Node("Pad", {"x", "p"}, {"padded"});
  model.Node("Conv", {"padded", "w", "b"}, {"c"}, {Int("group", 2), Ints("kernel_shape", {3, 3})});
  model.Node("Clip", {"c", "", "one"}, {"r"}).Floats("one", {}, {1});
  model.Node("Reshape", {"r", "split"}, {"s5"});
  model.Node("Transpose", {"s5"}, {"t5"}, {Ints("perm", {0, 2, 1, 3, 4})});
  model.Node("Reshape", {"t5", "join"}, {"s"});
  model.Node("Concat", {"s", "c"}, {"cat"}, {Int("axis", 1)});
  model.Node("Split", {"cat"}, {"h1", "h2"}, {Int("axis", 1)});
  model.Node("Mul", {"h1", "h2"}, {"m"}).Node("GlobalAveragePool", {"m"}, {"g"});
  model.Node("Flatten", {"g"}, {"f"}).Node("Gemm", {"f", "d"}, {"l"});
  model.Node("Softmax", {"l"}, {"y"}, {Int("axis", 1)});
  return model;
}

Expected<graph::Graph> ImportBytes(const std::string& bytes) {
  ImportOptions options;
  options.max_elements = 1 << 20;
  return Import({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, "", options);
}

TEST(Hostile, RichModelImports) {
  const auto graph = Rich().Import();
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(Ops(graph),
            "input pad conv activation shuffle concat slice slice mul avg_pool conv softmax");
}

TEST(Hostile, EveryTruncationIsAnError) {
  const std::string bytes = Rich().Bytes();
  for (size_t length = 0; length < bytes.size(); ++length) {
    const auto graph = ImportBytes(bytes.substr(0, length));
    // The opset comes last in the message: nothing shorter is a model.
    ASSERT_FALSE(graph.ok()) << length;
    ASSERT_FALSE(graph.error().message.empty());
  }
}

TEST(Hostile, EveryBitFlipIsAnsweredInWords) {
  const std::string bytes = Rich().Bytes();
  size_t refused = 0;
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    const auto graph = ImportBytes(flipped);
    if (graph.ok()) {
      // Flips in names and weights leave a sound graph.
      ASSERT_TRUE(graph::Validate(*graph).ok());
    } else {
      ++refused;
      const ErrorCode code = graph.error().code;
      ASSERT_TRUE(code == ErrorCode::kBadInput || code == ErrorCode::kUnsupported ||
                  code == ErrorCode::kResourceLimit)
          << "bit " << bit << ": " << graph.error().message;
    }
  }
  EXPECT_GT(refused, bytes.size());
}

TEST(Hostile, RandomEditsOfNodes) {
  // Inputs, outputs, operators and numbers changed at random, as a fuzzer would.
  const std::vector<std::string> ops = {"Relu",    "Add",     "Concat", "Slice",     "Split",
                                        "Reshape", "Squeeze", "Gather", "Transpose", "Pad",
                                        "Resize",  "MatMul",  "Expand", "Softmax",   "ReduceMean"};
  for (uint32_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE(seed);
    uint32_t state = seed * 2654435761U;
    const auto next = [&](size_t below) {
      state = state * 1664525U + 1013904223U;
      return static_cast<int>((state >> 8) % below);
    };
    TestModel model = Rich();
    pb::GraphProto& graph = model.graph();
    for (int edit = 0; edit < 3; ++edit) {
      pb::NodeProto& node = *graph.mutable_node(next(static_cast<size_t>(graph.node_size())));
      const pb::NodeProto& other = graph.node(next(static_cast<size_t>(graph.node_size())));
      switch (next(5)) {
        case 0:
          node.set_op_type(ops[static_cast<size_t>(next(ops.size()))]);
          break;
        case 1:
          node.set_input(next(static_cast<size_t>(node.input_size())), other.output(0));
          break;
        case 2:
          node.add_input(graph.initializer(next(6)).name());
          break;
        case 3: {
          pb::TensorProto& tensor = *graph.mutable_initializer(next(6));
          if (tensor.int64_data_size() > 0) {
            tensor.set_int64_data(next(static_cast<size_t>(tensor.int64_data_size())),
                                  next(20) - 10);
          }
          break;
        }
        default:
          for (pb::AttributeProto& attribute : *node.mutable_attribute()) {
            if (attribute.has_i()) attribute.set_i(next(12) - 4);
            if (attribute.ints_size() > 0) attribute.set_ints(0, next(12) - 4);
          }
      }
    }
    const auto imported = ImportBytes(model.Bytes());
    if (imported.ok()) {
      ASSERT_TRUE(graph::Validate(*imported).ok());
    } else {
      ASSERT_NE(static_cast<int>(imported.error().code), static_cast<int>(ErrorCode::kFailed))
          << imported.error().message;
    }
  }
}

TEST(Hostile, ObjectsAreCountedBeforeTheyAreMade) {
  // Two bytes ask for a node: 3 million of them would take hundreds of megabytes.
  std::string nodes;
  for (int i = 0; i < 1'500'000; ++i) nodes += std::string("\x0a\x00", 2);
  std::string bytes = std::string("\x08\x08\x3a", 3);
  for (size_t size = nodes.size(); size > 0; size >>= 7) {
    bytes += static_cast<char>((size & 127) | (size > 127 ? 128 : 0));
  }
  const auto graph = ImportBytes(bytes + nodes);
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(static_cast<int>(graph.error().code), static_cast<int>(ErrorCode::kResourceLimit));
}

TEST(Hostile, NestingIsBounded) {
  pb::ModelProto model = Rich().proto();
  pb::GraphProto* graph = model.mutable_graph();
  for (int depth = 0; depth < 200; ++depth) {
    pb::AttributeProto& attribute = *graph->add_node()->add_attribute();
    attribute.set_type(pb::AttributeProto::GRAPH);
    graph = attribute.mutable_g();
  }
  const auto imported = ImportBytes(model.SerializeAsString());
  ASSERT_FALSE(imported.ok());
  EXPECT_NE(imported.error().message.find("nested"), std::string::npos);
}

TEST(Hostile, MalformedWireIsNamedByItsPlace) {
  const auto check = [](const std::string& bytes) {
    return CheckWire({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()},
                     *pb::ModelProto::descriptor());
  };
  EXPECT_TRUE(check(Rich().Bytes()).ok());
  EXPECT_NE(check("\x08\x08\x0f").message().find("byte 2"), std::string::npos);
  EXPECT_FALSE(check("\x08").ok()) << "a number is missing";
  EXPECT_FALSE(check("\x3a\x05\x0a").ok()) << "longer than the file";
  EXPECT_FALSE(check("\x0b").ok()) << "a group";
  EXPECT_FALSE(check(std::string("\x00\x00", 2)).ok()) << "field 0";
  EXPECT_FALSE(check(std::string(11, '\xff')).ok()) << "a number without end";
}

TEST(Hostile, ParsingIsSilent) {
  testing::internal::CaptureStderr();
  std::string bytes = Rich().Bytes();
  EXPECT_FALSE(ImportBytes(bytes.substr(0, bytes.size() / 2)).ok());
  EXPECT_FALSE(ImportBytes("garbage").ok());
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(Hostile, DerivedConstantsAreBounded) {
  // A constant doubled forty times over would fill any memory.
  TestModel model;
  model.Floats("c0", {2}, {1, 2});
  for (int i = 0; i < 40; ++i) {
    const std::string from = "c" + std::to_string(i);
    model.Node("Concat", {from, from}, {"c" + std::to_string(i + 1)}, {Int("axis", 0)});
  }
  model.Node("Mul", {"x", "c40"}, {"y"});
  ExpectRefused(model, ErrorCode::kResourceLimit, {"Concat", "elements"});
  // So would one stored weight, read by a thousand layers.
  TestModel layers(13, {0, 64, 1, 1});
  layers.Random("w", {64, 64, 9, 9});
  std::string value = "x";
  for (int i = 0; i < 1000; ++i) {
    const std::string next = i == 999 ? "y" : "v" + std::to_string(i);
    layers.Node("Conv", {value, "w"}, {next}, {Ints("pads", {4, 4, 4, 4})});
    value = next;
  }
  ExpectRefused(layers, ErrorCode::kResourceLimit, {"Conv", "elements"});
}

}  // namespace
}  // namespace potlut::onnx
