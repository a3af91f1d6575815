// One ONNX node as the operators see it.
#include "onnx/node_view.h"

#include <set>

namespace potlut::onnx {
namespace {

// The letter of CheckAttributes for what an attribute holds. Files of IR version 1 leave the type
// out.
char KindOf(const pb::AttributeProto& attribute) {
  using A = pb::AttributeProto;
  switch (attribute.type()) {
    case A::FLOAT:
      return 'f';
    case A::INT:
      return 'i';
    case A::STRING:
      return 's';
    case A::TENSOR:
      return 't';
    case A::SPARSE_TENSOR:
      return 'p';
    case A::FLOATS:
      return 'F';
    case A::INTS:
      return 'I';
    case A::STRINGS:
      return 'S';
    case A::GRAPH:
    case A::GRAPHS:
      return 'g';
    case A::UNDEFINED:
      break;
    default:
      return '?';
  }
  if (attribute.has_i()) return 'i';
  if (attribute.has_f()) return 'f';
  if (attribute.has_s()) return 's';
  if (attribute.has_t()) return 't';
  if (attribute.floats_size() > 0) return 'F';
  if (attribute.strings_size() > 0) return 'S';
  return 'I';
}

std::string_view KindName(char kind) {
  switch (kind) {
    case 'i':
      return "an integer";
    case 'I':
      return "a list of integers";
    case 'f':
      return "a float";
    case 'F':
      return "a list of floats";
    case 's':
      return "a string";
    case 'S':
      return "a list of strings";
    case 't':
      return "a tensor";
    case 'p':
      return "a sparse tensor";
    case 'g':
      return "a graph";
    default:
      return "something else";
  }
}

// The kind letter that `known` gives to `name`, or 0.
char KnownKind(std::string_view known, std::string_view name) {
  while (!known.empty()) {
    const std::string_view entry = known.substr(0, known.find(' '));
    known.remove_prefix(std::min(known.size(), entry.size() + 1));
    if (entry.size() == name.size() + 2 && entry.substr(0, name.size()) == name) {
      return entry.back();
    }
  }
  return 0;
}

}  // namespace

Status NodeView::CheckAttributes(std::string_view known) const {
  std::set<std::string_view> seen;
  for (const pb::AttributeProto& attribute : proto_.attribute()) {
    const std::string shown = Printable(attribute.name());
    if (!seen.insert(attribute.name()).second) {
      return Bad("attribute '", shown, "' is given twice");
    }
    const char wanted = KnownKind(known, attribute.name());
    const char kind = KindOf(attribute);
    if (kind == 'g') {
      return Refuse("attribute '", shown,
                    "' is a graph: control flow is not supported; export "
                    "without it (fixed input size, no data dependent branches)");
    }
    if (wanted == 0) {
      return Refuse("attribute '", shown,
                    "' is not known for this operator up to opset 21; "
                    "export with standard operators");
    }
    if (!attribute.ref_attr_name().empty()) {
      return Refuse("attribute '", shown,
                    "' refers to a function's attribute; inline the model's "
                    "functions first");
    }
    if (kind != wanted) {
      return Bad("attribute '", shown, "' is ", KindName(kind), ", not ", KindName(wanted));
    }
  }
  return {};
}

const pb::AttributeProto* NodeView::Find(std::string_view attribute) const {
  for (const pb::AttributeProto& a : proto_.attribute()) {
    if (a.name() == attribute) return &a;
  }
  return nullptr;
}

int64_t NodeView::Int(std::string_view attribute, int64_t otherwise) const {
  const pb::AttributeProto* a = Find(attribute);
  return a != nullptr ? a->i() : otherwise;
}

float NodeView::Float(std::string_view attribute, float otherwise) const {
  const pb::AttributeProto* a = Find(attribute);
  return a != nullptr ? a->f() : otherwise;
}

std::string NodeView::String(std::string_view attribute, std::string_view otherwise) const {
  const pb::AttributeProto* a = Find(attribute);
  return a != nullptr ? a->s() : std::string(otherwise);
}

std::vector<int64_t> NodeView::Ints(std::string_view attribute) const {
  const pb::AttributeProto* a = Find(attribute);
  if (a == nullptr) return {};
  return {a->ints().begin(), a->ints().end()};
}

std::vector<float> NodeView::Floats(std::string_view attribute) const {
  const pb::AttributeProto* a = Find(attribute);
  if (a == nullptr) return {};
  return {a->floats().begin(), a->floats().end()};
}

const pb::TensorProto& NodeView::TensorAttribute(std::string_view attribute) const {
  const pb::AttributeProto* a = Find(attribute);
  return a != nullptr ? a->t() : pb::TensorProto::default_instance();
}

Expected<Tensor> NodeView::Activation(size_t i, std::string_view role) const {
  if (!HasInput(i)) return Bad("input ", i, " (", role, ") is missing");
  if (const auto* tensor = std::get_if<Tensor>(inputs_[i])) return *tensor;
  return Refuse("its ", role,
                " is a constant; only values that depend on the network's input are "
                "supported there");
}

Expected<ConstantPtr> NodeView::ConstantInput(size_t i, std::string_view role) const {
  if (!HasInput(i)) return Bad("input ", i, " (", role, ") is missing");
  if (const auto* constant = std::get_if<ConstantPtr>(inputs_[i])) return *constant;
  return Refuse("its ", role, " (input ", i,
                ") is computed from the network's input; only a "
                "constant is supported: export with fixed shapes and constant folding");
}

Expected<ConstantPtr> NodeView::OptionalConstant(size_t i, std::string_view role) const {
  if (!HasInput(i)) return ConstantPtr();
  return ConstantInput(i, role);
}

Expected<std::vector<int64_t>> NodeView::IntsInput(size_t i, std::string_view role) const {
  POTLUT_ASSIGN_OR_RETURN(const ConstantPtr constant, ConstantInput(i, role));
  if (constant->is_float() || constant->dims.size() > 1) {
    return Bad("its ", role, " must be a list of integers, not ", TypeName(constant->type), " ",
               DimsText(constant->dims));
  }
  return constant->ints;
}

bool NodeView::AllConstant() const {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i] != nullptr && !IsConstant(i)) return false;
  }
  return true;
}

Expected<size_t> CheckedAxis(const NodeView& node, int64_t axis, size_t rank) {
  const auto signed_rank = static_cast<int64_t>(rank);
  if (axis < -signed_rank || axis >= signed_rank) {
    return node.Bad("axis ", axis, " is outside a tensor of ", rank, " dimensions");
  }
  return static_cast<size_t>(axis < 0 ? axis + signed_rank : axis);
}

}  // namespace potlut::onnx
