// The arrays that the report compares.
#pragma once

#include <string>
#include <vector>

#include "measure.h"

namespace potlut::rtl {

// Those for weights of `wb` bits and activations of `ab`, baselines first. Netlists have the names
// that hw-report.sh gives them.
std::vector<Config> Configs(int wb, int ab);

}  // namespace potlut::rtl
