// The version that the build was configured with.
#pragma once

namespace potlut::cli {

inline constexpr const char* kVersion = POTLUT_VERSION;
inline constexpr const char* kTool = "potlut " POTLUT_VERSION;

}  // namespace potlut::cli
