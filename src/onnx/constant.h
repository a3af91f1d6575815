// Constant tensors: what initialisers, Constant nodes and folded expressions hold.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace potlut::onnx {

struct Constant {
  int32_t type = 1;           // TensorProto::DataType that ONNX sees
  std::vector<int64_t> dims;  // empty: a scalar
  std::vector<float> floats;  // values of FLOAT, DOUBLE, FLOAT16 and BFLOAT16, row major
  std::vector<int64_t> ints;  // values of integer types and BOOL (0, 1), row major
  std::string source;         // the name it has in the model, for messages

  bool is_float() const;
  int64_t count() const { return static_cast<int64_t>(is_float() ? floats.size() : ints.size()); }
  double At(int64_t i) const {
    return is_float() ? double{floats[static_cast<size_t>(i)]}
                      : static_cast<double>(ints[static_cast<size_t>(i)]);
  }
};
using ConstantPtr = std::shared_ptr<const Constant>;

bool IsFloatType(int32_t type);                          // FLOAT, DOUBLE, FLOAT16, BFLOAT16
bool IsIntType(int32_t type);                            // INT8 ... UINT64, BOOL
std::string TypeName(int32_t type);                      // "FLOAT16", "type 17"
std::string DimsText(const std::vector<int64_t>& dims);  // "[1, 3, 3, 3]"

// The product of `dims`. Errors: kBadInput on a negative dimension or a product past 2^62.
Expected<int64_t> ElementCount(const std::vector<int64_t>& dims);

// What constants may still take; every allocation of constant values asks here first.
class Budget {
 public:
  explicit Budget(int64_t elements) : left_(elements) {}
  // Errors: kResourceLimit, naming `what`.
  Status Take(int64_t elements, std::string_view what);
  void Give(int64_t elements) { left_ += elements; }

 private:
  int64_t left_;
};

// Makes constants of computed values.
ConstantPtr MakeInts(std::vector<int64_t> dims, std::vector<int64_t> values);
ConstantPtr MakeFloats(std::vector<int64_t> dims, std::vector<float> values);

}  // namespace potlut::onnx
