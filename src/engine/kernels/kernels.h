// What one instruction set offers: a table of functions over plain data.
//
// Files under kernels/<isa>/ are compiled with that instruction set's flags. They include nothing
// but this header, the -inl.h files beside it and intrinsics, and everything they define apart from
// their table has internal linkage: an inline function of the standard library compiled there could
// be the copy that the linker keeps for everybody, and would then run on a CPU that lacks the
// instructions.
#pragma once

#include <cstddef>
#include <cstdint>

namespace potlut {

// A sliding window over an HWC map; see Window in program.h.
struct MapWindow {
  int32_t in_h, in_w, out_h, out_w;
  int32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
};

// From a 32-bit sum to the output: y = clamp(((sum + round) >> right) << left, lo, hi). `start`
// holds what the sum begins with: bias, rounding constant and, for offset activations, the
// correction; it may wrap, as the sum with all its products is proven to fit.
struct ConvRequant {
  const int32_t* start;  // per padded output channel
  const int32_t* right;
  const int32_t* left;
  int32_t lo, hi;
  bool wide;  // output stored as int32 (else as one byte)
};

// Part `index` of `count` of a node's work, for `count` threads that run at the same time. Parts
// write disjoint bytes of the output, each with scratch memory of its own; a part may be empty.
struct Share {
  int32_t index = 0, count = 1;
};

// The residual addition that a convolution may end in, on what the requantisation gave:
// v = clamp(((v << shift_conv) + (r << shift_residual) + round) >> right << left, lo, hi).
struct FusedAdd {
  bool present = false;
  bool residual_signed = false;
  int32_t shift_conv = 0, shift_residual = 0;
  int32_t round = 0, right = 0, left = 0;
  int32_t lo = 0, hi = 0;
};

// A second map that a convolution may write, of bytes: clamp((v + round) >> right, lo, hi) of the
// value v that the first map holds. A look-up that only changes the scale is one.
struct FusedRescale {
  bool present = false;
  int32_t round = 0, right = 0, lo = 0, hi = 0;
};

// What becomes of a convolution's sums.
struct ConvEpilogue {
  ConvRequant requant;
  FusedAdd add;
  FusedRescale rescale;
  bool first = true;  // whether the first map is stored at all (false only with `rescale`)
};

// What a convolution reads and writes. Maps are HWC; `residual`, `out` and `second` have the same
// dims, `out` int32 where the requantisation is wide.
struct ConvBuffers {
  const uint8_t* in;
  const uint8_t* residual;  // with epilogue.add
  void* out;                // with epilogue.first
  uint8_t* second;          // with epilogue.rescale
  void* scratch;            // of this share, aligned to 64
};

// Weights as a tile reads them: bytes, or 4-bit codes into `levels` that are decoded on the way.
struct TileWeights {
  const void* data;
  bool coded;
  int8_t levels[16];
};

// How the tiles of a direct convolution find what they read. A window is `kernel_h` runs of bytes,
// each `kernel_w * in_c` bytes and rounded up to 4; what is rounded up meets weights of 0.
enum class DirectWalk : int32_t {
  kFlat,     // windows are single pixels of stride 1: the map is one long row (in_h = out_h = 1)
  kRows,     // tiles lie in a row of the output; rows of the input are used with their borders
  kWindows,  // runs are laid out pixel by pixel, so that tiles go on from a row to the next
};

// Where a panel's weights (bytes) and offsets begin, and its groups of steps.
struct DirectPanel {
  int64_t weights, offsets;
  int32_t groups;
};

// Convolution without a matrix of windows, for one group: the rows that are in use are copied with
// their borders (not at all where `in_place`), and register tiles read them there.
struct DirectParams {
  MapWindow window;
  int32_t in_c, out_c, out_padded;
  bool flip;  // bytes are offset by 128, that is their top bit is flipped, as they are copied
  DirectWalk walk;
  bool in_place;       // no flip, no borders, runs of whole groups of 4: the input is read itself
  int32_t run;         // bytes of a run, a multiple of 4
  int32_t block;       // output rows (kFlat: pixels) that are worked on at a time
  bool share_outputs;  // shares had better be output channels (else rows or pixels)
  // Panels of `direct_panel` output channels (the last may be narrower, a multiple of
  // `direct_vector`); in a panel [kernel_h][run / 4][channel of the panel][4], or where
  // `direct_group` is 2 [kernel_h][run / 4][2][channel of the panel][2]. Codes: a byte holds the
  // codes of two channels half a panel apart, low bits first, and all panels are whole.
  TileWeights weights;
  // With direct_sums16, of each panel: the weights of a step, [channel of the panel][4], meet the
  // four bytes at the step's offset; the sums of `group` steps stay in 16 bits.
  const DirectPanel* panels;
  const int32_t* offsets;
  int32_t group;
  ConvEpilogue epilogue;
};

// Runs of a window, at most.
inline constexpr int32_t kDirectRuns = 16;

// Winograd's minimal filtering for 3x3 windows of stride 1, in integers: exact, since weights are
// transformed by a multiple of G that is whole, and the sums, `scale` (4 or 576) times too large,
// are divided without remainder. winograd_weights.h says where that fits.
struct WinogradParams {
  MapWindow window;
  // out_padded: a multiple of 16; in_c_padded: of what meets a 32-bit sum at once (4 bytes).
  int32_t in_c, in_c_padded, out_c, out_padded;
  bool in_signed;
  int32_t tile;  // outputs of a tile along each axis: 2 (bytes) or 4 (int16)
  // Bytes: what is added to transformed activations so that they are not negative, at the point
  // (1, 1) and elsewhere.
  uint8_t offset_center, offset;
  // Panels of `winograd_panel` output channels (the last may be narrower: 16); in a panel
  // [(tile + 2)^2][in_c_padded / n][channel of the panel][n], n values of 4 bytes together.
  const void* weights;
  // [(tile + 2)^2][out_padded], what the products' sums begin with: it takes the offset off and
  // brings in `scale` times the requantisation's start.
  const int32_t* init;
  // requant.right counts from 4 (bytes) or 64 (int16) times the sum; requant.left is null.
  ConvEpilogue epilogue;
};

// Convolution as a product of matrices: rows are windows ("lanes" of k values in the order
// [kernel_h][kernel_w] [channel of the group]), columns are output channels.
struct GemmParams {
  MapWindow window;
  int32_t in_c, out_c, groups, in_per_group, out_per_group;
  int32_t out_padded;  // out_per_group rounded up to the table's `vector`
  int64_t k, k_padded;
  int32_t block;  // windows gathered at a time
  bool direct;    // the input is already the matrix: rows of k bytes, no gathering
  // Of lanes of 16 bits. Byte lanes: whether they are offset by 128 as they are gathered.
  bool in_signed;
  // Packed per group, then per panel of `panel` channels (the last may be narrower, a multiple of
  // `vector`): [k_padded / k_group][channel of the panel][k_group], int8 or int16.
  const void* weights;
  ConvRequant requant;
};

struct DepthwiseParams {
  MapWindow window;
  int32_t channels;
  bool in_signed;
  const int32_t* weights;  // [kernel_h][kernel_w][channels], low half a level, high half 0
  ConvRequant requant;
};

// How the channels of a depthwise convolution are laid out (see depthwise-blocks-inl.h).
enum class DepthwiseForm : uint8_t {
  kQuads,       // bytes of four rows together, sums of 32 bits
  kPairs,       // bytes of two rows, sums that are proven to fit 16 bits
  kWords,       // int16 of two rows, sums of 32 bits
  kBytesOfRow,  // bytes of one row, sums that are proven to fit 16 bits
  kWordsOfRow,  // int16 of one row, sums of 32 bits
};

// Depthwise convolutions of 3x3 and 5x5 with horizontal stride 1 or 2 and without horizontal
// dilation, whose outputs are bytes and shifted to the right.
struct DepthwiseBlocksParams {
  MapWindow window;
  int32_t channels;
  bool in_signed;
  DepthwiseForm form;
  const void* blocks;
  int32_t lo, hi;
};

// Add and multiply of bytes. b has as many elements as a, or `channels` that are spread over a's
// map.
struct BinaryParams {
  int64_t pixels, channels;
  bool spread_b;
  bool a_signed, b_signed;
  bool wide;  // output as int32
  int32_t shift_a, shift_b, shift, lo, hi;
};

// Tables of 256 entries, one for all or one a channel (then of one byte after the other).
struct LookupParams {
  const uint8_t* tables;
  int32_t channels;  // tables
  // Bytes that occur lie in the blocks of 16 below low_end, counted from 0, and from high_begin on,
  // counted from 128.
  int32_t low_end, high_begin;
};

struct PoolParams {
  MapWindow window;
  int32_t channels;
  bool in_signed;
  bool wide;              // mean only: output as int32
  int32_t shift, lo, hi;  // mean only
};

struct KernelTable {
  const char* name;  // of the instruction set
  // Packing of GemmParams::weights.
  int32_t rows;          // windows of one register tile
  int32_t panel;         // channels of one register tile
  int32_t vector;        // smallest panel
  int32_t k_group;       // neighbouring k of one channel that lie together: 2 or 4
  int32_t weight_bytes;  // 1 or 2
  // Activations are gathered as bytes (else: as int16): as unsigned ones, for which signed ones are
  // offset by 128, or as signed ones, for which unsigned ones of 8 bits are offset by -128.
  bool byte_lanes;
  bool signed_bytes = false;  // of all kernels that multiply bytes
  // For cost models, where it is not one of those that were measured: multiply-accumulates a cycle.
  double gemm_pace = 0, depthwise_pace = 0;

  // Runs so many rounds of the fastest exact multiply-accumulate; returns how many those were.
  int64_t (*peak)(int64_t rounds);
  void (*gemm)(const GemmParams&, const uint8_t* in, void* out, void* scratch);
  void (*depthwise)(const DepthwiseParams&, const uint8_t* in, void* out);
  // Null where there is none: with the form for any layer, that for sums of 16 bits, and the least
  // channels.
  void (*depthwise_blocks)(const DepthwiseBlocksParams&, const uint8_t* in, uint8_t* out,
                           Share) = nullptr;
  DepthwiseForm depthwise_form = DepthwiseForm::kQuads;
  DepthwiseForm depthwise_small_form = DepthwiseForm::kQuads;
  int32_t depthwise_least = 0;
  // Those below are null where the instruction set has none. A share's scratch: what the *Scratch
  // function says.
  void (*direct)(const DirectParams&, const ConvBuffers&, Share) = nullptr;
  size_t (*direct_scratch)(const DirectParams&) = nullptr;  // of each share
  int32_t direct_rows = 0;     // pixels of its register tile with `direct_panel` channels
  int32_t direct_panel = 0;    // channels of its register tile
  int32_t direct_vector = 0;   // smallest panel
  int32_t direct_group = 4;    // bytes of a run that lie together in a panel: 2 or 4
  bool direct_sums16 = false;  // takes groups of steps; needs the runs that direct_runs tells
  void (*direct_runs)(const DirectParams&, int64_t* runs) = nullptr;
  bool direct_codes = false;  // 4-bit codes are decoded in the tile
  // Cycles of its innermost step (one pixel, direct_vector channels, four bytes), for cost models.
  double direct_cost = 1;
  void (*winograd)(const WinogradParams&, const ConvBuffers&, Share) = nullptr;
  size_t (*winograd_scratch)(const WinogradParams&) = nullptr;  // of each share
  int32_t winograd_panel = 0;                                   // channels of its register tile

  void (*add)(const BinaryParams&, const uint8_t* a, const uint8_t* b, void* out);
  void (*mul)(const BinaryParams&, const uint8_t* a, const uint8_t* b, void* out);
  void (*max_pool)(const PoolParams&, const uint8_t* in, void* out);
  void (*mean)(const PoolParams&, const uint8_t* in, void* out);
  // For up to lookup_channels tables; the second, for up to 4, on CPUs that have AVX-512 VBMI too.
  void (*lookup)(const LookupParams&, const uint8_t* in, int64_t bytes, uint8_t* out) = nullptr;
  int32_t lookup_channels = 0;
  void (*lookup_vbmi)(const LookupParams&, const uint8_t* in, int64_t bytes,
                      uint8_t* out) = nullptr;
};

// Bytes past the gathered windows that a gather may write.
inline constexpr int64_t kGatherSlack = 64;

extern const KernelTable kPortableKernels;
#if defined(POTLUT_X86_KERNELS)
extern const KernelTable kAvx2Kernels;
extern const KernelTable kAvx512VnniKernels;
#endif
#if defined(POTLUT_ARM_KERNELS)
extern const KernelTable kNeonKernels;
extern const KernelTable kNeonDotKernels;
#endif

}  // namespace potlut
