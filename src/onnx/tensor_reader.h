// TensorProto to Constant: raw, typed and external data of all number types.
#pragma once

#include <span>
#include <string>

#include "onnx/constant.h"
#include "onnx/proto.h"

namespace potlut::onnx {

// Decodes `tensor`, taking its elements from `budget`. `what` names it in messages, `folder` is
// where external data may lie (empty: nowhere). Errors: kBadInput where the data does not match
// type and shape, kUnsupported for types that hold no plain numbers, kResourceLimit.
Expected<ConstantPtr> ReadTensor(const pb::TensorProto& tensor, const std::string& what,
                                 const std::string& folder, Budget& budget);

// The float that these 16 bits mean (IEEE binary16; bfloat16).
float HalfToFloat(uint16_t bits);
float Bfloat16ToFloat(uint16_t bits);

}  // namespace potlut::onnx
