// The public functions of the export.
#include "onnx/export.h"

#include <climits>
#include <exception>
#include <new>

#include "base/file.h"
#include "base/text.h"
#include "onnx/export_ops.h"

namespace potlut::onnx {
namespace {

Expected<std::string> Export(const graph::Graph& graph, const ExportOptions& options) {
  POTLUT_RETURN_IF_ERROR(graph::Validate(graph));
  ModelWriter writer;
  const auto source = graph.metadata.find("source.name");
  std::string name = options.graph_name;
  if (name.empty() && source != graph.metadata.end()) name = source->second;
  writer.graph().set_name(name.empty() ? "network" : name);
  writer.proto().set_producer_version(options.producer_version);
  for (const auto& [key, value] : graph.metadata) {
    pb::StringStringEntryProto& entry = *writer.proto().add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
  }
  OpExporter(graph, writer).Run();
  const size_t size = writer.proto().ByteSizeLong();
  if (size > size_t{INT_MAX}) {
    return ResourceLimit("the network needs ", size,
                         " bytes as ONNX; a message ends at 2 GiB, and weights in files of their "
                         "own are not written");
  }
  std::string bytes;
  if (!writer.proto().SerializeToString(&bytes)) return Failed("the message could not be written");
  return bytes;
}

}  // namespace

Expected<std::string> ExportOnnx(const graph::Graph& graph, const ExportOptions& options) {
  try {
    return Export(graph, options);
  } catch (const std::bad_alloc&) {
    return ResourceLimit("exporting the network: out of memory");
  } catch (const std::exception& error) {
    return Failed("exporting the network: ", std::string_view(error.what()));
  }
}

Status SaveOnnx(const std::string& path, const graph::Graph& graph, const ExportOptions& options) {
  const auto bytes = ExportOnnx(graph, options);
  if (!bytes.ok()) return Error{bytes.error().code, Cat(path, ": ", bytes.error().message)};
  return WriteFileAtomic(path, *bytes);
}

}  // namespace potlut::onnx
