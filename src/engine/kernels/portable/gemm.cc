// Convolutions in plain C++: tiles of 4 windows by 8 channels. Two int16 products are added at a
// time, which compilers know how to do in one instruction on most machines.
#include "engine/kernels/gemm-inl.h"
#include "engine/kernels/portable/tables.h"

namespace potlut {
namespace {

struct Traits {
  using Lane = int16_t;
  static constexpr int kRows = 4;
  static constexpr int kPanel = 8;
  static constexpr int kVector = 8;
  static constexpr int kGroup = 2;

  static inline void Copy(int16_t* dst, const uint8_t* src, int64_t n, bool is_signed) {
    if (is_signed) {
      for (int64_t i = 0; i < n; ++i) dst[i] = static_cast<int8_t>(src[i]);
    } else {
      for (int64_t i = 0; i < n; ++i) dst[i] = src[i];
    }
  }

  template <int kHeight, int kVectors>
  static void TileOf(const TileArgs<int16_t>& t) {
    const ConvRequant& q = *t.requant;
    uint32_t acc[kHeight][8];
    for (int r = 0; r < kHeight; ++r) {
      for (int j = 0; j < 8; ++j) acc[r][j] = static_cast<uint32_t>(q.start[t.first + j]);
    }
    const int16_t* a = t.a;
    const int16_t* w = static_cast<const int16_t*>(t.w);
    for (int64_t s = 0; s < t.steps; ++s, a += 2, w += 16) {
      // Unrolled, so that compilers make vectors of channels. (gcc 12 else makes them of rows, and
      // reads one too many.)
      POTLUT_UNROLL
      for (int r = 0; r < kHeight; ++r) {
        const int32_t x0 = a[r * t.pitch], x1 = a[r * t.pitch + 1];
        for (int j = 0; j < 8; ++j) {
          acc[r][j] += static_cast<uint32_t>(x0 * w[2 * j] + x1 * w[2 * j + 1]);
        }
      }
    }
    for (int r = 0; r < kHeight; ++r) {
      for (int j = 0; j < t.channels; ++j) {
        int32_t v = static_cast<int32_t>(acc[r][j]) >> q.right[t.first + j];
        v = static_cast<int32_t>(static_cast<uint32_t>(v) << q.left[t.first + j]);
        v = v < q.lo ? q.lo : v;
        v = v > q.hi ? q.hi : v;
        if (q.wide) {
          static_cast<int32_t*>(t.out)[r * t.out_pitch + j] = v;
        } else {
          static_cast<uint8_t*>(t.out)[r * t.out_pitch + j] = static_cast<uint8_t>(v);
        }
      }
    }
  }

  static inline void Tile(int height, const TileArgs<int16_t>& t) {
    TileOfHeight<Traits>(height, t);
  }
};

}  // namespace

void PortableGemm(const GemmParams& p, const uint8_t* in, void* out, void* scratch) {
  Gemm<Traits>(p, in, out, scratch);
}

}  // namespace potlut
