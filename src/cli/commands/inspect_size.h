// potlut inspect --size: where the bytes of a .plut file go.
#pragma once

#include "cli/plut_file.h"
#include "cli/shell.h"

namespace potlut::cli {

// A table of the layers and one of the file's parts, or JSON.
Status InspectSize(Shell& shell, const std::string& path, const PlutFile& file);

}  // namespace potlut::cli
