// PNG by libpng: any bit depth, palette, grey, interlaced; alpha is composed on black. Gamma chunks
// are ignored, as training pipelines do.
#include <png.h>

#include <csetjmp>
#include <cstring>

#include "base/text.h"
#include "data/decode.h"

namespace potlut::data {
namespace {

// Everything that a longjmp could skip over lives in the caller.
struct Decoder {
  std::span<const uint8_t> bytes;
  size_t at = 0;
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::string message;
  std::vector<uint8_t> rows;  // with alpha, where there is one
  std::vector<png_bytep> row_pointers;
  int64_t width = 0, height = 0;
  int channels = 0;
  bool too_large = false;

  ~Decoder() { png_destroy_read_struct(&png, &info, nullptr); }
};

void OnRead(png_structp png, png_bytep target, size_t count) {
  auto* d = static_cast<Decoder*>(png_get_io_ptr(png));
  if (count > d->bytes.size() - d->at) png_error(png, "truncated");
  std::memcpy(target, d->bytes.data() + d->at, count);
  d->at += count;
}
[[noreturn]] void OnError(png_structp png, png_const_charp message) {
  static_cast<Decoder*>(png_get_error_ptr(png))->message = message;
  png_longjmp(png, 1);
}
void OnWarning(png_structp, png_const_charp) {}

bool ReadAll(Decoder& d) {
  if (setjmp(png_jmpbuf(d.png)) != 0) return false;
  png_set_read_fn(d.png, &d, OnRead);
  png_set_user_limits(d.png, 65535, 65535);
  png_read_info(d.png, d.info);
  d.width = png_get_image_width(d.png, d.info);
  d.height = png_get_image_height(d.png, d.info);
  if (d.width * d.height > kMaxPixels) {
    d.too_large = true;
    return false;
  }
  png_set_expand(d.png);    // palettes, fewer than 8 bits, tRNS
  png_set_scale_16(d.png);  // 16 bits to 8, rounded
  png_set_interlace_handling(d.png);
  png_read_update_info(d.png, d.info);
  d.channels = png_get_channels(d.png, d.info);
  const size_t stride = png_get_rowbytes(d.png, d.info);
  if (stride != static_cast<size_t>(d.width) * static_cast<size_t>(d.channels)) {
    png_error(d.png, "unexpected row size");
  }
  d.rows.resize(stride * static_cast<size_t>(d.height));
  d.row_pointers.resize(static_cast<size_t>(d.height));
  for (size_t y = 0; y < d.row_pointers.size(); ++y) d.row_pointers[y] = d.rows.data() + y * stride;
  png_read_image(d.png, d.row_pointers.data());
  png_read_end(d.png, nullptr);
  return true;
}

// Drops alpha: value * alpha, as over black.
std::vector<uint8_t> OverBlack(const std::vector<uint8_t>& in, int colours) {
  const size_t c = static_cast<size_t>(colours), pixels = in.size() / (c + 1);
  std::vector<uint8_t> out(pixels * c);
  for (size_t i = 0; i < pixels; ++i) {
    const int alpha = in[i * (c + 1) + c];
    for (size_t k = 0; k < c; ++k) {
      out[i * c + k] = static_cast<uint8_t>((in[i * (c + 1) + k] * alpha + 127) / 255);
    }
  }
  return out;
}

}  // namespace

Expected<Image> DecodePng(std::span<const uint8_t> bytes, const std::string& what) {
  Decoder d;
  d.bytes = bytes;
  d.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &d, OnError, OnWarning);
  if (d.png != nullptr) d.info = png_create_info_struct(d.png);
  if (d.info == nullptr) return Failed(what, ": libpng could not start");
  const bool done = ReadAll(d);
  if (d.too_large) {
    return ResourceLimit(what, ": PNG of ", d.width, " x ", d.height, " pixels; at most ",
                         kMaxPixels, " are read");
  }
  if (!done) return BadInput(what, ": damaged PNG: ", d.message);
  Image image;
  image.h = static_cast<int32_t>(d.height);
  image.w = static_cast<int32_t>(d.width);
  image.c = d.channels <= 2 ? 1 : 3;
  const bool alpha = d.channels == 2 || d.channels == 4;
  image.pixels = alpha ? OverBlack(d.rows, image.c) : std::move(d.rows);
  return image;
}

}  // namespace potlut::data
