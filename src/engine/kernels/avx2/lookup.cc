// Look-ups in one table of 256 bytes with vpshufb, 64 at a time.
//
// The table is cut into blocks of 16. Block i holds the entries' differences (exclusive or) to
// those of the block before it: a value that is 16 i or more takes part in block i, so that what it
// gathers is the entry of its own block. Subtracting 16 a block turns values below it negative, for
// which vpshufb gives 0; it saturates, so that they stay so.
#include <immintrin.h>

#include "engine/kernels/avx2/tables.h"

namespace potlut {
namespace {

struct Halves {
  __m256i low, high;  // what was gathered for two vectors of 32 values
};

class Blocks {
 public:
  explicit Blocks(const LookupParams& p) : low_end_(p.low_end), high_begin_(p.high_begin) {
    __m128i before[2] = {_mm_setzero_si128(), _mm_setzero_si128()};
    for (int half = 0; half < 2; ++half) {
      for (int i = half == 0 ? 0 : high_begin_; i < (half == 0 ? low_end_ : 8); ++i) {
        const __m128i entries =
            _mm_loadu_si128(reinterpret_cast<const __m128i*>(p.tables + 128 * half + 16 * i));
        difference_[half][i] = _mm256_broadcastsi128_si256(_mm_xor_si128(entries, before[half]));
        before[half] = entries;
      }
    }
  }
  // Of bytes below 128 the lower blocks, of the others, less 128, the upper ones. Bytes of the
  // other half are negative.
  Halves operator()(__m256i x, __m256i y) const {
    const __m256i step = _mm256_set1_epi8(16), top = _mm256_set1_epi8(static_cast<char>(0x80));
    Halves sum = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    __m256i a = x, b = y;
    for (int i = 0; i < low_end_; ++i) Gather(difference_[0][i], step, a, b, sum);
    if (high_begin_ == 8) return sum;
    const __m256i first = _mm256_set1_epi8(static_cast<char>(16 * high_begin_));
    a = _mm256_subs_epi8(_mm256_xor_si256(x, top), first);
    b = _mm256_subs_epi8(_mm256_xor_si256(y, top), first);
    for (int i = high_begin_; i < 8; ++i) Gather(difference_[1][i], step, a, b, sum);
    return sum;
  }

 private:
  static void Gather(__m256i block, __m256i step, __m256i& a, __m256i& b, Halves& sum) {
    sum.low = _mm256_xor_si256(sum.low, _mm256_shuffle_epi8(block, a));
    sum.high = _mm256_xor_si256(sum.high, _mm256_shuffle_epi8(block, b));
    a = _mm256_subs_epi8(a, step);
    b = _mm256_subs_epi8(b, step);
  }
  int32_t low_end_, high_begin_;
  __m256i difference_[2][8];
};

}  // namespace

void Avx2Lookup(const LookupParams& p, const uint8_t* in, int64_t bytes, uint8_t* out) {
  const Blocks look_up(p);
  const auto load = [](const uint8_t* at) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
  };
  const auto store = [](uint8_t* at, __m256i v) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), v);
  };
  int64_t i = 0;
  for (; i + 64 <= bytes; i += 64) {
    const Halves y = look_up(load(in + i), load(in + i + 32));
    store(out + i, y.low);
    store(out + i + 32, y.high);
  }
  for (; i < bytes; ++i) out[i] = p.tables[in[i]];
}

}  // namespace potlut
