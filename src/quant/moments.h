// What rounding a layer needs to know of its data: how its quantised inputs vary together, and how
// the output that the float network would have there varies with them.
#pragma once

#include <cstdint>
#include <vector>

#include <Eigen/Core>

#include "graph/graph.h"
#include "program/program.h"

namespace potlut::quant {

// For each group of a convolution, over sampled output positions of all images (x: one output's
// inputs, integers; y: the outputs wanted, in units of 2^input_exponent):
struct GroupMoments {
  Eigen::MatrixXd xx;  // [columns][columns] sum of x x^T
  Eigen::MatrixXd yx;  // [rows][columns]    sum of y x^T
  Eigen::VectorXd x;   // [columns]          sum of x
  Eigen::VectorXd y;   // [rows]             sum of y
};

class Moments {
 public:
  // `per_image`: output positions sampled in each image.
  Moments(const Window& window, int32_t groups, Dims in, Dims out, TensorType in_type,
          int64_t per_image);

  // Sums over some images, as single precision: measured in parallel, added in a fixed order.
  struct Partial {
    std::vector<float> xx, yx;  // [group][column or row][column]
    std::vector<double> x, y;   // [group][column], [group][row]
    int64_t samples = 0;
  };
  // Measures `count` images. `x`: stored integers of the layer's input. `y`: NHWC floats of the
  // outputs wanted. `scale[o]` brings y to the unit above. `first` numbers the images: it picks the
  // positions. Thread safe.
  Partial Measure(const uint8_t* x, const float* y, const std::vector<double>& scale, int32_t count,
                  int64_t first) const;
  void Add(const Partial& partial);

  int32_t groups() const { return static_cast<int32_t>(moments_.size()); }
  int64_t samples() const { return samples_; }
  // Centred and divided by the number of samples: covariances, and means.
  GroupMoments Centred(int32_t group) const;

 private:
  void Gather(const uint8_t* image, int64_t position, float* row) const;

  Window window_;
  Dims in_, out_;
  TensorType in_type_;
  int64_t per_image_;
  int64_t samples_ = 0;
  int32_t columns_ = 0, rows_ = 0;  // of one group
  std::vector<GroupMoments> moments_;
};

}  // namespace potlut::quant
