// Text without a formatting library: Cat("a ", 3, " b") for messages in the shipping library.
#pragma once

#include <charconv>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/status.h"

namespace potlut {

inline void AppendTo(std::string& out, std::string_view text) { out.append(text); }
inline void AppendTo(std::string& out, char c) { out.push_back(c); }
template <typename T>  // a template, so that a char* does not turn into a bool
requires(std::is_arithmetic_v<T>) void AppendTo(std::string& out, T value) {
  if constexpr (std::is_same_v<T, bool>) {
    out.append(value ? "true" : "false");
  } else {
    char buffer[32];
    out.append(buffer, std::to_chars(buffer, buffer + sizeof(buffer), value).ptr);
  }
}

// Concatenates text, characters and numbers (shortest form that reads back the same).
template <typename... Parts>
std::string Cat(const Parts&... parts) {
  std::string out;
  (AppendTo(out, parts), ...);
  return out;
}

// Shorthands for the errors that are made most often.
template <typename... Parts>
Error BadInput(const Parts&... parts) {
  return {ErrorCode::kBadInput, Cat(parts...)};
}
template <typename... Parts>
Error Unsupported(const Parts&... parts) {
  return {ErrorCode::kUnsupported, Cat(parts...)};
}
template <typename... Parts>
Error Failed(const Parts&... parts) {
  return {ErrorCode::kFailed, Cat(parts...)};
}
template <typename... Parts>
Error UsageError(const Parts&... parts) {
  return {ErrorCode::kUsage, Cat(parts...)};
}
template <typename... Parts>
Error ResourceLimit(const Parts&... parts) {
  return {ErrorCode::kResourceLimit, Cat(parts...)};
}

}  // namespace potlut
