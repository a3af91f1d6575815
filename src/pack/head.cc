// Runs the description of a head over a writer and a reader.
#include "pack/head.h"

#include <memory>

#include "pack/head_codec.h"

namespace potlut {
namespace {

Status CheckText(std::string_view text, uint64_t most, std::string_view what) {
  if (text.size() > most) {
    return ResourceLimit(what, " '", text.substr(0, 40), "...' has ", text.size(),
                         " bytes, at most ", most, " can be stored: shorten it");
  }
  if (!IsUtf8(text)) return BadInput(what, " '", text.substr(0, 40), "' is not valid UTF-8");
  return {};
}

Status CheckTexts(const Program& program) {
  for (const Tensor& t : program.tensors)
    POTLUT_RETURN_IF_ERROR(CheckText(t.name, kMaxNameBytes, "tensor name"));
  for (const Node& n : program.nodes)
    POTLUT_RETURN_IF_ERROR(CheckText(n.name, kMaxNameBytes, "node name"));
  for (const auto& [key, value] : program.metadata) {
    POTLUT_RETURN_IF_ERROR(CheckText(key, kMaxNameBytes, "metadata key"));
    POTLUT_RETURN_IF_ERROR(CheckText(value, kMaxTextBytes, "metadata value"));
  }
  return {};
}

// A writer stores whatever was validated.
constexpr ProgramLimits kNoLimits{.max_tensor_elements = INT64_MAX,
                                  .max_weights = INT64_MAX,
                                  .max_dimension = INT32_MAX,
                                  .max_nodes = INT32_MAX};

}  // namespace

Expected<std::vector<uint8_t>> EncodeHead(const Program& program,
                                          std::span<const LayerBlock> blocks,
                                          std::span<const LowReading> low, PlutSizes* parts) {
  POTLUT_RETURN_IF_ERROR(CheckTexts(program));
  HeadWriter writer;
  // A codec has some 200 KiB of models: more than a small thread's stack.
  const auto codec =
      std::make_unique<HeadCodec<HeadWriter, const Program>>(writer, program, kNoLimits);
  PlutSizes unused;
  PlutSizes& sizes = parts == nullptr ? unused : *parts;
  codec->Mark(&sizes.metadata, [&] { codec->Metadata(); });
  codec->Mark(&sizes.tensors, [&] { codec->Tensors(); });
  codec->Mark(&sizes.nodes, [&] { codec->Nodes(); });
  codec->Mark(&sizes.tables, [&] { codec->Tables(); });
  const std::vector<LayerSize> none;
  codec->Layers(!low.empty(), blocks, none, low, &sizes);
  const HeadLoad load = writer.load();
  auto bytes = writer.Finish();
  if (load.text > HeadTextLimit(bytes.size()) || load.numbers > HeadNumberLimit(bytes.size())) {
    return ResourceLimit("names, metadata or tables repeat too much: readers would refuse ",
                         load.text, " bytes of text and ", load.numbers, " numbers in a head of ",
                         bytes.size(), " bytes; store the program as version 1");
  }
  return bytes;
}

Expected<Head> DecodeHead(std::span<const uint8_t> bytes, bool layered,
                          const ProgramLimits& limits) {
  Head head;
  HeadReader reader(bytes, Unfold2Limit(bytes.size()));
  const auto codec = std::make_unique<HeadCodec<HeadReader, Program>>(reader, head.program, limits);
  codec->Metadata();
  codec->Tensors();
  codec->Nodes();
  codec->Tables();
  codec->Layers(layered, head.blocks, head.sizes, head.low, nullptr);
  POTLUT_RETURN_IF_ERROR(reader.Finish());
  return head;
}

}  // namespace potlut
