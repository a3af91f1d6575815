// The reference executor: the meaning of a program, one plain implementation of each operator.
//
// Convolutions index a product table and add: no multiplication and no shift in the inner loop. For
// comparison the same layers can be run by shifting (pot) and by multiplying; the bits are equal.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "program/program.h"

namespace potlut {

enum class ProductMethod { kTable, kShift, kMultiply };

// One image's values of one tensor: bytes as stored (Tensor::type.bytes() each, HWC).
using TensorData = std::vector<uint8_t>;

// Counted while running, if asked for.
struct OpCounts {
  int64_t lookups = 0;
  int64_t additions = 0;
  int64_t shifts = 0;           // requantisation, one an output, and kShift's products
  int64_t multiplications = 0;  // kMultiply's products; 0 for the others
};

struct ReferenceOptions {
  ProductMethod method = ProductMethod::kTable;
  OpCounts* counts = nullptr;
};

// Runs one node of a validated program. `inputs` hold the node's inputs in order.
// Errors: kUnsupported where `method` is kShift and a conv's levels are not powers of two.
Expected<TensorData> ReferenceRunNode(const Program& program, const Node& node,
                                      std::span<const TensorData* const> inputs,
                                      const ReferenceOptions& options = {});

// Runs a validated program on one image (input dims, HWC bytes); returns every tensor, indexed as
// in the program. Errors: kUsage where the image has another size.
Expected<std::vector<TensorData>> ReferenceRun(const Program& program,
                                               std::span<const uint8_t> image,
                                               const ReferenceOptions& options = {});

// The shift with rounding of numerics.md: half up; negative n shifts left.
inline int32_t RoundShift(int32_t v, int n) {
  if (n > 0) return (v + (int32_t{1} << (n - 1))) >> n;
  return static_cast<int32_t>(static_cast<uint32_t>(v) << -n);
}

}  // namespace potlut
