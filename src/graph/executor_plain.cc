// Plain loops over NHWC for everything that is neither a convolution nor a pool.
#include "graph/executor_plain.h"

#include <algorithm>
#include <cmath>

#include "graph/functions.h"
#include "graph/team.h"

namespace potlut::graph {
namespace {

constexpr int64_t kGrain = 8192;  // elements that are worth a thread

int64_t Pixels(const Shape& shape) { return int64_t{shape.h} * shape.w; }

// Calls fn(begin, end) on parts of the rows (batch x h x w, `channels` values each).
template <typename Fn>
void ForRows(int64_t rows, int32_t channels, const Fn& fn) {
  TeamFor(rows, kGrain / channels + 1, fn);
}

// One constant for all channels, or one a channel.
struct PerChannel {
  explicit PerChannel(const std::vector<float>& v) : data(v.data()), step(v.size() > 1 ? 1 : 0) {}
  float operator[](int64_t c) const { return data[c * step]; }
  const float* data;
  int64_t step;
};

struct RunOp {
  const PlainCall& call;
  const Shape& in = call.in_shapes[0];
  const Shape& out = call.out_shape;
  const float* x = call.in[0];
  float* y = call.out;
  int64_t rows = call.batch * Pixels(out);  // of the output

  void operator()(const Affine& op) const {
    const PerChannel scale(op.scale), shift(op.shift);
    ForRows(rows, out.c, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const float* from = x + r * out.c;
        float* to = y + r * out.c;
        for (int32_t c = 0; c < out.c; ++c) to[c] = from[c] * scale[c] + shift[c];
      }
    });
  }

  void operator()(const Activation& op) const {
    WithFunction(op, [&](auto f) {
      ForRows(rows, out.c, [&, f](int64_t begin, int64_t end) {
        for (int64_t r = begin; r < end; ++r) {
          const float* from = x + r * out.c;
          float* to = y + r * out.c;
          for (int32_t c = 0; c < out.c; ++c) to[c] = f(from[c], c);
        }
      });
    });
  }

  void operator()(const Add& op) const {
    if (op.subtract) return Binary([](float a, float b) { return a - b; });
    Binary([](float a, float b) { return a + b; });
  }
  void operator()(const Mul&) const {
    Binary([](float a, float b) { return a * b; });
  }
  template <typename F>
  void Binary(const F& f) const {
    const float* second = call.in[1];
    const bool spread = call.in_shapes[1] != in;
    const int64_t pixels = Pixels(out);
    ForRows(rows, out.c, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const float* a = x + r * out.c;
        const float* b = second + (spread ? r / pixels : r) * out.c;
        float* to = y + r * out.c;
        for (int32_t c = 0; c < out.c; ++c) to[c] = f(a[c], b[c]);
      }
    });
  }

  void operator()(const MaxPool& op) const { RunMaxPool(op, call); }
  void operator()(const AvgPool& op) const { RunAvgPool(op, call); }

  void operator()(const Concat&) const {
    ForRows(rows, out.c, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        float* to = y + r * out.c;
        for (size_t i = 0; i < call.in.size(); ++i) {
          const int64_t n = call.in_shapes[i].c;
          to = std::copy_n(call.in[i] + r * n, n, to);
        }
      }
    });
  }

  void operator()(const Flatten& op) const {
    const int64_t pixels = Pixels(in);
    if (op.order == Flatten::Order::kHwc || pixels == 1) {
      std::copy_n(x, call.batch * in.count(), y);
      return;
    }
    for (int64_t n = 0; n < call.batch; ++n) {
      const float* from = x + n * in.count();
      float* to = y + n * in.count();
      for (int64_t p = 0; p < pixels; ++p) {
        for (int64_t c = 0; c < in.c; ++c) to[c * pixels + p] = from[p * in.c + c];
      }
    }
  }

  void operator()(const Pad& op) const {
    std::fill_n(y, call.batch * out.count(), op.value);
    ForRows(int64_t{call.batch} * in.h * in.w, in.c, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const int64_t w = r % in.w, line = r / in.w, h = line % in.h, n = line / in.h;
        const int64_t to = ((n * out.h + h + op.before[1]) * out.w + w + op.before[2]) * out.c;
        std::copy_n(x + r * in.c, in.c, y + to + op.before[0]);
      }
    });
  }

  void operator()(const Slice& op) const {
    ForRows(rows, out.c, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const int64_t line = r / out.w, n = line / out.h;
        const int64_t h = op.start[1] + line % out.h * op.step[1];
        const int64_t w = op.start[2] + r % out.w * op.step[2];
        const float* from = x + ((n * in.h + h) * in.w + w) * in.c + op.start[0];
        float* to = y + r * out.c;
        for (int64_t c = 0; c < out.c; ++c) to[c] = from[c * op.step[0]];
      }
    });
  }

  void operator()(const Shuffle& op) const {
    const int32_t each = out.c / op.groups;
    ForRows(rows, out.c, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const float* from = x + r * out.c;
        float* to = y + r * out.c;
        for (int32_t j = 0; j < each; ++j) {
          for (int32_t g = 0; g < op.groups; ++g) *to++ = from[g * each + j];
        }
      }
    });
  }

  void operator()(const Resize& op) const {
    ForRows(rows, out.c, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const int64_t line = r / out.w, n = line / out.h;
        const int64_t h = line % out.h / op.scale_h, w = r % out.w / op.scale_w;
        std::copy_n(x + ((n * in.h + h) * in.w + w) * in.c, in.c, y + r * out.c);
      }
    });
  }

  // y = x / (bias + alpha / size * sum of squares over channels c - (size-1)/2 .. c + size/2)^beta.
  void operator()(const Lrn& op) const {
    const int32_t below = (op.size - 1) / 2, above = op.size - 1 - below;
    const double alpha = static_cast<double>(op.alpha) / op.size;
    ForRows(rows, out.c, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const float* from = x + r * out.c;
        float* to = y + r * out.c;
        for (int32_t c = 0; c < out.c; ++c) {
          const int32_t first = c > below ? c - below : 0;
          const auto last = static_cast<int32_t>(std::min<int64_t>(int64_t{c} + above, out.c - 1));
          double sum = 0;
          for (int32_t i = first; i <= last; ++i)
            sum += static_cast<double>(from[i]) * static_cast<double>(from[i]);
          to[c] = static_cast<float>(from[c] / std::pow(op.bias + alpha * sum, op.beta));
        }
      }
    });
  }

  void operator()(const Softmax&) const {
    ForRows(rows, out.c, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const float* from = x + r * out.c;
        float* to = y + r * out.c;
        const float top = *std::max_element(from, from + out.c);
        double sum = 0;
        for (int32_t c = 0; c < out.c; ++c) {
          to[c] = std::exp(from[c] - top);
          sum += static_cast<double>(to[c]);
        }
        for (int32_t c = 0; c < out.c; ++c) to[c] = static_cast<float>(to[c] / sum);
      }
    });
  }

  void operator()(const ArgMax&) const {
    ForRows(rows, in.c, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const float* from = x + r * in.c;
        y[r] = static_cast<float>(std::max_element(from, from + in.c) - from);
      }
    });
  }

  void operator()(const Input&) const {}  // given, not computed
  void operator()(const Conv&) const {}   // by ConvRunner
};

}  // namespace

void RunPlain(const Op& op, const PlainCall& call) { std::visit(RunOp{call}, op); }

bool IsElementwise(const Op& op) {
  return std::holds_alternative<Affine>(op) || std::holds_alternative<Activation>(op) ||
         std::holds_alternative<Add>(op) || std::holds_alternative<Mul>(op);
}

}  // namespace potlut::graph
