// A program as text, complete and stable: what golden files are compared by.
#pragma once

#include <string>

#include "program/program.h"

namespace potlut {

// One line a tensor, node or metadata entry. Lists of more than 24 numbers are shown by their first
// 8, count and 64-bit FNV-1a hash of their decimal text.
std::string ProgramText(const Program& program);

}  // namespace potlut
