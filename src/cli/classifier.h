// One face for .plut (integer engine or reference executor) and .onnx (float executor): images in,
// real values out.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "cli/output_values.h"
#include "cli/preprocess.h"
#include "data/data.h"
#include "engine/engine.h"

namespace potlut::cli {

struct ClassifierOptions {
  Isa isa = Isa::kAuto;
  bool reference = false;  // .plut by the reference executor
  int threads = 1;         // workers: images (or batches of a float network) at a time
  int team = 1;            // threads that share one batch of a float network
  int32_t batch = 1;       // of the float executor
  std::optional<Normalisation>
      normalisation;              // needed for .onnx, refused for .plut, which carries its own
  std::optional<int32_t> resize;  // overrides what a .plut carries
};

class Classifier {
 public:
  virtual ~Classifier() = default;

  const data::Geometry& geometry() const { return geometry_; }
  const std::vector<std::string>& classes() const { return classes_; }  // empty: not known
  OutputKind output_kind() const { return kind_; }                      // of the first output
  virtual std::string executor() const = 0;                             // what runs it, for people

  int workers() const { return workers_; }  // Run may be called at once with workers 0..workers()-1
  int32_t batch() const { return batch_; }  // images that one Run takes at most

  // Runs up to batch() images (HWC bytes of geometry()); outputs[i] are the outputs of image i.
  virtual Status Run(int worker, std::span<const data::Image> images,
                     std::vector<std::vector<OutputValues>>& outputs) = 0;

 protected:
  data::Geometry geometry_;
  std::vector<std::string> classes_;
  OutputKind kind_ = OutputKind::kScores;
  int workers_ = 1;
  int32_t batch_ = 1;
};

// By the file's content. Errors: those of reading the model; kUsage for options that do not fit its
// kind.
Expected<std::unique_ptr<Classifier>> LoadClassifier(const std::string& path,
                                                     const ClassifierOptions& options);

// True for .plut, by content. Errors: kBadInput where the file cannot be read or is empty.
Expected<bool> IsPlut(const std::string& path);

}  // namespace potlut::cli
