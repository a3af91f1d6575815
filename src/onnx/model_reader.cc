// Bytes to ModelProto.
#include "onnx/model_reader.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/stubs/logging.h>

#include <climits>

#include "base/text.h"
#include "onnx/wire_check.h"

namespace potlut::onnx {

std::string Printable(const std::string& text, size_t limit) {
  std::string out = text.substr(0, limit);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 32 || c == 127) c = '?';
  }
  if (text.size() > limit) {
    // Do not end inside a UTF-8 sequence.
    while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xC0U) == 0x80U) {
      out.pop_back();
    }
    if (!out.empty() && static_cast<unsigned char>(out.back()) >= 0xC0U) out.pop_back();
    out += "...";
  }
  return out;
}

namespace {

bool Parse(std::span<const uint8_t> bytes, pb::ModelProto& model) {
  const google::protobuf::LogSilencer silencer;
  google::protobuf::io::CodedInputStream stream(bytes.data(), static_cast<int>(bytes.size()));
  stream.SetTotalBytesLimit(INT_MAX);
  stream.SetRecursionLimit(WireLimits{}.depth + 1);
  return model.ParseFromCodedStream(&stream) && stream.ConsumedEntireMessage();
}

Expected<int> StandardOpset(const pb::ModelProto& model) {
  int64_t opset = 0;
  for (const pb::OperatorSetIdProto& import : model.opset_import()) {
    if (!import.domain().empty() && import.domain() != "ai.onnx") continue;
    if (opset != 0 && opset != import.version()) {
      return BadInput("the model imports the standard operators twice: opset ", opset, " and ",
                      import.version());
    }
    opset = import.version();
  }
  if (opset == 0) {
    return BadInput("the model does not say which opset it is written in; export it again");
  }
  if (opset < kMinOpset || opset > kMaxOpset) {
    return Unsupported("opset ", opset, " is outside ", kMinOpset, "..", kMaxOpset,
                       ", which potlut reads: export the model with opset 17, say");
  }
  return static_cast<int>(opset);
}

}  // namespace

Expected<Model> ReadModel(std::span<const uint8_t> bytes) {
  if (bytes.empty()) return BadInput("the model is empty");
  if (bytes.size() >= static_cast<size_t>(INT_MAX)) {
    return ResourceLimit("the model has ", bytes.size(),
                         " bytes; a message ends at 2 GiB: store its weights as external data");
  }
  if (const Status status = CheckWire(bytes, *pb::ModelProto::descriptor()); !status.ok()) {
    return Error{status.code(), Cat("this is no ONNX model: ", status.message())};
  }
  Model model{std::make_unique<pb::ModelProto>()};
  if (!Parse(bytes, *model.proto)) {
    return BadInput("this is no ONNX model: its message (protobuf) is malformed");
  }
  if (!model.proto->has_graph() || model.proto->ir_version() <= 0) {
    return BadInput("this is no ONNX model: it has no ",
                    model.proto->has_graph() ? "IR version" : "graph");
  }
  if (model.proto->ir_version() < 3) {
    return Unsupported("IR version ", model.proto->ir_version(),
                       " is older than 3; export the model with a newer tool");
  }
  POTLUT_ASSIGN_OR_RETURN(model.opset, StandardOpset(*model.proto));
  return model;
}

}  // namespace potlut::onnx
