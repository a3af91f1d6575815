// Whether the program that was lowered computes what the network simulated.
#pragma once

#include "base/progress.h"
#include "data/data.h"
#include "program/program.h"
#include "train/quant_network.h"

namespace potlut::train {

struct Exactness {
  int64_t images = 0, logits = 0;
  int64_t different_logits = 0;            // program (by the engine) and simulation in float64
  int64_t reference_images = 0;            // of them run by the reference executor too
  int64_t different_reference_logits = 0;  // reference executor and simulation in float64
  int64_t same_float_top1 =
      0;  // images for which the simulation in float32 ranks the same class first
  int64_t labelled = 0, correct = 0;  // of the program
  bool exact() const { return different_logits == 0 && different_reference_logits == 0; }
};

// Runs `images` of `source`, the first `reference_images` of them by the reference executor too.
// Leaves the network in evaluation in float32. Errors: those of the data and the program;
// kInterrupted.
Expected<Exactness> CheckExactness(QuantNetwork& network, const Program& program,
                                   const data::Source& source, int64_t images,
                                   int64_t reference_images, int threads, Progress& progress);

// Three lines for people.
std::string Describe(const Exactness& exactness);

}  // namespace potlut::train
