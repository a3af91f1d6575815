// zstd, xz and brotli, one call each, set as their programs set them.
#include "codec_rivals.h"

#include <brotli/encode.h>
#include <lzma.h>
#include <zstd.h>

#include <array>

#include "base/text.h"

namespace potlut::bench {
namespace {

Expected<size_t> ZstdSize(std::span<const uint8_t> bytes) {
  std::vector<uint8_t> out(ZSTD_compressBound(bytes.size()));
  const size_t size = ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 19);
  if (ZSTD_isError(size)) return Failed("zstd: ", ZSTD_getErrorName(size));
  return size;
}

Expected<size_t> XzSize(std::span<const uint8_t> bytes) {
  std::vector<uint8_t> out(lzma_stream_buffer_bound(bytes.size()));
  size_t size = 0;
  const lzma_ret status = lzma_easy_buffer_encode(9, LZMA_CHECK_CRC64, nullptr, bytes.data(),
                                                  bytes.size(), out.data(), &size, out.size());
  if (status != LZMA_OK) return Failed("xz: error ", int{status});
  return size;
}

Expected<size_t> BrotliSize(std::span<const uint8_t> bytes) {
  size_t size = BrotliEncoderMaxCompressedSize(bytes.size());
  std::vector<uint8_t> out(size);
  if (BrotliEncoderCompress(11, BROTLI_MAX_WINDOW_BITS, BROTLI_MODE_GENERIC, bytes.size(),
                            bytes.data(), &size, out.data()) != BROTLI_TRUE) {
    return Failed("brotli failed");
  }
  return size;
}

constexpr std::array<Rival, 3> kRivals = {
    {{"zstd -19", ZstdSize}, {"xz -9", XzSize}, {"brotli -q 11", BrotliSize}}};

}  // namespace

std::span<const Rival> Rivals() { return kRivals; }

}  // namespace potlut::bench
