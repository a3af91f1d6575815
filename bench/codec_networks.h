// The networks whose files potlut-bench-codec measures: programs with real weights where they are
// at hand, with random ones elsewhere.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "program/program.h"

namespace potlut::bench {

struct Network {
  std::string name;  // "ResNet-20, pot 3"
  std::function<Expected<Program>(Progress&)> make;
};

// The shipped ResNet-20 (of `models`), the networks of `shared` (models/*.onnx, data/) where they
// exist, and the zoo's with random weights; each with 3- and 4-bit pot.
std::vector<Network> KnownNetworks(const std::string& models, const std::string& shared);

// One .plut file.
Network FromFile(const std::string& path);

// A zoo network with random weights, calibrated on random images.
Expected<Program> QuantisedZoo(const std::string& name, int weight_bits, Progress& progress);

}  // namespace potlut::bench
