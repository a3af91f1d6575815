// TensorProto to Constant. Sizes are compared with the data before anything is allocated.
#include "onnx/tensor_reader.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/checked.h"
#include "base/text.h"
#include "onnx/external_data.h"

namespace potlut::onnx {

static_assert(std::endian::native == std::endian::little, "raw tensor data is little endian");

float HalfToFloat(uint16_t bits) {
  const uint32_t exponent = (bits >> 10) & 31;
  const uint32_t mantissa = bits & 1023;
  float value = 0;
  if (exponent == 31) {
    value = mantissa != 0 ? std::numeric_limits<float>::quiet_NaN()
                          : std::numeric_limits<float>::infinity();
  } else if (exponent == 0) {
    value = std::ldexp(static_cast<float>(mantissa), -24);
  } else {
    value = std::ldexp(static_cast<float>(mantissa + 1024), static_cast<int>(exponent) - 25);
  }
  return (bits & 0x8000) != 0 ? -value : value;
}

float Bfloat16ToFloat(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }

namespace {

size_t BytesPerElement(int32_t type) {
  switch (type) {
    case pb::TensorProto::UINT8:
    case pb::TensorProto::INT8:
    case pb::TensorProto::BOOL:
      return 1;
    case pb::TensorProto::UINT16:
    case pb::TensorProto::INT16:
    case pb::TensorProto::FLOAT16:
    case pb::TensorProto::BFLOAT16:
      return 2;
    case pb::TensorProto::UINT64:
    case pb::TensorProto::INT64:
    case pb::TensorProto::DOUBLE:
      return 8;
    default:
      return 4;  // FLOAT, INT32, UINT32
  }
}

template <typename T, typename Out, typename Convert>
void Decode(std::span<const uint8_t> bytes, std::vector<Out>& out, const Convert& convert) {
  out.resize(bytes.size() / sizeof(T));
  for (size_t i = 0; i < out.size(); ++i) {
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    out[i] = convert(value);
  }
}

// The value of an unsigned 64-bit element; past int64 it saturates, which only masks can mean.
int64_t FromUnsigned(uint64_t value) {
  return static_cast<int64_t>(
      std::min<uint64_t>(value, static_cast<uint64_t>(std::numeric_limits<int64_t>::max())));
}

void DecodeRaw(std::span<const uint8_t> bytes, Constant& out) {
  const auto same = [](auto v) { return v; };
  const auto integer = [](auto v) { return static_cast<int64_t>(v); };
  switch (out.type) {
    case pb::TensorProto::FLOAT:
      return Decode<float>(bytes, out.floats, same);
    case pb::TensorProto::DOUBLE:
      return Decode<double>(bytes, out.floats, [](double v) { return static_cast<float>(v); });
    case pb::TensorProto::FLOAT16:
      return Decode<uint16_t>(bytes, out.floats, HalfToFloat);
    case pb::TensorProto::BFLOAT16:
      return Decode<uint16_t>(bytes, out.floats, Bfloat16ToFloat);
    case pb::TensorProto::UINT8:
      return Decode<uint8_t>(bytes, out.ints, integer);
    case pb::TensorProto::INT8:
      return Decode<int8_t>(bytes, out.ints, integer);
    case pb::TensorProto::BOOL:
      return Decode<uint8_t>(bytes, out.ints, [](uint8_t v) { return int64_t{v != 0}; });
    case pb::TensorProto::UINT16:
      return Decode<uint16_t>(bytes, out.ints, integer);
    case pb::TensorProto::INT16:
      return Decode<int16_t>(bytes, out.ints, integer);
    case pb::TensorProto::UINT32:
      return Decode<uint32_t>(bytes, out.ints, integer);
    case pb::TensorProto::INT32:
      return Decode<int32_t>(bytes, out.ints, integer);
    case pb::TensorProto::UINT64:
      return Decode<uint64_t>(bytes, out.ints, FromUnsigned);
    default:
      return Decode<int64_t>(bytes, out.ints, same);
  }
}

// How many elements the typed field for `type` holds.
int64_t TypedCount(const pb::TensorProto& tensor) {
  switch (tensor.data_type()) {
    case pb::TensorProto::FLOAT:
      return tensor.float_data_size();
    case pb::TensorProto::DOUBLE:
      return tensor.double_data_size();
    case pb::TensorProto::INT64:
      return tensor.int64_data_size();
    case pb::TensorProto::UINT32:
    case pb::TensorProto::UINT64:
      return tensor.uint64_data_size();
    default:
      return tensor.int32_data_size();
  }
}

void DecodeTyped(const pb::TensorProto& tensor, Constant& out) {
  switch (out.type) {
    case pb::TensorProto::FLOAT:
      out.floats.assign(tensor.float_data().begin(), tensor.float_data().end());
      return;
    case pb::TensorProto::DOUBLE:
      out.floats.assign(tensor.double_data().begin(), tensor.double_data().end());
      return;
    case pb::TensorProto::FLOAT16:
    case pb::TensorProto::BFLOAT16:
      for (const int32_t bits : tensor.int32_data()) {
        const auto half = static_cast<uint16_t>(bits);
        out.floats.push_back(out.type == pb::TensorProto::FLOAT16 ? HalfToFloat(half)
                                                                  : Bfloat16ToFloat(half));
      }
      return;
    case pb::TensorProto::INT64:
      out.ints.assign(tensor.int64_data().begin(), tensor.int64_data().end());
      return;
    case pb::TensorProto::UINT32:
    case pb::TensorProto::UINT64:
      for (const uint64_t v : tensor.uint64_data()) out.ints.push_back(FromUnsigned(v));
      return;
    default:
      out.ints.assign(tensor.int32_data().begin(), tensor.int32_data().end());
      return;
  }
}

Expected<int64_t> ParseSize(const std::string& text, std::string_view key,
                            const std::string& what) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) {
    return BadInput(what, ": external data's ", key, " '", Printable(text), "' is no size");
  }
  return value;
}

Expected<ExternalLocation> Location(const pb::TensorProto& tensor, const std::string& what) {
  ExternalLocation where;
  for (const pb::StringStringEntryProto& entry : tensor.external_data()) {
    if (entry.key() == "location") where.location = entry.value();
    if (entry.key() == "offset") {
      POTLUT_ASSIGN_OR_RETURN(where.offset, ParseSize(entry.value(), "offset", what));
    }
    if (entry.key() == "length") {
      POTLUT_ASSIGN_OR_RETURN(where.length, ParseSize(entry.value(), "length", what));
    }
  }
  return where;
}

}  // namespace

Expected<ConstantPtr> ReadTensor(const pb::TensorProto& tensor, const std::string& what,
                                 const std::string& folder, Budget& budget) {
  const int32_t type = tensor.data_type();
  if (!IsFloatType(type) && !IsIntType(type)) {
    return Unsupported(what, ": holds ", TypeName(type),
                       "; potlut reads float, float16, bfloat16, double, integer and bool "
                       "tensors: export the network in float32");
  }
  if (tensor.has_segment()) return Unsupported(what, ": is stored in segments");
  auto out = std::make_shared<Constant>();
  out->type = type;
  out->source = what;
  out->dims.assign(tensor.dims().begin(), tensor.dims().end());
  if (out->dims.size() > 16) return BadInput(what, ": has ", out->dims.size(), " dimensions");
  const Expected<int64_t> count = ElementCount(out->dims);
  if (!count.ok()) return BadInput(what, ": ", count.error().message);
  const auto bytes = CheckedMul(*count, static_cast<int64_t>(BytesPerElement(type)));
  if (!bytes) return BadInput(what, ": is too large to count");

  const int64_t typed = TypedCount(tensor);
  if (tensor.data_location() == pb::TensorProto::EXTERNAL) {
    if (tensor.has_raw_data() || typed != 0) {
      return BadInput(what, ": holds data and says that it lies in another file");
    }
    POTLUT_ASSIGN_OR_RETURN(const ExternalLocation where, Location(tensor, what));
    POTLUT_RETURN_IF_ERROR(budget.Take(*count, what));
    Expected<std::vector<uint8_t>> data = ReadExternal(folder, where, *bytes);
    if (!data.ok()) return Error{data.error().code, Cat(what, ": ", data.error().message)};
    DecodeRaw(*data, *out);
    return ConstantPtr(out);
  }
  if (tensor.has_raw_data() && typed != 0) return BadInput(what, ": holds its data twice");
  const int64_t held =
      tensor.has_raw_data() ? static_cast<int64_t>(tensor.raw_data().size()) : typed;
  const int64_t needed = tensor.has_raw_data() ? *bytes : *count;
  if (held != needed) {
    return BadInput(what, ": shape ", DimsText(out->dims), " of ", TypeName(type), " needs ",
                    needed, tensor.has_raw_data() ? " bytes" : " elements", ", ", held,
                    " are there");
  }
  POTLUT_RETURN_IF_ERROR(budget.Take(*count, what));
  if (tensor.has_raw_data()) {
    DecodeRaw(
        {reinterpret_cast<const uint8_t*>(tensor.raw_data().data()), tensor.raw_data().size()},
        *out);
  } else {
    DecodeTyped(tensor, *out);
  }
  return ConstantPtr(out);
}

}  // namespace potlut::onnx
