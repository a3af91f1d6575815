// Winograd's minimal filtering in integers: where it is exact, and its weights (A. Lavin and
// S. Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016).
//
// A tile of t x t outputs is A^T [(G g G^T) . (B^T d B)] A, with n = t + 2 points along each axis,
// n^2 products a channel where the window takes 9 t^2. B and A are whole; G is made whole by a
// factor along each axis, so that sums come out `scale` times too large:
//
//   t = 2: n = 4, points 0, 1, -1, infinity; 2 G, scale 4. Activations of up to 6 bits and weights
//          whose transform fits int8 (|level| <= 14 always does) are bytes: B^T d B of an unsigned
//          d up to m lies in [0, 4 m] at the point (1, 1) and in [-2 m, 2 m] elsewhere, of a signed
//          one down to -m in [-4 m, 4 m - 2]; an offset makes that unsigned.
//   t = 4: n = 6, points 0, 1, -1, 2, -2, infinity; 24 G, but 6 at infinity, where A has the 4
//          instead; scale 576. A row of G reaches 12 levels, of B 10 activations (5 above or below
//          zero in its first and last row, 8 and 2 else), so that any weight reaches 144 * 127 =
//          18,288 and any activation of 8 bits 68 * 255 = 17,340: both fit int16.
//
// Everything is modulo 2^32. With t = 2, `scale` times a sum must stay below 2^31 (so the sum, with
// its rounding constant, below 2^29): shifting to the right then divides as well. With t = 4, the
// inverse of 9 modulo 2^32 makes 64 times the sum out of 576 times, which must stay below 2^31 (the
// sum below 2^25).
#pragma once

#include "engine/aligned.h"
#include "engine/kernels/kernels.h"
#include "program/program.h"

namespace potlut {

// How activations become bytes, t = 2.
struct WinogradOffsets {
  bool fits;
  uint8_t center, other;
  int32_t reach;  // the largest byte
};
WinogradOffsets OffsetsOf(TensorType type);

// Whether 4 (t = 2) or 64 (t = 4) times every sum stays in 32 bits, shifts included.
bool WinogradSumsFit(const ConvOp& op, int32_t in_c, TensorType in, int32_t tile);

// Whether transformed weights fit bytes, and no pair of products with bytes up to `reach` leaves 16
// bits (`pairs`: where the instruction set adds such pairs with saturation).
bool WinogradBytesFit(const ConvOp& op, int32_t in_c, int32_t reach, bool pairs);

// G g G^T of one output channel. `levels` [9][in_c]; `out` [(tile + 2)^2][pitch], pitch >= in_c;
// the rest of a row is left alone.
void TransformWeights(const int8_t* levels, int32_t in_c, int32_t tile, int64_t pitch,
                      int16_t* out);

}  // namespace potlut
