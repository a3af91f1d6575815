// The hardware's rules, in the order of command.h.
#include "accel/check.h"

#include <algorithm>

namespace potlut::accel {
namespace {

template <typename T>
bool In(T value, int64_t lo, int64_t hi) {
  return int64_t{value} >= lo && int64_t{value} <= hi;
}

// A map of `height` x `width` pixels of `words` words: the last word, or before the first.
bool Fits(int64_t base, int64_t height, int64_t row_words, int64_t width, int64_t column_words,
          int64_t words, int64_t memory) {
  return base + (height - 1) * row_words + (width - 1) * column_words + words <= memory;
}

bool FieldsOk(const Transfer& t, bool store, const Geometry& geometry) {
  if (!In(static_cast<int32_t>(t.memory), 0, 6)) return false;
  if (store && (t.memory != Memory::kActivations || t.unit != kWordBytes)) return false;
  const int32_t unit = UnitBytes(t.memory, geometry);
  if (unit == 0 ? !In(t.unit, 1, 16) : t.unit != unit) return false;
  return t.header.flags == 0 && t.dram % 16 == 0 && t.dram_pitch % 16 == 0 &&
         In(t.words, 1, 65535) && In(t.rows, 1, 65535);
}

bool FieldsOk(const Output& o, const Geometry& geometry) {
  if (o.header.flags >= 16) return false;
  const bool wide = (o.header.flags & Output::kWide) != 0;
  const bool residual = (o.header.flags & Output::kResidual) != 0;
  if (wide && residual) return false;
  if (!residual && (o.header.flags & Output::kResidualSigned) != 0) return false;
  return o.height >= 1 && In(o.columns, 1, geometry.lanes) && o.strip_rows >= 1 && o.offset <= 6 &&
         o.lo <= o.hi && o.sum_lo <= o.sum_hi && o.shift_conv <= 15 && o.shift_other <= 15 &&
         o.shift <= 31;
}

bool FieldsOk(const Conv& c, const Geometry& geometry) {
  if (c.header.flags >= 2 || c.height < 1 || c.width < 1 || c.row_first > c.row_last) return false;
  if (c.strip_lanes < 1 || c.strips < 1 || c.strip_lanes * c.strips > geometry.lanes) return false;
  if (c.out_rows < 1 || c.outputs < 1 || !In(c.kernel_h, 1, kMaxKernel) ||
      !In(c.stride_h, 1, kMaxStride) || c.pad_top > 15) {
    return false;
  }
  if (c.ring * c.stride_h < c.kernel_h || int64_t{c.ring} * c.outputs > geometry.sum_words)
    return false;
  if (c.pass_count < 1 || c.pass_first + c.pass_count > kMaxPasses) return false;
  // Each output row has a row among row_first ... row_last: the first and the last do.
  const int32_t last = (c.out_rows - 1) * c.stride_h - c.pad_top;
  return c.row_first >= -c.pad_top && c.row_first < c.kernel_h - c.pad_top && c.row_last >= last;
}

bool FieldsOk(const Vector& v) {
  if (v.header.flags >= 4 || !In(static_cast<int32_t>(v.op), 0, 4) || v.rotate > 15) return false;
  if (v.height < 1 || v.width < 1 || v.out_height < 1 || v.out_width < 1 || v.words < 1)
    return false;
  if (v.kernel_h < 1 || v.kernel_w < 1 || v.stride_h < 1 || v.stride_w < 1) return false;
  const bool window = v.op == VectorOp::kMax || v.op == VectorOp::kMean;
  if (!window && (v.kernel_h != 1 || v.kernel_w != 1)) return false;
  if (v.op == VectorOp::kLookup && (v.sets < 1 || v.table + v.sets > kMaxTableSets)) return false;
  return v.shift_a <= 15 && v.shift_b <= 15 && v.shift <= 31 && v.lo <= v.hi;
}

}  // namespace

int64_t MemoryWords(Memory memory, const Geometry& geometry) {
  switch (memory) {
    case Memory::kActivations:
      return geometry.activation_words;
    case Memory::kWeights:
      return geometry.weight_words;
    case Memory::kChannels:
      return geometry.channel_words;
    case Memory::kPasses:
      return kMaxPasses;
    case Memory::kLevels:
      return kLevelLists * geometry.table_entries();
    case Memory::kTables:
    case Memory::kTablesAll:
      return kMaxTableSets * 256;
  }
  return 0;
}

int32_t UnitBytes(Memory memory, const Geometry& geometry) {
  switch (memory) {
    case Memory::kActivations:
      return 0;
    case Memory::kWeights:
      return geometry.weight_bytes();
    case Memory::kChannels:
      return 5;
    case Memory::kPasses:
    case Memory::kTables:
      return 16;
    case Memory::kLevels:
      return geometry.level_bytes();
    case Memory::kTablesAll:
      return 1;
  }
  return 0;
}

ErrorCode CheckFields(const CommandWords& words, const Geometry& geometry) {
  // What a command does not name is 0: it is what unpacking and packing again gives.
  const auto judge = [&](const auto& command, bool ok) {
    return ok && command.Pack() == words ? ErrorCode::kNone : ErrorCode::kField;
  };
  switch (Header::Unpack(words[0]).opcode) {
    case Opcode::kEnd:
      return words == PackEnd() ? ErrorCode::kNone : ErrorCode::kField;
    case Opcode::kLoad:
    case Opcode::kStore: {
      const Transfer t = Transfer::Unpack(words);
      return judge(t, FieldsOk(t, t.header.opcode == Opcode::kStore, geometry));
    }
    case Opcode::kOutput: {
      const Output o = Output::Unpack(words);
      return judge(o, FieldsOk(o, geometry));
    }
    case Opcode::kConv: {
      const Conv c = Conv::Unpack(words);
      return judge(c, FieldsOk(c, geometry));
    }
    case Opcode::kVector: {
      const Vector v = Vector::Unpack(words);
      return judge(v, FieldsOk(v));
    }
  }
  return ErrorCode::kOpcode;
}

ErrorCode CheckPass(const Pass& p) {
  const bool ok =
      In(p.x_step, 1, 4) && In(p.taps, 1, 7) && p.list < kLevelLists && p.scale <= 7 && p.late <= 1;
  return ok ? ErrorCode::kNone : ErrorCode::kField;
}

ErrorCode CheckAddresses(const Transfer& t, const Geometry& geometry) {
  const int64_t last = int64_t{t.local} + int64_t{t.rows - 1} * t.local_pitch + t.words;
  return last <= MemoryWords(t.memory, geometry) ? ErrorCode::kNone : ErrorCode::kAddress;
}

ErrorCode CheckAddresses(const Conv& c, const Output& o, std::span<const Pass> passes,
                         const Geometry& g) {
  bool ok = o.channel_base + c.outputs <= g.channel_words;
  for (const Pass& p : passes) {
    ok &= Fits(int64_t{c.base} + p.input, c.height, c.row_words, c.width, c.column_words, 1,
               g.activation_words);
    ok &=
        int64_t{c.weights} + p.weights + int64_t{c.outputs} * c.kernel_h * p.taps <= g.weight_words;
  }
  const bool wide = (o.header.flags & Output::kWide) != 0;
  const int64_t words = (c.outputs + (wide ? 3 : 15)) / (wide ? 4 : 16);
  ok &= Fits(o.base, o.height, o.row_words, o.columns, o.column_words, words, g.activation_words);
  if ((o.header.flags & Output::kResidual) != 0) {
    ok &= Fits(o.residual_base, o.height, o.residual_row_words, o.columns, o.residual_column_words,
               words, g.activation_words);
  }
  return ok ? ErrorCode::kNone : ErrorCode::kAddress;
}

ErrorCode CheckAddresses(const Vector& v, const Geometry& g) {
  bool ok =
      Fits(v.base, v.height, v.row_words, v.width, v.column_words, v.words, g.activation_words);
  ok &= Fits(v.out_base, v.out_height, v.out_row_words, v.out_width, v.out_column_words, v.words,
             g.activation_words);
  if (v.op == VectorOp::kAdd) {
    ok &= Fits(v.b_base, v.out_height, v.b_row_words, v.out_width, v.b_column_words, v.words,
               g.activation_words);
  }
  return ok ? ErrorCode::kNone : ErrorCode::kAddress;
}

ErrorCode CheckTogether(const Conv& c, const Output& o, const Geometry&) {
  return o.columns <= c.strip_lanes ? ErrorCode::kNone : ErrorCode::kField;
}

}  // namespace potlut::accel
