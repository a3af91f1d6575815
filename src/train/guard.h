// The border to LibTorch, which reports by exceptions.
#pragma once

#include <new>
#include <string>
#include <type_traits>

#include "base/text.h"
#include "train/aten.h"

namespace potlut::train {

// The first line of what LibTorch says: the rest is its stack.
inline std::string FirstLine(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

// Returns fn(), a Status or an Expected; exceptions become Errors that begin with `what`.
template <typename F>
auto Guarded(std::string_view what, F&& fn) -> std::invoke_result_t<F> {
  try {
    return fn();
  } catch (const std::bad_alloc&) {
    return ResourceLimit(what, ": out of memory; a smaller --batch needs less");
  } catch (const c10::Error& error) {
    const std::string text = FirstLine(error.what_without_backtrace());
    if (text.find("not enough memory") != std::string::npos ||
        text.find("out of memory") != std::string::npos) {
      return ResourceLimit(what, ": out of memory; a smaller --batch needs less (", text, ")");
    }
    return Failed(what, ": ", text);
  } catch (const std::exception& error) {
    return Failed(what, ": ", FirstLine(error.what()));
  }
}

}  // namespace potlut::train
