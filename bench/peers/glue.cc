// Tables that are lines are computed with AVX2 where the CPU has it.
#include "peers/glue.h"

#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "onnx/lookup_fit.h"
#include "program/reference.h"

namespace potlut::peers {
namespace {

constexpr size_t kLanes = 16;

// y = clamp(x * slope + offset) for whole groups of 16; `period` floats repeat.
__attribute__((target("avx2,fma"))) void Lines(const uint8_t* x, uint8_t* y, size_t count,
                                               const float* slope, const float* offset,
                                               size_t period, float low, float high, uint8_t in_xor,
                                               uint8_t out_xor) {
  const __m128i flip_in = _mm_set1_epi8(static_cast<char>(in_xor));
  const __m128i flip_out = _mm_set1_epi8(static_cast<char>(out_xor));
  const __m256 lo = _mm256_set1_ps(low), hi = _mm256_set1_ps(high);
  size_t p = 0;
  for (size_t i = 0; i + kLanes <= count; i += kLanes) {
    __m256i r[2];
    for (size_t k = 0; k < 2; ++k) {
      const __m256 v = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_xor_si128(
          flip_in, _mm_loadl_epi64(reinterpret_cast<const __m128i*>(x + i + 8 * k)))));
      const __m256 s = _mm256_fmadd_ps(v, _mm256_loadu_ps(slope + p + 8 * k),
                                       _mm256_loadu_ps(offset + p + 8 * k));
      r[k] = _mm256_cvtps_epi32(_mm256_min_ps(_mm256_max_ps(s, lo), hi));
    }
    const __m256i words = _mm256_permute4x64_epi64(_mm256_packus_epi32(r[0], r[1]), 0xd8);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(y + i),
                     _mm_xor_si128(flip_out, _mm_packus_epi16(_mm256_castsi256_si128(words),
                                                              _mm256_extracti128_si256(words, 1))));
    p += kLanes;
    if (p == period) p = 0;
  }
}

}  // namespace

ByteTable::ByteTable(const Program& program, const Node& node, uint8_t in_flip, uint8_t out_flip) {
  const auto& op = std::get<LookupOp>(node.op);
  const Tensor& in = program.tensors[static_cast<size_t>(node.inputs[0])];
  const Tensor& out = program.tensors[static_cast<size_t>(node.output)];
  count_ = static_cast<size_t>(in.dims.count());
  channels_ = static_cast<size_t>(in.dims.c);
  per_channel_ = op.per_channel;
  const size_t entries = size_t{1} << in.type.bits;
  const size_t tables = op.table.size() / entries;
  // Lines are computed on unsigned numbers in order: q, or q + 128 of signed values.
  const int32_t in_base = in.type.is_signed ? 128 : 0, out_base = out.type.is_signed ? 128 : 0;
  in_xor_ = static_cast<uint8_t>(in_base ^ in_flip);
  out_xor_ = static_cast<uint8_t>(out_base ^ out_flip);
  lines_ = __builtin_cpu_supports("avx2") != 0;
  std::vector<onnx::Line> fits;
  for (size_t c = 0; c < tables; ++c) {
    const auto table = std::span<const int16_t>(op.table).subspan(c * entries, entries);
    table_.resize((c + 1) * 256);
    for (size_t i = 0; i < entries; ++i) {
      const auto byte = static_cast<uint8_t>(static_cast<int32_t>(i) + in.type.lo() + in_flip);
      table_[c * 256 + byte] = static_cast<uint8_t>(table[i] + out_flip);
    }
    const auto line = onnx::FitLine(table, in.type.lo(), out.type.lo(), out.type.hi());
    if (!line) lines_ = false;
    fits.push_back(line.value_or(onnx::Line{}));
  }
  if (!lines_) return;
  const size_t period = kLanes * tables;
  for (size_t i = 0; i < period; ++i) {
    const onnx::Line& line = fits[i % tables];
    slope_.push_back(static_cast<float>(line.slope));
    offset_.push_back(static_cast<float>(line.offset - line.slope * in_base + out_base));
  }
  low_ = static_cast<float>(out.type.lo() + out_base);
  high_ = static_cast<float>(out.type.hi() + out_base);
}

void ByteTable::Run(const uint8_t* x, uint8_t* y) const {
  size_t i = 0;
  if (lines_) {
    Lines(x, y, count_, slope_.data(), offset_.data(), slope_.size(), low_, high_, in_xor_,
          out_xor_);
    i = count_ / kLanes * kLanes;
  }
  if (!per_channel_) {
    for (; i < count_; ++i) y[i] = table_[x[i]];
    return;
  }
  for (size_t c = i % channels_; i < count_; ++i) {
    y[i] = table_[c * 256 + x[i]];
    if (++c == channels_) c = 0;
  }
}

WholeMean::WholeMean(const Program& program, const Node& node, uint8_t flip)
    : flip_(flip), op_(std::get<MeanOp>(node.op)) {
  const Tensor& in = program.tensors[static_cast<size_t>(node.inputs[0])];
  is_signed_ = in.type.is_signed;
  places_ = static_cast<size_t>(in.dims.h) * static_cast<size_t>(in.dims.w);
  channels_ = static_cast<size_t>(in.dims.c);
  sums_.resize(channels_);
}

void WholeMean::Run(const uint8_t* x, uint8_t* y) {
  std::fill(sums_.begin(), sums_.end(), 0);
  int32_t* const sums = sums_.data();
  const auto flip = flip_;
  for (size_t p = 0; p < places_; ++p, x += channels_) {
    if (is_signed_) {
      for (size_t c = 0; c < channels_; ++c)
        sums[c] += static_cast<int8_t>(static_cast<uint8_t>(x[c] - flip));
    } else {
      for (size_t c = 0; c < channels_; ++c) sums[c] += static_cast<uint8_t>(x[c] - flip);
    }
  }
  for (size_t c = 0; c < channels_; ++c) {
    y[c] = static_cast<uint8_t>(std::clamp(RoundShift(sums[c], op_.shift), op_.lo, op_.hi) + flip);
  }
}

Buffers::Buffers(const Program& program) : readers_(program.tensors.size(), 0) {
  for (const Node& node : program.nodes) {
    for (const int32_t t : node.inputs) ++readers_[static_cast<size_t>(t)];
  }
  for (const int32_t t : program.outputs) ++readers_[static_cast<size_t>(t)];
}

Buffers::~Buffers() {
  for (const Block& block : blocks_) std::free(block.data);
}

uint8_t* Buffers::Take(size_t bytes) {
  Block* best = nullptr;
  for (Block& block : blocks_) {
    if (block.free && block.bytes >= bytes && (best == nullptr || block.bytes < best->bytes))
      best = &block;
  }
  if (best == nullptr) {
    // XNNPACK may read 16 bytes past an end.
    const size_t size = (bytes + 64 + 63) / 64 * 64;
    blocks_.push_back({static_cast<uint8_t*>(std::aligned_alloc(64, size)), bytes, true});
    best = &blocks_.back();
  }
  best->free = false;
  return best->data;
}

void Buffers::Done(int32_t t, uint8_t* buffer) {
  if (--readers_[static_cast<size_t>(t)] > 0) return;
  for (Block& block : blocks_) {
    if (block.data == buffer) block.free = true;
  }
}

}  // namespace potlut::peers
