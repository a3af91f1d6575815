// Loops over registers, unrolled by the language: gcc makes registers of an array only where every
// index is a constant from the start.
#pragma once

#include "engine/kernels/unroll-inl.h"

namespace potlut {
namespace {

template <int kValue>
struct Index {
  static constexpr int value = kValue;
  constexpr operator int() const { return kValue; }
};

// f(Index<0>{}), ... f(Index<kCount - 1>{}).
template <int kCount, typename F>
inline POTLUT_INLINE void Repeat(const F& f) {
  if constexpr (kCount > 0) {
    Repeat<kCount - 1>(f);
    f(Index<kCount - 1>{});
  }
}

}  // namespace
}  // namespace potlut
