// What the demo measures of a network: answers on images, time of one image, bytes, operations.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/progress.h"
#include "cli/preprocess.h"
#include "data/data.h"
#include "program/reference.h"

namespace potlut::bench {

// A model file (.onnx or .plut), measured.
struct Measured {
  std::vector<int32_t> answers;  // a class for each image
  double microseconds = 0;       // one image in, its scores out, one thread; median
  int64_t file_bytes = 0;

  // Of a .plut only:
  int64_t weights = 0, code_bytes = 0;  // codes: stage 1, before entropy coding
  OpCounts counts;                      // of the reference executor on one image
  double reference_microseconds = 0;    // of the same
  int compared = 0,
      equal = 0;  // images on which engine and reference were compared; gave equal bits
};

// `images` have labels. `normalisation` is for .onnx; a .plut carries its own.
Expected<Measured> MeasureOnnx(const std::string& path, const cli::Normalisation& normalisation,
                               const data::Source& images, Progress& progress);
Expected<Measured> MeasurePlut(const std::string& path, const data::Source& images,
                               Progress& progress);

}  // namespace potlut::bench
