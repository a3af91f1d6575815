// Convolutions on the model: passes, the shift chain as where its sums end, and the drain.
#include <algorithm>
#include <cstring>

#include "accel/check.h"
#include "accel/conv_cycles.h"
#include "accel/model.h"

namespace potlut::accel {
namespace {

int32_t Word32(const uint8_t* p) {
  return static_cast<int32_t>(static_cast<uint32_t>(p[0]) | static_cast<uint32_t>(p[1]) << 8 |
                              static_cast<uint32_t>(p[2]) << 16 |
                              static_cast<uint32_t>(p[3]) << 24);
}

// Half up; modulo 2^32 as the hardware adds. Shifts of channels are data that nobody has checked:
// past -15 to 31 the result means nothing, but it is one.
int32_t Rounded(int32_t v, int32_t shift) {
  shift = std::clamp(shift, -31, 31);
  if (shift <= 0) return static_cast<int32_t>(static_cast<uint32_t>(v) << -shift);
  const uint32_t half = uint32_t{1} << (shift - 1);
  return static_cast<int32_t>(static_cast<uint32_t>(v) + half) >> shift;
}

int32_t Value(uint8_t byte, bool is_signed) {
  return is_signed ? int32_t{static_cast<int8_t>(byte)} : int32_t{byte};
}

}  // namespace

ErrorCode Model::RunConv(const Conv& conv, int64_t& cycles) {
  if (!has_output_) return ErrorCode::kField;
  has_output_ = false;
  std::vector<Pass> passes;
  for (int32_t i = 0; i < conv.pass_count; ++i) {
    std::array<uint32_t, 4> words{};
    for (size_t w = 0; w < 4; ++w) {
      words[w] = static_cast<uint32_t>(
          Word32(passes_.data() + static_cast<size_t>(conv.pass_first + i) * 16 + 4 * w));
    }
    passes.push_back(Pass::Unpack(words));
    if (passes.back().Pack() != words) return ErrorCode::kField;
    if (CheckPass(passes.back()) != ErrorCode::kNone) return ErrorCode::kField;
  }
  if (CheckTogether(conv, output_, array_) != ErrorCode::kNone) return ErrorCode::kField;
  const ErrorCode error = CheckAddresses(conv, output_, passes, array_);
  if (error != ErrorCode::kNone) return error;

  // Sums of [strip][output row][output channel][output column]; 32 bits, modulo 2^32.
  const auto rows = static_cast<size_t>(conv.out_rows),
             columns = static_cast<size_t>(output_.columns);
  const auto outputs = static_cast<size_t>(conv.outputs);
  std::vector<uint32_t> sums(conv.strips * rows * outputs * columns);
  const bool pairs = array_.table == TableKind::kPair, is_signed = (conv.header.flags & 1) != 0;
  const int32_t lanes = conv.strips * conv.strip_lanes;
  std::vector<int32_t> inputs(static_cast<size_t>(lanes) * kLaneInputs);
  for (int32_t r = conv.row_first; r <= conv.row_last; ++r) {
    if (Landing(conv, r) == 0) continue;
    for (const Pass& pass : passes) {
      for (int32_t n = 0; n < lanes; ++n) {
        const int32_t strip = n / conv.strip_lanes;
        const int32_t row = strip * conv.strip_rows + r;
        const int32_t x = pass.x_first + n % conv.strip_lanes * pass.x_step;
        int32_t* lane = &inputs[static_cast<size_t>(n) * kLaneInputs];
        std::fill(lane, lane + kLaneInputs, 0);
        if (row < 0 || row >= conv.height || x < 0 || x >= conv.width) continue;
        const uint8_t* word = Word(int64_t{conv.base} + pass.input + int64_t{row} * conv.row_words +
                                   int64_t{x} * conv.column_words);
        for (int k = 0; k < kLaneInputs; ++k) lane[k] = Value(word[k], is_signed);
      }
      const int32_t entries = array_.table_entries();
      const auto* list = reinterpret_cast<const int8_t*>(levels_.data()) +
                         pass.list * entries * array_.level_bytes();
      for (int32_t o = 0; o < conv.outputs; ++o) {
        for (int32_t ky = 0; ky < conv.kernel_h; ++ky) {
          const int32_t to = r + conv.pad_top - ky;
          if (to < 0 || to % conv.stride_h != 0 || to / conv.stride_h >= conv.out_rows) continue;
          const int32_t row = to / conv.stride_h;
          for (int32_t t = 0; t < pass.taps; ++t) {
            const int64_t at = int64_t{conv.weights} + pass.weights +
                               (int64_t{o} * conv.kernel_h + ky) * pass.taps + t;
            const uint8_t* codes = weights_.data() + at * array_.weight_bytes();
            int32_t levels[kLaneInputs];
            for (int k = 0; k < kLaneInputs; ++k) {
              if (pairs) {  // 6 bits a pair, from bit k / 2 * 6 on
                const int bit = k / 2 * 6;
                const uint32_t two =
                    static_cast<uint32_t>(codes[bit / 8]) |
                    (bit / 8 < 5 ? static_cast<uint32_t>(codes[bit / 8 + 1]) << 8 : 0);
                levels[k] = list[(two >> bit % 8 & 63) * 2 + static_cast<uint32_t>(k % 2)];
              } else {
                levels[k] = list[codes[k / 2] >> (k % 2 * 4) & 15];
              }
            }
            const int32_t shift = t - (pass.taps - 1) + output_.offset - pass.late;
            for (int32_t n = 0; n < lanes; ++n) {
              const int32_t q = n % conv.strip_lanes + shift;
              if (q < 0 || q >= output_.columns) continue;
              int32_t dot = 0;
              for (size_t k = 0; k < kLaneInputs; ++k)
                dot += levels[k] * inputs[static_cast<size_t>(n) * kLaneInputs + k];
              const auto strip = static_cast<size_t>(n / conv.strip_lanes);
              const size_t sum =
                  ((strip * rows + static_cast<size_t>(row)) * outputs + static_cast<size_t>(o)) *
                      columns +
                  static_cast<size_t>(q);
              sums[sum] += static_cast<uint32_t>(dot) << pass.scale;
            }
          }
        }
      }
    }
  }
  Drain(conv, {reinterpret_cast<const int32_t*>(sums.data()), sums.size()});
  std::vector<int32_t> fills;
  for (const Pass& pass : passes) {
    const auto bytes = static_cast<size_t>(array_.table_entries() * array_.level_bytes());
    const auto* list = reinterpret_cast<const int8_t*>(levels_.data()) + pass.list * bytes;
    fills.push_back(ListFillCycles({list, bytes}, array_.table));
  }
  const ConvCycles c = CountCycles(conv, output_.columns, passes, fills, array_);
  cycles = c.all;
  counters_.use_cycles += c.use;
  counters_.fill_wait +=
      std::max<int64_t>(0, c.all - c.use - std::max<int64_t>(0, c.drain - c.use));
  counters_.drain_wait += std::max<int64_t>(0, c.drain - c.use);
  return ErrorCode::kNone;
}

void Model::Drain(const Conv& conv, std::span<const int32_t> sums) {
  const uint8_t flags = output_.header.flags;
  const bool wide = (flags & Output::kWide) != 0;
  const int32_t step = wide ? 4 : kLaneInputs;
  size_t row_sums = 0;  // where the row's sums begin
  const auto columns = static_cast<size_t>(output_.columns);
  for (int32_t strip = 0; strip < conv.strips; ++strip) {
    for (int32_t i = 0; i < conv.out_rows; ++i, row_sums += conv.outputs * columns) {
      const int64_t row = int64_t{strip} * output_.strip_rows + i;
      if (row >= output_.height) continue;
      for (size_t q = 0; q < columns; ++q) {
        for (int32_t first = 0; first < conv.outputs; first += step) {
          const auto column = static_cast<int64_t>(q);
          uint8_t* to = Word(output_.base + row * output_.row_words +
                             column * output_.column_words + first / step);
          uint8_t other[kWordBytes] = {};
          if ((flags & Output::kResidual) != 0) {
            std::memcpy(other,
                        Word(output_.residual_base + row * output_.residual_row_words +
                             column * output_.residual_column_words + first / step),
                        kWordBytes);
          }
          std::memset(to, 0, kWordBytes);
          for (int32_t k = 0; k < std::min(step, conv.outputs - first); ++k) {
            const int32_t o = first + k;
            const uint8_t* channel =
                channels_.data() + static_cast<size_t>(output_.channel_base + o) * 5;
            const auto sum =
                static_cast<uint32_t>(sums[row_sums + static_cast<size_t>(o) * columns + q]) +
                static_cast<uint32_t>(Word32(channel));
            int32_t y = Rounded(static_cast<int32_t>(sum), static_cast<int8_t>(channel[4]));
            if (wide) {
              std::memcpy(to + 4 * k, &y, 4);
              continue;
            }
            y = std::clamp<int32_t>(y, output_.lo, output_.hi);
            if ((flags & Output::kResidual) != 0) {
              const int32_t b = Value(other[k], (flags & Output::kResidualSigned) != 0);
              y = Rounded(Rounded(y, -output_.shift_conv) + Rounded(b, -output_.shift_other),
                          output_.shift);
              y = std::clamp<int32_t>(y, output_.sum_lo, output_.sum_hi);
            }
            to[k] = static_cast<uint8_t>(y);
          }
        }
      }
    }
  }
}

ErrorCode Model::RunVector(const Vector& v, int64_t& cycles) {
  const ErrorCode error = CheckAddresses(v, array_);
  if (error != ErrorCode::kNone) return error;
  const bool a_signed = (v.header.flags & Vector::kSigned) != 0;
  const bool b_signed = (v.header.flags & Vector::kBSigned) != 0;
  for (int32_t y = 0; y < v.out_height; ++y) {
    for (int32_t x = 0; x < v.out_width; ++x) {
      for (int32_t w = 0; w < v.words; ++w) {
        int32_t values[kWordBytes];
        uint8_t raw[kWordBytes] = {};
        std::fill(values, values + kWordBytes, v.op == VectorOp::kMax ? INT32_MIN : 0);
        for (int32_t ky = 0; ky < v.kernel_h; ++ky) {
          for (int32_t kx = 0; kx < v.kernel_w; ++kx) {
            const int32_t row = y * v.stride_h + ky - v.pad_top;
            const int32_t column = x * v.stride_w + kx - v.pad_left;
            if (row < 0 || row >= v.height || column < 0 || column >= v.width) continue;
            std::memcpy(raw,
                        Word(int64_t{v.base} + int64_t{row} * v.row_words +
                             int64_t{column} * v.column_words + w),
                        kWordBytes);
            for (int k = 0; k < kWordBytes; ++k) {
              const int32_t value = Value(raw[k], a_signed);
              values[k] = v.op == VectorOp::kMax ? std::max(values[k], value) : values[k] + value;
            }
          }
        }
        uint8_t result[kWordBytes];
        const uint8_t* b = v.op == VectorOp::kAdd
                               ? Word(int64_t{v.b_base} + int64_t{y} * v.b_row_words +
                                      int64_t{x} * v.b_column_words + w)
                               : nullptr;
        for (int k = 0; k < kWordBytes; ++k) {
          int32_t value = values[k];
          switch (v.op) {
            case VectorOp::kMax:
              break;
            case VectorOp::kMean:
              value = std::clamp<int32_t>(Rounded(value, v.shift), v.lo, v.hi);
              break;
            case VectorOp::kAdd:
              value = Rounded(value, -v.shift_a) + Rounded(Value(b[k], b_signed), -v.shift_b);
              value = std::clamp<int32_t>(Rounded(value, v.shift), v.lo, v.hi);
              break;
            case VectorOp::kLookup:
              value = tables_[static_cast<size_t>((v.table + w % v.sets) * 256 + raw[k]) * 16 +
                              static_cast<size_t>(k)];
              break;
            case VectorOp::kCopy:
              value = raw[k];
              break;
          }
          result[(k + v.rotate) % kWordBytes] = static_cast<uint8_t>(value);
        }
        uint8_t* to = Word(int64_t{v.out_base} + int64_t{y} * v.out_row_words +
                           int64_t{x} * v.out_column_words + w);
        for (int k = 0; k < kWordBytes; ++k) {
          if ((v.bytes >> k & 1) != 0) to[k] = result[k];
        }
      }
    }
  }
  cycles = int64_t{v.out_height} * v.out_width * v.words * v.kernel_h * v.kernel_w +
           array_.layer_overhead;
  counters_.vector_cycles += cycles;
  return ErrorCode::kNone;
}

}  // namespace potlut::accel
