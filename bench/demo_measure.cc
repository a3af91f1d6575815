// Measures networks for the demo.
#include "demo_measure.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <mutex>

#include "base/parallel.h"
#include "graph/executor.h"

namespace potlut::bench {
namespace {

constexpr int32_t kBatch = 50;
constexpr int kLatencyRuns = 25;

double Now() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<double>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

template <typename T>
int32_t FirstMaximum(const std::vector<T>& values) {
  return static_cast<int32_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

// Images `first` to `first + count` as the network wants them, one after the other.
graph::Values Normalise(const Images& images, size_t first, size_t count,
                        const Normalisation& normalisation) {
  graph::Values values;
  values.reserve(count * images.pixels[first].size());
  const size_t channels = normalisation.mean.size();
  for (size_t i = first; i < first + count; ++i) {
    for (size_t j = 0; j < images.pixels[i].size(); ++j) {
      const size_t c = j % channels;
      values.push_back(static_cast<float>((images.pixels[i][j] - normalisation.mean[c]) /
                                          normalisation.stddev[c]));
    }
  }
  return values;
}

// The class that a program's first output stands for: an index as it is, else the largest real
// value.
int32_t Answer(const Program& program, const std::vector<int32_t>& output) {
  if (output.size() == 1) return output[0];
  const Tensor& tensor = program.tensors[static_cast<size_t>(program.outputs[0])];
  std::vector<double> real(output.begin(), output.end());
  for (size_t c = 0; c < real.size() && tensor.factor.size() == real.size(); ++c)
    real[c] *= tensor.factor[c];
  return FirstMaximum(real);
}

}  // namespace

Expected<Images> ReadImages(const data::Source& source) {
  Images images;
  for (int64_t i = 0; i < source.size(); ++i) {
    POTLUT_ASSIGN_OR_RETURN(data::Sample sample, source.Get(i));
    images.pixels.push_back(std::move(sample.image.pixels));
    images.labels.push_back(sample.label);
  }
  return images;
}

Expected<std::vector<int32_t>> FloatAnswers(const graph::Graph& graph,
                                            const Normalisation& normalisation,
                                            const Images& images) {
  POTLUT_ASSIGN_OR_RETURN(const auto executor, graph::Executor::Create(graph, kBatch));
  std::vector<int32_t> answers;
  for (size_t first = 0; first < images.pixels.size(); first += kBatch) {
    const size_t count = std::min<size_t>(kBatch, images.pixels.size() - first);
    graph::Values input = Normalise(images, first, count, normalisation);
    input.resize(static_cast<size_t>(
        kBatch * graph.input_shape().count()));  // a short last batch ends in zeros
    POTLUT_ASSIGN_OR_RETURN(const auto outputs,
                            executor->Run(input, std::span(graph.outputs).first(1)));
    const auto classes = static_cast<ptrdiff_t>(outputs[0].size() / kBatch);
    for (size_t i = 0; i < count; ++i) {
      const auto begin = outputs[0].begin() + static_cast<ptrdiff_t>(i) * classes;
      answers.push_back(FirstMaximum(graph::Values(begin, begin + classes)));
    }
  }
  return answers;
}

Expected<double> FloatLatency(const graph::Graph& graph, const Normalisation& normalisation,
                              const Images& images) {
  POTLUT_ASSIGN_OR_RETURN(const auto executor, graph::Executor::Create(graph, 1, 1));
  const graph::Values input = Normalise(images, 0, 1, normalisation);
  std::vector<double> times;
  for (int i = 0; i < kLatencyRuns; ++i) {
    const double start = Now();
    POTLUT_RETURN_IF_ERROR(executor->Run(input, std::span(graph.outputs).first(1)).status());
    times.push_back(Now() - start);
  }
  return Median(std::move(times));
}

Expected<std::vector<int32_t>> EngineAnswers(const std::shared_ptr<const Model>& model,
                                             const Images& images) {
  std::vector<int32_t> answers(images.pixels.size(), -1);
  std::mutex mutex;
  Status failure;
  ParallelChunks(
      static_cast<int64_t>(answers.size()), DefaultThreads(), [&](int64_t begin, int64_t end, int) {
        const auto work = [&]() -> Status {
          POTLUT_ASSIGN_OR_RETURN(const auto session, Session::Create(model));
          for (int64_t i = begin; i < end; ++i) {
            POTLUT_RETURN_IF_ERROR(session->Run(images.pixels[static_cast<size_t>(i)]));
            answers[static_cast<size_t>(i)] = Answer(model->program(), session->OutputValues(0));
          }
          return {};
        };
        if (Status status = work(); !status.ok()) {
          const std::lock_guard lock(mutex);
          failure = status;
        }
      });
  POTLUT_RETURN_IF_ERROR(failure);
  return answers;
}

Expected<double> EngineLatency(const std::shared_ptr<const Model>& model, const Images& images) {
  POTLUT_ASSIGN_OR_RETURN(const auto session, Session::Create(model));
  std::vector<double> times;
  for (int i = 0; i < kLatencyRuns; ++i) {
    const double start = Now();
    POTLUT_RETURN_IF_ERROR(session->Run(images.pixels[0]));
    times.push_back(Now() - start);
  }
  return Median(std::move(times));
}

Expected<ReferenceResult> RunReference(const std::shared_ptr<const Model>& model,
                                       const Images& images, int count) {
  const Program& program = model->program();
  POTLUT_ASSIGN_OR_RETURN(const auto session, Session::Create(model));
  ReferenceResult result;
  result.count = std::min(count, static_cast<int>(images.pixels.size()));
  std::vector<double> times;
  for (int i = 0; i < result.count; ++i) {
    const std::vector<uint8_t>& image = images.pixels[static_cast<size_t>(i)];
    OpCounts counts;
    const double start = Now();
    POTLUT_ASSIGN_OR_RETURN(const std::vector<TensorData> tensors,
                            ReferenceRun(program, image, {ProductMethod::kTable, &counts}));
    times.push_back(Now() - start);
    result.counts = counts;
    POTLUT_RETURN_IF_ERROR(session->Run(image));
    bool equal = true;
    for (size_t o = 0; o < program.outputs.size(); ++o) {
      const TensorData& expected = tensors[static_cast<size_t>(program.outputs[o])];
      const std::span<const uint8_t> got = session->Output(o);
      equal = equal && std::equal(expected.begin(), expected.end(), got.begin(), got.end());
    }
    result.equal += equal ? 1 : 0;
  }
  result.nanoseconds = Median(std::move(times));
  return result;
}

double Top1(const std::vector<int32_t>& answers, const std::vector<int32_t>& labels) {
  int64_t right = 0;
  for (size_t i = 0; i < answers.size(); ++i) right += answers[i] == labels[i] ? 1 : 0;
  return 100.0 * static_cast<double>(right) / static_cast<double>(answers.size());
}

}  // namespace potlut::bench
