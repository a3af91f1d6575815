// JSON for --json: keys stay in the order in which they were written.
#pragma once

#include <nlohmann/json.hpp>

#include "cli/console.h"

namespace potlut::cli {

using Json = nlohmann::ordered_json;

// Two blanks of indentation and a line end; bytes that are no UTF-8 are replaced, never refused.
inline void PrintJson(Console& console, const Json& json) {
  console.Out(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace potlut::cli
