// The public functions of the importer.
#include "onnx/import.h"

#include <exception>
#include <new>

#include "base/file.h"
#include "base/text.h"
#include "onnx/importer.h"
#include "onnx/model_reader.h"
#include "onnx/operator_table.h"

namespace potlut::onnx {
namespace {

// Calls `work`; what the libraries below throw becomes an error.
template <typename Work>
Expected<graph::Graph> Guarded(const Work& work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return ResourceLimit("importing the model: out of memory");
  } catch (const std::exception& error) {
    return Failed("importing the model: ", error.what());
  }
}

Expected<graph::Graph> ImportModel(Model model, const std::string& folder,
                                   const ImportOptions& options) {
  return Importer(std::move(model), folder, options).Run();
}

}  // namespace

Expected<graph::Graph> Import(std::span<const uint8_t> bytes, const std::string& folder,
                              const ImportOptions& options) {
  return Guarded([&]() -> Expected<graph::Graph> {
    if (bytes.size() > options.max_file_bytes) {
      return ResourceLimit("the model has ", bytes.size(), " bytes, ", options.max_file_bytes,
                           " are allowed (ImportOptions::max_file_bytes)");
    }
    POTLUT_ASSIGN_OR_RETURN(Model model, ReadModel(bytes));
    return ImportModel(std::move(model), folder, options);
  });
}

Expected<graph::Graph> ImportFile(const std::string& path, const ImportOptions& options) {
  Expected<graph::Graph> graph = Guarded([&]() -> Expected<graph::Graph> {
    Model model;
    {
      POTLUT_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes,
                              ReadFile(path, options.max_file_bytes));
      POTLUT_ASSIGN_OR_RETURN(model, ReadModel(bytes));
    }  // the file's bytes are freed before the weights are copied
    const size_t slash = path.rfind('/');
    const std::string folder =
        slash == std::string::npos ? "." : (slash == 0 ? "/" : path.substr(0, slash));
    return ImportModel(std::move(model), folder, options);
  });
  if (!graph.ok() && graph.error().message.find(path) == std::string::npos) {
    return Error{graph.error().code, Cat(path, ": ", graph.error().message)};
  }
  return graph;
}

std::span<const OperatorInfo> SupportedOperators() {
  static const std::vector<OperatorInfo> infos = [] {
    std::vector<OperatorInfo> out;
    for (const OperatorRow& row : OperatorTable()) out.push_back(row.info);
    return out;
  }();
  return infos;
}

}  // namespace potlut::onnx
