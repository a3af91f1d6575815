// Depthwise convolutions with vpdpwssd: sixteen channels a vector, one tap at a time.
#include <immintrin.h>

#include "engine/kernels/avx512vnni/requant-inl.h"
#include "engine/kernels/avx512vnni/tables.h"
#include "engine/kernels/window-inl.h"

namespace potlut {
namespace {

// Activations widened to 32 bits; their low half meets the level, their high half (0 or -1) meets
// 0.
template <bool kSigned>
inline __m512i Load16(const uint8_t* p, __mmask16 mask) {
  const __m128i x = _mm_maskz_loadu_epi8(mask, p);
  return kSigned ? _mm512_cvtepi8_epi32(x) : _mm512_cvtepu8_epi32(x);
}

// kVectors * 16 channels from c of one pixel; the last vector may be partial.
template <bool kSigned, int kVectors>
inline void Pixel(const DepthwiseParams& p, const uint8_t* in, const TapRange& range, int64_t c,
                  char* out) {
  const int64_t left = p.channels - c;
  __m512i acc[kVectors];
  __mmask16 mask[kVectors];
  for (int v = 0; v < kVectors; ++v) {
    const int64_t n = left - 16 * v;
    mask[v] = static_cast<__mmask16>(n >= 16 ? 0xffff : (1u << n) - 1);
    acc[v] = _mm512_maskz_loadu_epi32(mask[v], p.requant.start + c + 16 * v);
  }
  const MapWindow& m = p.window;
  for (int32_t ky = range.y_first; ky < range.y_end; ++ky) {
    const uint8_t* x = in + range.Offset(m, ky, range.x_first) * p.channels + c;
    const int32_t* w = p.weights + (int64_t{ky} * m.kernel_w + range.x_first) * p.channels + c;
    for (int32_t kx = range.x_first; kx < range.x_end; ++kx) {
      for (int v = 0; v < kVectors; ++v) {
        acc[v] = _mm512_dpwssd_epi32(acc[v], Load16<kSigned>(x + 16 * v, mask[v]),
                                     _mm512_maskz_loadu_epi32(mask[v], w + 16 * v));
      }
      x += int64_t{m.dilation_w} * p.channels;
      w += p.channels;
    }
  }
  for (int v = 0; v < kVectors; ++v) {
    Requant16(p.requant, c + 16 * v, left - 16 * v)
        .Store(acc[v], out + 16 * v * (p.requant.wide ? 4 : 1));
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
      for (; p.channels - c > 48; c += 64) Pixel<kSigned, 4>(p, in, range, c, dst + c * bytes);
      for (; c < p.channels; c += 16) Pixel<kSigned, 1>(p, in, range, c, dst + c * bytes);
      dst += p.channels * bytes;
    }
  }
}

}  // namespace

void Avx512VnniDepthwise(const DepthwiseParams& p, const uint8_t* in, void* out) {
  p.in_signed ? Depthwise<true>(p, in, out) : Depthwise<false>(p, in, out);
}

}  // namespace potlut
