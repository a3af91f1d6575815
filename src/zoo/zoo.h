// Well-known convolutional networks as float graphs with fresh weights: what training starts from,
// and what speed and size are measured on where weights do not matter.
//
// Every convolution is without bias and followed by an Affine with scale 1 and shift 0, which
// stands for its batch normalisation; layers that have none in their source (the shortcuts of
// resnet8, the classifier) have a bias of 0. Weights are He-normal, fan-out (He et al., 2015:
// variance 2 / (kernel height * kernel width * out channels / groups)), those of the classifier
// normal with variance 1 / inputs. Nodes are called as in the usual sources ("layer1.0.conv1",
// "fc").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"

namespace potlut::zoo {

struct ModelSpec {
  std::string name;     // one of List()
  int32_t classes = 0;  // to 32768; 0: 10 for 32x32 networks, 1000 for 224x224
  double width = 1;     // multiplies channels, 0.05 to 2; they become multiples of 8
  int32_t size = 0;     // side of the image, 8 to 2048; 0: the network's own
  uint64_t seed = 1;    // of the weights: equal seeds give equal bits with every compiler
  // 0 to below 1: scales of the Affines are drawn evenly from 1 - spread to 1 + spread, shifts from
  // -spread to spread, as trained networks have them. Weights stay as they are without.
  double spread = 0;
};

// Errors: kUsage naming the field that makes no sense (an unknown name: with those that are known).
// What the ranges allow stays below 2^28 weights.
Expected<graph::Graph> Build(const ModelSpec& spec);

// Reads "zoo:NAME[@key=value,...]" with the keys classes, width, size, seed and spread, such as
// "zoo:mobilenetv2@width=0.5,classes=100". Errors: kUsage naming the part; names and ranges are
// checked by Build.
Expected<ModelSpec> ParseSpec(std::string_view text);
// Whether `text` is meant as one: it begins with "zoo:".
bool IsSpec(std::string_view text);
// The shortest text that ParseSpec reads as `spec`.
std::string SpecText(const ModelSpec& spec);

struct ModelInfo {
  std::string name;
  std::string description;  // one line
  graph::Shape input;
  int32_t classes = 0;
  int64_t parameters = 0;  // as published ones are counted: weights, biases, scales and shifts
  int64_t macs = 0;        // multiply-accumulates of convolutions and dense layers, one image
};
// All networks in their plain form, smallest images first.
std::vector<ModelInfo> List();

// The two counts for any graph.
int64_t Parameters(const graph::Graph& graph);
int64_t Macs(const graph::Graph& graph);

}  // namespace potlut::zoo
