// JPEG by libjpeg-turbo. Orientation tags are ignored: training pipelines ignore them as well.
#include <csetjmp>
#include <cstdio>
// jpeglib.h needs size_t and FILE from the headers above.
#include <jerror.h>
#include <jpeglib.h>

#include "base/text.h"
#include "data/decode.h"

namespace potlut::data {
namespace {

constexpr int kMaxScans = 500;  // a progressive file with more costs time out of proportion

// libjpeg reports through these; errors leave by longjmp, since its C frames carry no exceptions.
struct ErrorManager {
  jpeg_error_mgr base;
  std::jmp_buf escape;
  char message[JMSG_LENGTH_MAX];
};
[[noreturn]] void OnError(j_common_ptr info) {
  auto* manager = reinterpret_cast<ErrorManager*>(info->err);
  manager->base.format_message(info, manager->message);
  std::longjmp(manager->escape, 1);
}
// Missing data are errors (libjpeg would fill the rest with grey); oddities that lose nothing pass.
void OnMessage(j_common_ptr info, int level) {
  if (level >= 0) return;
  const int code = info->err->msg_code;
  if (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE) OnError(info);
}
void OnProgress(j_common_ptr info) {
  auto* jpeg = reinterpret_cast<j_decompress_ptr>(info);
  if (jpeg->input_scan_number <= kMaxScans) return;
  auto* manager = reinterpret_cast<ErrorManager*>(info->err);
  std::snprintf(manager->message, sizeof(manager->message), "more than %d scans", kMaxScans);
  std::longjmp(manager->escape, 1);
}

// Everything that a longjmp could skip over lives in the caller.
struct Decoder {
  jpeg_decompress_struct jpeg;
  ErrorManager errors;
  jpeg_progress_mgr progress;
  std::vector<uint8_t> row;
  bool too_large = false;
};

// Ink to light; Adobe's files store it inverted.
void CmykToRgb(const uint8_t* cmyk, int64_t pixels, bool inverted, uint8_t* rgb) {
  const auto light = [&](int v) { return inverted ? v : 255 - v; };
  for (int64_t i = 0; i < pixels; ++i) {
    const int k = light(cmyk[4 * i + 3]);
    for (int c = 0; c < 3; ++c) {
      rgb[3 * i + c] = static_cast<uint8_t>((light(cmyk[4 * i + c]) * k + 127) / 255);
    }
  }
}

// True where the whole image was read; false with errors.message or too_large set.
bool ReadAll(Decoder& d, std::span<const uint8_t> bytes, Image& image) {
  if (setjmp(d.errors.escape) != 0) return false;
  jpeg_create_decompress(&d.jpeg);
  d.progress.progress_monitor = OnProgress;
  d.jpeg.progress = &d.progress;
  jpeg_mem_src(&d.jpeg, bytes.data(), bytes.size());
  jpeg_read_header(&d.jpeg, TRUE);
  if (int64_t{d.jpeg.image_width} * d.jpeg.image_height > kMaxPixels) {
    d.too_large = true;
    return false;
  }
  const bool grey = d.jpeg.jpeg_color_space == JCS_GRAYSCALE;
  const bool ink = d.jpeg.jpeg_color_space == JCS_CMYK || d.jpeg.jpeg_color_space == JCS_YCCK;
  d.jpeg.out_color_space = grey ? JCS_GRAYSCALE : ink ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(&d.jpeg);
  image.w = static_cast<int32_t>(d.jpeg.output_width);
  image.h = static_cast<int32_t>(d.jpeg.output_height);
  image.c = grey ? 1 : 3;
  const size_t stride = size_t{d.jpeg.output_width} * static_cast<size_t>(image.c);
  image.pixels.resize(stride * d.jpeg.output_height);
  if (ink) d.row.resize(size_t{d.jpeg.output_width} * 4);
  while (d.jpeg.output_scanline < d.jpeg.output_height) {
    uint8_t* target = image.pixels.data() + d.jpeg.output_scanline * stride;
    JSAMPROW row = ink ? d.row.data() : target;
    jpeg_read_scanlines(&d.jpeg, &row, 1);
    if (ink) CmykToRgb(d.row.data(), image.w, d.jpeg.saw_Adobe_marker != 0, target);
  }
  jpeg_finish_decompress(&d.jpeg);
  return true;
}

}  // namespace

Expected<Image> DecodeJpeg(std::span<const uint8_t> bytes, const std::string& what) {
  Decoder decoder = {};
  Image image;
  decoder.jpeg.err = jpeg_std_error(&decoder.errors.base);
  decoder.errors.base.error_exit = OnError;
  decoder.errors.base.emit_message = OnMessage;
  const bool done = ReadAll(decoder, bytes, image);
  const auto width = decoder.jpeg.image_width, height = decoder.jpeg.image_height;
  jpeg_destroy_decompress(&decoder.jpeg);
  if (decoder.too_large) {
    return ResourceLimit(what, ": JPEG of ", width, " x ", height, " pixels; at most ", kMaxPixels,
                         " are read");
  }
  if (!done) return BadInput(what, ": damaged JPEG: ", std::string_view(decoder.errors.message));
  return image;
}

}  // namespace potlut::data
