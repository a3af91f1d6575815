// Bookkeeping of axes.
#include "onnx/layout.h"

#include <algorithm>

#include "base/text.h"

namespace potlut::onnx {

int64_t AxisSize(const Axis& axis) {
  int64_t size = 1;
  for (const Atom& atom : axis) size *= atom.size;
  return size;
}

bool IsBatch(const Axis& axis) { return axis.size() == 1 && axis[0].dim == Dim::kBatch; }

std::vector<int64_t> Layout::Dims() const {
  std::vector<int64_t> dims;
  for (const Axis& axis : axes) dims.push_back(AxisSize(axis));
  return dims;
}

std::string Layout::Text() const {
  static constexpr std::string_view kNames[] = {"N", "C", "H", "W"};
  std::string out = "[";
  for (size_t i = 0; i < axes.size(); ++i) {
    AppendTo(out, i == 0 ? "" : ", ");
    if (axes[i].empty()) AppendTo(out, "1");
    for (size_t j = 0; j < axes[i].size(); ++j) {
      const Atom& atom = axes[i][j];
      AppendTo(out, j == 0 ? "" : "*");
      AppendTo(out, kNames[static_cast<size_t>(atom.dim)]);
      if (atom.dim == Dim::kBatch) continue;
      AppendTo(out, ":");
      AppendTo(out, atom.size);
      if (atom.stride != 1) {
        AppendTo(out, "/");
        AppendTo(out, atom.stride);
      }
    }
  }
  return out + "]";
}

Axis WholeAxis(Dim dim, int64_t size) {
  if (size == 1 && dim != Dim::kBatch) return {};
  return {Atom{dim, size, 1}};
}

int64_t DimSize(const graph::Shape& shape, Dim dim) {
  switch (dim) {
    case Dim::kC:
      return shape.c;
    case Dim::kH:
      return shape.h;
    case Dim::kW:
      return shape.w;
    default:
      return 1;
  }
}

Layout MapLayout(const graph::Shape& shape, int64_t batch) {
  return {{WholeAxis(Dim::kBatch, batch), WholeAxis(Dim::kC, shape.c), WholeAxis(Dim::kH, shape.h),
           WholeAxis(Dim::kW, shape.w)}};
}

Layout VectorLayout(int64_t channels, int64_t batch) {
  return {{WholeAxis(Dim::kBatch, batch), WholeAxis(Dim::kC, channels)}};
}

Layout Transposed(const Layout& layout, const std::vector<int64_t>& perm) {
  Layout out;
  for (const int64_t from : perm) out.axes.push_back(layout.axes[static_cast<size_t>(from)]);
  return out;
}

namespace {

// Appends `atom`, joined with the one before where the two are neighbouring digits of one
// dimension.
void AppendAtom(Axis& axis, const Atom& atom) {
  if (!axis.empty() && axis.back().dim == atom.dim &&
      axis.back().stride == atom.stride * atom.size) {
    axis.back().size *= atom.size;
    axis.back().stride = atom.stride;
  } else {
    axis.push_back(atom);
  }
}

}  // namespace

std::optional<Layout> Regrouped(const Layout& layout, const std::vector<int64_t>& dims) {
  if (layout.axes.empty() || !IsBatch(layout.axes[0]) || dims.empty() ||
      dims[0] != AxisSize(layout.axes[0])) {
    return std::nullopt;
  }
  std::vector<Atom> digits;  // least significant first, as a stack whose top is the next
  for (size_t i = layout.axes.size(); i-- > 1;) {
    digits.insert(digits.end(), layout.axes[i].rbegin(), layout.axes[i].rend());
  }
  Layout out{{layout.axes[0]}};
  for (size_t i = 1; i < dims.size(); ++i) {
    Axis axis;
    int64_t need = dims[i];
    while (need > 1) {
      if (digits.empty()) return std::nullopt;
      Atom atom = digits.back();
      digits.pop_back();
      if (need % atom.size == 0) {
        need /= atom.size;
      } else if (atom.size % need == 0) {
        const int64_t low = atom.size / need;
        digits.push_back({atom.dim, low, atom.stride});
        atom = {atom.dim, need, atom.stride * low};
        need = 1;
      } else {
        return std::nullopt;
      }
      AppendAtom(axis, atom);
    }
    out.axes.push_back(std::move(axis));
  }
  if (!digits.empty()) return std::nullopt;
  return out;
}

ChannelOrder ChannelOrderOf(const Layout& layout) {
  std::vector<Atom> atoms;
  int holders = 0;
  bool apart = false;
  for (const Axis& axis : layout.axes) {
    size_t last = 0;
    bool here = false;
    for (size_t i = 0; i < axis.size(); ++i) {
      if (axis[i].dim != Dim::kC) continue;
      apart = apart || (here && last + 1 != i);
      here = true;
      last = i;
      atoms.push_back(axis[i]);
    }
    holders += here ? 1 : 0;
  }
  if (atoms.size() <= 1) return {};
  if (holders == 1 && !apart && atoms.size() == 2 && atoms[0].stride == 1 &&
      atoms[1].stride == atoms[0].size) {
    return {ChannelOrder::Kind::kShuffle, static_cast<int32_t>(atoms[1].size)};
  }
  return {ChannelOrder::Kind::kSplit};
}

Layout WithWholeChannels(const Layout& layout, int64_t channels) {
  Layout out = layout;
  for (Axis& axis : out.axes) {
    const auto is_channel = [](const Atom& atom) { return atom.dim == Dim::kC; };
    const auto first = std::find_if(axis.begin(), axis.end(), is_channel);
    if (first == axis.end()) continue;
    *first = {Dim::kC, channels, 1};
    axis.erase(std::remove_if(first + 1, axis.end(), is_channel), axis.end());
  }
  return out;
}

std::vector<std::optional<Dim>> Roles(const Layout& layout, const graph::Shape& shape) {
  static constexpr std::array<std::array<Dim, 3>, 6> kOrders = {{{Dim::kC, Dim::kH, Dim::kW},
                                                                 {Dim::kH, Dim::kW, Dim::kC},
                                                                 {Dim::kC, Dim::kW, Dim::kH},
                                                                 {Dim::kH, Dim::kC, Dim::kW},
                                                                 {Dim::kW, Dim::kC, Dim::kH},
                                                                 {Dim::kW, Dim::kH, Dim::kC}}};
  std::vector<std::optional<Dim>> roles(layout.rank());
  std::vector<size_t> open;  // axes of size 1
  std::array<bool, 4> taken{};
  for (size_t i = 0; i < layout.rank(); ++i) {
    const Axis& axis = layout.axes[i];
    if (axis.empty()) open.push_back(i);
    if (axis.size() != 1) continue;
    if (!IsBatch(axis) && axis[0].size != DimSize(shape, axis[0].dim)) continue;
    roles[i] = axis[0].dim;
    taken[static_cast<size_t>(axis[0].dim)] = true;
  }
  // A size-1 axis is the dimension of size 1 that an order of the whole would have there.
  for (const std::array<Dim, 3>& order : kOrders) {
    std::vector<std::optional<Dim>> guess = roles;
    std::vector<Dim> sequence;
    auto next = open.begin();
    for (size_t i = 0, place = 0; i < layout.rank(); ++i) {
      if (i > 0 && next != open.end() && *next == i) {
        while (place < 3 &&
               (taken[static_cast<size_t>(order[place])] || DimSize(shape, order[place]) != 1)) {
          ++place;
        }
        if (place < 3) guess[i] = order[place++];
      }
      if (next != open.end() && *next == i) ++next;
      if (guess[i] && *guess[i] != Dim::kBatch) sequence.push_back(*guess[i]);
    }
    // The guess stands where its dimensions follow the order.
    size_t at = 0;
    for (const Dim dim : order) {
      if (at < sequence.size() && sequence[at] == dim) ++at;
    }
    if (at == sequence.size()) return guess;
  }
  return roles;
}

bool IsMap(const Layout& layout, const graph::Shape& shape) {
  if (layout.rank() != 4 || !IsBatch(layout.axes[0])) return false;
  return layout.axes[1] == WholeAxis(Dim::kC, shape.c) &&
         layout.axes[2] == WholeAxis(Dim::kH, shape.h) &&
         layout.axes[3] == WholeAxis(Dim::kW, shape.w);
}

}  // namespace potlut::onnx
