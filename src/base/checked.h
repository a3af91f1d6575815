// Arithmetic on sizes that came from a file: no product or sum wraps unseen.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>

namespace potlut {

template <std::integral T>
constexpr std::optional<T> CheckedAdd(T a, T b) {
  T r;
  if (__builtin_add_overflow(a, b, &r)) return std::nullopt;
  return r;
}

template <std::integral T>
constexpr std::optional<T> CheckedMul(T a, T b) {
  T r;
  if (__builtin_mul_overflow(a, b, &r)) return std::nullopt;
  return r;
}

// The product of all factors, or nothing where it would wrap.
template <std::integral T>
constexpr std::optional<T> CheckedProduct(T first, std::convertible_to<T> auto... rest) {
  std::optional<T> product = first;
  ((product = product ? CheckedMul<T>(*product, static_cast<T>(rest)) : std::nullopt), ...);
  return product;
}

}  // namespace potlut
