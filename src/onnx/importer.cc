// ONNX graph to float graph.
#include "onnx/importer.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <queue>

#include "onnx/entry_layout.h"
#include "onnx/operator_table.h"
#include "onnx/tensor_reader.h"

namespace potlut::onnx {

Importer::Importer(Model model, std::string folder, const ImportOptions& options)
    : model_(std::move(model)),
      source_(*model_.proto->mutable_graph()),
      builder_(std::move(folder), options.max_elements) {}

Expected<graph::Graph> Importer::Run() {
  POTLUT_RETURN_IF_ERROR(IndexNames());
  POTLUT_RETURN_IF_ERROR(FindLive());
  POTLUT_ASSIGN_OR_RETURN(const std::vector<int32_t> order, Order());
  POTLUT_RETURN_IF_ERROR(MakeInput());
  for (const int32_t index : order) {
    POTLUT_RETURN_IF_ERROR(RunNode(index));
  }
  POTLUT_RETURN_IF_ERROR(MakeOutputs());
  Prune();
  SetMetadata();
  POTLUT_RETURN_IF_ERROR(graph::Validate(builder_.graph()));
  return std::move(builder_.graph());
}

std::string Importer::NameOf(int32_t index) const {
  const pb::NodeProto& node = source_.node(index);
  if (!node.name().empty()) return Printable(node.name());
  for (const std::string& output : node.output()) {
    if (!output.empty()) return Printable(output);
  }
  return Printable(Cat(node.op_type(), "_", index));
}

Status Importer::IndexNames() {
  for (int32_t i = 0; i < source_.initializer_size(); ++i) {
    const std::string& name = source_.initializer(i).name();
    if (name.empty() || !initializers_.emplace(name, i).second) {
      return BadInput("initializer '", Printable(name), "' (number ", i,
                      name.empty() ? ") has no name" : ") is there twice");
    }
  }
  for (int32_t i = 0; i < source_.input_size(); ++i) {
    const std::string& name = source_.input(i).name();
    if (initializers_.count(name) != 0) continue;  // IR 3 lists them among the inputs
    if (name.empty() || !inputs_.emplace(name, i).second) {
      return BadInput("graph input '", Printable(name), "' (number ", i,
                      name.empty() ? ") has no name" : ") is there twice");
    }
  }
  for (int32_t i = 0; i < source_.node_size(); ++i) {
    for (int32_t k = 0; k < source_.node(i).output_size(); ++k) {
      const std::string& name = source_.node(i).output(k);
      if (name.empty()) continue;
      if (initializers_.count(name) != 0 || inputs_.count(name) != 0 ||
          !producers_.emplace(name, Producer{i, k}).second) {
        return BadInput("value '", Printable(name), "' is computed by node '", NameOf(i),
                        "' and given a second time elsewhere; names must be unique");
      }
    }
  }
  return {};
}

Status Importer::FindLive() {
  live_.assign(static_cast<size_t>(source_.node_size()), false);
  if (source_.output_size() == 0) return BadInput("the graph has no outputs");
  std::vector<int32_t> open;
  const auto want = [&](const std::string& name) {
    const auto producer = producers_.find(name);
    if (producer == producers_.end()) {
      return initializers_.count(name) != 0 || inputs_.count(name) != 0;
    }
    const int32_t node = producer->second.node;
    if (!live_[static_cast<size_t>(node)]) {
      live_[static_cast<size_t>(node)] = true;
      open.push_back(node);
    }
    return true;
  };
  for (const pb::ValueInfoProto& output : source_.output()) {
    if (!want(output.name())) {
      return BadInput("graph output '", Printable(output.name()), "' is computed by no node");
    }
    readers_.try_emplace(output.name());
  }
  while (!open.empty()) {
    const int32_t index = open.back();
    open.pop_back();
    for (const std::string& name : source_.node(index).input()) {
      if (name.empty()) continue;
      readers_[name].push_back(index);
      if (want(name)) continue;
      for (const pb::SparseTensorProto& sparse : source_.sparse_initializer()) {
        if (sparse.values().name() == name) {
          return Unsupported("node '", NameOf(index), "' reads the sparse tensor '",
                             Printable(name), "'; store it as a dense initializer");
        }
      }
      return BadInput("node '", NameOf(index), "' (", Printable(source_.node(index).op_type()),
                      ") reads '", Printable(name), "', which nothing gives");
    }
  }
  return {};
}

Expected<std::vector<int32_t>> Importer::Order() {
  // Kahn's algorithm; among nodes that could run, the first in the file goes first.
  const auto count = static_cast<size_t>(source_.node_size());
  std::vector<int32_t> waits(count, 0);
  std::vector<std::vector<int32_t>> followers(count);
  std::priority_queue<int32_t, std::vector<int32_t>, std::greater<>> ready;
  for (size_t i = 0; i < count; ++i) {
    if (!live_[i]) continue;
    const auto index = static_cast<int32_t>(i);
    for (const std::string& name : source_.node(index).input()) {
      const auto producer = producers_.find(name);
      if (name.empty() || producer == producers_.end()) continue;
      followers[static_cast<size_t>(producer->second.node)].push_back(index);
      ++waits[i];
    }
    if (waits[i] == 0) ready.push(index);
  }
  std::vector<int32_t> order;
  while (!ready.empty()) {
    const int32_t index = ready.top();
    ready.pop();
    order.push_back(index);
    for (const int32_t follower : followers[static_cast<size_t>(index)]) {
      if (--waits[static_cast<size_t>(follower)] == 0) ready.push(follower);
    }
  }
  for (size_t i = 0; i < count; ++i) {
    if (live_[i] && waits[i] > 0) {
      return BadInput("node '", NameOf(static_cast<int32_t>(i)),
                      "' is part of a cycle, or waits for one: the graph has no order");
    }
  }
  // Names are given in this order: an ONNX node's own name stays its first graph node's.
  node_names_.resize(count);
  for (const int32_t index : order) {
    node_names_[static_cast<size_t>(index)] = builder_.UniqueName(NameOf(index));
  }
  return order;
}

Status Importer::MakeInput() {
  std::vector<std::string> wanted;
  for (const auto& [name, index] : inputs_) {
    if (readers_.count(name) != 0) wanted.push_back(name);
  }
  if (wanted.empty()) return BadInput("no output depends on a graph input");
  if (wanted.size() > 1) {
    return Unsupported("the network reads ", wanted.size(), " inputs ('", Printable(wanted[0]),
                       "', '", Printable(wanted[1]),
                       "', ...); potlut takes networks of one image: make the others constant");
  }
  input_name_ = wanted[0];
  const std::string shown = Printable(input_name_);
  const pb::TypeProto& type = source_.input(inputs_[input_name_]).type();
  if (!type.has_tensor_type()) {
    return Unsupported("input '", shown,
                       "' is no tensor (a sequence or map?); export with a "
                       "tensor input");
  }
  const int32_t element = type.tensor_type().elem_type();
  if (!IsFloatType(element) && !IsIntType(element)) {
    return Unsupported("input '", shown, "' holds ", TypeName(element),
                       "; potlut wants a float image");
  }
  const pb::TensorShapeProto& shape = type.tensor_type().shape();
  if (!type.tensor_type().has_shape() || (shape.dim_size() != 4 && shape.dim_size() != 2)) {
    return Unsupported("input '", shown, "' has ",
                       type.tensor_type().has_shape() ? Cat(shape.dim_size(), " dimensions")
                                                      : std::string("no shape"),
                       "; potlut takes [N, C, H, W], [N, H, W, C] or [N, features]: export with "
                       "such an input");
  }
  std::vector<int64_t> dims;
  for (const pb::TensorShapeProto::Dimension& dim : shape.dim()) {
    dims.push_back(dim.has_dim_value() && dim.dim_value() > 0 ? dim.dim_value() : 0);
  }
  for (size_t i = 1; i < dims.size(); ++i) {
    if (dims[i] == 0 || dims[i] > std::numeric_limits<int32_t>::max()) {
      return Unsupported("input '", shown, "': dimension ", i,
                         dims[i] == 0 ? " has no fixed size" : " is too large",
                         "; export the model with a fixed input size (only the batch may vary)");
    }
  }
  if (dims[0] > std::numeric_limits<int32_t>::max()) {
    return BadInput("input '", shown, "' has a batch of ", dims[0]);
  }
  builder_.set_batch(std::max<int64_t>(dims[0], 1));
  channels_last_ = false;
  graph::Shape out;
  Layout layout;
  if (dims.size() == 2) {
    out.c = static_cast<int32_t>(dims[1]);
    layout = VectorLayout(out.c, builder_.batch());
  } else {
    channels_last_ =
        IsChannelsLast({input_name_, dims,
                        [&](const std::string& name) {
                          std::vector<const pb::NodeProto*> nodes;
                          for (const int32_t index : readers_[name])
                            nodes.push_back(&source_.node(index));
                          return nodes;
                        },
                        [&](const std::string& name) { return StoredIntegers(name); }});
    const size_t c = channels_last_ ? 3 : 1;
    const size_t h = channels_last_ ? 1 : 2;
    out = {static_cast<int32_t>(dims[c]), static_cast<int32_t>(dims[h]),
           static_cast<int32_t>(dims[h + 1])};
    layout = MapLayout(out, builder_.batch());
    if (channels_last_) layout = Transposed(layout, {0, 2, 3, 1});
  }
  graph::Node node;
  node.name = builder_.UniqueName(input_name_);
  node.shape = out;
  POTLUT_ASSIGN_OR_RETURN(const int32_t index, graph::Append(builder_.graph(), std::move(node)));
  values_.emplace(input_name_, Tensor{index, std::move(layout), IsIntType(element)});
  return {};
}

Expected<const Value*> Importer::ValueOf(const std::string& name) {
  if (const auto known = values_.find(name); known != values_.end()) {
    return static_cast<const Value*>(&known->second);
  }
  const auto stored = initializers_.find(name);
  if (stored == initializers_.end()) return BadInput("nothing gives '", Printable(name), "'");
  pb::TensorProto& tensor = *source_.mutable_initializer(stored->second);
  POTLUT_ASSIGN_OR_RETURN(ConstantPtr constant,
                          builder_.ReadStored(tensor, Cat("initializer '", Printable(name), "'")));
  tensor.Clear();
  return static_cast<const Value*>(&values_.emplace(name, std::move(constant)).first->second);
}

std::vector<int64_t> Importer::StoredIntegers(const std::string& name) {
  const pb::TensorProto* tensor = nullptr;
  if (const auto stored = initializers_.find(name); stored != initializers_.end()) {
    tensor = &source_.initializer(stored->second);
  } else if (const auto made = producers_.find(name); made != producers_.end()) {
    for (const pb::AttributeProto& attribute : source_.node(made->second.node).attribute()) {
      if (attribute.name() == "value") tensor = &attribute.t();
      if (attribute.name() == "value_ints") {
        return {attribute.ints().begin(), attribute.ints().end()};
      }
    }
  }
  Budget small(16);
  if (tensor == nullptr) return {};
  const auto constant = ReadTensor(*tensor, name, {}, small);
  return constant.ok() ? (*constant)->ints : std::vector<int64_t>();
}

Status Importer::RunNode(int32_t index) {
  const pb::NodeProto& proto = source_.node(index);
  std::vector<bool> used;
  for (const std::string& name : proto.output()) {
    used.push_back(!name.empty() && readers_.count(name) != 0);
  }
  std::vector<const Value*> inputs;
  for (const std::string& name : proto.input()) {
    const Value* value = nullptr;
    if (!name.empty()) {
      POTLUT_ASSIGN_OR_RETURN(value, ValueOf(name));
    }
    inputs.push_back(value);
  }
  const NodeView node(proto, node_names_[static_cast<size_t>(index)], model_.opset, inputs, used);

  if (!proto.domain().empty() && proto.domain() != "ai.onnx") {
    return node.Refuse("the operator is of the domain '", Printable(proto.domain()),
                       "'; only standard ONNX operators are supported: export without custom "
                       "operators and functions, before any runtime's own optimiser");
  }
  const OperatorRow* row = FindOperator(proto.op_type());
  if (row == nullptr) {
    return node.Refuse("the operator is not supported; ", RemedyFor(proto.op_type()));
  }
  if (model_.opset < row->info.min_opset || model_.opset > row->info.max_opset) {
    return node.Bad("the operator exists in opsets ", row->info.min_opset, " to ",
                    row->info.max_opset, ", the model is of opset ", model_.opset);
  }
  const auto given = static_cast<int>(proto.input_size());
  if (given < row->min_inputs || (row->max_inputs >= 0 && given > row->max_inputs)) {
    return node.Bad("has ", given, " inputs; the operator takes ", row->min_inputs,
                    row->max_inputs < 0 ? std::string(" or more") : Cat(" to ", row->max_inputs));
  }
  if (proto.output_size() < 1 ||
      (row->max_outputs >= 0 && proto.output_size() > row->max_outputs)) {
    return node.Bad("has ", proto.output_size(), " outputs");
  }
  POTLUT_RETURN_IF_ERROR(node.CheckAttributes(row->attributes));
  const bool constant = node.AllConstant();
  const Handler handler = constant ? row->on_constants : row->on_values;
  if (handler == nullptr) {
    return constant ? node.Refuse(
                          "all its inputs are constants; potlut does not compute this "
                          "operator ahead of time: export with constant folding")
                    : node.Refuse(
                          "is supported on constants only (shape arithmetic), but reads "
                          "what depends on the network's input");
  }
  for (const Value* value : inputs) {
    const auto* tensor = value != nullptr ? std::get_if<Tensor>(value) : nullptr;
    if (tensor != nullptr && tensor->integral && !row->moves_integers) {
      return node.Refuse(
          "computes on integers (of an ArgMax or an integer input); cast them to "
          "float before");
    }
  }
  POTLUT_ASSIGN_OR_RETURN(std::vector<Value> outputs, handler(builder_, node));
  for (size_t i = 0; i < used.size(); ++i) {
    if (!used[i]) continue;
    if (i >= outputs.size()) {
      return node.Refuse("its output ", i, " ('", Printable(proto.output(static_cast<int>(i))),
                         "') is used; only the first ", outputs.size(), " is supported");
    }
    values_.emplace(proto.output(static_cast<int>(i)), std::move(outputs[i]));
  }
  return {};
}

Status Importer::MakeOutputs() {
  pb::NodeProto proto;
  proto.set_op_type("graph output");
  for (const pb::ValueInfoProto& output : source_.output()) {
    POTLUT_ASSIGN_OR_RETURN(const Value* value, ValueOf(output.name()));
    const NodeView node(proto, Printable(output.name()), model_.opset, {value}, {true});
    if (node.IsConstant(0)) {
      return node.Refuse("does not depend on the network's input; remove this output");
    }
    POTLUT_ASSIGN_OR_RETURN(const Tensor tensor, node.Activation(0, "value"));
    POTLUT_ASSIGN_OR_RETURN(const Tensor arranged, builder_.Arranged(node, tensor));
    if (arranged.layout.axes.empty() || !IsBatch(arranged.layout.axes[0])) {
      return node.Refuse("has the axes ", arranged.layout.Text(),
                         "; axis 0 must be the batch: transpose it back");
    }
    builder_.graph().outputs.push_back(arranged.node);
  }
  return {};
}

void Importer::Prune() {
  graph::Graph& graph = builder_.graph();
  std::vector<bool> needed(graph.nodes.size(), false);
  needed[0] = true;
  for (const int32_t output : graph.outputs) needed[static_cast<size_t>(output)] = true;
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    if (!needed[i]) continue;
    for (const int32_t input : graph.nodes[i].inputs) needed[static_cast<size_t>(input)] = true;
  }
  std::vector<int32_t> renumbered(graph.nodes.size(), -1);
  std::vector<graph::Node> kept;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!needed[i]) continue;
    renumbered[i] = static_cast<int32_t>(kept.size());
    kept.push_back(std::move(graph.nodes[i]));
    for (int32_t& input : kept.back().inputs) input = renumbered[static_cast<size_t>(input)];
  }
  graph.nodes = std::move(kept);
  for (int32_t& output : graph.outputs) output = renumbered[static_cast<size_t>(output)];
}

void Importer::SetMetadata() {
  std::map<std::string, std::string>& metadata = builder_.graph().metadata;
  const pb::ModelProto& model = *model_.proto;
  const std::string version =
      model.producer_version().empty() ? "" : Cat(" ", model.producer_version());
  metadata["source.format"] = "onnx";
  metadata["source.name"] = Printable(source_.name());
  metadata["source.producer"] = Printable(Cat(model.producer_name(), version));
  metadata["source.opset"] = Cat(model_.opset);
  metadata["source.ir_version"] = Cat(model.ir_version());
  metadata["source.input"] = Printable(input_name_);
  metadata["source.input_axes"] = channels_last_ ? "NHWC" : "NCHW";
  for (int32_t i = 0; i < source_.output_size(); ++i) {
    metadata[Cat("source.output.", i)] = Printable(source_.output(i).name());
  }
}

}  // namespace potlut::onnx
