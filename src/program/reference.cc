// Every operator but convolution, as numerics.md writes it.
#include "program/reference.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "program/reference_conv.h"

namespace potlut {
namespace {

// Reads and writes values of a tensor whatever its type.
class View {
 public:
  View(const Tensor& t, const uint8_t* data) : t_(t), data_(data) {}
  int32_t at(int64_t i) const {
    if (t_.type.wide()) {
      int32_t v;
      std::memcpy(&v, data_ + i * 4, 4);
      return v;
    }
    return t_.type.is_signed ? int32_t{static_cast<int8_t>(data_[i])} : int32_t{data_[i]};
  }
  int32_t at(int32_t y, int32_t x, int32_t c) const {
    return at((int64_t{y} * t_.dims.w + x) * t_.dims.c + c);
  }

 private:
  const Tensor& t_;
  const uint8_t* data_;
};

void Store(const Tensor& t, uint8_t* data, int64_t i, int32_t v) {
  if (t.type.wide()) {
    std::memcpy(data + i * 4, &v, 4);
  } else {
    data[i] = static_cast<uint8_t>(v);
  }
}

// T[v] = floor(v * v / 4) for v in 0..511, each from its neighbour: the differences are 0 1 1 2 2 3
// 3 ...
const std::vector<int32_t>& QuarterSquares() {
  static const std::vector<int32_t> table = [] {
    std::vector<int32_t> t(512);
    int32_t step = 0;
    for (size_t v = 1; v < t.size(); ++v) {
      t[v] = t[v - 1] + step;
      if (v % 2 == 1) ++step;
    }
    return t;
  }();
  return table;
}

struct Runner {
  const Program& program;
  const Node& node;
  std::span<const TensorData* const> inputs;
  const ReferenceOptions& options;
  const Tensor& out;
  TensorData& y;

  const Tensor& In(size_t i = 0) const {
    return program.tensors[static_cast<size_t>(node.inputs[i])];
  }
  View Values(size_t i = 0) const { return {In(i), inputs[i]->data()}; }
  void Count(int64_t lookups, int64_t additions, int64_t shifts) const {
    if (options.counts == nullptr) return;
    options.counts->lookups += lookups;
    options.counts->additions += additions;
    options.counts->shifts += shifts;
  }
  // Calls value(y, x, c) for every output in memory order.
  template <typename Value>
  Status Fill(Value value) const {
    int64_t i = 0;
    for (int32_t row = 0; row < out.dims.h; ++row) {
      for (int32_t column = 0; column < out.dims.w; ++column) {
        for (int32_t c = 0; c < out.dims.c; ++c) Store(out, y.data(), i++, value(row, column, c));
      }
    }
    return {};
  }
  // The second operand at an output position: its own, or its only one.
  int32_t Second(const View& b, int32_t row, int32_t column, int32_t c) const {
    return In(1).dims == In(0).dims ? b.at(row, column, c) : b.at(0, 0, c);
  }
  // Calls visit(value) for the real values under a window.
  template <typename Visit>
  void Under(const Window& w, const View& x, int32_t row, int32_t column, int32_t c,
             Visit visit) const {
    for (int32_t ky = 0; ky < w.kernel_h; ++ky) {
      for (int32_t kx = 0; kx < w.kernel_w; ++kx) {
        const int32_t iy = row * w.stride_h - w.pad_top + ky;
        const int32_t ix = column * w.stride_w - w.pad_left + kx;
        if (iy >= 0 && iy < In().dims.h && ix >= 0 && ix < In().dims.w) visit(x.at(iy, ix, c));
      }
    }
  }

  Status operator()(const ConvOp& op) const {
    return ReferenceConv(op, In(), out, inputs[0]->data(), y.data(), options);
  }
  Status operator()(const AddOp& op) const {
    const View a = Values(0), b = Values(1);
    Count(0, out.dims.count(), 3 * out.dims.count());
    return Fill([&](int32_t row, int32_t column, int32_t c) {
      const int32_t sum = RoundShift(a.at(row, column, c), -op.shift_a) +
                          RoundShift(Second(b, row, column, c), -op.shift_b);
      return std::clamp(RoundShift(sum, op.shift), op.lo, op.hi);
    });
  }
  Status operator()(const MulOp& op) const {
    const View a = Values(0), b = Values(1);
    const std::vector<int32_t>& squares = QuarterSquares();
    Count(2 * out.dims.count(), 3 * out.dims.count(), out.dims.count());
    return Fill([&](int32_t row, int32_t column, int32_t c) {
      const int32_t p = a.at(row, column, c), q = Second(b, row, column, c);
      const int32_t product = squares[static_cast<size_t>(std::abs(p + q))] -
                              squares[static_cast<size_t>(std::abs(p - q))];
      return std::clamp(RoundShift(product, op.shift), op.lo, op.hi);
    });
  }
  Status operator()(const MaxPoolOp& op) const {
    const View x = Values();
    return Fill([&](int32_t row, int32_t column, int32_t c) {
      int32_t most = INT32_MIN;
      Under(op.window, x, row, column, c, [&](int32_t v) { most = std::max(most, v); });
      return most;
    });
  }
  Status operator()(const MeanOp& op) const {
    const View x = Values();
    int64_t additions = 0;
    const Status status = Fill([&](int32_t row, int32_t column, int32_t c) {
      int32_t sum = 0;
      Under(op.window, x, row, column, c, [&](int32_t v) {
        sum += v;
        ++additions;
      });
      return std::clamp(RoundShift(sum, op.shift), op.lo, op.hi);
    });
    Count(0, additions, out.dims.count());
    return status;
  }
  Status operator()(const LookupOp& op) const {
    const View x = Values();
    const int32_t lo = In().type.lo();
    const size_t entries = size_t{1} << In().type.bits;
    Count(out.dims.count(), 0, 0);
    return Fill([&](int32_t row, int32_t column, int32_t c) {
      const size_t first = op.per_channel ? static_cast<size_t>(c) * entries : 0;
      return int32_t{op.table[first + static_cast<size_t>(x.at(row, column, c) - lo)]};
    });
  }
  Status operator()(const ReshapeOp&) const {
    y = *inputs[0];
    return {};
  }
  Status operator()(const ConcatOp&) const {
    return Fill([&](int32_t row, int32_t column, int32_t c) {
      size_t i = 0;
      while (c >= In(i).dims.c) c -= In(i++).dims.c;
      return Values(i).at(row, column, c);
    });
  }
  Status operator()(const SliceOp& op) const {
    const View x = Values();
    return Fill([&](int32_t row, int32_t column, int32_t c) {
      return x.at(op.start[0] + row * op.step[0], op.start[1] + column * op.step[1],
                  op.start[2] + c * op.step[2]);
    });
  }
  Status operator()(const ShuffleOp& op) const {
    const View x = Values();
    const int32_t per_group = In().dims.c / op.groups;
    return Fill([&](int32_t row, int32_t column, int32_t c) {
      return x.at(row, column, c % op.groups * per_group + c / op.groups);
    });
  }
  Status operator()(const PadOp& op) const {
    const View x = Values();
    const Dims in = In().dims;
    return Fill([&](int32_t row, int32_t column, int32_t c) {
      row -= op.before[0];
      column -= op.before[1];
      c -= op.before[2];
      const bool inside =
          row >= 0 && row < in.h && column >= 0 && column < in.w && c >= 0 && c < in.c;
      return inside ? x.at(row, column, c) : 0;
    });
  }
  Status operator()(const ResizeOp& op) const {
    const View x = Values();
    return Fill([&](int32_t row, int32_t column, int32_t c) {
      return x.at(row / op.scale_h, column / op.scale_w, c);
    });
  }
  Status operator()(const ArgMaxOp&) const {
    const View x = Values();
    return Fill([&](int32_t row, int32_t column, int32_t) {
      int32_t best = 0;
      for (int32_t c = 1; c < In().dims.c; ++c) {
        if (x.at(row, column, c) > x.at(row, column, best)) best = c;
      }
      return best;
    });
  }
};

}  // namespace

Expected<TensorData> ReferenceRunNode(const Program& program, const Node& node,
                                      std::span<const TensorData* const> inputs,
                                      const ReferenceOptions& options) {
  const Tensor& out = program.tensors[static_cast<size_t>(node.output)];
  TensorData y(static_cast<size_t>(out.dims.count()) * out.type.bytes());
  POTLUT_RETURN_IF_ERROR(std::visit(Runner{program, node, inputs, options, out, y}, node.op));
  return y;
}

Expected<std::vector<TensorData>> ReferenceRun(const Program& program,
                                               std::span<const uint8_t> image,
                                               const ReferenceOptions& options) {
  std::vector<TensorData> values(program.tensors.size());
  const Tensor& input = program.tensors[static_cast<size_t>(program.input)];
  if (image.size() != static_cast<size_t>(input.dims.count())) {
    return UsageError("the image has ", image.size(), " bytes; the program wants ", input.dims.h,
                      "x", input.dims.w, "x", input.dims.c, " = ", input.dims.count());
  }
  values[static_cast<size_t>(program.input)].assign(image.begin(), image.end());
  for (const Node& node : program.nodes) {
    std::vector<const TensorData*> inputs;
    for (const int32_t i : node.inputs) inputs.push_back(&values[static_cast<size_t>(i)]);
    POTLUT_ASSIGN_OR_RETURN(values[static_cast<size_t>(node.output)],
                            ReferenceRunNode(program, node, inputs, options));
  }
  return values;
}

}  // namespace potlut
