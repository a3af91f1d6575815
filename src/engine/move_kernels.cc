// Operators that move integers and never change them. They see elements of 1 or 4 bytes, whatever
// these mean.
#include <cstring>
#include <vector>

#include "engine/kernel_factory.h"
#include "engine/share.h"

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

// A kernel that is a function of its inputs' bytes, its output's, the rows (or other units) of the
// output to write, and what `F` holds. `y` is where the first of these rows begins.
template <typename F>
class MoveKernel : public Kernel {
 public:
  MoveKernel(std::string_view name, int64_t rows, int64_t row_bytes, F move)
      : name_(name), rows_(rows), row_bytes_(row_bytes), move_(std::move(move)) {}
  void Run(const void* const* inputs, void* const* outputs, void*, Share share) const override {
    const Range rows = PartOf(rows_, share);
    if (rows.empty()) return;
    move_(reinterpret_cast<const uint8_t* const*>(inputs),
          static_cast<uint8_t*>(outputs[0]) + rows.begin * row_bytes_, rows);
  }
  std::string_view name() const override { return name_; }

 private:
  std::string_view name_;  // a literal
  int64_t rows_, row_bytes_;
  F move_;
};

template <typename F>
KernelPtr MakeMove(std::string_view name, int64_t rows, int64_t row_bytes, F move) {
  return std::make_unique<MoveKernel<F>>(name, rows, row_bytes, std::move(move));
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
  const auto move = [in, out, op](const uint8_t* const* inputs, uint8_t* y, Range rows) {
    for (int64_t i = rows.begin; i < rows.end; ++i) {
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
  };
  return MakeMove("slice", out.h, MapBytes(view.output()).row, move);
}

template <typename T>
KernelPtr MakeShuffleOf(const NodeView& view, const ShuffleOp& op) {
  const Dims dims = view.input().dims;
  const int64_t pixels = int64_t{dims.h} * dims.w;
  const int64_t groups = op.groups, per_group = dims.c / op.groups;
  const int64_t pixel = MapBytes(view.input()).pixel;
  const auto move = [=](const uint8_t* const* inputs, uint8_t* y, Range range) {
    const uint8_t* x = inputs[0] + range.begin * pixel;
    for (int64_t i = range.begin; i < range.end; ++i, x += pixel) {
      for (int64_t j = 0; j < per_group; ++j) {
        for (int64_t g = 0; g < groups; ++g, y += sizeof(T)) {
          CopyOne<T>(y, x + (g * per_group + j) * static_cast<int64_t>(sizeof(T)));
        }
      }
    }
  };
  return MakeMove("shuffle", pixels, pixel, move);
}

template <typename T>
KernelPtr MakeResizeOf(const NodeView& view, const ResizeOp& op) {
  const MapBytes in(view.input()), out(view.output());
  const Dims dims = view.output().dims;
  const auto move = [=](const uint8_t* const* inputs, uint8_t* y, Range rows) {
    for (int64_t i = rows.begin; i < rows.end; ++i, y += out.row) {
      if (i != rows.begin && i % op.scale_h != 0) {  // the same as the row above
        std::memcpy(y, y - out.row, static_cast<size_t>(out.row));
        continue;
      }
      const uint8_t* row = inputs[0] + i / op.scale_h * in.row;
      for (int64_t j = 0; j < dims.w; ++j) {
        std::memcpy(y + j * out.pixel, row + j / op.scale_w * in.pixel,
                    static_cast<size_t>(in.pixel));
      }
    }
  };
  return MakeMove("resize", dims.h, out.row, move);
}

}  // namespace

KernelPtr MakeReshape(const NodeView& view) {
  const int64_t bytes =
      view.output().dims.count() * static_cast<int64_t>(view.output().type.bytes());
  return MakeMove("reshape", bytes, 1, [](const uint8_t* const* inputs, uint8_t* y, Range range) {
    const uint8_t* x = inputs[0] + range.begin;
    if (x != y) std::memcpy(y, x, static_cast<size_t>(range.count()));
  });
}

KernelPtr MakeConcat(const NodeView& view) {
  std::vector<int64_t> parts;
  for (size_t i = 0; i < view.node.inputs.size(); ++i)
    parts.push_back(MapBytes(view.input(i)).pixel);
  const int64_t pixels = int64_t{view.output().dims.h} * view.output().dims.w;
  const int64_t out_pixel = MapBytes(view.output()).pixel;
  const auto move = [parts, out_pixel](const uint8_t* const* inputs, uint8_t* y, Range range) {
    for (size_t part = 0; part < parts.size(); ++part) {
      const uint8_t* x = inputs[part] + range.begin * parts[part];
      uint8_t* to = y;
      for (int64_t i = range.begin; i < range.end; ++i, x += parts[part], to += out_pixel) {
        std::memcpy(to, x, static_cast<size_t>(parts[part]));
      }
      y += parts[part];
    }
  };
  return MakeMove("concat", pixels, out_pixel, move);
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
  const auto move = [=](const uint8_t* const* inputs, uint8_t* y, Range rows) {
    std::memset(y, 0, static_cast<size_t>(rows.count() * out.row));
    for (int64_t o = rows.begin; o < rows.end; ++o, y += out.row) {
      const int64_t i = o - op.before[0];
      if (i < 0 || i >= from.h) continue;
      const uint8_t* x = inputs[0] + i * in.row;
      uint8_t* to = y + op.before[1] * out.pixel + op.before[2] * out.element;
      for (int64_t j = 0; j < from.w; ++j) {
        std::memcpy(to + j * out.pixel, x + j * in.pixel, static_cast<size_t>(in.pixel));
      }
    }
  };
  return MakeMove("pad", view.output().dims.h, out.row, move);
}

KernelPtr MakeResize(const NodeView& view, const ResizeOp& op) {
  return view.output().type.wide() ? MakeResizeOf<int32_t>(view, op)
                                   : MakeResizeOf<uint8_t>(view, op);
}

}  // namespace potlut
