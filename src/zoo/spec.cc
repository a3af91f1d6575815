// "zoo:NAME@key=value,...": reading and writing.
#include <charconv>

#include "base/text.h"
#include "zoo/zoo.h"

namespace potlut::zoo {
namespace {

constexpr std::string_view kPrefix = "zoo:";

template <typename T>
Status ReadNumber(std::string_view key, std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return {};
  return UsageError("'", key, "=", text, "': '", text, "' is not a number that ", key, " can be");
}

Status ReadSetting(std::string_view setting, ModelSpec& spec) {
  const size_t equals = setting.find('=');
  if (equals == std::string_view::npos) {
    return UsageError("'", setting, "' is not of the form key=value");
  }
  const std::string_view key = setting.substr(0, equals);
  const std::string_view value = setting.substr(equals + 1);
  if (key == "classes") return ReadNumber(key, value, spec.classes);
  if (key == "width") return ReadNumber(key, value, spec.width);
  if (key == "size") return ReadNumber(key, value, spec.size);
  if (key == "seed") return ReadNumber(key, value, spec.seed);
  if (key == "spread") return ReadNumber(key, value, spec.spread);
  return UsageError("'", key, "' is no setting; there are classes, width, size, seed and spread");
}

}  // namespace

bool IsSpec(std::string_view text) { return text.substr(0, kPrefix.size()) == kPrefix; }

Expected<ModelSpec> ParseSpec(std::string_view text) {
  if (!IsSpec(text)) {
    return UsageError("'", text, "' does not begin with 'zoo:', as in zoo:resnet20@classes=100");
  }
  const std::string_view body = text.substr(kPrefix.size());
  const size_t at = body.find('@');
  ModelSpec spec;
  spec.name = body.substr(0, at);
  if (spec.name.empty()) return UsageError("'", text, "' names no network");
  if (at == std::string_view::npos) return spec;
  std::string_view rest = body.substr(at + 1);
  while (true) {
    const size_t comma = rest.find(',');
    if (const Status status = ReadSetting(rest.substr(0, comma), spec); !status.ok()) {
      return UsageError("'", text, "': ", status.message());
    }
    if (comma == std::string_view::npos) return spec;
    rest.remove_prefix(comma + 1);
  }
}

std::string SpecText(const ModelSpec& spec) {
  const ModelSpec plain;
  std::string settings;
  const auto add = [&](std::string_view key, auto value, auto otherwise) {
    if (value != otherwise) settings += Cat(settings.empty() ? "@" : ",", key, "=", value);
  };
  add("classes", spec.classes, plain.classes);
  add("width", spec.width, plain.width);
  add("size", spec.size, plain.size);
  add("seed", spec.seed, plain.seed);
  add("spread", spec.spread, plain.spread);
  return Cat(kPrefix, spec.name, settings);
}

}  // namespace potlut::zoo
