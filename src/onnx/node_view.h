// One ONNX node as the operators see it: checked attributes, inputs by position, errors that say
// where.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "onnx/proto.h"
#include "onnx/value.h"

namespace potlut::onnx {

class NodeView {
 public:
  // `inputs` may hold null for inputs left out; `outputs_used` says which outputs anything reads.
  NodeView(const pb::NodeProto& proto, std::string name, int opset,
           std::vector<const Value*> inputs, std::vector<bool> outputs_used)
      : proto_(proto),
        name_(std::move(name)),
        opset_(opset),
        inputs_(std::move(inputs)),
        outputs_used_(std::move(outputs_used)) {}

  const std::string& name() const { return name_; }
  const std::string& op() const { return proto_.op_type(); }
  int opset() const { return opset_; }

  // Checks the attributes against `known`, a list such as "axis:i pads:I" (i int, I ints, f float,
  // F floats, s string, S strings, t tensor, p sparse tensor), so that the getters below cannot
  // meet another type.
  Status CheckAttributes(std::string_view known) const;

  bool Has(std::string_view attribute) const { return Find(attribute) != nullptr; }
  int64_t Int(std::string_view attribute, int64_t otherwise) const;
  float Float(std::string_view attribute, float otherwise) const;
  std::string String(std::string_view attribute, std::string_view otherwise) const;
  std::vector<int64_t> Ints(std::string_view attribute) const;  // empty where it is missing
  std::vector<float> Floats(std::string_view attribute) const;
  const pb::TensorProto& TensorAttribute(std::string_view attribute) const;

  size_t input_count() const { return inputs_.size(); }
  bool HasInput(size_t i) const { return i < inputs_.size() && inputs_[i] != nullptr; }
  // The input as an activation or a constant. Errors: kUnsupported where it is the other, kBadInput
  // where it is missing. `role` is what the operator calls it.
  Expected<Tensor> Activation(size_t i, std::string_view role) const;
  Expected<ConstantPtr> ConstantInput(size_t i, std::string_view role) const;
  // The same, null where the input was left out.
  Expected<ConstantPtr> OptionalConstant(size_t i, std::string_view role) const;
  // A constant list of integers (shape, axes, pads).
  Expected<std::vector<int64_t>> IntsInput(size_t i, std::string_view role) const;
  bool IsConstant(size_t i) const {
    return HasInput(i) && std::holds_alternative<ConstantPtr>(*inputs_[i]);
  }
  bool AllConstant() const;

  size_t output_count() const { return outputs_used_.size(); }
  bool OutputUsed(size_t i) const { return i < outputs_used_.size() && outputs_used_[i]; }

  // Errors that begin with the node and its operator.
  template <typename... Parts>
  Error Bad(const Parts&... parts) const {
    return BadInput(Where(), parts...);
  }
  template <typename... Parts>
  Error Refuse(const Parts&... parts) const {
    return Unsupported(Where(), parts...);
  }
  Error At(const Error& error) const { return {error.code, Cat(Where(), error.message)}; }

 private:
  const pb::AttributeProto* Find(std::string_view attribute) const;
  std::string Where() const { return Cat("node '", name_, "' (", Printable(op()), "): "); }

  const pb::NodeProto& proto_;
  std::string name_;
  int opset_;
  std::vector<const Value*> inputs_;
  std::vector<bool> outputs_used_;
};

// An axis of a tensor of this rank, negative ones counted from the end. Errors: kBadInput.
Expected<size_t> CheckedAxis(const NodeView& node, int64_t axis, size_t rank);

}  // namespace potlut::onnx
