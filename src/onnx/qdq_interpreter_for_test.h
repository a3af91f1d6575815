// Computes an exported QDQ network as the ONNX specification words it, in double precision.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "onnx/proto.h"

namespace potlut::onnx {

struct QdqValue {
  std::vector<int64_t> dims;
  std::vector<double> data;
};

// Runs a model of one input; returns every value by name. `seen` is called with each value as it
// is computed and may change it. A network with an operator that the export does not write fails
// the test.
std::map<std::string, QdqValue> RunQdq(
    const pb::ModelProto& model, const QdqValue& input,
    const std::function<void(const std::string& name, QdqValue& value)>& seen);

}  // namespace potlut::onnx
