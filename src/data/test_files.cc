// Encoders for the tests of this room.
#include "data/test_files.h"

#include <cstdio>
// jpeglib.h needs size_t and FILE from the headers above.
#include <jpeglib.h>
#include <png.h>

#include <cstdlib>

namespace potlut::data {

Image Gradient(int32_t h, int32_t w, int32_t c) {
  Image image{h, w, c, {}};
  for (int32_t y = 0; y < h; ++y) {
    for (int32_t x = 0; x < w; ++x) {
      for (int32_t k = 0; k < c; ++k) {
        image.pixels.push_back(
            static_cast<uint8_t>((40 + 60 * k + 100 * y / h + 50 * x / w) % 256));
      }
    }
  }
  return image;
}

std::vector<uint8_t> EncodeJpeg(const Image& image, const JpegStyle& style) {
  jpeg_compress_struct jpeg = {};
  jpeg_error_mgr errors = {};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;  // NOLINT: libjpeg's type
  jpeg_mem_dest(&jpeg, &buffer, &size);
  jpeg.image_width = static_cast<JDIMENSION>(image.w);
  jpeg.image_height = static_cast<JDIMENSION>(image.h);
  jpeg.input_components = style.cmyk ? 4 : image.c;
  jpeg.in_color_space = style.cmyk ? JCS_CMYK : image.c == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, 100, TRUE);
  if (style.cmyk) jpeg_set_colorspace(&jpeg, JCS_YCCK);
  jpeg.comp_info[0].h_samp_factor = jpeg.comp_info[0].v_samp_factor = 1;  // chroma whole
  if (style.cmyk) jpeg.comp_info[3].h_samp_factor = jpeg.comp_info[3].v_samp_factor = 1;
  if (style.progressive) jpeg_simple_progression(&jpeg);
  jpeg_start_compress(&jpeg, TRUE);
  std::vector<uint8_t> row;
  for (size_t y = 0; y < static_cast<size_t>(image.h); ++y) {
    row.clear();
    for (size_t x = 0; x < static_cast<size_t>(image.w); ++x) {
      const size_t at = (y * static_cast<size_t>(image.w) + x) * static_cast<size_t>(image.c);
      for (size_t k = 0; k < static_cast<size_t>(image.c); ++k) row.push_back(image.pixels[at + k]);
      if (style.cmyk) row.push_back(255);  // inverted: no black
    }
    JSAMPROW pointer = row.data();
    jpeg_write_scanlines(&jpeg, &pointer, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  std::vector<uint8_t> bytes(buffer, buffer + size);
  std::free(buffer);
  return bytes;
}

std::vector<uint8_t> EncodePng(int32_t h, int32_t w, int colour_type, int depth,
                               const std::vector<uint8_t>& rows, bool interlaced) {
  std::vector<uint8_t> bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(
      png, &bytes,
      [](png_structp p, png_bytep data, png_size_t count) {
        auto* out = static_cast<std::vector<uint8_t>*>(png_get_io_ptr(p));
        out->insert(out->end(), data, data + count);
      },
      [](png_structp) {});
  png_set_IHDR(png, info, static_cast<png_uint_32>(w), static_cast<png_uint_32>(h), depth,
               colour_type, interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  const png_color palette[4] = {{10, 20, 30}, {200, 0, 0}, {0, 210, 0}, {0, 0, 220}};
  if (colour_type == PNG_COLOR_TYPE_PALETTE) png_set_PLTE(png, info, palette, 4);
  const size_t stride = rows.size() / static_cast<size_t>(h);
  std::vector<uint8_t> copy = rows;
  std::vector<png_bytep> pointers;
  for (size_t y = 0; y < static_cast<size_t>(h); ++y) pointers.push_back(copy.data() + y * stride);
  png_set_rows(png, info, pointers.data());
  png_write_png(png, info, PNG_TRANSFORM_IDENTITY, nullptr);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

}  // namespace potlut::data
