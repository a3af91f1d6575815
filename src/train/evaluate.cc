// Sums stay on the device until the end.
#include "train/evaluate.h"

#include "base/text.h"
#include "train/batches.h"
#include "train/guard.h"

namespace potlut::train {

Expected<Evaluation> Evaluate(Network& network, const data::Source& source,
                              const EvaluateOptions& options, const std::string& task,
                              Progress& progress) {
  return Guarded(task, [&]() -> Expected<Evaluation> {
    const at::NoGradGuard no_grad;
    data::LoaderOptions loading;
    loading.h = options.input.h;
    loading.w = options.input.w;
    loading.c = options.input.c;
    loading.batch = options.batch;
    loading.threads = options.data_threads;
    POTLUT_ASSIGN_OR_RETURN(Batches batches, Batches::Create(source, loading, network.device()));
    POTLUT_RETURN_IF_ERROR(batches.StartEpoch(0));
    network.SetTraining(false);
    Evaluation result;
    at::Tensor loss = at::zeros({}, at::TensorOptions(at::kDouble).device(network.device()));
    at::Tensor correct = at::zeros({}, at::TensorOptions(at::kLong).device(network.device()));
    progress.Begin(task, source.size());
    while (true) {
      POTLUT_ASSIGN_OR_RETURN(const auto batch, batches.Next(options.classes));
      if (!batch) break;
      if (progress.cancelled()) return Error{ErrorCode::kInterrupted, Cat(task, ": interrupted")};
      const at::Tensor logits = network.Forward(batch->pixels);
      loss += at::cross_entropy_loss(logits, batch->labels, {}, at::Reduction::Sum);
      correct += logits.argmax(1).eq(batch->labels).sum();
      result.images += batch->labels.size(0);
      progress.Update(result.images, "");
    }
    progress.End();
    result.correct = correct.item<int64_t>();
    result.loss = loss.item<double>() / static_cast<double>(std::max<int64_t>(result.images, 1));
    return result;
  });
}

}  // namespace potlut::train
