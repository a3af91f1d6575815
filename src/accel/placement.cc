// First fit over the nodes in order.
#include "accel/placement.h"

#include <algorithm>

#include "base/text.h"

namespace potlut::accel {
namespace {

struct Taken {
  int64_t base, words;
  size_t last;  // node that reads it last
};

}  // namespace

int32_t PixelWords(const Tensor& tensor) {
  const int32_t in_word = tensor.type.wide() ? 4 : kLaneInputs;
  return (tensor.dims.c + in_word - 1) / in_word;
}

Expected<std::vector<Place>> PlaceTensors(const Program& program,
                                          const std::vector<NodeFate>& fates,
                                          const Geometry& geometry) {
  const size_t tensors = program.tensors.size(), nodes = program.nodes.size();
  const auto index = [](int32_t t) { return static_cast<size_t>(t); };
  // An alias lives in what it stands for.
  std::vector<size_t> root(tensors);
  for (size_t t = 0; t < tensors; ++t) root[t] = t;
  std::vector<size_t> last(tensors, 0);
  for (size_t n = 0; n < nodes; ++n) {
    const Node& node = program.nodes[n];
    if (fates[n].alias) root[index(node.output)] = root[index(node.inputs[0])];
    last[root[index(node.output)]] = std::max(last[root[index(node.output)]], n);
    for (const int32_t t : node.inputs) last[root[index(t)]] = n;
  }
  for (const int32_t t : program.outputs) last[root[index(t)]] = nodes;

  std::vector<Place> places(tensors);
  std::vector<Taken> taken;  // by base
  const auto place = [&](int32_t t, size_t node) -> Status {
    const Tensor& tensor = program.tensors[index(t)];
    Place& p = places[index(t)];
    p.column_words = PixelWords(tensor);
    const int64_t row = int64_t{tensor.dims.w} * p.column_words;
    const int64_t words = row * tensor.dims.h;
    int64_t base = 0;
    auto before = taken.begin();
    for (; before != taken.end() && base + words > before->base; ++before)
      base = before->base + before->words;
    if (base + words > geometry.activation_words || row > 65535) {
      return ResourceLimit("tensor '", tensor.name, "' of ", tensor.dims.h, "x", tensor.dims.w, "x",
                           tensor.dims.c, ": ", words, " words of 16 bytes do not fit beside ",
                           taken.size(), " others in the accelerator's ",
                           geometry.activation_words);
    }
    p.base = static_cast<int32_t>(base);
    p.row_words = static_cast<int32_t>(row);
    taken.insert(before, {base, words, std::max(last[index(t)], node)});
    return {};
  };
  const auto release = [&](size_t node) {
    taken.erase(
        std::remove_if(taken.begin(), taken.end(), [&](const Taken& t) { return t.last <= node; }),
        taken.end());
  };

  POTLUT_RETURN_IF_ERROR(place(program.input, 0));
  for (size_t n = 0; n < nodes; ++n) {
    const Node& node = program.nodes[n];
    if (fates[n].alias) {
      const Tensor& tensor = program.tensors[index(node.output)];
      Place& p = places[index(node.output)];
      p.base = places[index(node.inputs[0])].base;
      p.column_words = PixelWords(tensor);
      p.row_words = tensor.dims.w * p.column_words;
    } else if (fates[n].done_by < 0) {
      // A fused convolution writes the sum.
      const int32_t sum = fates[n].fused_into;
      const int32_t out = sum >= 0 ? program.nodes[index(sum)].output : node.output;
      if (const Status status = place(out, n); !status.ok()) {
        return Error{status.code(), Cat("node '", node.name, "': ", status.message())};
      }
    }
    release(n);
  }
  return places;
}

}  // namespace potlut::accel
