// Writes the seeds of the ONNX fuzz target: potlut_onnx_fuzz_seeds FOLDER. Run by hand when
// operators are added.
#include <cstdio>
#include <fstream>
#include <string>

#include "onnx/model_for_test.h"

namespace potlut::onnx {
namespace {

// Each operator is in one of these small networks; most come in the forms of different opsets.
struct Seed {
  const char* name;
  TestModel model;
};

TestModel Layers() {
  TestModel m(13, {0, 4, 6, 6});
  m.Random("w", {4, 2, 3, 3}).Random("b", {4}).Random("d", {36, 3}).Floats("k", {4}, {1, 2, 3, 4});
  m.Node("Conv", {"x", "w", "b"}, {"c"}, {Int("group", 2), Ints("pads", {1, 1, 0, 1})});
  m.Node("BatchNormalization", {"c", "k", "b", "b", "k"}, {"n"}, {Float("epsilon", 0.1F)});
  m.Node("MaxPool", {"n"}, {"p"},
         {Ints("kernel_shape", {2, 2}), Ints("strides", {2, 2}), Int("ceil_mode", 1)});
  m.Node("Flatten", {"p"}, {"f"}).Node("Gemm", {"f", "d"}, {"g"}, {Float("alpha", 0.5F)});
  return m.Node("Softmax", {"g"}, {"y"}, {Int("axis", 1)});
}

TestModel Pools(int opset) {
  TestModel m(opset, {0, 2, 5, 5});
  m.Node(
      "AveragePool", {"x"}, {"a"},
      {Ints("kernel_shape", {3, 3}), Text("auto_pad", "SAME_LOWER"), Int("count_include_pad", 1)});
  if (opset >= 18) {
    m.Ints("i", {2}, {2, 3}).Node("ReduceMean", {"a", "i"}, {"r"}, {Int("keepdims", 0)});
  } else {
    m.Node("ReduceMean", {"a"}, {"r"}, {Ints("axes", {-1, -2}), Int("keepdims", 0)});
  }
  m.Node("GlobalMaxPool", {"a"}, {"g"}).Node("Mul", {"a", "g"}, {"y"});
  return m.Output("r");
}

TestModel Shuffle() {
  TestModel m(13, {0, 6, 2, 2});
  m.Ints("s", {5}, {0, 2, 3, 2, 2}).Ints("j", {4}, {-1, 6, 2, 2});
  m.Node("Reshape", {"x", "s"}, {"a"});
  m.Node("Transpose", {"a"}, {"b"}, {Ints("perm", {0, 2, 1, 3, 4})});
  m.Node("Reshape", {"b", "j"}, {"c"}).Node("Split", {"c"}, {"p", "q"}, {Int("axis", 1)});
  return m.Node("Concat", {"q", "p"}, {"y"}, {Int("axis", 1)});
}

TestModel ShapeChain() {
  TestModel m(11, {0, 4, 2, 2});
  m.Ints("i", {}, {0}).Ints("r", {1}, {-1}).Node("Shape", {"x"}, {"s"});
  m.Node("Gather", {"s", "i"}, {"n"}).Node("Unsqueeze", {"n"}, {"u"}, {Ints("axes", {0})});
  m.Node("Concat", {"u", "r"}, {"t"}, {Int("axis", 0)}).Node("Reshape", {"x", "t"}, {"y"});
  return m;
}

TestModel Folding() {
  TestModel m(13, {0, 4, 2, 2});
  m.Floats("c", {2, 2}, {1, 2, 3, 4}).Ints("s", {3}, {4, 1, 1}).Ints("one", {1}, {1});
  m.Node("Constant", {}, {"v"}, {{"value_floats", std::vector<float>{1, 2}}});
  m.Node("ConstantOfShape", {"one"}, {"z"}).Node("Add", {"c", "v"}, {"d"});
  m.Node("Transpose", {"d"}, {"e"}).Node("Mul", {"e", "e"}, {"f"}).Node("Sqrt", {"f"}, {"g"});
  m.Node("Slice", {"g", "one", "s"}, {"h"}).Node("Expand", {"h", "s"}, {"e2"});
  m.Node("Equal", {"one", "s"}, {"q"}).Node("Where", {"q", "one", "s"}, {"w"});
  m.Node("Range", {"z", "v2", "o"}, {"rg"}).Floats("v2", {}, {4}).Floats("o", {}, {1});
  m.Node("Reshape", {"rg", "w"}, {"k"}).Node("Mul", {"x", "k"}, {"m"});
  m.Node("ReduceProd", {"s"}, {"rp"}).Node("Cast", {"rp"}, {"fl"}, {Int("to", 1)});
  m.Node("Squeeze", {"fl"}, {"sq"}).Node("Div", {"m", "sq"}, {"y"});
  return m;
}

TestModel Parts(int opset) {
  TestModel m(opset, {0, 4, 6, 6});
  if (opset < 10) {
    m.Node("Slice", {"x"}, {"a"}, {Ints("axes", {2}), Ints("starts", {1}), Ints("ends", {-1})});
    m.Node("Pad", {"a"}, {"b"}, {Ints("pads", {0, 1, 0, 0, 0, 0, 1, 0}), Float("value", 1)});
    if (opset >= 9) {
      m.Floats("u", {4}, {1, 1, 2, 2}).Node("Upsample", {"b", "u"}, {"y"});
    } else {
      m.Node("Upsample", {"b"}, {"y"}, {{"scales", std::vector<float>{1, 1, 2, 2}}});
    }
    return m;
  }
  m.Ints("s", {1}, {1}).Ints("e", {1}, {-1}).Ints("t", {1}, {2}).Floats("f", {4}, {1, 1, 2, 3});
  m.Ints("p", {8}, {0, 1, 0, 0, 0, 0, 1, 0}).Ints("i", {}, {2});
  m.Node("Slice", {"x", "s", "e", "t", "t"}, {"a"}).Node("Pad", {"a", "p"}, {"b"});
  m.Node("Resize", {"b", "", "f"}, {"c"},
         {Text("coordinate_transformation_mode", "asymmetric"), Text("nearest_mode", "floor")});
  m.Node("Gather", {"c", "i"}, {"y"}, {Int("axis", 1)});
  return m;
}

TestModel Functions(int opset) {
  TestModel m(opset, {0, 3, 2, 2});
  m.Floats("s", {3, 1, 1}, {0.1F, 0.2F, 0.3F}).Floats("two", {}, {2});
  std::string at = "x";
  const auto next = [&](const char* op, std::vector<std::string> more = {},
                        std::vector<TestAttribute> attributes = {}) {
    const std::string out = at + "_";
    more.insert(more.begin(), at);
    m.Node(op, more, {out}, attributes);
    at = out;
  };
  for (const char* op : {"Relu", "Sigmoid", "Tanh", "Exp", "Abs", "Neg", "Softplus", "Sqrt",
                         "Reciprocal", "Elu", "Selu", "LeakyRelu", "HardSigmoid", "Identity"}) {
    next(op);
  }
  if (opset >= 9) next("Erf");
  if (opset >= 12) next("Celu");
  if (opset >= 14) next("HardSwish");
  if (opset >= 18) next("Mish");
  if (opset >= 20) next("Gelu", {}, {Text("approximate", "tanh")});
  next("PRelu", {"s"});
  next("Pow", {"two"});
  next("Max", {"two"});
  next("Min", {"two"});
  next("Sum", {"x"});
  next("Mean", {"x", "two"});
  if (opset >= 11) {
    next("Clip", {"", "two"});
  } else {
    next("Clip", {}, {Float("max", 2)});
  }
  next("Dropout");
  next("Cast", {}, {Int("to", 10)});
  next("LRN", {}, {Int("size", 3)});
  return m.Node("ArgMax", {at}, {"y"}, {Int("axis", 1), Int("keepdims", 0)});
}

TestModel ChannelsLast() {
  TestModel m(13, {0, 4, 4, 3});
  m.Floats("m", {3}, {1, 2, 3}).Random("w", {4, 3, 1, 1}).Random("d", {4, 2});
  m.Node("Sub", {"x", "m"}, {"a"}).Node("Transpose", {"a"}, {"b"}, {Ints("perm", {0, 3, 1, 2})});
  m.Node("Conv", {"b", "w"}, {"c"}).Node("Transpose", {"c"}, {"e"}, {Ints("perm", {0, 2, 3, 1})});
  return m.Node("MatMul", {"e", "d"}, {"y"});
}

TestModel External() {
  TestModel m;
  pb::TensorProto& tensor = *m.graph().add_initializer();
  tensor.set_name("c");
  tensor.set_data_type(pb::TensorProto::FLOAT);
  tensor.set_data_location(pb::TensorProto::EXTERNAL);
  for (const char* key : {"location", "offset", "length"}) {
    pb::StringStringEntryProto& entry = *tensor.add_external_data();
    entry.set_key(key);
    entry.set_value(*key == 'l' && key[1] == 'o' ? "weights.bin" : "4");
  }
  return m.Node("Mul", {"x", "c"}, {"y"});
}

TestModel Types() {
  TestModel m(13, {0, 2, 1, 1});
  std::string at = "x";
  for (const int type : {1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 16}) {
    const std::string name = "t" + std::to_string(type);
    pb::TensorProto& tensor = *m.graph().add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(type);
    if (type == 1) tensor.add_float_data(1);
    if (type == 11) tensor.add_double_data(1);
    if (type == 7) tensor.add_int64_data(1);
    if (type == 12 || type == 13) tensor.add_uint64_data(1);
    if (tensor.ByteSizeLong() < name.size() + 6) tensor.add_int32_data(1);
    m.Node("Cast", {name}, {name + "f"}, {Int("to", 1)});
    m.Node("Add", {at, name + "f"}, {name + "y"});
    at = name + "y";
  }
  return m.Node("Identity", {at}, {"y"});
}

int Write(const std::string& folder) {
  const Seed seeds[] = {{"layers", Layers()},
                        {"pools11", Pools(11)},
                        {"pools18", Pools(18)},
                        {"shuffle", Shuffle()},
                        {"shape_chain", ShapeChain()},
                        {"folding", Folding()},
                        {"parts7", Parts(7)},
                        {"parts9", Parts(9)},
                        {"parts13", Parts(13)},
                        {"functions7", Functions(7)},
                        {"functions13", Functions(13)},
                        {"functions20", Functions(20)},
                        {"channels_last", ChannelsLast()},
                        {"external", External()},
                        {"types", Types()}};
  for (const Seed& seed : seeds) {
    const auto graph = seed.model.Import();
    std::printf("%-14s %s\n", seed.name, graph.ok() ? "imports" : graph.error().message.c_str());
    std::ofstream file(folder + "/" + seed.name + ".onnx", std::ios::binary);
    file << seed.model.Bytes();
    if (!file.flush()) return 1;
  }
  return 0;
}

}  // namespace
}  // namespace potlut::onnx

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  return potlut::onnx::Write(argv[1]);
}
