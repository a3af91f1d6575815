// What is minimised: cross entropy with the labels, and with a teacher's opinion.
#pragma once

#include "train/aten.h"
#include "train/train_options.h"

namespace potlut::train {

// Means over the batch, differentiable in `logits` ([n][classes]); `labels` int64 [n]. With teacher
// logits (else undefined): (1 - a) * CE + a * T^2 * KL(softmax(teacher / T) || softmax(logits /
// T)), G. Hinton et al., "Distilling the Knowledge in a Neural Network", 2015.
at::Tensor Loss(const at::Tensor& logits, const at::Tensor& labels, double label_smoothing,
                const at::Tensor& teacher_logits, const DistillationOptions& distillation);

}  // namespace potlut::train
