// Epilogues of convolutions from the program's nodes.
#include "engine/conv_tail.h"

#include <algorithm>

namespace potlut {
namespace {

const Tensor& TensorOf(const Program& program, int32_t i) {
  return program.tensors[static_cast<size_t>(i)];
}

uint32_t RoundOf(int shift) { return shift > 0 ? uint32_t{1} << (shift - 1) : 0; }

FusedAdd AddOf(const Program& program, const FusedConv& fused) {
  const AddOp& op = std::get<AddOp>(fused.add->op);
  const bool first = fused.add->inputs[0] == fused.conv->output;
  FusedAdd add;
  add.present = true;
  add.residual_signed = TensorOf(program, fused.residual()).type.is_signed;
  add.shift_conv = first ? op.shift_a : op.shift_b;
  add.shift_residual = first ? op.shift_b : op.shift_a;
  add.round = static_cast<int32_t>(RoundOf(op.shift));
  add.right = std::max(op.shift, 0);
  add.left = std::max(-op.shift, 0);
  // Shifts to the left are those of the operands, where these are shifts of words: kernels have
  // quick ways for sums that only go to the right.
  if (add.left + std::max(add.shift_conv, add.shift_residual) < 31) {
    add.shift_conv += add.left;
    add.shift_residual += add.left;
    add.left = 0;
  }
  add.lo = op.lo;
  add.hi = op.hi;
  return add;
}

template <typename Map, typename Residual>
void AddAs(const FusedAdd& add, const uint8_t* residual, int64_t count, uint8_t* map) {
  for (int64_t i = 0; i < count; ++i) {
    const uint32_t v = static_cast<uint32_t>(int32_t{static_cast<Map>(map[i])}) << add.shift_conv;
    const uint32_t r = static_cast<uint32_t>(int32_t{static_cast<Residual>(residual[i])})
                       << add.shift_residual;
    const int32_t shifted =
        static_cast<int32_t>(v + r + static_cast<uint32_t>(add.round)) >> add.right;
    const int32_t sum = static_cast<int32_t>(static_cast<uint32_t>(shifted) << add.left);
    map[i] = static_cast<uint8_t>(std::clamp(sum, add.lo, add.hi));
  }
}

template <typename Map>
void RescaleAs(const FusedRescale& rescale, const uint8_t* map, int64_t count, uint8_t* second) {
  for (int64_t i = 0; i < count; ++i) {
    const int32_t v = (int32_t{static_cast<Map>(map[i])} + rescale.round) >> rescale.right;
    second[i] = static_cast<uint8_t>(std::clamp(v, rescale.lo, rescale.hi));
  }
}

}  // namespace

void AddResidual(const FusedAdd& add, bool map_signed, const uint8_t* residual, int64_t count,
                 uint8_t* map) {
  if (map_signed) {
    add.residual_signed ? AddAs<int8_t, int8_t>(add, residual, count, map)
                        : AddAs<int8_t, uint8_t>(add, residual, count, map);
  } else {
    add.residual_signed ? AddAs<uint8_t, int8_t>(add, residual, count, map)
                        : AddAs<uint8_t, uint8_t>(add, residual, count, map);
  }
}

void Rescale(const FusedRescale& rescale, bool map_signed, const uint8_t* map, int64_t count,
             uint8_t* second) {
  map_signed ? RescaleAs<int8_t>(rescale, map, count, second)
             : RescaleAs<uint8_t>(rescale, map, count, second);
}

FusedRescale RescaleOf(const Program& program, const Node& lookup) {
  const LookupOp& op = std::get<LookupOp>(lookup.op);
  const TensorType type = TensorOf(program, lookup.inputs[0]).type;
  if (op.per_channel || type.wide() || TensorOf(program, lookup.output).type.wide()) return {};
  // The clamp is where the table ends, if it is one at all.
  const auto [lo, hi] = std::minmax_element(op.table.begin(), op.table.end());
  for (int right = 0; right <= 8; ++right) {
    const int32_t round = static_cast<int32_t>(RoundOf(right));
    bool same = true;
    for (int32_t x = type.lo(); same && x <= type.hi(); ++x) {
      const int32_t y = std::clamp<int32_t>((x + round) >> right, *lo, *hi);
      same = y == op.table[static_cast<size_t>(x - type.lo())];
    }
    if (same) return {true, round, right, *lo, *hi};
  }
  return {};
}

uint32_t StartOf(const ConvOp& op, int64_t channel) {
  const size_t at = static_cast<size_t>(channel);
  return static_cast<uint32_t>(op.bias[at]) + RoundOf(op.shift[at]);
}

ConvTail::ConvTail(const Program& program, const FusedConv& fused, int64_t padded_channels)
    : op_(&std::get<ConvOp>(fused.conv->op)) {
  for (AlignedArray<int32_t>* array : {&start_, &right_, &left_}) {
    *array = MakeAligned<int32_t>(static_cast<size_t>(padded_channels));
    std::fill_n(array->get(), padded_channels, 0);
  }
  epilogue_.requant = {start_.get(), right_.get(),
                       left_.get(),  op_->lo,
                       op_->hi,      TensorOf(program, fused.conv->output).type.wide()};
  if (fused.add != nullptr) epilogue_.add = AddOf(program, fused);
  if (fused.lookup != nullptr) epilogue_.rescale = RescaleOf(program, *fused.lookup);
  epilogue_.first = fused.keep_first;
}

void ConvTail::Set(int64_t place, int32_t channel, int32_t correction) {
  const int shift = op_->shift[static_cast<size_t>(channel)];
  start_[static_cast<size_t>(place)] =
      static_cast<int32_t>(StartOf(*op_, channel) - static_cast<uint32_t>(correction));
  right_[static_cast<size_t>(place)] = std::max(shift, 0);
  left_[static_cast<size_t>(place)] = std::max(-shift, 0);
}

}  // namespace potlut
