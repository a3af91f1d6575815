// The commands below `potlut accel`, and the options that describe an array.
#pragma once

#include <optional>

#include "accel/array.h"
#include "cli/shell.h"

namespace potlut::cli {

struct ArrayOptions {
  accel::ArraySpec array;
  std::string tables = "pair";
  std::optional<int32_t> group;
  double clock = 250;  // MHz, stated, not measured
};
void AddArrayOptions(CLI::App& command, ArrayOptions& options);
// Errors: kUsage for sizes that make no sense.
Expected<accel::ArraySpec> ResolveArray(const ArrayOptions& options);

void AddAccelCompile(CLI::App& accel, Shell& shell);
void AddAccelSimulate(CLI::App& accel, Shell& shell);
void AddAccelReport(CLI::App& accel, Shell& shell);

}  // namespace potlut::cli
