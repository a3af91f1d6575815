// One node at a time into commands: what the compiler's parts share.
#pragma once

#include <vector>

#include "accel/placement.h"
#include "accel/stream.h"

namespace potlut::accel {

struct Lowering {
  const Program& program;
  const ArraySpec& array;
  const std::vector<Place>& places;
  CommandStream& stream;

  const Tensor& T(int32_t t) const { return program.tensors[static_cast<size_t>(t)]; }
  const Place& P(int32_t t) const { return places[static_cast<size_t>(t)]; }
};

// The convolution `node`; with `sum`, the addition that its drain performs. Errors: kUnsupported,
// kResourceLimit, without the node's name.
Status LowerConv(const Lowering& lowering, const Node& node, const Node* sum);

// Every other operator, likewise.
Status LowerVector(const Lowering& lowering, const Node& node);

// Which additions run in the drain of a convolution (`fuse`), and which reshapes are none.
std::vector<NodeFate> DecideFates(const Program& program, bool fuse);

// Whether the drain of `conv` can perform `sum`, given that the other operand is there.
bool CanFuse(const Program& program, const Node& conv, const Node& sum);
// Whether a reshape changes no address of a byte.
bool IsAlias(const Tensor& from, const Tensor& to);

}  // namespace potlut::accel
