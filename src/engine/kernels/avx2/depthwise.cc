// Depthwise convolutions with vpmaddwd: eight channels a vector, one tap at a time.
#include <immintrin.h>

#include "engine/kernels/avx2/requant-inl.h"
#include "engine/kernels/avx2/tables.h"
#include "engine/kernels/depthwise-inl.h"

namespace potlut {
namespace {

// Activations widened to 32 bits; their low half meets the level, their high half (0 or -1) meets
// 0.
template <bool kSigned>
inline __m256i Widen8(const uint8_t* p) {
  const __m128i x = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
  return kSigned ? _mm256_cvtepi8_epi32(x) : _mm256_cvtepu8_epi32(x);
}

// kVectors * 8 channels from c of one pixel.
template <bool kSigned, int kVectors>
inline void Pixel(const DepthwiseParams& p, const uint8_t* in, const TapRange& range, int64_t c,
                  char* out) {
  __m256i acc[kVectors];
  for (int v = 0; v < kVectors; ++v) acc[v] = Load8(p.requant.start + c + 8 * v);
  const MapWindow& m = p.window;
  for (int32_t ky = range.y_first; ky < range.y_end; ++ky) {
    const uint8_t* x = in + range.Offset(m, ky, range.x_first) * p.channels + c;
    const int32_t* w = p.weights + (int64_t{ky} * m.kernel_w + range.x_first) * p.channels + c;
    for (int32_t kx = range.x_first; kx < range.x_end; ++kx) {
      for (int v = 0; v < kVectors; ++v) {
        acc[v] = _mm256_add_epi32(acc[v],
                                  _mm256_madd_epi16(Widen8<kSigned>(x + 8 * v), Load8(w + 8 * v)));
      }
      x += int64_t{m.dilation_w} * p.channels;
      w += p.channels;
    }
  }
  for (int v = 0; v < kVectors; ++v) {
    Requant8(p.requant, c + 8 * v).Store(acc[v], 8, out + 8 * v * (p.requant.wide ? 4 : 1));
  }
}

template <bool kSigned>
void Depthwise(const DepthwiseParams& p, const uint8_t* in, void* out) {
  const int64_t bytes = p.requant.wide ? 4 : 1;
  char* dst = static_cast<char*>(out);
  for (int32_t oy = 0; oy < p.window.out_h; ++oy) {
    for (int32_t ox = 0; ox < p.window.out_w; ++ox) {
      const TapRange range(p.window, oy, ox);
      int64_t c = 0;
      for (; c + 32 <= p.channels; c += 32) Pixel<kSigned, 4>(p, in, range, c, dst + c * bytes);
      for (; c + 8 <= p.channels; c += 8) Pixel<kSigned, 1>(p, in, range, c, dst + c * bytes);
      if (c < p.channels) {  // the rest, overlapping what is done
        Pixel<kSigned, 1>(p, in, range, p.channels - 8, dst + (p.channels - 8) * bytes);
      }
      dst += p.channels * bytes;
    }
  }
}

}  // namespace

void Avx2Depthwise(const DepthwiseParams& p, const uint8_t* in, void* out) {
  if (p.channels < 8) return PlainDepthwise(p, in, out);
  p.in_signed ? Depthwise<true>(p, in, out) : Depthwise<false>(p, in, out);
}

}  // namespace potlut
