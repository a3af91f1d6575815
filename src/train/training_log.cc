// Lines are appended and flushed one by one, so that the file can be followed.
#include "train/training_log.h"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"

namespace potlut::train {
namespace {

using Json = nlohmann::ordered_json;

}  // namespace

std::string JsonLine(const EpochRecord& record) {
  Json line = {
      {"epoch", record.epoch}, {"loss", record.loss}, {"train_accuracy", record.train_accuracy}};
  if (record.validation_loss) line["validation_loss"] = *record.validation_loss;
  if (record.validation_accuracy) line["validation_accuracy"] = *record.validation_accuracy;
  if (record.average_accuracy) line["average_accuracy"] = *record.average_accuracy;
  line["learning_rate"] = record.rate;
  line["seconds"] = record.seconds;
  line["images_per_second"] = record.images_per_second;
  for (const auto& [name, value] : record.network) line[name] = value;
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string Describe(const EpochRecord& record, int32_t epochs) {
  std::string text = fmt::format("epoch {}/{}  loss {:.4f}  train {:.2f} %", record.epoch, epochs,
                                 record.loss, 100 * record.train_accuracy);
  if (record.validation_accuracy) {
    text += fmt::format("  validation {:.2f} %", 100 * *record.validation_accuracy);
  }
  if (record.average_accuracy) {
    text += fmt::format("  averaged {:.2f} %", 100 * *record.average_accuracy);
  }
  text += fmt::format("  rate {:.3g}  {:.0f} images/s", record.rate, record.images_per_second);
  for (const auto& [name, value] : record.network) text += fmt::format("  {} {:.4g}", name, value);
  return text;
}

Expected<TrainingLog> TrainingLog::Open(const std::string& path,
                                        const std::vector<std::string>& lines) {
  TrainingLog log;
  log.path_ = path;
  if (path.empty()) return log;
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  POTLUT_RETURN_IF_ERROR(WriteFileAtomic(path, text));
  return log;
}

Status TrainingLog::Append(const std::string& line) {
  if (path_.empty()) return {};
  std::FILE* file = std::fopen(path_.c_str(), "ab");
  if (file == nullptr) return Failed(path_, ": cannot be opened for writing");
  const std::string text = line + "\n";
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (std::fclose(file) != 0 || !written) return Failed(path_, ": cannot be written");
  return {};
}

}  // namespace potlut::train
