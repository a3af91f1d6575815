// Measures model files for the demo.
#include "demo_measure.h"

#include <algorithm>
#include <chrono>
#include <functional>

#include "base/file.h"
#include "base/parallel.h"
#include "cli/classifier.h"
#include "cli/run_all.h"
#include "pack/plut.h"

namespace potlut::bench {
namespace {

constexpr int32_t kFloatBatch = 50;
constexpr int kLatencyRuns = 50;
constexpr int kReferenceImages = 5;

// Median of `runs` runs, microseconds.
Expected<double> Median(int runs, const std::function<Status(int)>& once) {
  std::vector<double> times;
  for (int i = 0; i < runs; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    POTLUT_RETURN_IF_ERROR(once(i));
    const std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - begin;
    times.push_back(time.count());
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

Expected<std::vector<int32_t>> Answers(const std::string& path, cli::ClassifierOptions options,
                                       const data::Source& images, Progress& progress) {
  options.threads = DefaultThreads();
  options.batch = kFloatBatch;
  POTLUT_ASSIGN_OR_RETURN(const auto classifier, cli::LoadClassifier(path, options));
  const std::vector<int64_t> indices = cli::SpreadIndices(images.size(), 0);
  std::vector<int32_t> answers(indices.size(), -1);
  POTLUT_RETURN_IF_ERROR(cli::RunAll(
      *classifier, images, indices, progress, "running " + path,
      [&](size_t position, const data::Sample&, const std::vector<cli::OutputValues>& outputs) {
        answers[position] = cli::TopK(classifier->output_kind(), outputs[0], 1)[0];
      }));
  return answers;
}

Expected<double> Latency(const std::string& path, const cli::ClassifierOptions& options,
                         const data::Source& images) {
  POTLUT_ASSIGN_OR_RETURN(const auto classifier, cli::LoadClassifier(path, options));
  POTLUT_ASSIGN_OR_RETURN(const data::Sample sample, images.Get(0));
  std::vector<std::vector<cli::OutputValues>> outputs(1);
  return Median(kLatencyRuns, [&](int) { return classifier->Run(0, {&sample.image, 1}, outputs); });
}

Expected<Measured> MeasureFile(const std::string& path, const cli::ClassifierOptions& options,
                               const data::Source& images, Progress& progress) {
  Measured measured;
  POTLUT_ASSIGN_OR_RETURN(const auto file, ReadFile(path));
  measured.file_bytes = static_cast<int64_t>(file.size());
  POTLUT_ASSIGN_OR_RETURN(measured.answers, Answers(path, options, images, progress));
  POTLUT_ASSIGN_OR_RETURN(measured.microseconds, Latency(path, options, images));
  return measured;
}

// Whether all outputs of the engine's last run have the reference's bytes.
bool SameOutputs(const Program& program, const Session& session,
                 const std::vector<TensorData>& reference) {
  for (size_t i = 0; i < program.outputs.size(); ++i) {
    const TensorData& expected = reference[static_cast<size_t>(program.outputs[i])];
    const std::span<const uint8_t> got = session.Output(i);
    if (!std::equal(expected.begin(), expected.end(), got.begin(), got.end())) return false;
  }
  return true;
}

Status CompareWithReference(const Program& program, const data::Source& images,
                            Measured& measured) {
  POTLUT_ASSIGN_OR_RETURN(const auto model, Model::Create(program));
  POTLUT_ASSIGN_OR_RETURN(const auto session, Session::Create(model));
  measured.compared = static_cast<int>(std::min<int64_t>(kReferenceImages, images.size()));
  std::vector<std::vector<TensorData>> reference(static_cast<size_t>(measured.compared));
  POTLUT_ASSIGN_OR_RETURN(
      measured.reference_microseconds, Median(measured.compared, [&](int i) -> Status {
        POTLUT_ASSIGN_OR_RETURN(const data::Sample sample, images.Get(i));
        measured.counts = {};
        POTLUT_ASSIGN_OR_RETURN(
            reference[static_cast<size_t>(i)],
            ReferenceRun(program, sample.image.pixels, {ProductMethod::kTable, &measured.counts}));
        return {};
      }));
  for (int i = 0; i < measured.compared; ++i) {
    POTLUT_ASSIGN_OR_RETURN(const data::Sample sample, images.Get(i));
    POTLUT_RETURN_IF_ERROR(session->Run(sample.image.pixels));
    measured.equal += SameOutputs(program, *session, reference[static_cast<size_t>(i)]) ? 1 : 0;
  }
  return {};
}

}  // namespace

Expected<Measured> MeasureOnnx(const std::string& path, const cli::Normalisation& normalisation,
                               const data::Source& images, Progress& progress) {
  cli::ClassifierOptions options;
  options.normalisation = normalisation;
  return MeasureFile(path, options, images, progress);
}

Expected<Measured> MeasurePlut(const std::string& path, const data::Source& images,
                               Progress& progress) {
  POTLUT_ASSIGN_OR_RETURN(Measured measured, MeasureFile(path, {}, images, progress));
  POTLUT_ASSIGN_OR_RETURN(const auto file, ReadFile(path));
  std::vector<LayerBytes> layers;
  POTLUT_ASSIGN_OR_RETURN(const Program program, Unpack(file, {}, &layers));
  for (const LayerBytes& layer : layers) {
    measured.code_bytes += layer.stage1_bytes;
    measured.weights += layer.weights;
  }
  POTLUT_RETURN_IF_ERROR(CompareWithReference(program, images, measured));
  return measured;
}

}  // namespace potlut::bench
