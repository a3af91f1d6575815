// A network small enough to train in a test, images to train it on, and files that go away.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/data.h"
#include "graph/graph.h"
#include "train/network.h"

namespace potlut::train {

// Images of `classes` classes, each a colour with noise, made from `seed`; in memory.
class ColourSource : public data::Source {
 public:
  ColourSource(int64_t count, int32_t side, int32_t classes, uint64_t seed);
  int64_t size() const override { return static_cast<int64_t>(labels_.size()); }
  Expected<data::Sample> Get(int64_t index) const override;
  std::optional<data::ImageView> View(int64_t index) const override;
  const std::vector<std::string>& class_names() const override { return names_; }

 private:
  int32_t side_;
  std::vector<uint8_t> pixels_;
  std::vector<int32_t> labels_;
  std::vector<std::string> names_;
};

// Two convolutions (with normalisation where asked for, else with biases), a mean and a dense
// layer, for side x side RGB.
graph::Graph SmallGraph(int32_t side, int32_t classes, bool normalised);

// Writes `count` such images in CIFAR-10's layout (data_batch_1..5.bin, test_batch.bin); returns
// the folder.
std::string WriteCifar(const std::string& folder, int64_t count, uint64_t seed);

// A temporary folder of this process, removed at its end.
std::string InScratch(const std::string& name);
std::vector<uint8_t> BytesOf(const std::string& path);

// The largest difference of any value of the two networks' states.
double LargestDifference(Network& a, Network& b);

}  // namespace potlut::train
