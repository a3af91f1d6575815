// ONNX out: a float graph as a model that any ONNX runtime runs, and that Import reads back as an
// equivalent graph.
#pragma once

#include <string>

#include "graph/graph.h"

namespace potlut::onnx {

struct ExportOptions {
  std::string graph_name;        // empty: the graph's metadata "source.name", else "network"
  std::string producer_version;  // beside the producer "potlut"
};

// The bytes of a model of opset 13, IR version 7: float32 [N, C, H, W] with the symbolic batch "N"
// ([N, C] after flattening), ArgMax as int64. Nodes and values are called as the graph's nodes;
// what one graph node becomes beyond its own name is called "name/part". An Affine directly after a
// convolution is written as BatchNormalization (mean 0, variance 1, epsilon 0: scale and shift come
// back bit for bit), elsewhere as Mul and Add; dense layers as Gemm where nothing after them needs
// a map. Functions that opset 13 lacks (hard-swish, gelu, silu) are written out. The graph's
// metadata become metadata_props; nodes that no output needs are left out. Equal graphs give equal
// bytes. Errors: those of graph::Validate, kResourceLimit past the 2 GiB at which a message ends.
Expected<std::string> ExportOnnx(const graph::Graph& graph, const ExportOptions& options = {});

// The same into a file, which is replaced wholly or not at all. Errors also: kFailed where it
// cannot be written.
Status SaveOnnx(const std::string& path, const graph::Graph& graph,
                const ExportOptions& options = {});

}  // namespace potlut::onnx
