// Grows a program node by node; each operator is tried where the tensors so far allow it.
#include "pack/random_program.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "base/text.h"
#include "program/validate.h"

namespace potlut {

uint64_t SmallRandom::Next() {
  uint64_t z = state_ += 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

Alphabet RandomAlphabet(SmallRandom& random, AlphabetKind kind, int bits) {
  if (kind != AlphabetKind::kCustom && kind != AlphabetKind::kPair) {
    return std::move(MakeAlphabet(kind, bits)).value();
  }
  Alphabet alphabet{kind, bits, {}};
  const int reach = random.OneIn(3) ? 127 : 14;
  const int full = std::min(1 << bits, alphabet.is_pair() ? 256 : 2 * reach + 1);
  const auto most = static_cast<size_t>(random.OneIn(3) ? random.Int(1, full) : full);
  std::set<std::pair<int, int>> points{{0, 0}};
  while (points.size() < most) {
    points.emplace(random.Int(-reach, reach), alphabet.is_pair() ? random.Int(-reach, reach) : 0);
  }
  for (const auto& [a, b] : points) {
    alphabet.levels.push_back(static_cast<int8_t>(a));
    if (alphabet.is_pair()) alphabet.levels.push_back(static_cast<int8_t>(b));
  }
  return alphabet;
}

std::vector<uint8_t> RandomCodes(SmallRandom& random, size_t count, int codes, int skew) {
  std::vector<uint8_t> out(count);
  for (uint8_t& code : out) {
    // The skewed code keeps to the middle: each step pulls it there with probability one half.
    int lo = 0, hi = codes - 1;
    for (int i = 0; i < skew && random.OneIn(2); ++i) {
      lo = (lo + codes / 2) / 2;
      hi = (hi + codes / 2) / 2;
    }
    code = static_cast<uint8_t>(random.Int(lo, std::max(lo, hi)));
  }
  return out;
}

namespace {

// A shift in -15..31, as wished or as near as `bound` allows.
int FittingShift(int64_t bound, int wish) {
  const auto fits = [&](int n) {
    return n > 0 ? bound + (int64_t{1} << (n - 1)) <= INT32_MAX : bound <= (INT32_MAX >> -n);
  };
  while (wish < 0 && !fits(wish)) ++wish;
  while (wish > 0 && !fits(wish)) --wish;
  return wish;
}

class Grower {
 public:
  Grower(uint64_t seed, const RandomProgramOptions& options) : random_(seed), options_(options) {}

  Program Grow() {
    Tensor image;
    image.name = "image";
    image.dims = {random_.Int(1, options_.max_side), random_.Int(1, options_.max_side),
                  random_.Int(1, 4)};
    program_.tensors.push_back(image);
    program_.input = 0;
    // All operators in random order, round after round; one that finds no fitting input is left
    // out.
    std::array<int, 13> order;
    for (int i = 0; i < options_.nodes; ++i) {
      if (i % 13 == 0) Shuffle(order);
      AddNode(order[static_cast<size_t>(i % 13)]);
    }
    const auto last = static_cast<int32_t>(program_.tensors.size()) - 1;
    program_.outputs.push_back(last);
    while (random_.OneIn(3)) program_.outputs.push_back(random_.Int(0, last));
    AddMetadata();
    return std::move(program_);
  }

 private:
  void Shuffle(std::array<int, 13>& order) {
    for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
    for (size_t i = order.size() - 1; i > 0; --i) {
      std::swap(order[i], order[static_cast<size_t>(random_.Int(0, static_cast<int32_t>(i)))]);
    }
  }

  const Tensor& At(int32_t i) const { return program_.tensors[static_cast<size_t>(i)]; }

  // A tensor of at most 8 bits, mostly a late one; the image always is one.
  int32_t Narrow() {
    for (int tries = 0; tries < 20; ++tries) {
      const auto last = static_cast<int32_t>(program_.tensors.size()) - 1;
      const int32_t i = random_.Int(random_.OneIn(3) ? 0 : std::max(0, last - 4), last);
      if (!At(i).type.wide()) return i;
    }
    return program_.input;
  }

  TensorType NarrowType() { return {static_cast<uint8_t>(random_.Int(2, 8)), random_.OneIn(2)}; }

  void Clamp(TensorType type, int32_t& lo, int32_t& hi) {
    lo = type.lo();
    hi = type.hi();
    if (random_.OneIn(4)) lo = random_.Int(lo, 0);
    if (random_.OneIn(4)) hi = random_.Int(std::max(lo, 0), hi);
  }

  std::string Name(std::string_view what) {
    if (options_.strange_text && random_.OneIn(12)) return "";
    if (options_.strange_text && random_.OneIn(12)) return "größe/\xE5\xB1\xA4/\xF0\x9F\x8C\xB1";
    return Cat("layer", program_.nodes.size() / 4, ".", program_.nodes.size() % 4, ".", what);
  }

  void Emit(Op op, std::vector<int32_t> inputs, Dims dims, TensorType type) {
    Node node;
    node.name = Name(OpName(op));
    node.op = std::move(op);
    node.inputs = std::move(inputs);
    node.output = static_cast<int32_t>(program_.tensors.size());
    Tensor t;
    t.name = random_.OneIn(2) ? node.name : Name("out");
    t.dims = dims;
    t.type = type;
    t.exponent = random_.Int(-20, 4);
    if (random_.OneIn(5)) t.factor.assign(1, 1.0 / 49);
    if (random_.OneIn(9)) {
      t.factor.clear();
      for (int32_t c = 0; c < dims.c; ++c) t.factor.push_back(1.0 / random_.Int(1, 1000));
    }
    program_.nodes.push_back(std::move(node));
    program_.tensors.push_back(std::move(t));
  }

  Window RandomWindow(Dims in, bool pooling) {
    Window w;
    const bool square = random_.OneIn(2);
    const int32_t most = std::min(in.h, in.w);
    w.kernel_h = random_.Int(1, std::min(3, square ? most : in.h));
    w.kernel_w = square ? w.kernel_h : random_.Int(1, std::min(3, in.w));
    if (random_.OneIn(6)) w.kernel_h = in.h, w.kernel_w = in.w;
    w.stride_h = random_.Int(1, 2);
    w.stride_w = square ? w.stride_h : random_.Int(1, 3);
    if (!pooling && in.h >= 2 * w.kernel_h && in.w >= 2 * w.kernel_w) {
      w.dilation_h = random_.Int(1, 2);
      w.dilation_w = random_.Int(1, 2);
    }
    w.pad_top = random_.Int(0, w.kernel_h - 1);
    w.pad_left = square && w.kernel_w == w.kernel_h ? w.pad_top : random_.Int(0, w.kernel_w - 1);
    w.pad_bottom = square ? w.pad_top : random_.Int(0, w.kernel_h - 1);
    w.pad_right = square && w.kernel_w == w.kernel_h ? w.pad_top : random_.Int(0, w.kernel_w - 1);
    return w;
  }

  Alphabet AnyAlphabet(bool pairs) {
    const auto kind = AlphabetKind{static_cast<uint8_t>(random_.Int(0, pairs ? 4 : 3))};
    constexpr std::array<std::pair<int, int>, 5> kBits{{{2, 4}, {3, 5}, {2, 5}, {2, 5}, {5, 8}}};
    const auto [lo, hi] = kBits[static_cast<size_t>(kind)];
    const int bits = kind == AlphabetKind::kUniform && random_.OneIn(4) ? 8 : random_.Int(lo, hi);
    return RandomAlphabet(random_, kind, bits);
  }

  void AddConv() {
    const int32_t x = Narrow();
    const Dims in = At(x).dims;
    ConvOp conv;
    conv.window = RandomWindow(in, false);
    if (random_.OneIn(5)) {
      conv.window = {};
      conv.window.kernel_h = in.h;
      conv.window.kernel_w = in.w;
    }
    conv.groups = random_.OneIn(3) ? in.c : 1;
    if (in.c % 2 == 0 && random_.OneIn(4)) conv.groups = 2;
    const int32_t per_group = in.c / conv.groups;
    const int32_t out =
        conv.groups * random_.Int(1, std::max(1, options_.max_channels / conv.groups));
    conv.alphabet = AnyAlphabet(per_group > 1);
    const int32_t per_tap = conv.alphabet.is_pair() ? (per_group + 1) / 2 : per_group;
    const auto count =
        static_cast<size_t>(int64_t{out} * conv.window.kernel_h * conv.window.kernel_w * per_tap);
    conv.codes = RandomCodes(random_, count, conv.alphabet.codes(), random_.Int(0, 6));
    const int32_t reach = 1 << random_.Int(0, 20);
    for (int32_t o = 0; o < out; ++o) conv.bias.push_back(random_.Int(-reach, reach));
    const int wish = random_.Int(-3, 24);
    for (int32_t o = 0; o < out; ++o) {
      const int64_t bound = AccumulatorBound(conv, per_group, At(x).type, o);
      conv.shift.push_back(
          static_cast<int8_t>(FittingShift(bound, std::min(31, wish + random_.Int(0, 2)))));
    }
    const TensorType type = random_.OneIn(8) ? TensorType{32, true} : NarrowType();
    Clamp(type, conv.lo, conv.hi);
    const Dims dims = WindowOutput(conv.window, in, out).value();
    Emit(std::move(conv), {x}, dims, type);
  }

  void AddBinary(bool multiply) {
    const int32_t a = Narrow();
    int32_t b = a;
    for (size_t i = 0; i < program_.tensors.size(); ++i) {
      const Tensor& t = program_.tensors[i];
      const bool fits = t.dims == At(a).dims || t.dims == Dims{1, 1, At(a).dims.c};
      if (fits && !t.type.wide() && random_.OneIn(2)) b = static_cast<int32_t>(i);
    }
    const TensorType type = NarrowType();
    if (multiply) {
      MulOp op;
      op.shift = random_.Int(-3, 12);
      Clamp(type, op.lo, op.hi);
      Emit(op, {a, b}, At(a).dims, type);
      return;
    }
    AddOp op;
    op.shift_a = random_.Int(0, 15);
    op.shift_b = random_.Int(0, 15);
    op.shift = random_.Int(-6, 20);
    Clamp(type, op.lo, op.hi);
    Emit(op, {a, b}, At(a).dims, type);
  }

  void AddPool(bool mean) {
    const int32_t x = Narrow();
    const Dims in = At(x).dims;
    const Window window = RandomWindow(in, true);
    const Dims dims = WindowOutput(window, in, in.c).value();
    if (!mean) {
      Emit(MaxPoolOp{window}, {x}, dims, At(x).type);
      return;
    }
    const TensorType type = NarrowType();
    MeanOp op;
    op.window = window;
    op.shift = random_.Int(-2, 8);
    Clamp(type, op.lo, op.hi);
    Emit(op, {x}, dims, type);
  }

  void AddLookup() {
    const int32_t x = Narrow();
    const TensorType type = NarrowType();
    LookupOp op;
    op.per_channel = At(x).dims.c <= 4 && random_.OneIn(2);
    const auto entries = size_t{1} << At(x).type.bits;
    const size_t tables = op.per_channel ? static_cast<size_t>(At(x).dims.c) : 1;
    const bool noise = random_.OneIn(3);
    for (size_t t = 0; t < tables; ++t) {
      const int32_t slope = random_.Int(1, 4);
      for (size_t i = 0; i < entries; ++i) {
        const int32_t ramp = type.lo() + static_cast<int32_t>(i) * slope / 2;
        op.table.push_back(static_cast<int16_t>(noise ? random_.Int(type.lo(), type.hi())
                                                      : std::clamp(ramp, type.lo(), type.hi())));
      }
    }
    Emit(std::move(op), {x}, At(x).dims, type);
  }

  void AddConcat() {
    const int32_t x = Narrow();
    std::vector<int32_t> inputs{x};
    int32_t channels = At(x).dims.c;
    for (size_t i = 0; i < program_.tensors.size(); ++i) {
      const Tensor& t = program_.tensors[i];
      if (t.dims.h != At(x).dims.h || t.dims.w != At(x).dims.w || !(t.type == At(x).type)) continue;
      if (channels + t.dims.c > 2 * options_.max_channels) continue;
      inputs.push_back(static_cast<int32_t>(i));
      channels += t.dims.c;
    }
    Emit(ConcatOp{}, std::move(inputs), {At(x).dims.h, At(x).dims.w, channels}, At(x).type);
  }

  void AddSlice() {
    const int32_t x = Narrow();
    const int32_t in[3] = {At(x).dims.h, At(x).dims.w, At(x).dims.c};
    int32_t out[3];
    SliceOp op;
    for (size_t i = 0; i < 3; ++i) {
      op.start[i] = random_.Int(0, in[i] - 1);
      op.step[i] = random_.Int(1, 2);
      out[i] = random_.Int(1, (in[i] - 1 - op.start[i]) / op.step[i] + 1);
    }
    Emit(op, {x}, {out[0], out[1], out[2]}, At(x).type);
  }

  void AddMove(int which) {
    const int32_t x = Narrow();
    const Dims in = At(x).dims;
    const TensorType type = At(x).type;
    if (which == 6) {
      const bool flat = in.count() <= 256 && random_.OneIn(2);
      Emit(ReshapeOp{}, {x},
           flat ? Dims{1, 1, static_cast<int32_t>(in.count())} : Dims{in.w, in.h, in.c}, type);
    } else if (which == 9) {
      Emit(ShuffleOp{in.c % 2 == 0 ? 2 : random_.OneIn(2) ? in.c : 1}, {x}, in, type);
    } else if (which == 10) {
      PadOp op;
      for (size_t i = 0; i < 3; ++i) {
        op.before[i] = random_.Int(0, 2);
        op.after[i] = random_.Int(0, 2);
      }
      Emit(op, {x},
           {in.h + op.before[0] + op.after[0], in.w + op.before[1] + op.after[1],
            in.c + op.before[2] + op.after[2]},
           type);
    } else {
      const bool small = in.count() <= 4096;
      const ResizeOp op{small ? random_.Int(1, 3) : 1, small ? random_.Int(1, 2) : 1};
      Emit(op, {x}, {in.h * op.scale_h, in.w * op.scale_w, in.c}, type);
    }
  }

  void AddNode(int which) {
    switch (which) {
      case 0:
        return AddConv();
      case 1:
      case 2:
        return AddBinary(which == 2);
      case 3:
      case 4:
        return AddPool(which == 4);
      case 5:
        return AddLookup();
      case 7:
        return AddConcat();
      case 8:
        return AddSlice();
      case 12: {
        const int32_t x = Narrow();
        return Emit(ArgMaxOp{}, {x}, {At(x).dims.h, At(x).dims.w, 1}, {32, true});
      }
      default:
        return AddMove(which);
    }
  }

  void AddMetadata() {
    program_.metadata["tool"] = "potlut test";
    if (!options_.strange_text) return;
    for (int i = random_.Int(0, 4); i > 0; --i) {
      std::string value;
      for (int k = random_.Int(0, 300); k > 0; --k)
        value.push_back(static_cast<char>(random_.Int(10, 126)));
      program_.metadata[Cat("key.", random_.Int(0, 9))] = value;
    }
    if (random_.OneIn(3)) program_.metadata[""] = "ключ";
  }

  SmallRandom random_;
  RandomProgramOptions options_;
  Program program_;
};

}  // namespace

Program RandomProgram(uint64_t seed, const RandomProgramOptions& options) {
  return Grower(seed, options).Grow();
}

}  // namespace potlut
