// Convolution three ways. The functions named TableConv* hold the table method's data path: neither
// multiplies nor shifts, which a test proves on their machine code. They are compiled without
// vectorisation and never inlined.
#include "program/reference_conv.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/text.h"

namespace potlut {
namespace {

#define POTLUT_NOINLINE __attribute__((noinline))

// Product table: one row of 256 entries a level, indexed by the activation's stored byte. Each
// entry is its neighbour plus the level.
POTLUT_NOINLINE void TableConvFill(int32_t* row, int32_t level, bool is_signed) {
  int32_t product = 0;
  int32_t* const end = row + (is_signed ? 128 : 256);
  for (int32_t* entry = row; entry != end; ++entry) {
    *entry = product;
    product += level;
  }
  if (!is_signed) return;
  product = 0;
  for (int32_t* entry = row + 256;
       entry != end;) {  // bytes 255, 254, ... 128 mean -1, -2, ... -128
    product -= level;
    *--entry = product;
  }
}

// The inner loop: index and add. `rows` says where each weight's row begins.
POTLUT_NOINLINE int32_t TableConvDot(const int32_t* table, const uint32_t* rows, const uint8_t* x,
                                     const uint8_t* x_end, int32_t sum) {
  while (x != x_end) sum += table[*rows++ + *x++];
  return sum;
}

// A weight as bit-shifting hardware holds it: (x << amount) kept or dropped, then kept or negated.
struct ShiftWeight {
  uint8_t amount;
  int32_t keep;    // all ones, or 0 for a zero weight
  int32_t negate;  // all ones, or 0
};

template <typename Stored>
POTLUT_NOINLINE int32_t ShiftConvDot(const ShiftWeight* w, const Stored* x, const Stored* x_end,
                                     int32_t sum) {
  for (; x != x_end; ++x, ++w) {
    const int32_t shifted =
        static_cast<int32_t>(static_cast<uint32_t>(int32_t{*x}) << w->amount) & w->keep;
    sum += (shifted ^ w->negate) - w->negate;
  }
  return sum;
}

template <typename Stored>
POTLUT_NOINLINE int32_t MultiplyConvDot(const int8_t* w, const Stored* x, const Stored* x_end,
                                        int32_t sum) {
  for (; x != x_end; ++x, ++w) sum += int32_t{*w} * int32_t{*x};
  return sum;
}

// Copies the window at an output position, zeros where it hangs over the border:
// [tap][in_per_group].
void Gather(const ConvOp& conv, const Tensor& in, const uint8_t* x, int32_t oy, int32_t ox,
            int32_t group, uint8_t* window) {
  const Window& w = conv.window;
  const int32_t per_group = in.dims.c / conv.groups;
  for (int32_t ky = 0; ky < w.kernel_h; ++ky) {
    const int32_t iy = oy * w.stride_h - w.pad_top + ky * w.dilation_h;
    for (int32_t kx = 0; kx < w.kernel_w; ++kx, window += per_group) {
      const int32_t ix = ox * w.stride_w - w.pad_left + kx * w.dilation_w;
      if (iy < 0 || iy >= in.dims.h || ix < 0 || ix >= in.dims.w) {
        std::memset(window, 0, static_cast<size_t>(per_group));
      } else {
        const uint8_t* from = x + (int64_t{iy} * in.dims.w + ix) * in.dims.c + group * per_group;
        std::memcpy(window, from, static_cast<size_t>(per_group));
      }
    }
  }
}

// Calls dot(first weight of the channel, window, sum) for every output; requantises and stores.
template <typename Dot>
void EachOutput(const ConvOp& conv, const Tensor& in, const Tensor& out, const uint8_t* x,
                uint8_t* y, Dot dot) {
  const int32_t out_per_group = out.dims.c / conv.groups;
  const size_t taps = static_cast<size_t>(conv.window.kernel_h) *
                      static_cast<size_t>(conv.window.kernel_w) *
                      static_cast<size_t>(in.dims.c / conv.groups);
  std::vector<uint8_t> window(taps);
  for (int32_t oy = 0; oy < out.dims.h; ++oy) {
    for (int32_t ox = 0; ox < out.dims.w; ++ox) {
      size_t o = 0;
      for (int32_t group = 0; group < conv.groups; ++group) {
        Gather(conv, in, x, oy, ox, group, window.data());
        for (int32_t i = 0; i < out_per_group; ++i, ++o) {
          const int32_t sum = dot(o * taps, window.data(), window.data() + taps, conv.bias[o]);
          const int32_t v = std::clamp(RoundShift(sum, conv.shift[o]), conv.lo, conv.hi);
          if (out.type.wide()) {
            std::memcpy(y, &v, 4);
            y += 4;
          } else {
            *y++ = static_cast<uint8_t>(v);
          }
        }
      }
    }
  }
}

}  // namespace

Status ReferenceConv(const ConvOp& conv, const Tensor& in, const Tensor& out, const uint8_t* x,
                     uint8_t* y, const ReferenceOptions& options) {
  const std::vector<int8_t> weights = ExpandWeights(conv, in.dims.c / conv.groups);
  const bool is_signed = in.type.is_signed;
  if (options.counts != nullptr) {
    const int64_t outputs = out.dims.count();
    const int64_t products = outputs * static_cast<int64_t>(weights.size()) / out.dims.c;
    options.counts->additions += products;
    options.counts->shifts += outputs;
    if (options.method == ProductMethod::kTable) options.counts->lookups += products;
    if (options.method == ProductMethod::kShift) options.counts->shifts += products;
    if (options.method == ProductMethod::kMultiply) options.counts->multiplications += products;
  }
  switch (options.method) {
    case ProductMethod::kTable: {
      // A row a distinct level: pairs share rows between their members.
      std::vector<int32_t> table;
      uint32_t row_of[256];
      std::memset(row_of, 0xFF, sizeof(row_of));
      for (const int8_t level : conv.alphabet.levels) {
        uint32_t& row = row_of[static_cast<uint8_t>(level)];
        if (row != UINT32_MAX) continue;
        row = static_cast<uint32_t>(table.size());
        table.resize(table.size() + 256);
        TableConvFill(table.data() + row, level, is_signed);
      }
      std::vector<uint32_t> rows(weights.size());
      for (size_t i = 0; i < weights.size(); ++i)
        rows[i] = row_of[static_cast<uint8_t>(weights[i])];
      EachOutput(conv, in, out, x, y,
                 [&](size_t first, const uint8_t* begin, const uint8_t* end, int32_t bias) {
                   return TableConvDot(table.data(), rows.data() + first, begin, end, bias);
                 });
      return {};
    }
    case ProductMethod::kShift: {
      std::vector<ShiftWeight> shifts(weights.size());
      for (size_t i = 0; i < weights.size(); ++i) {
        const int32_t magnitude = std::abs(int32_t{weights[i]});
        if ((magnitude & (magnitude - 1)) != 0) {
          return Unsupported("level ", int{weights[i]}, " is no power of two: alphabet ",
                             AlphabetName(conv.alphabet.kind),
                             " cannot run by shifting; use tables or multiplication");
        }
        shifts[i] = {static_cast<uint8_t>(
                         magnitude == 0 ? 0 : __builtin_ctz(static_cast<unsigned>(magnitude))),
                     magnitude == 0 ? 0 : -1, weights[i] < 0 ? -1 : 0};
      }
      EachOutput(conv, in, out, x, y,
                 [&](size_t first, const uint8_t* begin, const uint8_t* end, int32_t bias) {
                   const ShiftWeight* w = shifts.data() + first;
                   return is_signed ? ShiftConvDot(w, reinterpret_cast<const int8_t*>(begin),
                                                   reinterpret_cast<const int8_t*>(end), bias)
                                    : ShiftConvDot(w, begin, end, bias);
                 });
      return {};
    }
    case ProductMethod::kMultiply:
      EachOutput(conv, in, out, x, y,
                 [&](size_t first, const uint8_t* begin, const uint8_t* end, int32_t bias) {
                   const int8_t* w = weights.data() + first;
                   return is_signed ? MultiplyConvDot(w, reinterpret_cast<const int8_t*>(begin),
                                                      reinterpret_cast<const int8_t*>(end), bias)
                                    : MultiplyConvDot(w, begin, end, bias);
                 });
      return {};
  }
  return UsageError("no such product method");
}

}  // namespace potlut
