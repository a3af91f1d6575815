// The program from its arguments to its exit code.
#pragma once

namespace potlut::cli {

// Exit codes are those of ErrorCode: 0 fine, 1 failed, 2 usage, 3 bad input, 4 unsupported, 5 a
// gate missed, 6 resource limit, 130 interrupted.
int Main(int argc, char** argv);

}  // namespace potlut::cli
