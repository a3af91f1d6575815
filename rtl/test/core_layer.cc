#include "core_layer.h"

#include <algorithm>
#include <cstring>
#include <functional>

#include "accel/geometry.h"

namespace potlut::accel::testing {
namespace {

int FloorDiv(int a, int b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

// How a weight becomes a table address: digits of singles, or of pairs.
struct Coding {
  struct Digit {
    int scale;
    std::function<int(int)> code;  // of a level
  };
  std::vector<Digit> digits;
};

// Appends a list of levels: 16 entries, or 64 pairs of all combinations of 8.
void AppendList(std::vector<uint8_t>& levels, const std::vector<int>& list, bool pair) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(i < list.size() ? list[i] : 0); };
  if (!pair) {
    for (size_t i = 0; i < 16; ++i) levels.push_back(at(i));
    return;
  }
  for (size_t a = 0; a < 8; ++a) {
    for (size_t b = 0; b < 8; ++b) {
      levels.push_back(at(a));
      levels.push_back(at(b));
    }
  }
}

Coding MakeCoding(const Alphabet& alphabet, bool pair, std::vector<uint8_t>& levels) {
  Coding coding;
  const int bits = pair ? 3 : 4;
  if (alphabet.codes() <= 1 << bits) {
    const std::vector<int> list(alphabet.levels.begin(), alphabet.levels.end());
    AppendList(levels, list, pair);
    coding.digits.push_back({0, [list](int level) {
                               return static_cast<int>(std::find(list.begin(), list.end(), level) -
                                                       list.begin());
                             }});
    return coding;
  }
  // The highest digit is signed, those below are not.
  for (int scale = (7 / bits) * bits; scale >= 0; scale -= bits) {
    const bool top = scale + bits >= 8;
    const int lowest = top ? -(128 >> scale) : 0;
    std::vector<int> list;
    for (int v = lowest; v < lowest + (1 << bits); ++v) list.push_back(v);
    AppendList(levels, list, pair);
    coding.digits.push_back({scale, [=](int level) {
                               const int digit = level >> scale;
                               return top ? digit - lowest : digit & ((1 << bits) - 1);
                             }});
  }
  return coding;
}

class Codes {
 public:
  Codes(const ConvOp& conv, const Tensor& in, bool pair)
      : conv_(conv), in_(in), pair_(pair), per_group_(in.dims.c / conv.groups) {
    levels_ = ExpandWeights(conv, per_group_);
  }
  int Level(int o, int ky, int kx, int c) const {
    const int per = static_cast<int>(conv_.bias.size()) / conv_.groups;
    const int inner = c - o / per * per_group_;
    if (c >= in_.dims.c || inner < 0 || inner >= per_group_) return 0;
    const Window& w = conv_.window;
    return levels_[static_cast<size_t>(((o * w.kernel_h + ky) * w.kernel_w + kx) * per_group_ +
                                       inner)];
  }
  // The vector of 16 codes from channel `c` on.
  void Append(std::vector<uint8_t>& bytes, const Coding::Digit& digit, int o, int ky, int kx,
              int c) const {
    uint64_t word = 0;
    for (int i = 0; i < (pair_ ? 8 : 16); ++i) {
      if (!pair_) {
        word |= static_cast<uint64_t>(digit.code(Level(o, ky, kx, c + i))) << (4 * i);
        continue;
      }
      const int a = Level(o, ky, kx, c + 2 * i), b = Level(o, ky, kx, c + 2 * i + 1);
      word |= static_cast<uint64_t>(digit.code(a) * 8 + digit.code(b)) << (6 * i);
    }
    for (int i = 0; i < (pair_ ? 6 : 8); ++i) bytes.push_back(static_cast<uint8_t>(word >> 8 * i));
  }

 private:
  const ConvOp& conv_;
  const Tensor& in_;
  bool pair_;
  int per_group_;
  std::vector<int8_t> levels_;
};

template <typename Words>
void AppendWords(std::vector<uint8_t>& bytes, const Words& words) {
  for (const uint32_t word : words)
    for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<uint8_t>(word >> 8 * i));
}

}  // namespace

std::vector<uint8_t> ToWords(const std::vector<uint8_t>& hwc, Dims dims, std::mt19937& rng) {
  const int words = CeilDiv(dims.c, 16);
  std::vector<uint8_t> bytes(static_cast<size_t>(dims.h) * static_cast<size_t>(dims.w) *
                             static_cast<size_t>(words) * 16);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(rng());
  for (int64_t p = 0; p < int64_t{dims.h} * dims.w; ++p)
    std::memcpy(&bytes[static_cast<size_t>(p * words * 16)], &hwc[static_cast<size_t>(p * dims.c)],
                static_cast<size_t>(dims.c));
  return bytes;
}

Layer BuildLayer(const ConvOp& conv, const Tensor& in, const Tensor& out, const Machine& machine,
                 uint32_t in_base, uint32_t out_base, std::mt19937& rng) {
  Layer layer;
  const Window& w = conv.window;
  const int in_words = CeilDiv(in.dims.c, 16);
  const bool wide = out.type.wide();
  const int out_words = CeilDiv(out.dims.c, wide ? 4 : 16);
  layer.out_words = out_words;
  const Coding coding = MakeCoding(conv.alphabet, machine.pair, layer.levels);
  const Codes codes(conv, in, machine.pair);

  // Taps by column phase: kernel column kx reads column stride * (j + shift) + phase.
  struct Phase {
    int phase = 0, low = 0, high = 0;
    std::vector<int> taps;  // falling
  };
  std::vector<Phase> phases;
  int low = 100, high = -100;
  for (int f = 0; f < w.stride_w; ++f) {
    Phase p;
    p.phase = f;
    for (int kx = w.kernel_w - 1; kx >= 0; --kx) {
      const int shift = FloorDiv(kx - w.pad_left, w.stride_w);
      if (kx - w.pad_left - shift * w.stride_w != f) continue;
      if (p.taps.empty()) p.high = shift;
      p.low = shift;
      p.taps.push_back(kx);
    }
    if (p.taps.empty()) continue;
    low = std::min(low, p.low);
    high = std::max(high, p.high);
    phases.push_back(p);
  }
  // Weights of a pass are the same in all segments; only the passes' first columns differ.
  struct Made {
    Pass pass;
    const Phase* phase;
  };
  std::vector<Made> made;
  const size_t word_bytes = machine.pair ? 6 : 8;
  for (int chunk = 0; chunk < in_words; ++chunk) {
    for (const Phase& phase : phases) {
      for (size_t d = 0; d < coding.digits.size(); ++d) {
        Pass pass;
        pass.input = static_cast<uint32_t>(chunk);
        pass.weights = static_cast<uint32_t>(layer.weights.size() / word_bytes);
        pass.x_step = static_cast<uint8_t>(w.stride_w);
        pass.taps = static_cast<uint8_t>(phase.taps.size());
        pass.list = static_cast<uint8_t>(d);
        pass.scale = static_cast<uint8_t>(coding.digits[d].scale);
        pass.late = static_cast<uint8_t>(phase.low - low);
        for (int o = 0; o < out.dims.c; ++o)
          for (int ky = 0; ky < w.kernel_h; ++ky)
            for (const int kx : phase.taps)
              codes.Append(layer.weights, coding.digits[d], o, ky, kx, chunk * 16);
        made.push_back({pass, &phase});
      }
    }
  }
  for (int o = 0; o < out.dims.c; ++o) {
    const auto at = static_cast<size_t>(o);
    AppendWords(layer.channels, std::vector<uint32_t>{static_cast<uint32_t>(conv.bias[at])});
    layer.channels.push_back(static_cast<uint8_t>(conv.shift[at]));
  }
  // Strips of rows and segments of columns.
  const int spread = high - low;
  const int whole = std::max(out.dims.w, CeilDiv(in.dims.w, w.stride_w));
  int strip_lanes = std::min(machine.lanes, whole);
  int segment = out.dims.w;
  if (whole > machine.lanes || rng() % 4 == 0) segment = std::max(1, strip_lanes - spread);
  int strips = 1;
  while ((strips + 1) * strip_lanes <= machine.lanes && strips < out.dims.h && rng() % 4 != 0)
    ++strips;
  const int strip_rows = CeilDiv(out.dims.h, strips);
  for (int j = 0; j < out.dims.w; j += segment) {
    const int columns = std::min(segment, out.dims.w - j);
    const int u = std::max(0, j + low);
    Layer::Tile tile;
    tile.output.header.opcode = Opcode::kOutput;
    Output& o = tile.output;
    o.header.flags = static_cast<uint8_t>((out.type.is_signed ? Output::kSigned : 0) |
                                          (wide ? Output::kWide : 0));
    o.base = out_base + static_cast<uint32_t>(j * out_words);
    o.row_words = static_cast<uint16_t>(out.dims.w * out_words);
    o.column_words = static_cast<uint16_t>(out_words);
    o.height = static_cast<uint16_t>(out.dims.h);
    o.columns = static_cast<uint16_t>(columns);
    o.strip_rows = static_cast<uint16_t>(strip_rows);
    o.offset = static_cast<uint16_t>(u - j - low);
    o.lo = static_cast<int16_t>(std::max(conv.lo, -32768));
    o.hi = static_cast<int16_t>(std::min(conv.hi, 32767));
    Conv& c = tile.conv;
    c.header.opcode = Opcode::kConv;
    c.header.flags = in.type.is_signed ? Conv::kSigned : 0;
    c.base = in_base;
    c.row_words = static_cast<uint16_t>(in.dims.w * in_words);
    c.column_words = static_cast<uint16_t>(in_words);
    c.height = static_cast<uint16_t>(in.dims.h);
    c.width = static_cast<uint16_t>(in.dims.w);
    c.row_first = static_cast<int16_t>(-w.pad_top);
    c.row_last = static_cast<int16_t>((strip_rows - 1) * w.stride_h - w.pad_top + w.kernel_h - 1);
    if (strips == 1 && rng() % 2 == 0) {
      if (w.pad_top < w.kernel_h) c.row_first = 0;
      c.row_last = std::min<int16_t>(c.row_last, static_cast<int16_t>(in.dims.h - 1));
    }
    c.strip_lanes = static_cast<uint16_t>(strip_lanes);
    c.strips = static_cast<uint16_t>(strips);
    c.strip_rows = static_cast<uint16_t>(strip_rows * w.stride_h);
    c.out_rows = static_cast<uint16_t>(strip_rows);
    c.outputs = static_cast<uint16_t>(out.dims.c);
    c.ring = static_cast<uint16_t>(CeilDiv(w.kernel_h, w.stride_h) + static_cast<int>(rng() % 3));
    c.pass_first = static_cast<uint16_t>(layer.passes.size() / 16);
    c.pass_count = static_cast<uint16_t>(made.size());
    c.kernel_h = static_cast<uint8_t>(w.kernel_h);
    c.stride_h = static_cast<uint8_t>(w.stride_h);
    c.pad_top = static_cast<uint8_t>(w.pad_top);
    for (Made& m : made) {
      m.pass.x_first = static_cast<int16_t>(u * w.stride_w + m.phase->phase);
      AppendWords(layer.passes, m.pass.Pack());
    }
    layer.tiles.push_back(tile);
  }
  return layer;
}

}  // namespace potlut::accel::testing
