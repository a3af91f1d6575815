// Samples from the layers of a quantised network.
#include "workload.h"

#include <algorithm>
#include <fstream>
#include <random>

#include "pack/plut.h"
#include "program/reference.h"

namespace potlut::rtl {
namespace {

// CIFAR-10's binary layout: a label, then three planes.
std::vector<uint8_t> FirstImage(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> record(1 + 3072);
  if (!file.read(record.data(), static_cast<std::streamsize>(record.size()))) return {};
  std::vector<uint8_t> image(3072);
  for (int p = 0; p < 1024; ++p)
    for (int c = 0; c < 3; ++c) image[p * 3 + c] = static_cast<uint8_t>(record[1 + c * 1024 + p]);
  return image;
}

WorkSet Sample(const ConvOp& conv, Dims in, const TensorData& input, int vectors,
               std::mt19937& random) {
  WorkSet set;
  set.pairs = conv.alphabet.is_pair();
  const auto& levels = conv.alphabet.levels;
  for (int c = 0; c < conv.alphabet.codes(); ++c)
    set.levels.push_back(set.pairs ? std::pair<int, int>(levels[2 * c], levels[2 * c + 1])
                                   : std::pair<int, int>(levels[c], 0));
  const int rows = std::max(1, kLanes / in.w);  // strips of a narrow map
  const int row = static_cast<int>(random() % static_cast<unsigned>(in.h - rows + 1));
  const int column = in.w > kLanes ? static_cast<int>(random() % (in.w - kLanes)) : 0;
  const int chunk = static_cast<int>(random() % (in.c / kInputs)) * kInputs;
  for (int n = 0; n < kLanes; ++n)
    for (int k = 0; k < kInputs; ++k) {
      const int y = row + (in.w >= kLanes ? 0 : n / in.w);
      const int x = in.w >= kLanes ? column + n : n % in.w;
      set.act.push_back(input[(static_cast<size_t>(y) * in.w + x) * in.c + chunk + k]);
    }
  const int outputs = static_cast<int>(conv.bias.size());
  const int kh = conv.window.kernel_h, kw = conv.window.kernel_w;
  set.uses = outputs * kh * kw;
  const int fields = set.pairs ? kInputs / 2 : kInputs;
  const int stride = set.pairs ? (in.c + 1) / 2 : in.c, from = set.pairs ? chunk / 2 : chunk;
  const int first = static_cast<int>(random() % static_cast<unsigned>(outputs));
  for (int t = 0; t < vectors; ++t) {
    const int kx = kw - 1 - t % kw, ky = t / kw % kh, o = (first + t / (kw * kh)) % outputs;
    std::vector<int> codes;
    for (int k = 0; k < fields; ++k)
      codes.push_back(
          conv.codes[((static_cast<size_t>(o) * kh + ky) * kw + kx) * stride + from + k]);
    set.codes.push_back(codes);
  }
  return set;
}

}  // namespace

std::string MakeWorkload(const std::string& model, const std::string& images, int vectors,
                         Workload* workload) {
  const Expected<Program> loaded = LoadProgram(model);
  if (!loaded.ok()) return loaded.status().message();
  const Program& program = loaded.value();
  const std::vector<uint8_t> image = FirstImage(images);
  if (image.empty()) return images + ": no CIFAR-10 images";
  const auto tensors = ReferenceRun(program, image);
  if (!tensors.ok()) return tensors.status().message();
  std::mt19937 random(7);
  std::vector<const Node*> layers;
  double work = 0, fills = 0;
  for (const Node& node : program.nodes) {
    const auto* conv = std::get_if<ConvOp>(&node.op);
    if (conv == nullptr || conv->window.kernel_h != 3) continue;
    const Tensor& in = program.tensors[node.inputs[0]];
    if (in.dims.c % kInputs != 0 || in.type.is_signed) continue;
    layers.push_back(&node);
    const auto macs = static_cast<double>(CostOf(program, node).macs);
    work += macs;
    fills += macs / (static_cast<double>(conv->bias.size()) * 9);
  }
  if (layers.size() < 6) return model + ": has fewer than six 3x3 layers to sample";
  workload->mean_inverse_uses = fills / work;
  for (size_t i = 0; i < 6; ++i) {
    const Node& node = *layers[(2 * i + 1) * layers.size() / 12];
    workload->sets.push_back(Sample(std::get<ConvOp>(node.op), program.tensors[node.inputs[0]].dims,
                                    tensors.value()[node.inputs[0]], vectors, random));
  }
  return "";
}

}  // namespace potlut::rtl
