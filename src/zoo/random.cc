// Polar method with a logarithm of its own. Compiled without fused multiply-adds (CMakeLists.txt),
// which would round differently.
#include "zoo/random.h"

#include <cmath>

namespace potlut::zoo {
namespace {

// Natural logarithm of x > 0 within some units of the last place: x = m * 2^e with m near 1,
// ln m = 2 * (t + t^3/3 + t^5/5 + ...) with t = (m - 1) / (m + 1), so |t| < 0.18.
double Log(double x) {
  int exponent = 0;
  double m = std::frexp(x, &exponent);  // [0.5, 1)
  if (m < 0.70710678118654752) {
    m *= 2;
    --exponent;
  }
  const double t = (m - 1) / (m + 1);
  const double square = t * t;
  double sum = 0;
  for (int k = 23; k >= 1; k -= 2) sum = sum * square + 1.0 / k;
  return 2 * (t * sum) + exponent * 0.69314718055994531;
}

}  // namespace

double Random::Uniform() {
  constexpr double kUnit = 1.0 / (int64_t{1} << 52);
  return static_cast<double>(engine_() >> 11) * kUnit - 1;
}

double Random::Normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  double u = 0, v = 0, square = 0;
  do {
    u = Uniform();
    v = Uniform();
    square = u * u + v * v;
  } while (square >= 1 || square == 0);
  const double factor = std::sqrt(-2 * Log(square) / square);
  spare_ = v * factor;
  has_spare_ = true;
  return u * factor;
}

}  // namespace potlut::zoo
