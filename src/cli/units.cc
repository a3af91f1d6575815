// Three significant digits where a unit is given.
#include "cli/units.h"

#include <fmt/format.h>

#include <cmath>

namespace potlut::cli {
namespace {

std::string Significant(double value) {
  const int decimals = std::abs(value) < 9.995 ? 2 : std::abs(value) < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f}", value, decimals);
}

}  // namespace

std::string FormatCount(int64_t n) {
  std::string text = fmt::format("{}", n);
  const size_t first = n < 0 ? 1 : 0;
  for (size_t at = text.size(); at > first + 3;) {
    at -= 3;
    text.insert(at, 1, ',');
  }
  return text;
}

std::string FormatShort(int64_t n) {
  if (n > -1000 && n < 1000) return fmt::format("{}", n);
  double value = static_cast<double>(n);
  const char* unit = "";
  for (const char* next : {"k", "M", "G", "T", "P"}) {
    if (std::abs(value) < 999.5) break;
    value /= 1000;
    unit = next;
  }
  return Significant(value) + unit;
}

std::string FormatBytes(int64_t n) {
  std::string text = FormatShort(n);
  const bool scaled = !text.empty() && (text.back() < '0' || text.back() > '9');
  if (scaled) {
    text.insert(text.size() - 1, 1, ' ');
    return text + "B";
  }
  return text + " B";
}

std::string FormatPercent(double share) { return fmt::format("{:.2f} %", 100 * share); }

std::string FormatMicroseconds(double us) {
  if (us < 999.5) return Significant(us) + " us";
  if (us < 999.5e3) return Significant(us / 1e3) + " ms";
  return Significant(us / 1e6) + " s";
}

}  // namespace potlut::cli
