// The float network: what an importer or the zoo makes, and quantisation and training read.
//
// Node i computes value i; nodes stand in an order in which they can run. A value has a shape (c,
// h, w) for one sample; a vector is (n, 1, 1). The batch is not part of the graph. Values are held
// in NHWC order at run time (channels fastest), so weights are
// [out][kernel_h][kernel_w][in/groups], as in the integer program.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/status.h"

namespace potlut::graph {

struct Shape {
  int32_t c = 1, h = 1, w = 1;
  int64_t count() const { return int64_t{c} * h * w; }
  bool operator==(const Shape&) const = default;
};

struct Window {
  int32_t kernel_h = 1, kernel_w = 1;
  int32_t stride_h = 1, stride_w = 1;
  int32_t dilation_h = 1, dilation_w = 1;
  int32_t pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
  bool operator==(const Window&) const = default;
};

// The network's image, as the network wants it (after normalisation).
struct Input {};

// Convolution and dense layers (a dense layer has a 1x1 kernel on an (n, 1, 1) value).
struct Conv {
  Window window;
  int32_t groups = 1;
  int32_t out_channels = 0;
  std::vector<float> weights;  // [out][kernel_h][kernel_w][in/groups]
  std::vector<float> bias;     // [out]; empty: zeros
};

// y[c] = x[c] * scale[c] + shift[c]: batch normalisation and arithmetic with constants.
struct Affine {
  std::vector<float> scale;  // 1 or c values
  std::vector<float> shift;  // 1 or c values
};

enum class Function {
  kRelu,         // max(x, 0)
  kClip,         // min(max(x, a), b)
  kLeakyRelu,    // x < 0 ? a * x : x
  kPRelu,        // x < 0 ? slope[c] * x : x
  kHardSigmoid,  // max(0, min(1, a * x + b))
  kHardSwish,    // x * max(0, min(1, x / 6 + 0.5))
  kSigmoid,
  kTanh,
  kErf,
  kGelu,      // x * (1 + erf(x / sqrt 2)) / 2
  kGeluTanh,  // the tanh approximation
  kSilu,      // x * sigmoid(x)
  kElu,       // x < 0 ? a * (exp(x) - 1) : x
  kSoftplus,  // log(1 + exp(x))
  kExp,
  kSqrt,
  kAbs,
  kNeg,
  kReciprocal,
};
struct Activation {
  Function function = Function::kRelu;
  float a = 0, b = 0;
  std::vector<float> slope;  // kPRelu: 1 or c values
};

// Two values of one shape, or the second (c, 1, 1) spread over the first's map (importers swap
// operands).
struct Add {
  bool subtract = false;  // x0 - x1
};
struct Mul {};

struct MaxPool {
  Window window;  // padding never wins
};
// A global mean is a window of the whole map.
struct AvgPool {
  Window window;                   // dilation 1
  bool count_include_pad = false;  // divide by the whole window where it hangs over the border
};
struct Concat {};  // along channels

// (c, h, w) to a vector of c*h*w, in the order that the network's author saw.
struct Flatten {
  enum class Order { kChw, kHwc } order = Order::kChw;
};
struct Pad {                      // constant
  int32_t before[3] = {0, 0, 0};  // c, h, w
  int32_t after[3] = {0, 0, 0};
  float value = 0;
};
struct Slice {  // y[i] = x[start + i * step] on c, h, w; the node's shape says how many
  int32_t start[3] = {0, 0, 0};
  int32_t step[3] = {1, 1, 1};
};
struct Shuffle {  // y[j * groups + g] = x[g * (c / groups) + j] on channels
  int32_t groups = 1;
};
struct Resize {  // nearest, whole factors: y[i, j] = x[i / scale_h, j / scale_w]
  int32_t scale_h = 1, scale_w = 1;
};
struct Lrn {  // across channels, as ONNX defines it; float only
  int32_t size = 5;
  float alpha = 1e-4F, beta = 0.75F, bias = 1;
};
struct Softmax {};  // over channels
struct ArgMax {};   // over channels, first maximum; value is (1, h, w)

using Op = std::variant<Input, Conv, Affine, Activation, Add, Mul, MaxPool, AvgPool, Concat,
                        Flatten, Pad, Slice, Shuffle, Resize, Lrn, Softmax, ArgMax>;

struct Node {
  std::string name;  // the source's name where it has one, else made up; unique
  Op op;
  std::vector<int32_t> inputs;
  Shape shape;  // of the value this node computes
};

struct Graph {
  std::vector<Node> nodes;  // exactly one Input, at index 0
  std::vector<int32_t> outputs;
  std::map<std::string, std::string> metadata;  // "source.name", "source.producer", ...

  const Shape& input_shape() const { return nodes[0].shape; }
};

std::string_view OpName(const Op& op);
std::string_view FunctionName(Function function);

// Value of an activation function at x (channel c picks PRelu's slope).
float Evaluate(const Activation& activation, float x, int32_t c);

// The shape that `op` gives on inputs of these shapes. Errors: kBadInput naming what does not fit.
// Slice's counts cannot be derived: its wanted shape is passed in `node_shape` and checked.
Expected<Shape> InferShape(const Op& op, const std::vector<Shape>& inputs, const Shape& node_shape);

// Structure, shapes, sizes of constants. Everything that makes graphs calls it last.
Status Validate(const Graph& graph);

// Indices of the nodes that read each value, ascending, each once.
std::vector<std::vector<int32_t>> Consumers(const Graph& graph);

// Appends a node and returns its index. The shape is inferred, but for Input and Slice, whose
// wanted shape is read from the node; an empty name is made up. Errors: those of InferShape, naming
// the node.
Expected<int32_t> Append(Graph& graph, Node node);

// A listing for people: one line a node with index, name, operator, shape (c x h x w) and inputs.
std::string Describe(const Graph& graph);

}  // namespace potlut::graph
