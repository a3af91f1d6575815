// Operators that move integers and never change them. They see elements of 1 or 4 bytes, whatever
// these mean.
#include <cstring>
#include <vector>

#include "engine/kernel_factory.h"

namespace potlut {
namespace {

// Sizes of an HWC map in bytes.
struct MapBytes {
  explicit MapBytes(const Tensor& t)
      : element(static_cast<int64_t>(t.type.bytes())),
        pixel(t.dims.c * element),
        row(t.dims.w * pixel) {}
  int64_t element, pixel, row;
};

// A kernel that is a function of its first input's bytes, its output's and what `F` holds.
template <typename F>
class MoveKernel : public Kernel {
 public:
  MoveKernel(std::string_view name, F move) : name_(name), move_(std::move(move)) {}
  void Run(const void* const* inputs, void* output, void*) const override {
    move_(reinterpret_cast<const uint8_t* const*>(inputs), static_cast<uint8_t*>(output));
  }
  std::string_view name() const override { return name_; }

 private:
  std::string_view name_;  // a literal
  F move_;
};

template <typename F>
KernelPtr MakeMove(std::string_view name, F move) {
  return std::make_unique<MoveKernel<F>>(name, std::move(move));
}

// Copies one element: a fixed-size copy of a T (bytes or words; the buffers may be aligned to
// neither).
template <typename T>
void CopyOne(uint8_t* to, const uint8_t* from) {
  std::memcpy(to, from, sizeof(T));
}

template <typename T>
KernelPtr MakeSliceOf(const NodeView& view, const SliceOp& op) {
  const MapBytes in(view.input());
  const Dims out = view.output().dims;
  return MakeMove("slice", [in, out, op](const uint8_t* const* inputs, uint8_t* y) {
    for (int64_t i = 0; i < out.h; ++i) {
      const uint8_t* row = inputs[0] + (op.start[0] + i * op.step[0]) * in.row;
      for (int64_t j = 0; j < out.w; ++j) {
        const uint8_t* x =
            row + (op.start[1] + j * op.step[1]) * in.pixel + op.start[2] * in.element;
        if (op.step[2] == 1) {
          std::memcpy(y, x, static_cast<size_t>(out.c) * sizeof(T));
          y += out.c * static_cast<int64_t>(sizeof(T));
          continue;
        }
        for (int64_t c = 0; c < out.c; ++c, y += sizeof(T))
          CopyOne<T>(y, x + c * op.step[2] * in.element);
      }
    }
  });
}

template <typename T>
KernelPtr MakeShuffleOf(const NodeView& view, const ShuffleOp& op) {
  const Dims dims = view.input().dims;
  const int64_t pixels = int64_t{dims.h} * dims.w;
  const int64_t groups = op.groups, per_group = dims.c / op.groups;
  return MakeMove("shuffle", [=](const uint8_t* const* inputs, uint8_t* y) {
    const uint8_t* x = inputs[0];
    for (int64_t i = 0; i < pixels;
         ++i, x += groups * per_group * static_cast<int64_t>(sizeof(T))) {
      for (int64_t j = 0; j < per_group; ++j) {
        for (int64_t g = 0; g < groups; ++g, y += sizeof(T)) {
          CopyOne<T>(y, x + (g * per_group + j) * static_cast<int64_t>(sizeof(T)));
        }
      }
    }
  });
}

template <typename T>
KernelPtr MakeResizeOf(const NodeView& view, const ResizeOp& op) {
  const MapBytes in(view.input()), out(view.output());
  const Dims dims = view.output().dims;
  return MakeMove("resize", [=](const uint8_t* const* inputs, uint8_t* y) {
    for (int64_t i = 0; i < dims.h; ++i, y += out.row) {
      if (i % op.scale_h != 0) {  // the same as the row above
        std::memcpy(y, y - out.row, static_cast<size_t>(out.row));
        continue;
      }
      const uint8_t* row = inputs[0] + i / op.scale_h * in.row;
      for (int64_t j = 0; j < dims.w; ++j) {
        std::memcpy(y + j * out.pixel, row + j / op.scale_w * in.pixel,
                    static_cast<size_t>(in.pixel));
      }
    }
  });
}

}  // namespace

KernelPtr MakeReshape(const NodeView& view) {
  const size_t bytes = static_cast<size_t>(view.output().dims.count()) * view.output().type.bytes();
  return MakeMove("reshape", [bytes](const uint8_t* const* inputs, uint8_t* y) {
    if (inputs[0] != y) std::memcpy(y, inputs[0], bytes);
  });
}

KernelPtr MakeConcat(const NodeView& view) {
  std::vector<int64_t> parts;
  for (size_t i = 0; i < view.node.inputs.size(); ++i)
    parts.push_back(MapBytes(view.input(i)).pixel);
  const int64_t pixels = int64_t{view.output().dims.h} * view.output().dims.w;
  const int64_t out_pixel = MapBytes(view.output()).pixel;
  return MakeMove("concat", [parts, pixels, out_pixel](const uint8_t* const* inputs, uint8_t* y) {
    for (size_t part = 0; part < parts.size(); ++part) {
      const uint8_t* x = inputs[part];
      uint8_t* to = y;
      for (int64_t i = 0; i < pixels; ++i, x += parts[part], to += out_pixel) {
        std::memcpy(to, x, static_cast<size_t>(parts[part]));
      }
      y += parts[part];
    }
  });
}

KernelPtr MakeSlice(const NodeView& view, const SliceOp& op) {
  return view.output().type.wide() ? MakeSliceOf<int32_t>(view, op)
                                   : MakeSliceOf<uint8_t>(view, op);
}

KernelPtr MakeShuffle(const NodeView& view, const ShuffleOp& op) {
  return view.output().type.wide() ? MakeShuffleOf<int32_t>(view, op)
                                   : MakeShuffleOf<uint8_t>(view, op);
}

KernelPtr MakePad(const NodeView& view, const PadOp& op) {
  const MapBytes in(view.input()), out(view.output());
  const Dims from = view.input().dims;
  const size_t bytes = static_cast<size_t>(view.output().dims.h * out.row);
  return MakeMove("pad", [=](const uint8_t* const* inputs, uint8_t* y) {
    std::memset(y, 0, bytes);
    for (int64_t i = 0; i < from.h; ++i) {
      const uint8_t* x = inputs[0] + i * in.row;
      uint8_t* to =
          y + (op.before[0] + i) * out.row + op.before[1] * out.pixel + op.before[2] * out.element;
      for (int64_t j = 0; j < from.w; ++j) {
        std::memcpy(to + j * out.pixel, x + j * in.pixel, static_cast<size_t>(in.pixel));
      }
    }
  });
}

KernelPtr MakeResize(const NodeView& view, const ResizeOp& op) {
  return view.output().type.wide() ? MakeResizeOf<int32_t>(view, op)
                                   : MakeResizeOf<uint8_t>(view, op);
}

}  // namespace potlut
