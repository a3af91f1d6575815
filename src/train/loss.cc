// The teacher's part is left out where its weight is 0, the labels' where it is 1.
#include "train/loss.h"

namespace potlut::train {

at::Tensor Loss(const at::Tensor& logits, const at::Tensor& labels, double label_smoothing,
                const at::Tensor& teacher_logits, const DistillationOptions& distillation) {
  const double share = teacher_logits.defined() ? distillation.weight : 0;
  at::Tensor loss;
  if (share < 1) {
    loss = at::cross_entropy_loss(logits, labels, {}, at::Reduction::Mean, -100, label_smoothing);
    if (share > 0) loss = loss * (1 - share);
  }
  if (share > 0) {
    const double t = distillation.temperature;
    const at::Tensor wanted = at::log_softmax(teacher_logits / t, 1);
    const at::Tensor given = at::log_softmax(logits / t, 1);
    const at::Tensor divergence = (wanted.exp() * (wanted - given)).sum(1).mean() * (share * t * t);
    loss = loss.defined() ? loss + divergence : divergence;
  }
  return loss;
}

}  // namespace potlut::train
