// The .npy header: magic, version, and a Python dict literal with three keys.
#include "data/npy_header.h"

#include <cstring>
#include <string_view>

#include "base/checked.h"
#include "base/text.h"

namespace potlut::data {
namespace {

constexpr uint8_t kMagic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
constexpr size_t kMaxDimensions = 32;  // as in NumPy

// Reads the subset of Python literals that NumPy writes.
class Literal {
 public:
  explicit Literal(std::string_view text) : text_(text) {}

  void SkipBlanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) {
      ++at_;
    }
  }
  bool Take(char c) {
    SkipBlanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool TakeWord(std::string_view word) {
    SkipBlanks();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  bool TakeString(std::string& out) {
    SkipBlanks();
    if (at_ >= text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) return false;
    const size_t end = text_.find(text_[at_], at_ + 1);
    if (end == std::string_view::npos) return false;
    out = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return true;
  }
  bool TakeSize(int64_t& out) {
    SkipBlanks();
    const char* begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), out);
    if (error != std::errc() || out < 0) return false;
    at_ += static_cast<size_t>(end - begin);
    return true;
  }
  // "(3, 4)", "(3,)", "()"
  bool TakeTuple(std::vector<int64_t>& out) {
    if (!Take('(')) return false;
    while (!Take(')')) {
      int64_t size = 0;
      if (out.size() == kMaxDimensions || !TakeSize(size)) return false;
      out.push_back(size);
      if (!Take(',')) return Take(')');
    }
    return true;
  }
  bool AtEnd() {
    SkipBlanks();
    return at_ == text_.size();
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

// "<f4", "|u1", ">i2": byte order, kind, size.
Status SetType(const std::string& descr, const std::string& what, NpyHeader& header) {
  const bool known = descr.size() == 3 && std::strchr("<>|=", descr[0]) != nullptr &&
                     std::strchr("uifb", descr[1]) != nullptr &&
                     std::strchr("1248", descr[2]) != nullptr;
  if (!known) {
    return Unsupported(
        what, ": element type '", descr,
        "' is not a plain number; save the array as uint8 (pixels) or int64 (labels)");
  }
  header.big_endian = descr[0] == '>';
  header.dtype = descr.substr(1);
  header.item_bytes = static_cast<size_t>(descr[2] - '0');
  return {};
}

// Fills everything but the offset from the dict.
Status ParseDict(std::string_view text, const std::string& what, NpyHeader& header) {
  Literal literal(text);
  const Error malformed =
      BadInput(what, ": malformed .npy header; save the array again with numpy.save");
  bool has_descr = false, has_order = false, has_shape = false;
  if (!literal.Take('{')) return malformed;
  while (!literal.Take('}')) {
    std::string key;
    if (!literal.TakeString(key) || !literal.Take(':')) return malformed;
    if (key == "descr" && !has_descr) {
      std::string descr;
      if (!literal.TakeString(descr)) {
        return Unsupported(what, ": arrays of records are not read; save plain numbers");
      }
      POTLUT_RETURN_IF_ERROR(SetType(descr, what, header));
      has_descr = true;
    } else if (key == "fortran_order" && !has_order) {
      header.fortran_order = literal.TakeWord("True");
      if (!header.fortran_order && !literal.TakeWord("False")) return malformed;
      has_order = true;
    } else if (key == "shape" && !has_shape) {
      if (!literal.TakeTuple(header.shape)) return malformed;
      has_shape = true;
    } else {
      return malformed;
    }
    if (!literal.Take(',')) {
      if (!literal.Take('}')) return malformed;
      break;
    }
  }
  if (!literal.AtEnd() || !has_descr || !has_order || !has_shape) return malformed;
  return {};
}

}  // namespace

Expected<NpyHeader> ParseNpyHeader(std::span<const uint8_t> bytes, const std::string& what) {
  if (bytes.size() < 10 || std::memcmp(bytes.data(), kMagic, sizeof(kMagic)) != 0) {
    return BadInput(what, ": not a .npy file (its magic number is missing)");
  }
  const int major = bytes[6];
  if (major < 1 || major > 3) {
    return Unsupported(what, ": .npy version ", major, "; versions 1 to 3 are read");
  }
  const size_t length_bytes = major == 1 ? 2 : 4;
  size_t length = 0;
  if (bytes.size() < 8 + length_bytes) return BadInput(what, ": truncated in the .npy header");
  for (size_t i = 0; i < length_bytes; ++i) length |= size_t{bytes[8 + i]} << (8 * i);
  const size_t begin = 8 + length_bytes;
  if (length > kNpyHeaderRoom - begin) {
    return BadInput(what, ": .npy header of ", length, " bytes; at most ", kNpyHeaderRoom - begin,
                    " are read");
  }
  if (length > bytes.size() - begin) return BadInput(what, ": truncated in the .npy header");

  NpyHeader header;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + begin, length);
  POTLUT_RETURN_IF_ERROR(ParseDict(text, what, header));
  size_t total = header.item_bytes;
  // A dimension of 0 empties the array, but the others must not wrap either (shape is used by
  // readers).
  for (const int64_t dimension : header.shape) {
    const auto product =
        CheckedMul<size_t>(total, static_cast<size_t>(dimension == 0 ? 1 : dimension));
    if (!product) return BadInput(what, ": the product of the .npy shape is too large");
    total = *product;
  }
  for (const int64_t dimension : header.shape) total = dimension == 0 ? 0 : total;
  header.data_offset = begin + length;
  header.data_bytes = total;
  return header;
}

}  // namespace potlut::data
