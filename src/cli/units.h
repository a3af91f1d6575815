// Numbers for people.
#pragma once

#include <cstdint>
#include <string>

namespace potlut::cli {

std::string FormatCount(int64_t n);         // 1234567 -> "1,234,567"
std::string FormatShort(int64_t n);         // 999, 12.3k, 4.56M, 7.89G
std::string FormatBytes(int64_t n);         // 999 B, 12.3 kB, 4.56 MB (powers of 1000)
std::string FormatPercent(double share);    // 0.9173 -> "91.73 %"
std::string FormatMicroseconds(double us);  // 12.3 us, 4.56 ms, 1.23 s

}  // namespace potlut::cli
