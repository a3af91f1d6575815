// Fixed blocks of memory aligned to cache lines, and sizes rounded up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

namespace potlut {

inline constexpr size_t kAlignment = 64;

constexpr size_t AlignUp(size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

// The least multiple of `to` that is not below `value`.
constexpr int64_t RoundUp(int64_t value, int64_t to) { return (value + to - 1) / to * to; }

struct FreeDeleter {
  void operator()(void* p) const { std::free(p); }
};

// Uninitialised. T must be trivial.
template <typename T>
using AlignedArray = std::unique_ptr<T[], FreeDeleter>;

// `count` elements aligned to kAlignment; throws std::bad_alloc where there is no memory.
template <typename T>
AlignedArray<T> MakeAligned(size_t count) {
  if (count > (SIZE_MAX - kAlignment) / sizeof(T)) throw std::bad_alloc();
  const size_t bytes = count == 0 ? kAlignment : AlignUp(count * sizeof(T));
  void* p = std::aligned_alloc(kAlignment, bytes);
  if (p == nullptr) throw std::bad_alloc();
  return AlignedArray<T>(static_cast<T*>(p));
}

}  // namespace potlut
