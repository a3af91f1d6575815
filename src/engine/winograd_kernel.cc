// Winograd's convolutions: which tile a layer takes, what that costs, and its weights.
#include "engine/winograd_kernel.h"

#include <algorithm>
#include <string>
#include <vector>

#include "engine/aligned.h"
#include "engine/winograd_weights.h"

namespace potlut {
namespace {

// Transformed weights of more bytes would come from memory, for each image: slower than any other
// way, and many times the layer's size.
constexpr int64_t kMostWeights = 12 << 20;

// Instruction sets whose bytes are multiplied in pairs that saturate widen them to int16.
bool SaturatingPairs(const KernelTable& table) { return table.winograd_panel == 16; }

const ConvOp& ConvOf(const FusedConv& fused) { return std::get<ConvOp>(fused.conv->op); }
const Tensor& InputOf(const Program& program, const FusedConv& fused) {
  return program.tensors[static_cast<size_t>(fused.input())];
}

// The layer as a kernel is told it, without arrays.
WinogradParams ParamsOf(const Program& program, const FusedConv& fused, int32_t tile) {
  const ConvOp& op = ConvOf(fused);
  const Tensor& in = InputOf(program, fused);
  const Tensor& out = program.tensors[static_cast<size_t>(fused.conv->output)];
  WinogradParams p{};
  p.window = MapWindowOf(op.window, in.dims, out.dims);
  p.in_c = in.dims.c;
  p.in_c_padded = static_cast<int32_t>(RoundUp(in.dims.c, tile == 2 ? 4 : 2));
  p.out_c = out.dims.c;
  p.out_padded = static_cast<int32_t>(RoundUp(out.dims.c, 16));
  p.in_signed = in.type.is_signed;
  p.tile = tile;
  if (tile == 2) {
    const WinogradOffsets offsets = OffsetsOf(in.type);
    p.offset_center = offsets.center;
    p.offset = offsets.other;
  }
  return p;
}

// Estimated cycles with tiles of 2 or 4, by measurements on Zen 4: of a step of the register tile
// (a tile of the map, 16 output channels, 4 bytes), of transforming 16 channels of a tile's input
// and output.
double CyclesOf(const WinogradParams& p, const KernelTable& table) {
  struct Costs {
    double step, in, out;
  };
  constexpr Costs kCosts[2][2] = {{{1.36, 160, 380}, {2.1, 35, 75}}, {{1, 105, 255}, {1, 40, 85}}};
  const Costs& cost = kCosts[table.winograd_panel == 32][p.tile == 2];
  const double points = (p.tile + 2) * (p.tile + 2), lane = p.tile == 2 ? 1 : 2;
  const double tiles = ((p.window.out_h + p.tile - 1) / p.tile) *
                       (double{1} * ((p.window.out_w + p.tile - 1) / p.tile));
  const double in = (p.in_c + 15) / 16, out = p.out_padded / 16;
  const double steps = points * out * p.in_c_padded * lane / 4;
  // Weights come from outside a core's own caches, fetched while others are used.
  const double weights = points * p.in_c_padded * lane * p.out_padded;
  // They are also four to eight times those of other ways, for each of which a model would take
  // memory: from a mebibyte on they are to save a cycle for each four bytes.
  const double dear = std::max(weights - (1 << 20), 0.0);
  return tiles * (steps * cost.step + in * cost.in + out * cost.out) + weights / 40 + dear / 4;
}

// Exact, and not hopeless.
bool Fits(const Program& program, const FusedConv& fused, const KernelTable& table, int32_t tile) {
  const ConvOp& op = ConvOf(fused);
  const Tensor& in = InputOf(program, fused);
  const WinogradParams p = ParamsOf(program, fused, tile);
  const int64_t points = (tile + 2) * (tile + 2), lane = tile == 2 ? 1 : 2;
  if (points * lane * p.in_c_padded * p.out_padded > kMostWeights) return false;
  if (tile == 4) return WinogradSumsFit(op, in.dims.c, in.type, 4);
  const WinogradOffsets offsets = OffsetsOf(in.type);
  return offsets.fits && WinogradSumsFit(op, in.dims.c, in.type, 2) &&
         WinogradBytesFit(op, in.dims.c, offsets.reach, SaturatingPairs(table));
}

// The quicker of the tiles with which the layer is exact; 0: there is none.
int32_t TileOf(const Program& program, const FusedConv& fused, const KernelTable& table) {
  const auto cycles = [&](int32_t tile) { return CyclesOf(ParamsOf(program, fused, tile), table); };
  const bool four = Fits(program, fused, table, 4);
  if ((!four || cycles(2) < cycles(4)) && Fits(program, fused, table, 2)) return 2;
  return four ? 4 : 0;
}

class WinogradKernel : public Kernel {
 public:
  WinogradKernel(const Program& program, const FusedConv& fused, const KernelTable& table,
                 int32_t tile)
      : fn_(table.winograd),
        params_(ParamsOf(program, fused, tile)),
        tail_(program, fused, params_.out_padded),
        name_(std::string("winograd_") + (params_.tile == 2 ? "2x2_int8_" : "4x4_int16_") +
              table.name),
        right_(MakeAligned<int32_t>(static_cast<size_t>(params_.out_padded))) {
    const int64_t points = (params_.tile + 2) * (params_.tile + 2);
    init_ = MakeAligned<int32_t>(static_cast<size_t>(points * params_.out_padded));
    std::fill_n(init_.get(), points * params_.out_padded, 0);
    std::fill_n(right_.get(), params_.out_padded, 0);
    params_.tile == 2 ? Pack<int8_t>(ConvOf(fused), table.winograd_panel)
                      : Pack<int16_t>(ConvOf(fused), table.winograd_panel);
    params_.weights = weights_.get();
    params_.init = init_.get();
    params_.epilogue = tail_.View();
    params_.epilogue.requant.start = nullptr;
    params_.epilogue.requant.right = right_.get();
    params_.epilogue.requant.left = nullptr;
    scratch_ = table.winograd_scratch(params_);
  }

  void Run(const void* const* inputs, void* const* outputs, void* scratch,
           Share share) const override {
    fn_(params_, BuffersOf(params_.epilogue, inputs, outputs, scratch), share);
  }
  int outputs() const override { return OutputsOf(params_.epilogue); }
  size_t scratch_bytes() const override { return scratch_; }
  std::string_view name() const override { return name_; }

 private:
  // Places weights, what the sums begin with, and shifts.
  template <typename T>
  void Pack(const ConvOp& op, int64_t panel) {
    constexpr int64_t kGroup = 4 / sizeof(T);
    const WinogradParams& p = params_;
    const int64_t side = p.tile + 2, points = side * side, in_c = p.in_c, pitch = p.in_c_padded;
    weights_ = MakeAligned<uint8_t>(static_cast<size_t>(points * pitch * p.out_padded) * sizeof(T));
    const std::vector<int8_t> levels = ExpandWeights(op, p.in_c);
    // A panel's channels one under the other, then group after group.
    std::vector<int16_t> block(static_cast<size_t>(panel * points * pitch));
    T* to = reinterpret_cast<T*>(weights_.get());
    for (int64_t n0 = 0; n0 < p.out_padded; n0 += panel) {
      const int64_t width = std::min<int64_t>(panel, p.out_padded - n0);
      std::fill(block.begin(), block.end(), int16_t{0});
      for (int64_t n = 0; n < width && n0 + n < p.out_c; ++n) {
        const int64_t o = n0 + n;
        int16_t* const u = block.data() + n * points * pitch;
        TransformWeights(levels.data() + o * 9 * in_c, p.in_c, p.tile, pitch, u);
        SetChannel(op, o, u);
      }
      for (int64_t k = 0; k < points * pitch; k += kGroup) {
        const int16_t* from = block.data() + k;
        for (int64_t n = 0; n < width; ++n, from += points * pitch) {
          for (int64_t i = 0; i < kGroup; ++i) *to++ = static_cast<T>(from[i]);
        }
      }
    }
  }

  void SetChannel(const ConvOp& op, int64_t o, const int16_t* u) {
    const WinogradParams& p = params_;
    const int64_t side = p.tile + 2, pitch = p.in_c_padded;
    if (p.tile == 2) {
      for (int64_t q = 0; q < side * side; ++q) {
        int64_t sum = 0;
        for (int64_t c = 0; c < p.in_c; ++c) sum += u[q * pitch + c];
        const int64_t offset = q == side + 1 ? p.offset_center : p.offset;
        init_[static_cast<size_t>(q * p.out_padded + o)] = static_cast<int32_t>(-offset * sum);
      }
    }
    // What is added at the point (1, 1) comes out once in each output of the tile.
    int32_t& center = init_[static_cast<size_t>((side + 1) * p.out_padded + o)];
    center = static_cast<int32_t>(static_cast<uint32_t>(center) +
                                  StartOf(op, o) * (p.tile == 2 ? 4u : 576u));
    // A shift by 31 leaves what a longer one would, the sign, of sums that leave room for it.
    const size_t at = static_cast<size_t>(o);
    right_[at] = std::min(op.shift[at] + (p.tile == 2 ? 2 : 6), 31);
  }

  decltype(KernelTable::winograd) fn_;
  WinogradParams params_;
  ConvTail tail_;
  std::string name_;
  AlignedArray<uint8_t> weights_;
  AlignedArray<int32_t> init_, right_;
  size_t scratch_ = 0;
};

}  // namespace

bool WinogradFits(const Program& program, const FusedConv& fused, const KernelTable& table) {
  if (table.winograd == nullptr) return false;
  const ConvOp& op = ConvOf(fused);
  const Window& w = op.window;
  return op.groups == 1 && w.kernel_h == 3 && w.kernel_w == 3 && w.stride_h == 1 &&
         w.stride_w == 1 && w.dilation_h == 1 && w.dilation_w == 1 &&
         !program.tensors[static_cast<size_t>(fused.conv->output)].type.wide() &&
         TileOf(program, fused, table) != 0;
}

double WinogradCycles(const Program& program, const FusedConv& fused, const KernelTable& table) {
  return CyclesOf(ParamsOf(program, fused, TileOf(program, fused, table)), table);
}

KernelPtr MakeWinograd(const Program& program, const FusedConv& fused, const KernelTable& table) {
  return std::make_unique<WinogradKernel>(program, fused, table, TileOf(program, fused, table));
}

KernelPtr MakeWinogradOfTile(const Program& program, const FusedConv& fused,
                             const KernelTable& table, int32_t tile) {
  if (!Fits(program, fused, table, tile)) return nullptr;
  return std::make_unique<WinogradKernel>(program, fused, table, tile);
}

}  // namespace potlut
