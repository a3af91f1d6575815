// What an epoch came to, for people and as a JSON line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "train/network.h"

namespace potlut::train {

struct EpochRecord {
  int32_t epoch = 0;          // from 1
  double loss = 0;            // mean over the epoch, with everything that was added
  double train_accuracy = 0;  // on the augmented images, while training
  std::optional<double> validation_loss, validation_accuracy;
  std::optional<double> average_accuracy;     // on the validation images, of the averaged weights
  double rate = 0;                            // the last learning rate
  double seconds = 0, images_per_second = 0;  // of training, without evaluation
  Metrics network;
};

std::string JsonLine(const EpochRecord& record);  // without a line end
// "epoch 3/30  loss 0.5432  train 81.20 %  ..."
std::string Describe(const EpochRecord& record, int32_t epochs);

// A file of lines that grows; nothing where `path` is empty.
class TrainingLog {
 public:
  // Writes `lines` (those of epochs before a resumed one) in the place of what was there. Errors:
  // those of writing.
  static Expected<TrainingLog> Open(const std::string& path, const std::vector<std::string>& lines);
  Status Append(const std::string& line);

 private:
  std::string path_;
};

}  // namespace potlut::train
