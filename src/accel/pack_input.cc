// Chooses and writes down packings.
#include "accel/pack_input.h"

#include <algorithm>

#include "accel/conv_plan.h"
#include "base/text.h"

namespace potlut::accel {
namespace {

constexpr int32_t kMaxBlock = 4;  // output columns of a patch
constexpr int32_t kMaxWords = 4;  // of a patch

size_t Index(int32_t i) { return static_cast<size_t>(i); }

// The nodes at the input: a look-up (or -1) and a convolution.
struct Stem {
  int32_t lookup = -1, conv = -1;
};

std::optional<Stem> FindStem(const Program& program) {
  Stem stem;
  int32_t tensor = program.input;
  for (;;) {
    int32_t reader = -1;
    for (size_t n = 0; n < program.nodes.size(); ++n) {
      for (const int32_t t : program.nodes[n].inputs) {
        if (t != tensor) continue;
        if (reader >= 0) return std::nullopt;
        reader = static_cast<int32_t>(n);
      }
    }
    const auto& outputs = program.outputs;
    if (reader < 0 || std::find(outputs.begin(), outputs.end(), tensor) != outputs.end())
      return std::nullopt;
    const Node& node = program.nodes[Index(reader)];
    if (std::holds_alternative<ConvOp>(node.op)) {
      stem.conv = reader;
      return stem;
    }
    if (!std::holds_alternative<LookupOp>(node.op) || stem.lookup >= 0) return std::nullopt;
    stem.lookup = reader;
    tensor = node.output;
  }
}

// The raw byte of each channel that the convolution sees as 0.
std::optional<std::vector<uint8_t>> OutsideBytes(const Program& program, const Stem& stem) {
  const int32_t channels = program.tensors[Index(program.input)].dims.c;
  std::vector<uint8_t> bytes(Index(channels), 0);
  if (stem.lookup < 0) return bytes;
  const auto& lookup = std::get<LookupOp>(program.nodes[Index(stem.lookup)].op);
  const TensorType type = program.tensors[Index(program.input)].type;
  const size_t entries = size_t{1} << type.bits;
  for (size_t c = 0; c < bytes.size(); ++c) {
    const auto first =
        lookup.table.begin() + static_cast<std::ptrdiff_t>(lookup.per_channel ? c * entries : 0);
    const auto zero = std::find(first, first + static_cast<std::ptrdiff_t>(entries), 0);
    if (zero == first + static_cast<std::ptrdiff_t>(entries)) return std::nullopt;
    bytes[c] = static_cast<uint8_t>(zero - first + type.lo());
  }
  return bytes;
}

// A way to pack, and the window of its convolution.
struct Choice {
  int32_t block = 1;
  Patches patches;
  Window window;
  int32_t skip = 0;  // rows of the first patch that an output row reads before its kernel
  Dims in, out;
};

std::optional<Choice> Make(const ConvOp& conv, Dims in, Dims out, int32_t rows, int32_t block) {
  const Window& w = conv.window;
  Choice choice;
  choice.block = block;
  Patches& p = choice.patches;
  p.rows = rows;
  p.columns = (block - 1) * w.stride_w + w.kernel_w;
  p.step = block * w.stride_w;
  p.left = w.pad_left;
  p.across = out.w / block;
  choice.in = PatchDims(p, in);
  choice.out = {out.h, out.w / block, out.c * block};
  if (choice.in.c > kMaxWords * kLaneInputs) return std::nullopt;
  Window& v = choice.window;
  if (rows == 1) {
    v.kernel_h = w.kernel_h;
    v.stride_h = w.stride_h;
    v.pad_top = w.pad_top;
    v.pad_bottom = w.pad_bottom;
  } else {  // as many rows as the stride
    v.pad_top = CeilDiv(w.pad_top, rows);
    choice.skip = rows * v.pad_top - w.pad_top;
    v.kernel_h = CeilDiv(w.kernel_h + choice.skip, rows);
    v.pad_bottom = out.h - 1 + v.kernel_h - v.pad_top - choice.in.h;
  }
  if (v.pad_bottom < 0 || v.pad_bottom >= v.kernel_h || v.pad_top >= v.kernel_h)
    return std::nullopt;
  const auto dims = WindowOutput(v, choice.in, choice.out.c);
  if (!dims.ok() || !(*dims == choice.out)) return std::nullopt;
  return choice;
}

// Cycles of the convolution and of the look-up; -1 where it does not run.
int64_t CyclesOf(const ConvOp& conv, const Tensor& in, const Tensor& out, bool lookup,
                 const ArraySpec& array) {
  const auto plan = PlanConv(conv, in, out, array);
  if (!plan.ok()) return -1;
  int64_t cycles = 0;
  for (const ConvBlock& block : plan->blocks) {
    for (const ConvTile& tile : block.tiles) {
      cycles += accel::CyclesOf(*plan, block, tile, array).all;
    }
  }
  const int64_t pixels = int64_t{in.dims.h} * in.dims.w;
  if (lookup) cycles += pixels * CeilDiv(in.dims.c, kLaneInputs);
  // The image is waited for.
  return cycles + CeilDiv(pixels * in.dims.c, array.dram_bytes);
}

ConvOp Packed(const ConvOp& conv, int32_t channels, const Choice& choice) {
  const Window& w = conv.window;
  const Patches& p = choice.patches;
  ConvOp packed = conv;
  packed.window = choice.window;
  packed.codes.clear();
  const auto& levels = conv.alphabet.levels;
  const auto zero =
      static_cast<uint8_t>(std::find(levels.begin(), levels.end(), 0) - levels.begin());
  const auto outputs = static_cast<int32_t>(conv.bias.size());
  for (int32_t q = 0; q < choice.block; ++q) {
    for (int32_t o = 0; o < outputs; ++o) {
      for (int32_t t = 0; t < choice.window.kernel_h; ++t) {
        for (int32_t r = 0; r < p.rows; ++r) {
          for (int32_t c = 0; c < p.columns; ++c) {
            const int32_t ky = t * p.rows + r - choice.skip, kx = c - q * w.stride_w;
            const bool real = ky >= 0 && ky < w.kernel_h && kx >= 0 && kx < w.kernel_w;
            for (int32_t ch = 0; ch < channels; ++ch) {
              const int32_t at = ((o * w.kernel_h + ky) * w.kernel_w + kx) * channels + ch;
              packed.codes.push_back(real ? conv.codes[Index(at)] : zero);
            }
          }
        }
      }
    }
    if (q == 0) continue;
    packed.bias.insert(packed.bias.end(), conv.bias.begin(), conv.bias.end());
    packed.shift.insert(packed.shift.end(), conv.shift.begin(), conv.shift.end());
  }
  return packed;
}

}  // namespace

std::optional<PackedInput> PackInput(const Program& program, const ArraySpec& array) {
  const auto stem = FindStem(program);
  if (!stem) return std::nullopt;
  const Node& node = program.nodes[Index(stem->conv)];
  const auto& conv = std::get<ConvOp>(node.op);
  const Tensor& in = program.tensors[Index(node.inputs[0])];
  const Tensor& out = program.tensors[Index(node.output)];
  const Window& w = conv.window;
  if (conv.groups != 1 || conv.alphabet.is_pair() || w.dilation_h != 1 || w.dilation_w != 1 ||
      in.dims.c >= kLaneInputs || in.type.wide())
    return std::nullopt;
  const auto outside = OutsideBytes(program, *stem);
  if (!outside) return std::nullopt;

  std::optional<Choice> best;
  const int64_t plain = CyclesOf(conv, in, out, stem->lookup >= 0, array);
  int64_t cycles = plain >= 0 ? plain : INT64_MAX;
  for (const int32_t rows : {1, w.stride_h}) {
    for (int32_t block = 1; block <= kMaxBlock; ++block) {
      // Several columns' channels are pixels again only where they are whole words.
      if (out.dims.w % block != 0) continue;
      if (block > 1 && (out.dims.c % kLaneInputs != 0 || out.type.wide())) continue;
      auto choice = Make(conv, in.dims, out.dims, rows, block);
      if (!choice) continue;
      ConvOp sizes;
      sizes.window = choice->window;
      sizes.alphabet = conv.alphabet;
      const int64_t c = CyclesOf(sizes, {"", choice->in, in.type, 0, {}},
                                 {"", choice->out, out.type, 0, {}}, stem->lookup >= 0, array);
      if (c < 0 || c >= cycles) continue;
      cycles = c;
      best = std::move(choice);
    }
    if (w.stride_h == 1) break;
  }
  if (!best) return std::nullopt;

  PackedInput packed;
  packed.program = program;
  packed.cycles = cycles;
  packed.saved = plain >= 0 ? plain - cycles : 0;
  packed.patches = best->patches;
  packed.patches.outside = *outside;
  Program& p = packed.program;
  packed.in_patches.assign(p.tensors.size(), false);
  const auto put_in_patches = [&](int32_t t) {
    packed.in_patches[Index(t)] = true;
    p.tensors[Index(t)].dims = best->in;
    p.tensors[Index(t)].factor.clear();  // scales concern no executor
  };
  put_in_patches(p.input);
  if (stem->lookup >= 0) {
    Node& lookup = p.nodes[Index(stem->lookup)];
    put_in_patches(lookup.output);
    auto& op = std::get<LookupOp>(lookup.op);
    if (op.per_channel) {
      const std::vector<int16_t> once = op.table;
      for (int32_t i = 1; i < best->patches.rows * best->patches.columns; ++i)
        op.table.insert(op.table.end(), once.begin(), once.end());
    }
  }
  for (size_t n = 0; n < p.nodes.size(); ++n) packed.node_of.push_back(static_cast<int32_t>(n));
  Node& first = p.nodes[Index(stem->conv)];
  first.op = Packed(conv, in.dims.c, *best);
  if (best->block == 1) return packed;
  Node reshape{Cat(first.name, " as pixels"), ReshapeOp{}, {}, first.output};
  first.output = static_cast<int32_t>(p.tensors.size());
  reshape.inputs = {first.output};
  Tensor blocks = out;
  blocks.dims = best->out;
  blocks.factor.clear();
  p.tensors.push_back(std::move(blocks));
  packed.in_patches.push_back(false);
  p.nodes.insert(p.nodes.begin() + stem->conv + 1, std::move(reshape));
  packed.node_of.insert(packed.node_of.begin() + stem->conv + 1, -1);
  return packed;
}

}  // namespace potlut::accel
