// Deterministic: a counter and a mixer make the noise.
#include "train/test_data.h"

#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "base/text.h"

namespace potlut::train {
namespace {

// SplitMix64.
uint64_t Mix(uint64_t x) {
  x += 0x9E3779B97F4A7C15U;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31);
}

std::vector<float> Weights(size_t count, float reach, uint64_t seed) {
  std::vector<float> w(count);
  for (size_t i = 0; i < count; ++i) {
    const auto unit = static_cast<float>(Mix(seed * 1000003 + i) >> 40) / 16777216.0F;
    w[i] = reach * (2 * unit - 1);
  }
  return w;
}

int32_t Add(graph::Graph& g, const std::string& name, graph::Op op, std::vector<int32_t> inputs) {
  graph::Node node;
  node.name = name;
  node.op = std::move(op);
  node.inputs = std::move(inputs);
  return graph::Append(g, std::move(node)).value();
}

int32_t AddConv(graph::Graph& g, const std::string& name, int32_t from, int32_t out, int32_t kernel,
                int32_t stride, bool bias, uint64_t seed) {
  const int32_t in = g.nodes[static_cast<size_t>(from)].shape.c;
  graph::Conv conv;
  conv.window.kernel_h = conv.window.kernel_w = kernel;
  conv.window.stride_h = conv.window.stride_w = stride;
  const int32_t pad = kernel / 2;
  conv.window.pad_top = conv.window.pad_left = conv.window.pad_bottom = conv.window.pad_right = pad;
  conv.out_channels = out;
  const auto fan = static_cast<size_t>(kernel) * static_cast<size_t>(kernel * in);
  conv.weights =
      Weights(static_cast<size_t>(out) * fan, std::sqrt(6.0F / static_cast<float>(fan)), seed);
  if (bias) conv.bias.assign(static_cast<size_t>(out), 0.0F);
  return Add(g, name, std::move(conv), {from});
}

}  // namespace

ColourSource::ColourSource(int64_t count, int32_t side, int32_t classes, uint64_t seed)
    : side_(side) {
  for (int32_t k = 0; k < classes; ++k) names_.push_back(Cat("class", k));
  const int64_t bytes = int64_t{side} * side * 3;
  for (int64_t i = 0; i < count; ++i) {
    const auto label =
        static_cast<int32_t>(Mix(seed + static_cast<uint64_t>(i)) % static_cast<uint64_t>(classes));
    labels_.push_back(label);
    for (int64_t k = 0; k < bytes; ++k) {
      const uint64_t colour =
          Mix(static_cast<uint64_t>(label) * 3 + static_cast<uint64_t>(k % 3)) % 128;
      const uint64_t noise =
          Mix((seed + static_cast<uint64_t>(i)) * 7919 + static_cast<uint64_t>(k)) % 128;
      pixels_.push_back(static_cast<uint8_t>(colour + noise));
    }
  }
}

std::optional<data::ImageView> ColourSource::View(int64_t index) const {
  data::ImageView view;
  view.h = view.w = side_;
  view.c = 3;
  view.pixels = pixels_.data() + index * side_ * side_ * 3;
  view.label = labels_[static_cast<size_t>(index)];
  return view;
}

Expected<data::Sample> ColourSource::Get(int64_t index) const {
  const data::ImageView view = *View(index);
  data::Sample sample;
  sample.name = Cat("image ", index);
  sample.label = view.label;
  sample.image = {side_, side_, 3, {view.pixels, view.pixels + side_ * side_ * 3}};
  return sample;
}

graph::Graph SmallGraph(int32_t side, int32_t classes, bool normalised) {
  graph::Graph g;
  graph::Node input;
  input.name = "image";
  input.op = graph::Input{};
  input.shape = {3, side, side};
  int32_t at = graph::Append(g, std::move(input)).value();
  for (int i = 0; i < 2; ++i) {
    const std::string name = Cat("conv", i);
    at = AddConv(g, name, at, 8 + 4 * i, 3, 1 + i, !normalised, static_cast<uint64_t>(i) + 1);
    const auto channels = static_cast<size_t>(8 + 4 * i);
    if (normalised) {
      graph::Affine affine;
      affine.scale.assign(channels, 1.0F);
      affine.shift.assign(channels, 0.0F);
      at = Add(g, Cat("norm", i), std::move(affine), {at});
    }
    at = Add(g, Cat("relu", i), graph::Activation{}, {at});
  }
  graph::AvgPool pool;
  const graph::Shape shape = g.nodes[static_cast<size_t>(at)].shape;
  pool.window.kernel_h = shape.h;
  pool.window.kernel_w = shape.w;
  at = Add(g, "mean", pool, {at});
  at = Add(g, "flatten", graph::Flatten{}, {at});
  at = AddConv(g, "fc", at, classes, 1, 1, true, 9);
  g.outputs = {at};
  return g;
}

std::string WriteCifar(const std::string& folder, int64_t count, uint64_t seed) {
  std::filesystem::create_directories(folder);
  const auto write = [&](const std::string& name, uint64_t own_seed) {
    const ColourSource source(count, 32, 10, own_seed);
    std::vector<uint8_t> bytes;
    for (int64_t i = 0; i < count; ++i) {
      const data::ImageView view = *source.View(i);
      bytes.push_back(static_cast<uint8_t>(view.label));
      for (size_t c = 0; c < 3; ++c) {
        for (size_t k = 0; k < 1024; ++k) bytes.push_back(view.pixels[k * 3 + c]);
      }
    }
    std::ofstream(Cat(folder, "/", name), std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  };
  for (uint64_t i = 1; i <= 5; ++i) write(Cat("data_batch_", i, ".bin"), seed + 1000 * i);
  write("test_batch.bin", seed + 9000);
  return folder;
}

std::string InScratch(const std::string& name) {
  struct Folder {
    Folder() {
      std::string pattern =
          (std::filesystem::temp_directory_path() / "potlut_train_XXXXXX").string();
      if (::mkdtemp(pattern.data()) != nullptr) path = pattern;
    }
    ~Folder() {
      std::error_code ignored;
      if (!path.empty()) std::filesystem::remove_all(path, ignored);
    }
    std::string path;
  };
  static const Folder folder;
  return Cat(folder.path, "/", name);
}

std::vector<uint8_t> BytesOf(const std::string& path) {
  auto bytes = ReadFile(path);
  return bytes.ok() ? std::move(*bytes) : std::vector<uint8_t>();
}

double LargestDifference(Network& a, Network& b) {
  const auto left = a.State(), right = b.State();
  if (left.size() != right.size()) return 1e30;
  double largest = 0;
  for (size_t i = 0; i < left.size(); ++i) {
    const at::Tensor d = (left[i].second.detach() - right[i].second.detach()).abs().max();
    largest = std::max(largest, d.item<double>());
  }
  return largest;
}

}  // namespace potlut::train
