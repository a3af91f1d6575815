// .npy arrays: whole arrays into memory, and back.
#include "data/npy.h"

#include <algorithm>
#include <cstring>

#include "base/file.h"
#include "base/text.h"
#include "data/npy_header.h"

namespace potlut::data {
namespace {

// Swaps the bytes of each element.
void SwapBytes(std::vector<uint8_t>& bytes, size_t item) {
  for (size_t i = 0; i + item <= bytes.size(); i += item) {
    std::reverse(bytes.begin() + static_cast<ptrdiff_t>(i),
                 bytes.begin() + static_cast<ptrdiff_t>(i + item));
  }
}

// Column-major bytes to row-major: walks the output in order and steps through the input by its
// strides.
std::vector<uint8_t> ToRowMajor(const std::vector<uint8_t>& in, const std::vector<int64_t>& shape,
                                size_t item) {
  std::vector<uint8_t> out(in.size());
  const size_t rank = shape.size();
  std::vector<size_t> stride(rank), index(rank, 0);
  size_t step = item;
  for (size_t d = 0; d < rank; ++d) {
    stride[d] = step;
    step *= static_cast<size_t>(shape[d]);
  }
  size_t from = 0;
  for (size_t to = 0; to < out.size(); to += item) {
    std::memcpy(out.data() + to, in.data() + from, item);
    for (size_t d = rank; d-- > 0;) {
      from += stride[d];
      if (++index[d] < static_cast<size_t>(shape[d])) break;
      from -= stride[d] * static_cast<size_t>(shape[d]);
      index[d] = 0;
    }
  }
  return out;
}

}  // namespace

int64_t NpyArray::count() const {
  int64_t product = 1;
  for (const int64_t dimension : shape) product *= dimension;
  return product;
}

Expected<NpyArray> ParseNpy(std::span<const uint8_t> bytes, const std::string& what) {
  POTLUT_ASSIGN_OR_RETURN(const NpyHeader header, ParseNpyHeader(bytes, what));
  const size_t present = bytes.size() - header.data_offset;
  if (present != header.data_bytes) {
    return BadInput(what, ": the shape needs ", header.data_bytes, " bytes of data, the file has ",
                    present, present < header.data_bytes ? " (truncated?)" : "");
  }
  NpyArray array;
  array.dtype = header.dtype;
  array.shape = header.shape;
  const auto data = bytes.subspan(header.data_offset);
  array.bytes.assign(data.begin(), data.end());
  if (header.big_endian) SwapBytes(array.bytes, header.item_bytes);
  if (header.fortran_order && header.shape.size() > 1) {
    array.bytes = ToRowMajor(array.bytes, header.shape, header.item_bytes);
  }
  return array;
}

Expected<NpyArray> ReadNpy(const std::string& path) {
  POTLUT_ASSIGN_OR_RETURN(const auto bytes, ReadFile(path));
  return ParseNpy(bytes, path);
}

Status WriteNpy(const std::string& path, const NpyArray& array) {
  if (array.dtype.size() != 2 || array.shape.size() > 32) {
    return UsageError(path, ": element type '", array.dtype, "' cannot be written as .npy");
  }
  const size_t item = static_cast<size_t>(array.dtype[1] - '0');
  if (array.bytes.size() != static_cast<size_t>(array.count()) * item) {
    return UsageError(path, ": the array's bytes do not match its shape");
  }
  std::string dict = Cat("{'descr': '", item == 1 ? "|" : "<", array.dtype,
                         "', 'fortran_order': False, 'shape': (");
  for (size_t i = 0; i < array.shape.size(); ++i) {
    dict += Cat(i > 0 ? ", " : "", array.shape[i]);
  }
  dict += array.shape.size() == 1 ? ",), }" : "), }";
  // The data begin at a multiple of 64, as NumPy has it.
  while ((10 + dict.size() + 1) % 64 != 0) dict += ' ';
  dict += '\n';
  std::string file = "\x93NUMPY";
  file += '\x01';
  file += '\0';
  file += static_cast<char>(dict.size() & 0xFF);
  file += static_cast<char>(dict.size() >> 8);
  file += dict;
  file.append(reinterpret_cast<const char*>(array.bytes.data()), array.bytes.size());
  return WriteFileAtomic(path, file);
}

}  // namespace potlut::data
