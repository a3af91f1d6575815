// Samples output positions, gathers their windows, and accumulates second moments.
#include "quant/moments.h"

#include <algorithm>
#include <numeric>

#include "graph/executor.h"

namespace potlut::quant {
namespace {

// Below this many columns plain loops beat calls of a matrix product (depthwise layers have 9).
constexpr int32_t kSmall = 32;

// A step that visits all `n` positions once, evenly spread: near n / golden ratio and coprime to n.
int64_t SpreadStep(int64_t n) {
  int64_t step = std::max<int64_t>(1, static_cast<int64_t>(static_cast<double>(n) * 0.6180339887));
  while (std::gcd(step, n) != 1) ++step;
  return step;
}

}  // namespace

Moments::Moments(const Window& window, int32_t groups, Dims in, Dims out, TensorType in_type,
                 int64_t per_image)
    : window_(window), in_(in), out_(out), in_type_(in_type) {
  per_image_ = std::clamp<int64_t>(per_image, 1, int64_t{out.h} * out.w);
  columns_ = window.kernel_h * window.kernel_w * (in.c / groups);
  rows_ = out.c / groups;
  moments_.resize(static_cast<size_t>(groups));
  for (GroupMoments& m : moments_) {
    m.xx = Eigen::MatrixXd::Zero(columns_, columns_);
    m.yx = Eigen::MatrixXd::Zero(rows_, columns_);
    m.x = Eigen::VectorXd::Zero(columns_);
    m.y = Eigen::VectorXd::Zero(rows_);
  }
}

// One output's inputs: [group][tap][in_per_group].
void Moments::Gather(const uint8_t* image, int64_t position, float* row) const {
  const auto oy = static_cast<int32_t>(position / out_.w),
             ox = static_cast<int32_t>(position % out_.w);
  const auto groups = static_cast<int32_t>(moments_.size());
  const int32_t per_group = in_.c / groups;
  int32_t tap = 0;
  for (int32_t ky = 0; ky < window_.kernel_h; ++ky) {
    for (int32_t kx = 0; kx < window_.kernel_w; ++kx, ++tap) {
      const int32_t iy = oy * window_.stride_h - window_.pad_top + ky * window_.dilation_h;
      const int32_t ix = ox * window_.stride_w - window_.pad_left + kx * window_.dilation_w;
      const bool inside = iy >= 0 && iy < in_.h && ix >= 0 && ix < in_.w;
      const uint8_t* from = inside ? image + (int64_t{iy} * in_.w + ix) * in_.c : nullptr;
      for (int32_t g = 0; g < groups; ++g) {
        float* to = row + int64_t{g} * columns_ + int64_t{tap} * per_group;
        for (int32_t i = 0; i < per_group; ++i) {
          const int32_t c = g * per_group + i;
          to[i] = !inside              ? 0.0F
                  : in_type_.is_signed ? static_cast<float>(static_cast<int8_t>(from[c]))
                                       : static_cast<float>(from[c]);
        }
      }
    }
  }
}

Moments::Partial Moments::Measure(const uint8_t* x, const float* y,
                                  const std::vector<double>& scale, int32_t count,
                                  int64_t first) const {
  const int64_t positions = int64_t{out_.h} * out_.w;
  const int64_t step = SpreadStep(positions);
  const auto groups = static_cast<int64_t>(moments_.size());
  const int64_t n = count * per_image_;
  const int64_t width = groups * columns_;
  std::vector<float> x_rows(static_cast<size_t>(n * width));
  std::vector<float> y_rows(static_cast<size_t>(n * out_.c));
  for (int64_t image = 0; image < count; ++image) {
    const int64_t start = (first + image) * 7919 % positions;
    for (int64_t k = 0; k < per_image_; ++k) {
      const int64_t position = (start + k * step) % positions;
      const int64_t row = image * per_image_ + k;
      Gather(x + image * in_.count(), position, &x_rows[static_cast<size_t>(row * width)]);
      const float* from = y + image * out_.count() + position * out_.c;
      float* to = &y_rows[static_cast<size_t>(row * out_.c)];
      for (int32_t o = 0; o < out_.c; ++o) {
        to[o] = static_cast<float>(from[o] * scale[static_cast<size_t>(o)]);
      }
    }
  }

  Partial sums;
  sums.samples = n;
  sums.xx.assign(static_cast<size_t>(width * columns_), 0.0F);
  sums.yx.assign(static_cast<size_t>(int64_t{out_.c} * columns_), 0.0F);
  sums.x.assign(static_cast<size_t>(width), 0.0);
  sums.y.assign(static_cast<size_t>(out_.c), 0.0);
  for (int64_t r = 0; r < n; ++r) {
    for (int64_t k = 0; k < width; ++k)
      sums.x[static_cast<size_t>(k)] += x_rows[static_cast<size_t>(r * width + k)];
    for (int64_t o = 0; o < out_.c; ++o) {
      sums.y[static_cast<size_t>(o)] += y_rows[static_cast<size_t>(r * out_.c + o)];
    }
  }
  std::vector<float> xg, yg;
  for (int64_t g = 0; g < groups; ++g) {
    float* xx = &sums.xx[static_cast<size_t>(g * columns_ * columns_)];
    float* yx = &sums.yx[static_cast<size_t>(g * rows_ * columns_)];
    if (columns_ < kSmall) {
      for (int64_t r = 0; r < n; ++r) {
        const float* xs = &x_rows[static_cast<size_t>(r * width + g * columns_)];
        const float* ys = &y_rows[static_cast<size_t>(r * out_.c + g * rows_)];
        for (int32_t i = 0; i < columns_; ++i) {
          for (int32_t j = 0; j < columns_; ++j) xx[i * columns_ + j] += xs[i] * xs[j];
        }
        for (int32_t o = 0; o < rows_; ++o) {
          for (int32_t i = 0; i < columns_; ++i) yx[o * columns_ + i] += ys[o] * xs[i];
        }
      }
      continue;
    }
    const float* xs = x_rows.data();
    const float* ys = y_rows.data();
    if (groups > 1) {  // rows of one group are brought together for the matrix product
      xg.resize(static_cast<size_t>(n * columns_));
      yg.resize(static_cast<size_t>(n * rows_));
      for (int64_t r = 0; r < n; ++r) {
        std::copy_n(xs + r * width + g * columns_, columns_, xg.data() + r * columns_);
        std::copy_n(ys + r * out_.c + g * rows_, rows_, yg.data() + r * rows_);
      }
      xs = xg.data();
      ys = yg.data();
    }
    graph::GemmTransposedA(columns_, columns_, n, xs, xs, xx, false);
    graph::GemmTransposedA(rows_, columns_, n, ys, xs, yx, false);
  }
  return sums;
}

void Moments::Add(const Partial& partial) {
  using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  samples_ += partial.samples;
  for (size_t g = 0; g < moments_.size(); ++g) {
    GroupMoments& m = moments_[g];
    const auto n = static_cast<size_t>(columns_), o = static_cast<size_t>(rows_);
    m.xx += Eigen::Map<const Rows>(&partial.xx[g * n * n], columns_, columns_).cast<double>();
    m.yx += Eigen::Map<const Rows>(&partial.yx[g * o * n], rows_, columns_).cast<double>();
    m.x += Eigen::Map<const Eigen::VectorXd>(&partial.x[g * n], columns_);
    m.y += Eigen::Map<const Eigen::VectorXd>(&partial.y[g * o], rows_);
  }
}

GroupMoments Moments::Centred(int32_t group) const {
  GroupMoments m = moments_[static_cast<size_t>(group)];
  const double n = static_cast<double>(std::max<int64_t>(1, samples_));
  m.x /= n;
  m.y /= n;
  m.xx = m.xx / n - m.x * m.x.transpose();
  m.yx = m.yx / n - m.y * m.x.transpose();
  return m;
}

}  // namespace potlut::quant
