// Runs the float network and the integer network side by side over the calibration images, as far
// as the integer one stands. Memory is bounded: what fits a budget is kept between visits, the rest
// is computed again.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "engine/engine.h"
#include "graph/executor.h"
#include "quant/lower.h"
#include "quant/plan.h"
#include "quant/quantize.h"

namespace potlut::quant {

// A few images on their way through both networks.
struct Chunk {
  int64_t first = 0;  // index of the first image
  int32_t count = 0;
  std::map<int32_t, graph::Values> floats;  // graph value -> NHWC floats of `count` images or more
  std::map<int32_t, std::vector<uint8_t>>
      integers;            // plan tensor -> stored bytes of `count` images
  int32_t next_float = 1;  // graph nodes below this have run
  size_t next_plan = 0;    // plan nodes below this have run
  size_t bytes() const;
};

// Integer `i` of a tensor's stored bytes.
int32_t StoredValue(const std::vector<uint8_t>& stored, size_t i, TensorType type);

class Stream {
 public:
  // Everything passed must outlive the stream.
  static Expected<std::unique_ptr<Stream>> Create(const graph::Graph& graph, const Plan& plan,
                                                  const ImageSource& images,
                                                  std::vector<int64_t> chosen, int threads,
                                                  Progress* progress);

  // `map` is called for several chunks at once, each time with another slot in [0, slots());
  // `reduce` for one after the other, in the order of the images: what it makes does not depend on
  // threads.
  using Map = std::function<Status(Chunk&, int slot)>;
  using Reduce = std::function<void(int slot)>;

  // Runs the float network alone over all images, calling visit(chunk, value, slot) after each
  // node, while its value is there.
  Status VisitFloat(const std::function<Status(const Chunk&, int32_t, int)>& visit);

  // Brings every chunk to where plan node `position` could run, with the float value of
  // `float_until` computed (and still there), and calls map and reduce. Plan nodes below must have
  // been lowered and `Prepare`d.
  Status Visit(size_t position, int32_t float_until, const Map& map, const Reduce& reduce);

  // Makes kernels of plan node `position`, now lowered.
  Status Prepare(const Lowering& lowering, Program& program, size_t position);

  int slots() const { return static_cast<int>(executors_.size()); }
  int64_t images() const { return static_cast<int64_t>(chosen_.size()); }

 private:
  Stream(const graph::Graph& graph, const Plan& plan, const ImageSource& images,
         std::vector<int64_t> chosen, Progress* progress);
  Expected<Chunk> Start(int64_t first) const;
  Status RunFloat(Chunk& chunk, int32_t until, int slot) const;
  Status RunIntegers(Chunk& chunk, size_t until) const;
  void DropFloats(Chunk& chunk, int32_t until) const;
  // Calls run(chunk index, slot) for all chunks, as many at once as there are slots; reduce after
  // each wave.
  Status Waves(const std::function<Status(int64_t, int)>& run, const Reduce& reduce);

  struct Step {  // a program node that stands for (part of) a plan node
    std::unique_ptr<Kernel> kernel;
    std::vector<int32_t> inputs;  // program tensors
    int32_t output;
    size_t output_bytes;  // of one image
    int32_t plan_output;  // plan tensor, or -1 for one inside the plan node
  };

  const graph::Graph& graph_;
  const Plan& plan_;
  const ImageSource& images_;
  std::vector<int64_t> chosen_;
  Progress* progress_;
  int32_t batch_ = 1;
  std::vector<std::unique_ptr<graph::Executor>> executors_;  // one a slot, of one thread each
  std::vector<std::vector<int32_t>> consumers_;
  std::vector<std::vector<Step>> steps_;  // by plan node
  std::map<int32_t, int32_t> plan_of_;    // program tensor -> plan tensor
  std::vector<size_t> last_reader_;       // plan tensor -> last plan node that reads it
  std::vector<std::optional<Chunk>> kept_;
  std::atomic<size_t> kept_bytes_ = 0;
};

}  // namespace potlut::quant
