// Direct convolutions with vpmaddubsw: tiles of up to 6 pixels by 16 channels
// or 10 by 8, four bytes of a run at a time. Sums stay in 16 bits for as many
// steps as the layer's spans allow, and are widened in between. Signed
// activations are offset by 128, as in gemm.cc of avx512vnni.
#include <immintrin.h>

#include "engine/kernels/avx2/epilogue-inl.h"
#include "engine/kernels/avx2/tables.h"
#include "engine/kernels/direct-inl.h"

namespace potlut {
namespace {

constexpr int kTallest[] = {10, 6};  // tiles of one and of two vectors

// One step, for all pixels and channels of the tile.
template <bool kFirst, int kHeight, int kVectors>
inline POTLUT_INLINE void AddStep(const uint8_t* a, int64_t pitch, const uint8_t* w,
                                  __m256i (&acc)[kHeight][kVectors]) {
  __m256i now[kVectors];
  POTLUT_UNROLL
  for (int v = 0; v < kVectors; ++v) now[v] = Load8(w + 32 * v);
  POTLUT_UNROLL
  for (int r = 0; r < kHeight; ++r) {
    int32_t four;
    __builtin_memcpy(&four, a + r * pitch, 4);
    const __m256i x = _mm256_set1_epi32(four);
    POTLUT_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      const __m256i two = _mm256_maddubs_epi16(x, now[v]);
      acc[r][v] = kFirst ? two : _mm256_add_epi16(acc[r][v], two);
    }
  }
}

template <int kHeight, int kVectors, Tail kTail>
POTLUT_NOINLINE void TileOf(const DirectTile& t) {
  const DirectParams& p = *t.params;
  const ConvEpilogue& e = p.epilogue;
  const DirectPanel& panel = p.panels[t.channel / 16];
  const uint8_t* w = static_cast<const uint8_t*>(p.weights.data) + panel.weights;
  const int32_t* offset = p.offsets + panel.offsets;
  const uint8_t* const a = t.a;
  const int64_t pitch = t.pitch;
  const int32_t more = p.group - 1;
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i wide[kHeight][kVectors];
  for (int r = 0; r < kHeight; ++r) {
    for (int v = 0; v < kVectors; ++v) wide[r][v] = Load8(e.requant.start + t.channel + 8 * v);
  }
  for (int32_t groups = panel.groups; groups > 0; --groups) {
    __m256i acc[kHeight][kVectors];
    AddStep<true>(a + *offset++, pitch, w, acc);
    w += 32 * kVectors;
    for (int32_t i = more; i > 0; --i, w += 32 * kVectors) {
      AddStep<false>(a + *offset++, pitch, w, acc);
    }
    POTLUT_UNROLL
    for (int r = 0; r < kHeight; ++r) {
      POTLUT_UNROLL
      for (int v = 0; v < kVectors; ++v) {
        wide[r][v] = _mm256_add_epi32(wide[r][v], _mm256_madd_epi16(acc[r][v], ones));
      }
    }
  }
  const ConvBuffers& b = *t.buffers;
  const int64_t at = t.pixel * p.out_c + t.channel;
  const TileMaps maps = {
      e.add.present ? b.residual + at : nullptr,
      e.first ? static_cast<char*>(b.out) + at * (e.requant.wide ? 4 : 1) : nullptr,
      e.rescale.present ? b.second + at : nullptr, p.out_c};
  if constexpr (kTail == Tail::kPlain) PlainTail(wide, e, t.channel, maps);
  if constexpr (kTail == Tail::kAdded) AddedTail(wide, e, t.channel, maps);
  if constexpr (kTail == Tail::kAny) AnyTail(wide, e, t.channel, t.channels, maps);
}

template <int kVectors, Tail kTail, int kHeight = kTallest[kVectors - 1]>
inline void TileOfHeight(const DirectTile& t) {
  if constexpr (kHeight > 0) {
    if (t.height != kHeight) return TileOfHeight<kVectors, kTail, kHeight - 1>(t);
    TileOf<kHeight, kVectors, kTail>(t);
  }
}

struct Traits {
  static constexpr int kPanel = 16;

  static int64_t Height(int64_t channels) { return kTallest[channels > 8]; }

  template <typename T>
  static inline void CopyEnds(uint8_t* dst, const uint8_t* src, int64_t n, uint64_t flip) {
    T first, last;
    __builtin_memcpy(&first, src, sizeof(T));
    __builtin_memcpy(&last, src + n - sizeof(T), sizeof(T));
    first ^= static_cast<T>(flip);
    last ^= static_cast<T>(flip);
    __builtin_memcpy(dst, &first, sizeof(T));
    __builtin_memcpy(dst + n - sizeof(T), &last, sizeof(T));
  }
  static inline void Copy(uint8_t* dst, const uint8_t* src, int64_t n, bool is_signed) {
    if (n <= 0) return;
    const uint64_t flip = is_signed ? 0x8080808080808080u : 0;
    if (n < 16) {
      if (n >= 8) return CopyEnds<uint64_t>(dst, src, n, flip);
      if (n >= 4) return CopyEnds<uint32_t>(dst, src, n, flip);
      for (int64_t i = 0; i < n; ++i) dst[i] = static_cast<uint8_t>(src[i] ^ (flip & 0x80));
      return;
    }
    const __m256i flips = _mm256_set1_epi64x(static_cast<int64_t>(flip));
    const auto half = [&](int64_t i) {
      const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(src + i));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(dst + i),
                       _mm_xor_si128(x, _mm256_castsi256_si128(flips)));
    };
    if (n < 32) {
      half(0);
      return half(n - 16);
    }
    const auto whole = [&](int64_t i) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(dst + i),
                          _mm256_xor_si256(Load8(src + i), flips));
    };
    int64_t i = 0;
    for (; i + 32 <= n; i += 32) whole(i);
    if (i < n) whole(n - 32);  // the rest, overlapping what is done
  }
  static inline void Fill(uint8_t* dst, int64_t n, uint8_t value) {
    const __m256i x = _mm256_set1_epi8(static_cast<char>(value));
    for (; n > 0; n -= 32, dst += 32) _mm256_storeu_si256(reinterpret_cast<__m256i*>(dst), x);
  }

  static inline void Tile(const DirectTile& t) {
    if (t.width <= 8) return TileOfHeight<1, Tail::kAny>(t);
    switch (TailOf(t.params->epilogue, t.channels == t.width)) {
      case Tail::kPlain:
        return TileOfHeight<2, Tail::kPlain>(t);
      case Tail::kAdded:
        return TileOfHeight<2, Tail::kAdded>(t);
      case Tail::kAny:
        return TileOfHeight<2, Tail::kAny>(t);
    }
  }
};

}  // namespace

void Avx2Direct(const DirectParams& p, const ConvBuffers& buffers, Share share) {
  Direct<Traits>(p, buffers, share);
}

size_t Avx2DirectScratch(const DirectParams& p) { return DirectScratch(p); }

void Avx2DirectRuns(const DirectParams& p, int64_t* runs) {
  const DirectRows rows(p, p.block);
  for (int32_t ky = 0; ky < p.window.kernel_h; ++ky) runs[ky] = rows.runs[ky];
}

}  // namespace potlut
