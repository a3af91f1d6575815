// The part of `inspect` that reads float networks.
#pragma once

#include <string>

#include "cli/shell.h"

namespace potlut::cli {

// Nodes as they run after simplification. Errors: those of the importer.
Status InspectOnnx(Shell& shell, const std::string& path);

}  // namespace potlut::cli
