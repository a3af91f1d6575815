// What the demo measures of a network: answers on images, time of one image, operations, bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/data.h"
#include "engine/engine.h"
#include "graph/graph.h"
#include "pack/plut.h"
#include "program/reference.h"

namespace potlut::bench {

struct Images {
  std::vector<std::vector<uint8_t>> pixels;  // HWC
  std::vector<int32_t> labels;
};
// Reads a whole source.
Expected<Images> ReadImages(const data::Source& source);

// x_real = (pixel - mean[c]) / stddev[c].
struct Normalisation {
  std::vector<double> mean, stddev;
};

// The classes that a float network answers, an image each.
Expected<std::vector<int32_t>> FloatAnswers(const graph::Graph& graph,
                                            const Normalisation& normalisation,
                                            const Images& images);
// Median nanoseconds of one image on one thread.
Expected<double> FloatLatency(const graph::Graph& graph, const Normalisation& normalisation,
                              const Images& images);

// The same of an integer program, by the engine.
Expected<std::vector<int32_t>> EngineAnswers(const std::shared_ptr<const Model>& model,
                                             const Images& images);
Expected<double> EngineLatency(const std::shared_ptr<const Model>& model, const Images& images);

// The reference executor on the first `count` images: its time, its operations of one image, and on
// how many images the engine returned the same bits.
struct ReferenceResult {
  double nanoseconds = 0;
  OpCounts counts;
  int count = 0, equal = 0;
};
Expected<ReferenceResult> RunReference(const std::shared_ptr<const Model>& model,
                                       const Images& images, int count);

// Percent of the answers that are the labels.
double Top1(const std::vector<int32_t>& answers, const std::vector<int32_t>& labels);

}  // namespace potlut::bench
