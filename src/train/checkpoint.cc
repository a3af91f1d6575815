// The text of the tensor file is JSON.
#include "train/checkpoint.h"

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"

namespace potlut::train {
namespace {

using Json = nlohmann::ordered_json;

// The blank-separated word in which `b` differs from `a` first.
std::string FirstDifference(const std::string& a, const std::string& b) {
  size_t i = 0;
  while (i < a.size() && i < b.size() && a[i] == b[i]) ++i;
  const auto word = [&](const std::string& text) {
    const size_t blank = i == 0 ? std::string::npos : text.rfind(' ', i - 1);
    const size_t begin = blank == std::string::npos ? 0 : blank + 1;
    return text.substr(begin, text.find(' ', std::max(begin, i)) - begin);
  };
  return Cat("'", word(a), "' there, '", word(b), "' now");
}

// Numbers that are not there or no numbers become -1.
template <typename T>
T Number(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number() ? found->template get<T>() : T{-1};
}

Expected<Position> ReadPosition(const Json& json, const std::string& path) {
  Position position;
  position.epoch = Number<int32_t>(json, "epoch");
  position.batch = Number<int64_t>(json, "batch");
  position.step = Number<int64_t>(json, "step");
  position.images = Number<int64_t>(json, "images");
  position.seconds = Number<double>(json, "seconds");
  if (position.epoch < 0 || position.batch < 0 || position.step < 0 || position.images < 0) {
    return BadInput(path, ": its position in the training is malformed");
  }
  if (const auto lines = json.find("log"); lines != json.end() && lines->is_array()) {
    for (const Json& line : *lines) {
      if (line.is_string()) position.lines.push_back(line.get<std::string>());
    }
  }
  return position;
}

}  // namespace

Status SaveCheckpoint(const std::string& path, const Position& position, const std::string& digest,
                      const NamedTensors& tensors) {
  const Json json = {{"digest", digest},          {"epoch", position.epoch},
                     {"batch", position.batch},   {"step", position.step},
                     {"images", position.images}, {"seconds", position.seconds},
                     {"log", position.lines}};
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  POTLUT_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes, WriteTensors(text, tensors));
  return WriteFileAtomic(path, bytes);
}

Expected<Checkpoint> LoadCheckpoint(const std::string& path, const std::string& digest) {
  POTLUT_ASSIGN_OR_RETURN(const auto bytes, ReadFile(path));
  Checkpoint checkpoint;
  POTLUT_ASSIGN_OR_RETURN(checkpoint.file, ReadTensors(bytes, path));
  const Json json = Json::parse(checkpoint.file.text, nullptr, /*allow_exceptions=*/false);
  const auto own = json.is_object() ? json.find("digest") : json.end();
  if (!json.is_object() || own == json.end() || !own->is_string()) {
    return BadInput(path, ": its description is malformed");
  }
  if (const auto text = own->get<std::string>(); text != digest) {
    return BadInput(path, ": is of a run with other options (", FirstDifference(text, digest),
                    "); give the same ones or begin without --resume");
  }
  POTLUT_ASSIGN_OR_RETURN(checkpoint.position, ReadPosition(json, path));
  return checkpoint;
}

}  // namespace potlut::train
