// Test help: a graph through ONNX and back, and both compared in floats.
#pragma once

#include <cstdint>
#include <string>

#include "graph/graph.h"

namespace potlut::onnx {

Expected<graph::Graph> Reimported(const graph::Graph& graph);

// Expects that the graph exports, imports, and gives the same outputs on a random batch of
// two within 1e-5 of the largest value of each output.
void ExpectComesBack(const graph::Graph& graph, uint32_t seed);

// Names and operators, one a line. Shuffles are nameless: the importer calls them after what reads
// them.
std::string Outline(const graph::Graph& graph);

}  // namespace potlut::onnx
