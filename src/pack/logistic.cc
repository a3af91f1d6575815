// Tables of the logistic function, made when compiled: only sums, products and quotients of
// doubles, which every compiler rounds alike.
#include "pack/logistic.h"

namespace potlut {
namespace {

// e^x for x in -8..0: 2^-k times a series of what is left.
constexpr double Exp(double x) {
  int halvings = 0;
  for (; x < -0.5; x /= 2) ++halvings;
  double term = 1, sum = 1;
  for (int i = 1; i < 20; ++i) {
    term *= x / i;
    sum += term;
  }
  for (; halvings > 0; --halvings) sum *= sum;
  return sum;
}

constexpr std::array<int16_t, 2 * kSquashMost + 1> MakeSquash() {
  std::array<int16_t, 2 * kSquashMost + 1> table{};
  for (int32_t d = 0; d <= kSquashMost; ++d) {
    const auto p = static_cast<int32_t>(4096 / (1 + Exp(-d / 256.0)) + 0.5);
    table[static_cast<size_t>(kSquashMost + d)] = static_cast<int16_t>(p > 4095 ? 4095 : p);
    table[static_cast<size_t>(kSquashMost - d)] = static_cast<int16_t>(4096 - p < 1 ? 1 : 4096 - p);
  }
  return table;
}
constexpr auto kSquash = MakeSquash();

constexpr std::array<int16_t, 4096> MakeStretch() {
  std::array<int16_t, 4096> table{};
  size_t d = 0;
  for (int32_t p = 0; p < 4096; ++p) {
    while (d < 2 * kSquashMost && kSquash[d] < p) ++d;
    table[static_cast<size_t>(p)] = static_cast<int16_t>(static_cast<int32_t>(d) - kSquashMost);
  }
  return table;
}
}  // namespace

const std::array<int16_t, 2 * kSquashMost + 1> kSquashTable = kSquash;
const std::array<int16_t, 4096> kStretchTable = MakeStretch();

}  // namespace potlut
