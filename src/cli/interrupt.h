// Ctrl-C: the first asks the work to stop, the second ends the process.
#pragma once

namespace potlut::cli {

void CatchInterrupt();
bool Interrupted();

}  // namespace potlut::cli
