// Transforms of weights, and their bounds.
#include "engine/winograd_weights.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <vector>

#include "program/validate.h"

namespace potlut {
namespace {

// One row of 2 G or 24 G (see the header) times three values.
template <int kTile>
void Line(int16_t a, int16_t b, int16_t c, int16_t* to) {
  const auto put = [&](int i, int v) { to[i] = static_cast<int16_t>(v); };
  if constexpr (kTile == 2) {
    put(0, 2 * a);
    put(1, a + b + c);
    put(2, a - b + c);
    put(3, 2 * c);
  } else {
    put(0, 6 * a);
    put(1, -4 * (a + b + c));
    put(2, -4 * (a - b + c));
    put(3, a + 2 * b + 4 * c);
    put(4, a - 2 * b + 4 * c);
    put(5, 6 * c);
  }
}

// Channels are the innermost loop, so that compilers make vectors of them.
constexpr int64_t kChunk = 32;

template <int kTile>
void Transform(const int8_t* levels, int64_t in_c, int64_t pitch, int16_t* out) {
  constexpr int kSide = kTile + 2;
  for (int64_t c0 = 0; c0 < in_c; c0 += kChunk) {
    const int64_t count = std::min(kChunk, in_c - c0);
    int16_t g[9][kChunk] = {};
    for (int t = 0; t < 9; ++t) {
      for (int64_t c = 0; c < count; ++c) g[t][c] = levels[t * in_c + c0 + c];
    }
    int16_t rows[kSide][3][kChunk];
    for (int x = 0; x < 3; ++x) {
      for (int64_t c = 0; c < kChunk; ++c) {
        int16_t line[kSide];
        Line<kTile>(g[x][c], g[3 + x][c], g[6 + x][c], line);
        for (int i = 0; i < kSide; ++i) rows[i][x][c] = line[i];
      }
    }
    for (int i = 0; i < kSide; ++i) {
      int16_t u[kSide][kChunk];
      for (int64_t c = 0; c < kChunk; ++c) {
        int16_t line[kSide];
        Line<kTile>(rows[i][0][c], rows[i][1][c], rows[i][2][c], line);
        for (int j = 0; j < kSide; ++j) u[j][c] = line[j];
      }
      for (int j = 0; j < kSide; ++j) {
        std::copy_n(u[j], count, out + (i * kSide + j) * pitch + c0);
      }
    }
  }
}

}  // namespace

WinogradOffsets OffsetsOf(TensorType type) {
  if (type.bits > 6) return {};
  const int32_t most = type.is_signed ? -type.lo() : type.hi();
  if (type.is_signed) {
    return {true, static_cast<uint8_t>(4 * most), static_cast<uint8_t>(4 * most), 8 * most - 2};
  }
  return {true, 0, static_cast<uint8_t>(2 * most), 4 * most};
}

bool WinogradSumsFit(const ConvOp& op, int32_t in_c, TensorType in, int32_t tile) {
  const int least_shift = tile == 2 ? -2 : -6;
  const int64_t limit = int64_t{1} << (31 + least_shift);
  const int64_t most_in = std::max<int64_t>(in.hi(), -int64_t{in.lo()});
  const int64_t any = 9 * int64_t{in_c} * op.alphabet.max_abs() * most_in;
  const size_t per_channel = op.codes.size() / op.bias.size();
  const auto& levels = op.alphabet.levels;
  std::array<int32_t, 256> size{};  // of a code's weights
  for (size_t i = 0; i < levels.size(); ++i) {
    size[op.alphabet.is_pair() ? i / 2 : i] += std::abs(int32_t{levels[i]});
  }
  for (size_t o = 0; o < op.bias.size(); ++o) {
    const int shift = op.shift[o];
    if (shift < least_shift) return false;
    const int64_t round = shift > 0 ? int64_t{1} << (shift - 1) : 0;
    const int64_t bias = std::abs(int64_t{op.bias[o]});
    if (any + bias + round < limit) continue;
    if (bias + round >= limit) return false;
    // From the sizes of the weights, which is quick; then from their signs too.
    const uint8_t* const codes = op.codes.data() + o * per_channel;
    int64_t sizes = 0;
    for (size_t i = 0; i < per_channel; ++i) sizes += size[codes[i]];
    if (sizes * most_in + bias + round < limit) continue;
    if (AccumulatorBound(op, in_c, in, static_cast<int32_t>(o)) + round >= limit) return false;
  }
  return true;
}

bool WinogradBytesFit(const ConvOp& op, int32_t in_c, int32_t reach, bool pairs) {
  const int most = op.alphabet.max_abs();
  const int pair = pairs ? 32767 / std::max(reach, 1) : 254;
  if (9 * most <= std::min(127, pair / 2)) return true;
  if (most > 31) return false;  // in a corner it would be taken four times
  constexpr int kPoints = 16;
  const std::vector<int8_t> levels = ExpandWeights(op, in_c);
  const int64_t pitch = (in_c + 1) / 2 * 2;
  std::vector<int16_t> u(static_cast<size_t>(kPoints * pitch));
  for (size_t o = 0; o < op.bias.size(); ++o) {
    TransformWeights(levels.data() + o * 9 * static_cast<size_t>(in_c), in_c, 2, pitch, u.data());
    for (size_t i = 0; i < u.size(); i += 2) {
      const int a = std::abs(u[i]), b = std::abs(u[i + 1]);
      if (a > 127 || b > 127 || a + b > pair) return false;
    }
  }
  return true;
}

void TransformWeights(const int8_t* levels, int32_t in_c, int32_t tile, int64_t pitch,
                      int16_t* out) {
  tile == 2 ? Transform<2>(levels, in_c, pitch, out) : Transform<4>(levels, in_c, pitch, out);
}

}  // namespace potlut
