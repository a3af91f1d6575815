// Every named tensor of a model on one image, for comparing models layer by layer.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/classifier.h"

namespace potlut::cli {

// One tensor of one image.
struct NamedTensor {
  std::string name;
  std::string dims;             // "32x32x16"
  std::vector<float> real;      // HWC, dequantised
  std::vector<int32_t> stored;  // integers of a program; empty for float networks
  std::string scale;            // what turns the integers into real values: equal text, equal scale
};

class TensorSource {
 public:
  virtual ~TensorSource() = default;
  const data::Geometry& geometry() const { return geometry_; }
  // All tensors but the raw image, in the order in which they are computed. Not thread safe.
  virtual Expected<std::vector<NamedTensor>> Run(const data::Image& image) = 0;

 protected:
  data::Geometry geometry_;
};

// Options as for LoadClassifier.
Expected<std::unique_ptr<TensorSource>> LoadTensors(const std::string& path,
                                                    const ClassifierOptions& options);

// The normalisation that a .plut was quantised with, from its recipe. Errors: kBadInput where it
// carries none.
Expected<Normalisation> NormalisationOf(const std::string& path);

}  // namespace potlut::cli
