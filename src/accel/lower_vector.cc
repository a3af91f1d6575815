// Pooling, additions, look-ups and moves to kVector.
#include <algorithm>

#include "accel/lowering.h"
#include "base/text.h"

namespace potlut::accel {
namespace {

constexpr int32_t kMostMoves = 4096;  // commands of one node

class VectorLowering {
 public:
  VectorLowering(const Lowering& l, const Node& node)
      : l_(l), node_(node), out_(l.T(node.output)), to_(l.P(node.output)) {}

  Status operator()(const ConvOp&) const { return Unsupported("a convolution"); }

  Status operator()(const AddOp& op) const {
    Vector v = Whole(0);
    v.op = VectorOp::kAdd;
    // A shift to the left goes to both operands.
    const int32_t left = std::max(0, -op.shift);
    if (op.shift_a + left > 15 || op.shift_b + left > 15)
      return Unsupported("an addition with shifts past 15");
    const Tensor& b = In(1);
    const Place& place = l_.P(node_.inputs[1]);
    if (b.type.is_signed) v.header.flags |= Vector::kBSigned;
    v.b_base = static_cast<uint32_t>(place.base);
    if (b.dims == In(0).dims) {
      v.b_row_words = static_cast<uint16_t>(place.row_words);
      v.b_column_words = static_cast<uint16_t>(place.column_words);
    }
    v.shift_a = static_cast<uint8_t>(op.shift_a + left);
    v.shift_b = static_cast<uint8_t>(op.shift_b + left);
    v.shift = static_cast<uint8_t>(std::max(0, op.shift));
    v.lo = static_cast<int16_t>(op.lo);
    v.hi = static_cast<int16_t>(op.hi);
    l_.stream.Core(v);
    return {};
  }
  Status operator()(const MulOp&) const {
    return Unsupported("the accelerator has no product of two maps (gates of attention)");
  }
  Status operator()(const MaxPoolOp& op) const {
    Vector v = Whole(0);
    v.op = VectorOp::kMax;
    return Pool(op.window, v);
  }
  Status operator()(const MeanOp& op) const {
    if (op.shift < 0) return Unsupported("a mean with a shift to the left");
    Vector v = Whole(0);
    v.op = VectorOp::kMean;
    v.shift = static_cast<uint8_t>(op.shift);
    v.lo = static_cast<int16_t>(op.lo);
    v.hi = static_cast<int16_t>(op.hi);
    if (int64_t{op.window.kernel_h} * op.window.kernel_w > 65536)
      return Unsupported("a mean over more than 65536 values");
    return Pool(op.window, v);
  }

  Status operator()(const LookupOp& op) const {
    const int32_t entries = 1 << In(0).type.bits, words = PixelWords(out_);
    const uint32_t mask = static_cast<uint32_t>(entries) - 1;
    const int32_t lo = In(0).type.lo();
    // Entry of a raw byte; bytes that no value of the type has are never read.
    const auto entry = [&](int32_t byte, int32_t channel) {
      const int32_t value = In(0).type.is_signed ? int32_t{static_cast<int8_t>(byte)} : byte;
      const auto at = static_cast<uint32_t>(value - lo);
      if (at > mask || channel >= out_.dims.c) return uint8_t{0};
      const auto first = op.per_channel ? static_cast<size_t>(channel * entries) : size_t{0};
      return static_cast<uint8_t>(op.table[first + at]);
    };
    const int32_t most = op.per_channel ? kMaxTableSets / 2 : words;
    for (int32_t word = 0; word < words; word += most) {
      const int32_t count = std::min(most, words - word);
      const int32_t sets = op.per_channel ? count : 1;
      std::vector<uint8_t> bytes;
      for (int32_t set = 0; set < sets; ++set) {
        for (int32_t byte = 0; byte < 256; ++byte) {
          if (!op.per_channel) bytes.push_back(entry(byte, 0));
          for (int32_t k = 0; k < kLaneInputs && op.per_channel; ++k)
            bytes.push_back(entry(byte, (word + set) * kLaneInputs + k));
        }
      }
      l_.stream.Begin();
      POTLUT_ASSIGN_OR_RETURN(const int32_t table, l_.stream.Tables(bytes, sets, !op.per_channel));
      Vector v = Whole(0);
      v.op = VectorOp::kLookup;
      v.base += static_cast<uint32_t>(word);
      v.out_base += static_cast<uint32_t>(word);
      v.words = static_cast<uint16_t>(count);
      v.table = static_cast<uint8_t>(table);
      v.sets = static_cast<uint8_t>(sets);
      l_.stream.Core(v);
    }
    return {};
  }

  Status operator()(const ReshapeOp&) const {
    // Every pixel's channels, cut where the output's pixels end.
    const Tensor& in = In(0);
    if (in.type.wide()) return Unsupported("a reshape of 32-bit values that moves them");
    const int64_t pixels = int64_t{in.dims.h} * in.dims.w;
    int32_t commands = 0;
    for (int64_t i = 0; i < in.dims.count();) {
      const int64_t from = i / in.dims.c, to = i / out_.dims.c;
      const auto c_from = static_cast<int32_t>(i % in.dims.c);
      const auto c_to = static_cast<int32_t>(i % out_.dims.c);
      const int32_t count = std::min(in.dims.c - c_from, out_.dims.c - c_to);
      Vector v = Whole(0);
      v.base += static_cast<uint32_t>(from * l_.P(node_.inputs[0]).column_words);
      v.out_base += static_cast<uint32_t>(to * to_.column_words);
      v.height = v.width = v.out_height = v.out_width = 1;
      commands += Channels(v, c_from, count, c_to);
      if (commands > kMostMoves) {
        return Unsupported("a reshape of ", pixels, " pixels of ", in.dims.c,
                           " channels; multiples of 16 channels cost nothing");
      }
      i += count;
    }
    return {};
  }
  Status operator()(const ConcatOp&) const {
    int32_t at = 0;
    for (size_t i = 0; i < node_.inputs.size(); ++i) {
      Channels(Whole(i), 0, In(i).dims.c, at);
      at += In(i).dims.c;
    }
    return {};
  }
  Status operator()(const SliceOp& op) const {
    if (op.step[0] > 255 || op.step[1] > 255)
      return Unsupported("a slice with a step of more than 255");
    const Place& from = l_.P(node_.inputs[0]);
    Vector v = Whole(0);
    v.base += static_cast<uint32_t>(op.start[0] * from.row_words + op.start[1] * from.column_words);
    v.height = static_cast<uint16_t>(v.height - op.start[0]);
    v.width = static_cast<uint16_t>(v.width - op.start[1]);
    v.stride_h = static_cast<uint8_t>(op.step[0]);
    v.stride_w = static_cast<uint8_t>(op.step[1]);
    if (op.step[2] == 1) {
      Channels(v, op.start[2], out_.dims.c, 0);
      return {};
    }
    return Scattered([&](int32_t c) { return op.start[2] + c * op.step[2]; }, v);
  }
  Status operator()(const ShuffleOp& op) const {
    const int32_t per_group = out_.dims.c / op.groups;
    return Scattered([&](int32_t c) { return c % op.groups * per_group + c / op.groups; },
                     Whole(0));
  }
  Status operator()(const PadOp& op) const {
    // All zeros (a mean that is clamped to 0), then the map inside.
    Vector zero = Whole(0);
    zero.op = VectorOp::kMean;
    zero.height = zero.width = zero.words = 1;
    zero.lo = zero.hi = 0;
    for (int32_t word = 0; word < PixelWords(out_); ++word) {
      Vector v = zero;
      v.out_base += static_cast<uint32_t>(word);
      l_.stream.Core(v);
    }
    Vector v = Whole(0);
    v.out_base +=
        static_cast<uint32_t>(op.before[0] * to_.row_words + op.before[1] * to_.column_words);
    v.out_height = v.height;
    v.out_width = v.width;
    Channels(v, 0, In(0).dims.c, op.before[2]);
    return {};
  }
  Status operator()(const ResizeOp& op) const {
    if (int64_t{op.scale_h} * op.scale_w > kMostMoves ||
        int64_t{op.scale_h} * to_.row_words > 65535 || op.scale_w * to_.column_words > 65535) {
      return Unsupported("a resize by ", op.scale_h, "x", op.scale_w);
    }
    for (int32_t y = 0; y < op.scale_h; ++y) {
      for (int32_t x = 0; x < op.scale_w; ++x) {
        Vector v = Whole(0);
        v.out_base += static_cast<uint32_t>(y * to_.row_words + x * to_.column_words);
        v.out_row_words = static_cast<uint16_t>(op.scale_h * to_.row_words);
        v.out_column_words = static_cast<uint16_t>(op.scale_w * to_.column_words);
        v.out_height = v.height;
        v.out_width = v.width;
        l_.stream.Core(v);
      }
    }
    return {};
  }
  Status operator()(const ArgMaxOp&) const {
    return Unsupported("the accelerator has no argmax; let the program end with its scores");
  }

 private:
  const Tensor& In(size_t i) const { return l_.T(node_.inputs[i]); }

  // A copy of input i to the output, whole maps.
  Vector Whole(size_t i) const {
    const Place& from = l_.P(node_.inputs[i]);
    Vector v;
    v.header.opcode = Opcode::kVector;
    if (In(i).type.is_signed) v.header.flags |= Vector::kSigned;
    v.op = VectorOp::kCopy;
    v.base = static_cast<uint32_t>(from.base);
    v.row_words = static_cast<uint16_t>(from.row_words);
    v.column_words = static_cast<uint16_t>(from.column_words);
    v.height = static_cast<uint16_t>(In(i).dims.h);
    v.width = static_cast<uint16_t>(In(i).dims.w);
    v.out_base = static_cast<uint32_t>(to_.base);
    v.out_row_words = static_cast<uint16_t>(to_.row_words);
    v.out_column_words = static_cast<uint16_t>(to_.column_words);
    v.out_height = static_cast<uint16_t>(out_.dims.h);
    v.out_width = static_cast<uint16_t>(out_.dims.w);
    v.words = static_cast<uint16_t>(PixelWords(out_));
    v.lo = 0;
    v.hi = 0;
    return v;
  }

  Status Pool(const Window& w, Vector v) const {
    for (const int32_t field :
         {w.kernel_h, w.kernel_w, w.stride_h, w.stride_w, w.pad_top, w.pad_left}) {
      if (field > 255) return Unsupported("a window, stride or padding of more than 255");
    }
    v.kernel_h = static_cast<uint8_t>(w.kernel_h);
    v.kernel_w = static_cast<uint8_t>(w.kernel_w);
    v.stride_h = static_cast<uint8_t>(w.stride_h);
    v.stride_w = static_cast<uint8_t>(w.stride_w);
    v.pad_top = static_cast<uint8_t>(w.pad_top);
    v.pad_left = static_cast<uint8_t>(w.pad_left);
    l_.stream.Core(v);
    return {};
  }

  // Copies channels [from, from + count) of all pixels of `v` to [to, to + count): word by word,
  // each to the one or two words that it lands in. Returns the number of commands.
  int32_t Channels(const Vector& v, int32_t from, int32_t count, int32_t to) const {
    const int32_t rotate = ((to - from) % kLaneInputs + kLaneInputs) % kLaneInputs;
    int32_t commands = 0;
    const int32_t last_word = (to + count - 1) / kLaneInputs;
    for (int32_t word = to / kLaneInputs; word <= last_word; ++word) {
      // Channels of this output word, by the input word that they come from.
      const int32_t begin = std::max(to, word * kLaneInputs);
      const int32_t end = std::min(to + count, (word + 1) * kLaneInputs);
      for (int32_t c = begin; c < end;) {
        const int32_t source = c - to + from;
        const int32_t stop = std::min(end, c + kLaneInputs - source % kLaneInputs);
        Vector move = v;
        move.base += static_cast<uint32_t>(source / kLaneInputs);
        move.out_base += static_cast<uint32_t>(word);
        move.words = 1;
        move.rotate = static_cast<uint8_t>(rotate);
        uint32_t bytes = 0;
        for (int32_t i = c; i < stop; ++i) bytes |= uint32_t{1} << (i % kLaneInputs);
        // Whole words in a row go at once; the last may be part of one: nobody reads its rest.
        if (rotate == 0 && c % kLaneInputs == 0 && from % kLaneInputs == 0 &&
            to % kLaneInputs == 0 && (to + count) == out_.dims.c) {
          move.words = static_cast<uint16_t>(last_word - word + 1);
          bytes = 0xffff;
          word = last_word;
        }
        move.bytes = static_cast<uint16_t>(bytes);
        l_.stream.Core(move);
        ++commands;
        c = stop;
        if (move.words > 1) break;
      }
    }
    return commands;
  }

  // Output channel c is input channel source(c).
  template <typename Source>
  Status Scattered(Source source, const Vector& v) const {
    if (out_.dims.c > kMostMoves) return Unsupported("a move of ", out_.dims.c, " single channels");
    for (int32_t c = 0; c < out_.dims.c;) {
      int32_t count = 1;  // neighbours stay together
      while (c + count < out_.dims.c && source(c + count) == source(c) + count) ++count;
      Channels(v, source(c), count, c);
      c += count;
    }
    return {};
  }

  const Lowering& l_;
  const Node& node_;
  const Tensor& out_;
  const Place& to_;
};

}  // namespace

bool IsAlias(const Tensor& from, const Tensor& to) {
  if (from.dims.c == to.dims.c) return true;
  const int32_t in_word = from.type.wide() ? 4 : kLaneInputs;
  return from.dims.c % in_word == 0 && to.dims.c % in_word == 0;
}

Status LowerVector(const Lowering& lowering, const Node& node) {
  // 32-bit values leave the program; nothing here reads or writes them.
  for (const int32_t t : node.inputs) {
    if (lowering.T(t).type.wide())
      return Unsupported("the accelerator only stores 32-bit values and cannot read them");
  }
  if (lowering.T(node.output).type.wide() && !std::holds_alternative<ArgMaxOp>(node.op))
    return Unsupported("a 32-bit result of ", OpName(node.op));
  return std::visit(VectorLowering(lowering, node), node.op);
}

}  // namespace potlut::accel
