// What the context coder does for all nodes of a tree at once: lanes of 16 bits, eight in a vector.
// The plain loops are the definition; SSE2, which every x86-64 has, does the same.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace potlut {

inline int16_t Saturate16(int32_t v) { return static_cast<int16_t>(std::clamp(v, -32768, 32767)); }

// The sum of weights in 1/4096 (nats) as a place in kContextSquash: rounded to 1/256, from -2047
// on 1.
inline int32_t SquashIndex(int32_t sum) {
  return std::clamp(Saturate16(sum + 8) >> 4, -2047, 2047) + 2048;
}

// a * b / 65536, rounded to nearest.
inline int16_t MulRound(int32_t a, int32_t b) {
  return static_cast<int16_t>((a * b + 32768) >> 16);
}

using ContextNumbers = std::array<int16_t, 3>;

// The definition.
namespace plain {

// index[n] = SquashIndex of looked[0][n] + looked[1][n] + looked[2][n] + weight * number / 32, each
// sum saturated.
template <int kLanes>
void Predict(const std::array<int16_t*, 3>& looked,
             const std::array<std::array<int16_t, kLanes>, 3>& weight, const ContextNumbers& number,
             uint16_t* index) {
  for (int n = 0; n < kLanes; ++n) {
    const auto i = static_cast<size_t>(n);
    const int32_t numbers =
        (weight[0][i] * number[0] + weight[1][i] * number[1] + weight[2][i] * number[2]) >> 5;
    int32_t sum = Saturate16(looked[0][n] + looked[1][n]);
    sum = Saturate16(sum + looked[2][n]);
    sum = Saturate16(sum + Saturate16(numbers));
    index[n] = static_cast<uint16_t>(SquashIndex(sum));
  }
}

// error[n] = target[n] - p[n] / 2 where visited[n], otherwise 0.
template <int kLanes>
void Errors(const int16_t* target, const int16_t* visited, const uint16_t* p, int16_t* error) {
  for (int n = 0; n < kLanes; ++n)
    error[n] = static_cast<int16_t>((target[n] - (p[n] >> 1)) & visited[n]);
}

// weight[n] += MulRound(error[n], step), saturated.
template <int kLanes>
void Learn(const int16_t* error, int16_t step, int16_t* weight) {
  for (int n = 0; n < kLanes; ++n) weight[n] = Saturate16(weight[n] + MulRound(error[n], step));
}

}  // namespace plain

#if defined(__SSE2__)

namespace sse2 {

inline __m128i Load(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
inline void Store(void* p, __m128i v) { _mm_storeu_si128(static_cast<__m128i*>(p), v); }

template <int kLanes>
void Predict(const std::array<int16_t*, 3>& looked,
             const std::array<std::array<int16_t, kLanes>, 3>& weight, const ContextNumbers& number,
             uint16_t* index) {
  const auto both = [](int16_t a, int16_t b) {
    return _mm_set1_epi32(static_cast<int32_t>(
        static_cast<uint16_t>(a) | static_cast<uint32_t>(static_cast<uint16_t>(b)) << 16));
  };
  const __m128i f01 = both(number[0], number[1]), f2 = both(number[2], 0);
  for (int n = 0; n < kLanes; n += 8) {
    const __m128i w0 = Load(weight[0].data() + n), w1 = Load(weight[1].data() + n),
                  w2 = Load(weight[2].data() + n), zero = _mm_setzero_si128();
    const __m128i lo = _mm_add_epi32(_mm_madd_epi16(_mm_unpacklo_epi16(w0, w1), f01),
                                     _mm_madd_epi16(_mm_unpacklo_epi16(w2, zero), f2));
    const __m128i hi = _mm_add_epi32(_mm_madd_epi16(_mm_unpackhi_epi16(w0, w1), f01),
                                     _mm_madd_epi16(_mm_unpackhi_epi16(w2, zero), f2));
    const __m128i numbers = _mm_packs_epi32(_mm_srai_epi32(lo, 5), _mm_srai_epi32(hi, 5));
    __m128i sum = _mm_adds_epi16(Load(looked[0] + n), Load(looked[1] + n));
    sum = _mm_adds_epi16(sum, Load(looked[2] + n));
    sum = _mm_adds_epi16(sum, numbers);
    sum = _mm_srai_epi16(_mm_adds_epi16(sum, _mm_set1_epi16(8)), 4);
    sum = _mm_max_epi16(sum, _mm_set1_epi16(-2047));
    Store(index + n, _mm_add_epi16(sum, _mm_set1_epi16(2048)));
  }
}

template <int kLanes>
void Errors(const int16_t* target, const int16_t* visited, const uint16_t* p, int16_t* error) {
  for (int n = 0; n < kLanes; n += 8) {
    const __m128i away = _mm_sub_epi16(Load(target + n), _mm_srli_epi16(Load(p + n), 1));
    Store(error + n, _mm_and_si128(away, Load(visited + n)));
  }
}

template <int kLanes>
void Learn(const int16_t* error, int16_t step, int16_t* weight) {
  const __m128i s = _mm_set1_epi16(step);
  for (int n = 0; n < kLanes; n += 8) {
    const __m128i e = Load(error + n);
    const __m128i product =
        _mm_add_epi16(_mm_mulhi_epi16(e, s), _mm_srli_epi16(_mm_mullo_epi16(e, s), 15));
    Store(weight + n, _mm_adds_epi16(Load(weight + n), product));
  }
}

}  // namespace sse2
namespace lanes = sse2;

#else

namespace lanes = plain;

#endif

}  // namespace potlut
