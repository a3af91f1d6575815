// Which part of a graph value each ONNX axis is. A graph value is (c, h, w) for one sample; what
// ONNX transposes and reshapes is kept here as bookkeeping, and becomes graph nodes only where it
// changes what a later operator computes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace potlut::onnx {

enum class Dim : uint8_t { kBatch, kC, kH, kW };

// One digit of a dimension's index: the dimension's index is the sum of digit * stride over its
// atoms. An unsplit dimension of size n is the one atom {size n, stride 1}; dimensions of size 1
// have none (but the batch always has).
struct Atom {
  Dim dim = Dim::kC;
  int64_t size = 1;
  int64_t stride = 1;
  bool operator==(const Atom&) const = default;
};

// One ONNX axis: its atoms, most significant first; none: an axis of size 1.
using Axis = std::vector<Atom>;

int64_t AxisSize(const Axis& axis);
bool IsBatch(const Axis& axis);

struct Layout {
  std::vector<Axis> axes;

  bool operator==(const Layout&) const = default;
  size_t rank() const { return axes.size(); }
  std::vector<int64_t> Dims() const;
  // "[N, C, H, W]", "[N, C/2:4 ...]": for messages.
  std::string Text() const;
};

// N, C, H, W of a value.
Layout MapLayout(const graph::Shape& shape, int64_t batch);
// N, C of a value with h = w = 1.
Layout VectorLayout(int64_t channels, int64_t batch);

// A whole dimension as an axis (none where its size is 1).
Axis WholeAxis(Dim dim, int64_t size);
int64_t DimSize(const graph::Shape& shape, Dim dim);

// The layout with axis i being the old axis perm[i]; perm must be a permutation.
Layout Transposed(const Layout& layout, const std::vector<int64_t>& perm);

// The layout after a reshape to `dims`, whose product is the same; axis 0 must hold the batch
// before and after. Nothing where the new axes cut across the old ones.
std::optional<Layout> Regrouped(const Layout& layout, const std::vector<int64_t>& dims);

// Where the atoms of channels stand.
struct ChannelOrder {
  enum class Kind {
    kInOrder,  // one atom, or none
    kShuffle,  // two atoms side by side, swapped: `groups` as in graph::Shuffle
    kSplit     // over several axes, or in an order that one shuffle does not give
  } kind = Kind::kInOrder;
  int32_t groups = 1;
};
ChannelOrder ChannelOrderOf(const Layout& layout);
// The layout with all channel atoms, which stand side by side, replaced by one.
Layout WithWholeChannels(const Layout& layout, int64_t channels);

// Which dimension each axis is, size-1 axes included: the first of N, C, H, W orders (NCHW, then
// NHWC, then the others) that fits. An axis that mixes dimensions, holds a part of one, or is none
// of them has no role.
std::vector<std::optional<Dim>> Roles(const Layout& layout, const graph::Shape& shape);

// Whether the axes are N, C, H, W in this order.
bool IsMap(const Layout& layout, const graph::Shape& shape);

}  // namespace potlut::onnx
