// Constant tensors: types, sizes and the budget.
#include "onnx/constant.h"

#include "base/checked.h"
#include "base/text.h"
#include "onnx/proto.h"

namespace potlut::onnx {

bool IsFloatType(int32_t type) {
  return type == pb::TensorProto::FLOAT || type == pb::TensorProto::DOUBLE ||
         type == pb::TensorProto::FLOAT16 || type == pb::TensorProto::BFLOAT16;
}

bool IsIntType(int32_t type) {
  switch (type) {
    case pb::TensorProto::UINT8:
    case pb::TensorProto::INT8:
    case pb::TensorProto::UINT16:
    case pb::TensorProto::INT16:
    case pb::TensorProto::UINT32:
    case pb::TensorProto::INT32:
    case pb::TensorProto::UINT64:
    case pb::TensorProto::INT64:
    case pb::TensorProto::BOOL:
      return true;
    default:
      return false;
  }
}

bool Constant::is_float() const { return IsFloatType(type); }

std::string TypeName(int32_t type) {
  if (pb::TensorProto::DataType_IsValid(type)) {
    return pb::TensorProto::DataType_Name(static_cast<pb::TensorProto::DataType>(type));
  }
  return Cat("type ", type);
}

std::string DimsText(const std::vector<int64_t>& dims) {
  std::string out = "[";
  for (size_t i = 0; i < dims.size() && i < 8; ++i) {
    AppendTo(out, i == 0 ? "" : ", ");
    AppendTo(out, dims[i]);
  }
  if (dims.size() > 8) AppendTo(out, ", ...");
  return out + "]";
}

Expected<int64_t> ElementCount(const std::vector<int64_t>& dims) {
  constexpr int64_t kMost = int64_t{1} << 62;
  int64_t count = 1;
  bool zero = false;
  for (const int64_t dim : dims) {
    if (dim < 0) return BadInput("shape ", DimsText(dims), " has a negative dimension");
    if (dim == 0) {
      zero = true;
      continue;
    }
    const auto product = CheckedMul(count, dim);
    if (!product || *product > kMost) {
      return BadInput("shape ", DimsText(dims), " has more elements than can be counted");
    }
    count = *product;
  }
  return zero ? 0 : count;
}

Status Budget::Take(int64_t elements, std::string_view what) {
  if (elements > left_) {
    return ResourceLimit(what, ": ", elements, " more constant elements, only ", left_,
                         " are left of the limit; raise ImportOptions::max_elements if the model "
                         "is really that large");
  }
  left_ -= elements;
  return {};
}

ConstantPtr MakeInts(std::vector<int64_t> dims, std::vector<int64_t> values) {
  auto constant = std::make_shared<Constant>();
  constant->type = pb::TensorProto::INT64;
  constant->dims = std::move(dims);
  constant->ints = std::move(values);
  return constant;
}

ConstantPtr MakeFloats(std::vector<int64_t> dims, std::vector<float> values) {
  auto constant = std::make_shared<Constant>();
  constant->type = pb::TensorProto::FLOAT;
  constant->dims = std::move(dims);
  constant->floats = std::move(values);
  return constant;
}

}  // namespace potlut::onnx
