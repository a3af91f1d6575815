// Kernel, strides, dilations and pads.
#include "onnx/window.h"

#include <algorithm>

namespace potlut::onnx {
namespace {

constexpr int64_t kMost = int64_t{1} << 20;  // any of a window's numbers

// `count` integers of an attribute within [least, 2^20], or the default.
Expected<std::vector<int64_t>> Numbers(const NodeView& node, std::string_view attribute,
                                       size_t count, int64_t least, int64_t otherwise) {
  std::vector<int64_t> values = node.Ints(attribute);
  if (values.empty()) values.assign(count, otherwise);
  if (values.size() != count) {
    return node.Refuse("attribute '", attribute, "' has ", values.size(), " numbers; ", count,
                       " are needed: only 2-d windows are supported");
  }
  for (const int64_t value : values) {
    if (value < least || value > kMost) {
      if (value < 0 && value >= -kMost && attribute == "pads") {
        return node.Refuse("attribute 'pads' has the negative number ", value,
                           "; crop by a Slice instead");
      }
      return node.Bad("attribute '", attribute, "' has the number ", value);
    }
  }
  return values;
}

// One direction of a window.
struct Side {
  int64_t in, kernel, stride, dilation;
  int64_t before = 0, after = 0;
  int64_t reach() const { return (kernel - 1) * dilation + 1; }
};

// SAME: as many positions as strides fit, what is missing shared between both ends.
void PadSame(Side& side, bool upper) {
  const int64_t positions = (side.in + side.stride - 1) / side.stride;
  const int64_t total =
      std::max<int64_t>((positions - 1) * side.stride + side.reach() - side.in, 0);
  side.before = upper ? total / 2 : total - total / 2;
  side.after = total - side.before;
}

// Makes room for the position that ceil_mode adds; one that would begin in the end padding is
// dropped, as the specification and all runtimes do.
bool PadCeil(Side& side) {
  const int64_t free = side.in + side.before + side.after - side.reach();
  if (free < 0 || free % side.stride == 0) return false;
  const int64_t last = (free / side.stride + 1) * side.stride;  // where the added window begins
  if (last >= side.in + side.before) return false;
  side.after = last + side.reach() - side.in - side.before;
  return true;
}

}  // namespace

Expected<WindowArgument> ReadWindow(const NodeView& node, const graph::Shape& in,
                                    const std::vector<int64_t>& kernel) {
  POTLUT_ASSIGN_OR_RETURN(const auto shape, Numbers(node, "kernel_shape", 2, 1, 1));
  for (size_t i = 0; i < 2; ++i) {
    if (kernel.size() != 2 || kernel[i] < 1 || kernel[i] > kMost ||
        (node.Has("kernel_shape") && shape[i] != kernel[i])) {
      return node.Bad("attribute 'kernel_shape' ", DimsText(shape), " and the kernel ",
                      DimsText(kernel), " do not go together");
    }
  }
  POTLUT_ASSIGN_OR_RETURN(const auto strides, Numbers(node, "strides", 2, 1, 1));
  POTLUT_ASSIGN_OR_RETURN(const auto dilations, Numbers(node, "dilations", 2, 1, 1));
  POTLUT_ASSIGN_OR_RETURN(const auto pads, Numbers(node, "pads", 4, 0, 0));
  Side h{in.h, kernel[0], strides[0], dilations[0], pads[0], pads[2]};
  Side w{in.w, kernel[1], strides[1], dilations[1], pads[1], pads[3]};

  const std::string auto_pad = node.String("auto_pad", "NOTSET");
  const bool ceil_mode = node.Int("ceil_mode", 0) != 0;
  const bool padded = std::any_of(pads.begin(), pads.end(), [](int64_t p) { return p != 0; });
  WindowArgument out;
  if (auto_pad == "NOTSET" || auto_pad.empty()) {
    if (ceil_mode) {
      const bool over_h = PadCeil(h);
      const bool over_w = PadCeil(w);
      out.overhangs = over_h || over_w;
    }
  } else if (padded) {
    return node.Bad("attributes 'auto_pad' and 'pads' contradict each other");
  } else if (ceil_mode) {
    return node.Refuse("attributes 'auto_pad' and 'ceil_mode' together; write the pads out");
  } else if (auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER") {
    PadSame(h, auto_pad == "SAME_UPPER");
    PadSame(w, auto_pad == "SAME_UPPER");
  } else if (auto_pad != "VALID") {
    return node.Bad("attribute 'auto_pad' is '", Printable(auto_pad), "'");
  }
  const auto narrow = [](int64_t v) { return static_cast<int32_t>(v); };
  out.window = {narrow(h.kernel),
                narrow(w.kernel),
                narrow(h.stride),
                narrow(w.stride),
                narrow(h.dilation),
                narrow(w.dilation),
                0,
                0,
                0,
                0};
  for (const Side& side : {h, w}) {
    if (side.after > kMost || side.before > kMost) {
      return node.Bad("its window is wider than any padding allows");
    }
  }
  out.window.pad_top = narrow(h.before);
  out.window.pad_left = narrow(w.before);
  out.window.pad_bottom = narrow(h.after);
  out.window.pad_right = narrow(w.after);
  return out;
}

}  // namespace potlut::onnx
