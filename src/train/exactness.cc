// Batch by batch: the simulation on all threads, then the program with one session a thread.
#include "train/exactness.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/parallel.h"
#include "base/text.h"
#include "cli/units.h"
#include "data/loader.h"
#include "engine/engine.h"
#include "program/reference.h"
#include "train/guard.h"

namespace potlut::train {
namespace {

constexpr int32_t kBatch = 100;

class Checker {
 public:
  Checker(QuantNetwork& network, const Program& program, int threads)
      : network_(network), program_(program), threads_(threads) {}

  Status Open() {
    POTLUT_ASSIGN_OR_RETURN(const auto model, Model::Create(program_));
    for (int i = 0; i < threads_; ++i) {
      POTLUT_ASSIGN_OR_RETURN(auto session, Session::Create(model));
      sessions_.push_back(std::move(session));
    }
    return {};
  }

  Status Check(const data::Batch& batch, int64_t reference_images, Exactness& result) {
    const auto n = static_cast<size_t>(batch.count);
    const size_t bytes = batch.pixels.size() / n;
    const Dims dims = program_.tensors[static_cast<size_t>(program_.input)].dims;
    const at::Tensor pixels =
        at::from_blob(const_cast<uint8_t*>(batch.pixels.data()),
                      {batch.count, dims.h, dims.w, dims.c}, at::TensorOptions(at::kByte))
            .to(network_.device())
            .permute({0, 3, 1, 2});
    network_.SetEvaluationType(at::kDouble);
    const at::Tensor wide = network_.Logits(pixels).to(at::kCPU, at::kDouble).contiguous();
    network_.SetEvaluationType(at::kFloat);
    const at::Tensor narrow =
        network_.Forward(pixels).argmax(1).to(at::kCPU, at::kLong).contiguous();
    const auto classes = static_cast<size_t>(wide.size(1));

    std::vector<std::vector<int32_t>> engine(n), reference(n);
    std::vector<Status> statuses(static_cast<size_t>(threads_));
    ParallelChunks(batch.count, threads_, [&](int64_t begin, int64_t end, int thread) {
      for (int64_t i = begin; i < end; ++i) {
        const std::span<const uint8_t> image(batch.pixels.data() + static_cast<size_t>(i) * bytes,
                                             bytes);
        Status status = Run(image, thread, i < reference_images, engine[static_cast<size_t>(i)],
                            reference[static_cast<size_t>(i)]);
        if (!status.ok()) statuses[static_cast<size_t>(thread)] = status;
      }
    });
    for (const Status& status : statuses) POTLUT_RETURN_IF_ERROR(status);

    for (size_t i = 0; i < n; ++i) {
      const double* simulated = wide.data_ptr<double>() + i * classes;
      if (engine[i].size() != classes) return Failed("the program has another number of outputs");
      result.different_logits += Different(engine[i], simulated);
      if (!reference[i].empty()) {
        ++result.reference_images;
        result.different_reference_logits += Different(reference[i], simulated);
      }
      const auto top = std::max_element(engine[i].begin(), engine[i].end()) - engine[i].begin();
      result.same_float_top1 += top == narrow.data_ptr<int64_t>()[i];
      result.labelled += batch.labels[i] >= 0;
      result.correct += top == batch.labels[i];
    }
    result.images += batch.count;
    result.logits += static_cast<int64_t>(n * classes);
    return {};
  }

 private:
  Status Run(std::span<const uint8_t> image, int thread, bool with_reference,
             std::vector<int32_t>& engine, std::vector<int32_t>& reference) {
    Session& session = *sessions_[static_cast<size_t>(thread)];
    POTLUT_RETURN_IF_ERROR(session.Run(image));
    engine = session.OutputValues(0);
    if (!with_reference) return {};
    POTLUT_ASSIGN_OR_RETURN(const auto tensors, ReferenceRun(program_, image));
    const auto output = static_cast<size_t>(program_.outputs[0]);
    const std::vector<uint8_t>& stored = tensors[output];
    if (!program_.tensors[output].type.wide())
      return Failed("the program's output is no int32 tensor");
    reference.resize(stored.size() / sizeof(int32_t));
    std::memcpy(reference.data(), stored.data(), reference.size() * sizeof(int32_t));
    return {};
  }

  static int64_t Different(const std::vector<int32_t>& integers, const double* simulated) {
    int64_t count = 0;
    for (size_t k = 0; k < integers.size(); ++k)
      count += static_cast<double>(integers[k]) != simulated[k];
    return count;
  }

  QuantNetwork& network_;
  const Program& program_;
  const int threads_;
  std::vector<std::unique_ptr<Session>> sessions_;
};

}  // namespace

Expected<Exactness> CheckExactness(QuantNetwork& network, const Program& program,
                                   const data::Source& source, int64_t images,
                                   int64_t reference_images, int threads, Progress& progress) {
  return Guarded("exactness", [&]() -> Expected<Exactness> {
    const at::NoGradGuard no_grad;
    network.SetTraining(false);
    Checker checker(network, program, threads);
    POTLUT_RETURN_IF_ERROR(checker.Open());
    const Dims dims = program.tensors[static_cast<size_t>(program.input)].dims;
    data::LoaderOptions loading;
    loading.h = dims.h;
    loading.w = dims.w;
    loading.c = dims.c;
    loading.batch = kBatch;
    POTLUT_ASSIGN_OR_RETURN(const auto part, data::Subset::Create(source, 0, images));
    POTLUT_ASSIGN_OR_RETURN(const auto loader, data::Loader::Create(*part, loading));
    POTLUT_RETURN_IF_ERROR(loader->StartEpoch(0));
    Exactness result;
    progress.Begin("exactness", images);
    while (true) {
      POTLUT_ASSIGN_OR_RETURN(const auto batch, loader->Next());
      if (!batch) break;
      if (progress.cancelled()) return Error{ErrorCode::kInterrupted, "exactness: interrupted"};
      POTLUT_RETURN_IF_ERROR(checker.Check(*batch, reference_images - result.images, result));
      progress.Update(result.images, "");
    }
    progress.End();
    return result;
  });
}

std::string Describe(const Exactness& e) {
  const auto part = [](int64_t different) {
    return different == 0 ? std::string("all equal")
                          : cli::FormatCount(different) + " are different";
  };
  std::string text = fmt::format(
      "exactness   {} logits of {} images, program (engine) and float64 simulation: {}\n"
      "            reference executor, first {} images: {}\n",
      cli::FormatCount(e.logits), cli::FormatCount(e.images), part(e.different_logits),
      cli::FormatCount(e.reference_images), part(e.different_reference_logits));
  return text + fmt::format("            float32 simulation: the same top-1 on {:.2f} %\n",
                            100 * static_cast<double>(e.same_float_top1) /
                                static_cast<double>(std::max<int64_t>(e.images, 1)));
}

}  // namespace potlut::train
