// What the arrays are fed with: codes and activations of a quantised network, as the engine streams
// them.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace potlut::rtl {

constexpr int kLanes = 16, kInputs = 16;

// One set of tables: the activations of 16 lanes of 16 channels, and vectors of weights in the
// order of the engine (output channel, kernel row, kernel column falling).
struct WorkSet {
  std::vector<std::pair<int, int>> levels;  // by code; pairs: both
  bool pairs = false;
  std::vector<int> act;                 // [lane][input]
  std::vector<std::vector<int>> codes;  // [vector][input or pair]
  int uses = 0;                         // vectors for which the engine keeps these tables
};
struct Workload {
  std::vector<WorkSet> sets;
  double mean_inverse_uses = 0;  // of all layers, weighted by their work
};

// Two layers of each of the network's three widths, one image. Errors: a text.
std::string MakeWorkload(const std::string& model, const std::string& images, int vectors,
                         Workload* workload);

}  // namespace potlut::rtl
