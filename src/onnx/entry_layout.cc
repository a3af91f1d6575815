// Tells whether a network's image comes as [N, H, W, C].
#include "onnx/entry_layout.h"

#include <algorithm>
#include <set>

namespace potlut::onnx {
namespace {

bool IsElementwise(const std::string& op) {
  static constexpr std::string_view kNames[] = {"Identity", "Cast", "Add", "Sub",    "Mul",
                                                "Div",      "Clip", "Neg", "Dropout"};
  return std::find(std::begin(kNames), std::end(kNames), op) != std::end(kNames);
}

bool IsToChannelsFirst(const pb::NodeProto& node) {
  for (const pb::AttributeProto& attribute : node.attribute()) {
    if (attribute.name() != "perm") continue;
    const std::vector<int64_t> perm(attribute.ints().begin(), attribute.ints().end());
    return perm == std::vector<int64_t>{0, 3, 1, 2};
  }
  return false;
}

}  // namespace

bool IsChannelsLast(const EntryQuery& query) {
  const std::vector<int64_t>& dims = query.dims;
  bool found = false;
  std::set<std::string> seen{query.input};
  std::vector<std::string> open{query.input};
  while (!open.empty()) {
    const std::string name = open.back();
    open.pop_back();
    for (const pb::NodeProto* node : query.readers(name)) {
      const std::string& op = node->op_type();
      if (IsElementwise(op) && node->output_size() > 0) {
        if (seen.insert(node->output(0)).second) open.push_back(node->output(0));
      } else if (op == "Transpose" && IsToChannelsFirst(*node)) {
        found = true;
      } else if (op == "Reshape" && dims[3] == 1 && node->input_size() == 2) {
        const std::vector<int64_t> target = query.integers(node->input(1));
        if (target.size() != 4 || target[1] != 1 || target[2] != dims[1] || target[3] != dims[2]) {
          return false;
        }
        found = true;  // one channel: moving its axis is a reshape
      } else if (op != "Shape") {
        return false;
      }
    }
  }
  return found;
}

}  // namespace potlut::onnx
