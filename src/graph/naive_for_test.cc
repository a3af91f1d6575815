// The oracle's loops; nothing here is shared with the executor.
#include "graph/naive_for_test.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace potlut::graph {
namespace {

double NaiveFunction(const Activation& f, double x, int64_t c) {
  const double a = f.a, b = f.b;
  switch (f.function) {
    case Function::kRelu:
      return x > 0 ? x : 0;
    case Function::kClip:
      return x < a ? a : x > b ? b : x;
    case Function::kLeakyRelu:
      return x < 0 ? a * x : x;
    case Function::kPRelu:
      return x < 0 ? x * f.slope[f.slope.size() == 1 ? 0 : static_cast<size_t>(c)] : x;
    case Function::kHardSigmoid:
      return std::clamp(a * x + b, 0.0, 1.0);
    case Function::kHardSwish:
      return x * std::clamp(x / 6 + 0.5, 0.0, 1.0);
    case Function::kSigmoid:
      return 1 / (1 + std::exp(-x));
    case Function::kTanh:
      return std::tanh(x);
    case Function::kErf:
      return std::erf(x);
    case Function::kGelu:
      return x * (1 + std::erf(x / std::sqrt(2.0))) / 2;
    case Function::kGeluTanh:
      return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * std::pow(x, 3))));
    case Function::kSilu:
      return x / (1 + std::exp(-x));
    case Function::kElu:
      return x < 0 ? a * (std::exp(x) - 1) : x;
    case Function::kSoftplus:
      return std::log(1 + std::exp(x));
    case Function::kExp:
      return std::exp(x);
    case Function::kSqrt:
      return std::sqrt(x);
    case Function::kAbs:
      return std::fabs(x);
    case Function::kNeg:
      return -x;
    case Function::kReciprocal:
      return 1 / x;
  }
  return 0;
}

struct Naive {
  const std::vector<NaiveValue>& in;
  const Shape& out;

  // y[c, h, w] = f(c, h, w).
  template <typename F>
  NaiveValue Fill(const F& f) const {
    NaiveValue y{out, std::vector<double>(static_cast<size_t>(out.count()))};
    for (int64_t c = 0; c < out.c; ++c) {
      for (int64_t h = 0; h < out.h; ++h) {
        for (int64_t w = 0; w < out.w; ++w) y.at(c, h, w) = f(c, h, w);
      }
    }
    return y;
  }

  // Calls f(kh, kw, ih, iw) for all taps at an output position, inside the input or not.
  template <typename F>
  void Taps(const Window& win, int64_t h, int64_t w, const F& f) const {
    for (int64_t kh = 0; kh < win.kernel_h; ++kh) {
      for (int64_t kw = 0; kw < win.kernel_w; ++kw) {
        f(kh, kw, h * win.stride_h - win.pad_top + kh * win.dilation_h,
          w * win.stride_w - win.pad_left + kw * win.dilation_w);
      }
    }
  }
  bool Inside(int64_t h, int64_t w) const {
    return h >= 0 && w >= 0 && h < in[0].shape.h && w < in[0].shape.w;
  }

  NaiveValue operator()(const Conv& op) const {
    const int64_t ic = in[0].shape.c / op.groups, oc = op.out_channels / op.groups;
    return Fill([&](int64_t c, int64_t h, int64_t w) {
      double sum = op.bias.empty() ? 0 : op.bias[static_cast<size_t>(c)];
      Taps(op.window, h, w, [&](int64_t kh, int64_t kw, int64_t ih, int64_t iw) {
        if (!Inside(ih, iw)) return;
        for (int64_t i = 0; i < ic; ++i) {
          const int64_t at = ((c * op.window.kernel_h + kh) * op.window.kernel_w + kw) * ic + i;
          sum += op.weights[static_cast<size_t>(at)] * in[0].at(c / oc * ic + i, ih, iw);
        }
      });
      return sum;
    });
  }
  NaiveValue operator()(const Affine& op) const {
    return Fill([&](int64_t c, int64_t h, int64_t w) {
      const double scale = op.scale[op.scale.size() == 1 ? 0 : static_cast<size_t>(c)];
      const double shift = op.shift[op.shift.size() == 1 ? 0 : static_cast<size_t>(c)];
      return in[0].at(c, h, w) * scale + shift;
    });
  }
  NaiveValue operator()(const Activation& op) const {
    return Fill(
        [&](int64_t c, int64_t h, int64_t w) { return NaiveFunction(op, in[0].at(c, h, w), c); });
  }
  double Second(int64_t c, int64_t h, int64_t w) const {
    return in[1].shape == in[0].shape ? in[1].at(c, h, w) : in[1].at(c, 0, 0);
  }
  NaiveValue operator()(const Add& op) const {
    return Fill([&](int64_t c, int64_t h, int64_t w) {
      return in[0].at(c, h, w) + (op.subtract ? -1 : 1) * Second(c, h, w);
    });
  }
  NaiveValue operator()(const Mul&) const {
    return Fill(
        [&](int64_t c, int64_t h, int64_t w) { return in[0].at(c, h, w) * Second(c, h, w); });
  }
  NaiveValue operator()(const MaxPool& op) const {
    return Fill([&](int64_t c, int64_t h, int64_t w) {
      double top = -std::numeric_limits<double>::infinity();
      Taps(op.window, h, w, [&](int64_t, int64_t, int64_t ih, int64_t iw) {
        if (Inside(ih, iw)) top = std::max(top, in[0].at(c, ih, iw));
      });
      return top;
    });
  }
  NaiveValue operator()(const AvgPool& op) const {
    return Fill([&](int64_t c, int64_t h, int64_t w) {
      double sum = 0, count = 0;
      Taps(op.window, h, w, [&](int64_t, int64_t, int64_t ih, int64_t iw) {
        if (Inside(ih, iw)) sum += in[0].at(c, ih, iw);
        if (Inside(ih, iw) || op.count_include_pad) ++count;
      });
      return sum / count;
    });
  }
  NaiveValue operator()(const Concat&) const {
    NaiveValue y{out, {}};
    for (const NaiveValue& x : in) y.data.insert(y.data.end(), x.data.begin(), x.data.end());
    return y;
  }
  NaiveValue operator()(const Flatten& op) const {
    if (op.order == Flatten::Order::kChw) return {out, in[0].data};
    NaiveValue y{out, {}};
    for (int64_t h = 0; h < in[0].shape.h; ++h) {
      for (int64_t w = 0; w < in[0].shape.w; ++w) {
        for (int64_t c = 0; c < in[0].shape.c; ++c) y.data.push_back(in[0].at(c, h, w));
      }
    }
    return y;
  }
  NaiveValue operator()(const Pad& op) const {
    return Fill([&](int64_t c, int64_t h, int64_t w) {
      const int64_t ic = c - op.before[0], ih = h - op.before[1], iw = w - op.before[2];
      const bool inside = ic >= 0 && ic < in[0].shape.c && Inside(ih, iw);
      return inside ? in[0].at(ic, ih, iw) : static_cast<double>(op.value);
    });
  }
  NaiveValue operator()(const Slice& op) const {
    return Fill([&](int64_t c, int64_t h, int64_t w) {
      return in[0].at(op.start[0] + c * op.step[0], op.start[1] + h * op.step[1],
                      op.start[2] + w * op.step[2]);
    });
  }
  NaiveValue operator()(const Shuffle& op) const {
    return Fill([&](int64_t c, int64_t h, int64_t w) {
      return in[0].at(c % op.groups * (out.c / op.groups) + c / op.groups, h, w);
    });
  }
  NaiveValue operator()(const Resize& op) const {
    return Fill([&](int64_t c, int64_t h, int64_t w) {
      return in[0].at(c, h / op.scale_h, w / op.scale_w);
    });
  }
  NaiveValue operator()(const Lrn& op) const {
    return Fill([&](int64_t c, int64_t h, int64_t w) {
      const int64_t low = std::max<int64_t>(0, c - (op.size - 1) / 2);
      const int64_t high = std::min<int64_t>(out.c - 1, c + op.size / 2);
      double squares = 0;
      for (int64_t i = low; i <= high; ++i) squares += std::pow(in[0].at(i, h, w), 2);
      return in[0].at(c, h, w) / std::pow(op.bias + op.alpha / op.size * squares, op.beta);
    });
  }
  NaiveValue operator()(const Softmax&) const {
    return Fill([&](int64_t c, int64_t h, int64_t w) {
      double sum = 0;
      for (int64_t i = 0; i < out.c; ++i) sum += std::exp(in[0].at(i, h, w));
      return std::exp(in[0].at(c, h, w)) / sum;
    });
  }
  NaiveValue operator()(const ArgMax&) const {
    return Fill([&](int64_t, int64_t h, int64_t w) {
      int64_t best = 0;
      for (int64_t i = 1; i < in[0].shape.c; ++i) {
        if (in[0].at(i, h, w) > in[0].at(best, h, w)) best = i;
      }
      return static_cast<double>(best);
    });
  }
  NaiveValue operator()(const Input&) const { return {}; }
};

}  // namespace

NaiveValue NaiveRun(const Op& op, const std::vector<NaiveValue>& in, const Shape& shape) {
  return std::visit(Naive{in, shape}, op);
}

NaiveValue SampleOf(const std::vector<float>& values, const Shape& shape, int64_t sample) {
  NaiveValue y{shape, std::vector<double>(static_cast<size_t>(shape.count()))};
  auto from = values.begin() + sample * shape.count();
  for (int64_t h = 0; h < shape.h; ++h) {
    for (int64_t w = 0; w < shape.w; ++w) {
      for (int64_t c = 0; c < shape.c; ++c) y.at(c, h, w) = static_cast<double>(*from++);
    }
  }
  return y;
}

}  // namespace potlut::graph
