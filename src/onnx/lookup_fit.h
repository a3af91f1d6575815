// Whether a table of integers is a line that was rounded.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace potlut::onnx {

// y = round(slope * x + offset), clamped.
struct Line {
  double slope = 0, offset = 0;
};

// `table` holds y for x = first, first + 1, ...; lo and hi are the ends to which y was clamped.
// Returns the line that stays farthest from every tie, in all x at least 1/10000 of a step; none
// where there is no such line.
std::optional<Line> FitLine(std::span<const int16_t> table, int32_t first, int32_t lo, int32_t hi);

// The same with offset 0, if possible a power of two.
std::optional<double> FitSlope(std::span<const int16_t> table, int32_t first, int32_t lo,
                               int32_t hi);

}  // namespace potlut::onnx
