// Direct convolutions with vpdpbusd: tiles of up to 14 pixels by 32 channels or 24 by 16, four
// bytes of a run at a time. See gemm.cc for signed activations.
#include <immintrin.h>

#include "engine/kernels/avx512vnni/epilogue-inl.h"
#include "engine/kernels/avx512vnni/tables.h"
#include "engine/kernels/direct-inl.h"

namespace potlut {
namespace {

constexpr int kTallest[] = {24, 14};  // tiles of one and of two vectors

struct Context {
  explicit Context(const DirectParams& p) : tail(p.epilogue) {}
  TailVectors tail;
};

// Weights of one step: bytes, or codes of 4 bits that a shuffle turns into bytes.
template <int kVectors, bool kCoded>
struct Weights {
  explicit Weights(const TileWeights& w) {
    if constexpr (kCoded) {
      levels = _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(w.levels)));
    }
  }
  inline __attribute__((always_inline)) void Load(const uint8_t*& w, __m512i (&out)[kVectors]) {
    if constexpr (kCoded) {
      const __m512i low = _mm512_set1_epi8(15), codes = _mm512_loadu_si512(w);
      out[0] = _mm512_shuffle_epi8(levels, _mm512_and_si512(codes, low));
      out[1] = _mm512_shuffle_epi8(levels, _mm512_and_si512(_mm512_srli_epi16(codes, 4), low));
      w += 64;
    } else {
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) out[v] = _mm512_loadu_si512(w + 64 * v);
      w += 64 * kVectors;
    }
  }
  __m512i levels;
};

template <int kHeight, int kVectors, bool kCoded, Tail kTail>
void TileOf(const DirectTile& t) {
  const DirectParams& p = *t.params;
  const ConvBuffers& b = *t.buffers;
  const ConvEpilogue& e = p.epilogue;
  const TailVectors& k = static_cast<const Context*>(t.context)->tail;
  const int64_t at = t.pixel * p.out_c + t.channel;
  const TileMaps maps = {
      e.add.present ? b.residual + at : nullptr,
      e.first ? static_cast<char*>(b.out) + at * (e.requant.wide ? 4 : 1) : nullptr,
      e.rescale.present ? b.second + at : nullptr, p.out_c,
      t.channels >= 32 ? ~0u : (1u << t.channels) - 1};
  if constexpr (kTail == Tail::kAdded || kTail == Tail::kPartAdded) {
    // The residual arrives while the products are made.
    const char* residual = reinterpret_cast<const char*>(e.add.present ? maps.residual : t.a);
    const int64_t step = e.add.present ? maps.pitch : 0;
#pragma GCC unroll 24
    for (int r = 0; r < kHeight; ++r, residual += step) _mm_prefetch(residual, _MM_HINT_T0);
  }
  // Few sums would wait for each other: they are made in several chains, added up in the end.
  constexpr int kChains = kHeight * kVectors <= 2 ? 4 : kHeight * kVectors <= 4 ? 2 : 1;
  __m512i acc[kHeight][kVectors], more[kChains][kHeight][kVectors];
#pragma GCC unroll 2
  for (int v = 0; v < kVectors; ++v) {
    const __m512i first = _mm512_loadu_si512(p.epilogue.requant.start + t.channel + 16 * v);
#pragma GCC unroll 24
    for (int r = 0; r < kHeight; ++r) {
      acc[r][v] = first;
#pragma GCC unroll 4
      for (int c = 1; c < kChains; ++c) more[c][r][v] = _mm512_setzero_si512();
    }
  }
  Weights<kVectors, kCoded> weights(p.weights);
  const uint8_t* w = t.w;
  const char* next = reinterpret_cast<const char*>(t.next);
  const int64_t pitch = t.pitch, run = p.run;
  const auto step = [&](const uint8_t* a, __m512i(&sums)[kHeight][kVectors])
      __attribute__((always_inline)) {
    __m512i now[kVectors];
    weights.Load(w, now);
    _mm_prefetch(next, _MM_HINT_T1);
    next += 64;
#pragma GCC unroll 24
    for (int r = 0; r < kHeight; ++r) {
      int32_t four;
      __builtin_memcpy(&four, a + r * pitch, 4);
      const __m512i x = _mm512_set1_epi32(four);
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) sums[r][v] = _mm512_dpbusd_epi32(sums[r][v], x, now[v]);
    }
  };
  for (int32_t ky = 0; ky < p.window.kernel_h; ++ky) {
    const uint8_t* a = t.a + t.runs[ky];
    const uint8_t* const end = a + run;
    if constexpr (kChains > 1) {
      for (; end - a >= 4 * kChains; a += 4 * kChains) {
        step(a, acc);
#pragma GCC unroll 4
        for (int c = 1; c < kChains; ++c) step(a + 4 * c, more[c]);
      }
      for (; a != end; a += 4) step(a, acc);
    } else {
      do {
        step(a, acc);
        a += 4;
      } while (a != end);
    }
  }
#pragma GCC unroll 4
  for (int c = 1; c < kChains; ++c) {
#pragma GCC unroll 24
    for (int r = 0; r < kHeight; ++r) {
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) acc[r][v] = _mm512_add_epi32(acc[r][v], more[c][r][v]);
    }
  }
  if constexpr (kTail == Tail::kPlain) PlainTail<true>(acc, e, k, t.channel, maps);
  if constexpr (kTail == Tail::kAdded) AddedTail<true>(acc, e, k, t.channel, maps);
  if constexpr (kTail == Tail::kPartPlain) PlainTail<false>(acc, e, k, t.channel, maps);
  if constexpr (kTail == Tail::kPartAdded) AddedTail<false>(acc, e, k, t.channel, maps);
  if constexpr (kTail == Tail::kAny) AnyTail(acc, e, t.channel, maps);
}

// A jump table over the heights of a tile.
template <int kVectors, bool kCoded, Tail kTail>
inline void TileOfHeight(const DirectTile& t) {
  using Function = void (*)(const DirectTile&);
  if constexpr (kVectors == 1) {
    static constexpr Function kTiles[] = {
        TileOf<1, 1, kCoded, kTail>,  TileOf<2, 1, kCoded, kTail>,  TileOf<3, 1, kCoded, kTail>,
        TileOf<4, 1, kCoded, kTail>,  TileOf<5, 1, kCoded, kTail>,  TileOf<6, 1, kCoded, kTail>,
        TileOf<7, 1, kCoded, kTail>,  TileOf<8, 1, kCoded, kTail>,  TileOf<9, 1, kCoded, kTail>,
        TileOf<10, 1, kCoded, kTail>, TileOf<11, 1, kCoded, kTail>, TileOf<12, 1, kCoded, kTail>,
        TileOf<13, 1, kCoded, kTail>, TileOf<14, 1, kCoded, kTail>, TileOf<15, 1, kCoded, kTail>,
        TileOf<16, 1, kCoded, kTail>, TileOf<17, 1, kCoded, kTail>, TileOf<18, 1, kCoded, kTail>,
        TileOf<19, 1, kCoded, kTail>, TileOf<20, 1, kCoded, kTail>, TileOf<21, 1, kCoded, kTail>,
        TileOf<22, 1, kCoded, kTail>, TileOf<23, 1, kCoded, kTail>, TileOf<24, 1, kCoded, kTail>};
    kTiles[t.height - 1](t);
  } else {
    static constexpr Function kTiles[] = {
        TileOf<1, 2, kCoded, kTail>,  TileOf<2, 2, kCoded, kTail>,  TileOf<3, 2, kCoded, kTail>,
        TileOf<4, 2, kCoded, kTail>,  TileOf<5, 2, kCoded, kTail>,  TileOf<6, 2, kCoded, kTail>,
        TileOf<7, 2, kCoded, kTail>,  TileOf<8, 2, kCoded, kTail>,  TileOf<9, 2, kCoded, kTail>,
        TileOf<10, 2, kCoded, kTail>, TileOf<11, 2, kCoded, kTail>, TileOf<12, 2, kCoded, kTail>,
        TileOf<13, 2, kCoded, kTail>, TileOf<14, 2, kCoded, kTail>};
    kTiles[t.height - 1](t);
  }
}

struct Traits {
  using Context = potlut::Context;
  static constexpr int kPanel = 32;

  static int64_t Height(int64_t channels) { return kTallest[channels > 16]; }

  static inline void Copy(uint8_t* dst, const uint8_t* src, int64_t n, bool is_signed) {
    if (n <= 0) return;
    const __m512i flip = _mm512_set1_epi8(is_signed ? static_cast<char>(0x80) : 0);
    for (; n > 64; n -= 64, dst += 64, src += 64) {
      _mm512_storeu_si512(dst, _mm512_xor_si512(_mm512_loadu_si512(src), flip));
    }
    const __mmask64 mask = ~uint64_t{0} >> (64 - n);
    _mm512_storeu_si512(dst, _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, src), flip));
  }
  static inline void Fill(uint8_t* dst, int64_t n, uint8_t value) {
    const __m512i x = _mm512_set1_epi8(static_cast<char>(value));
    for (; n > 0; n -= 64, dst += 64) _mm512_storeu_si512(dst, x);
  }

  template <Tail kTail>
  static inline void TileWith(const DirectTile& t) {
    if (t.width <= 16) return TileOfHeight<1, false, kTail>(t);
    t.params->weights.coded ? TileOfHeight<2, true, kTail>(t) : TileOfHeight<2, false, kTail>(t);
  }
  static inline void Tile(const DirectTile& t) {
    const Tail tail = static_cast<const Context*>(t.context)->tail.tail;
    const bool whole = t.channels == t.width;
    if (tail == Tail::kAny || (!whole && t.width <= 16)) return TileWith<Tail::kAny>(t);
    if (!whole) {  // never coded
      return tail == Tail::kPlain ? TileOfHeight<2, false, Tail::kPartPlain>(t)
                                  : TileOfHeight<2, false, Tail::kPartAdded>(t);
    }
    tail == Tail::kPlain ? TileWith<Tail::kPlain>(t) : TileWith<Tail::kAdded>(t);
  }
};

}  // namespace

void Avx512VnniDirect(const DirectParams& p, const ConvBuffers& buffers, Share share) {
  Direct<Traits>(p, buffers, share);
}

size_t Avx512VnniDirectScratch(const DirectParams& p) { return DirectScratch(p); }

}  // namespace potlut
