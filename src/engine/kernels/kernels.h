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

// Convolution as a product of matrices: rows are windows ("lanes" of k values in the order
// [kernel_h][kernel_w] [channel of the group]), columns are output channels.
struct GemmParams {
  MapWindow window;
  int32_t in_c, out_c, groups, in_per_group, out_per_group;
  int32_t out_padded;  // out_per_group rounded up to the table's `vector`
  int64_t k, k_padded;
  int32_t block;  // windows gathered at a time
  bool direct;    // the input is already the matrix: rows of k bytes, no gathering
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

// Add and multiply of bytes. b has as many elements as a, or `channels` that are spread over a's
// map.
struct BinaryParams {
  int64_t pixels, channels;
  bool spread_b;
  bool a_signed, b_signed;
  bool wide;  // output as int32
  int32_t shift_a, shift_b, shift, lo, hi;
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
  // Activations are gathered as unsigned bytes; signed ones are offset by 128 (else: as int16).
  bool byte_lanes;

  void (*gemm)(const GemmParams&, const uint8_t* in, void* out, void* scratch);
  void (*depthwise)(const DepthwiseParams&, const uint8_t* in, void* out);
  void (*add)(const BinaryParams&, const uint8_t* a, const uint8_t* b, void* out);
  void (*mul)(const BinaryParams&, const uint8_t* a, const uint8_t* b, void* out);
  void (*max_pool)(const PoolParams&, const uint8_t* in, void* out);
  void (*mean)(const PoolParams&, const uint8_t* in, void* out);
};

// Bytes past the gathered windows that a gather may write.
inline constexpr int64_t kGatherSlack = 64;

extern const KernelTable kPortableKernels;
#if defined(POTLUT_X86_KERNELS)
extern const KernelTable kAvx2Kernels;
extern const KernelTable kAvx512VnniKernels;
#endif

}  // namespace potlut
