// Walks the protobuf wire format along the schema and counts what parsing would allocate.
#include "onnx/wire_check.h"

#include "base/text.h"

namespace potlut::onnx {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

class Walker {
 public:
  Walker(std::span<const uint8_t> bytes, const WireLimits& limits)
      : bytes_(bytes), limits_(limits) {}

  Status Message(const Descriptor& type, size_t begin, size_t end, int depth) {
    if (depth > limits_.depth) {
      return BadInput("messages are nested deeper than ", limits_.depth, " at byte ", begin);
    }
    for (size_t at = begin; at < end;) {
      const size_t field_at = at;
      uint64_t tag = 0;
      if (!Varint(at, end, tag) || tag >> 3 == 0 || tag >> 3 > (1U << 29)) {
        return Malformed(field_at);
      }
      size_t length = 0;
      if (!FieldLength(tag & 7, at, end, length)) return Malformed(field_at);
      if ((tag & 7) == 2) {
        POTLUT_RETURN_IF_ERROR(
            Object(type.FindFieldByNumber(static_cast<int>(tag >> 3)), at, length, depth));
      }
      at += length;
    }
    return {};
  }

 private:
  static Error Malformed(size_t at) { return BadInput("no valid message (protobuf) at byte ", at); }

  bool Varint(size_t& at, size_t end, uint64_t& value) const {
    value = 0;
    for (int shift = 0; shift < 70 && at < end; shift += 7) {
      const uint8_t byte = bytes_[at++];
      if (shift < 64) value |= uint64_t{byte & 127U} << shift;
      if (byte < 128) return true;
    }
    return false;
  }

  // How many bytes after `at` the field's content takes; moves `at` to it.
  bool FieldLength(uint64_t wire_type, size_t& at, size_t end, size_t& length) const {
    uint64_t value = 0;
    switch (wire_type) {
      case 0:
        length = 0;
        return Varint(at, end, value);
      case 1:
        length = 8;
        break;
      case 2:
        if (!Varint(at, end, value) || value > end - at) return false;
        length = static_cast<size_t>(value);
        break;
      case 5:
        length = 4;
        break;
      default:
        return false;  // ONNX has no groups
    }
    return length <= end - at;
  }

  Status Object(const FieldDescriptor* field, size_t at, size_t length, int depth) {
    if (field == nullptr) return {};
    const bool message = field->type() == FieldDescriptor::TYPE_MESSAGE;
    const bool text = field->type() == FieldDescriptor::TYPE_STRING ||
                      field->type() == FieldDescriptor::TYPE_BYTES;
    if (!message && !(text && field->is_repeated())) return {};
    if (++count_ > limits_.messages) {
      return ResourceLimit("the model holds more than ", limits_.messages,
                           " nodes, attributes and other messages");
    }
    return message ? Message(*field->message_type(), at, at + length, depth + 1) : Status();
  }

  std::span<const uint8_t> bytes_;
  const WireLimits& limits_;
  int64_t count_ = 0;
};

}  // namespace

Status CheckWire(std::span<const uint8_t> bytes, const Descriptor& root, const WireLimits& limits) {
  return Walker(bytes, limits).Message(root, 0, bytes.size(), 0);
}

}  // namespace potlut::onnx
