// The source is known by its file's name and hash, not by its path.
#include "cli/origin.h"

#include <filesystem>

#include "cli/class_names.h"
#include "cli/preprocess.h"
#include "cli/sha256.h"
#include "cli/version.h"

namespace potlut::cli {

Status FillOrigin(const Origin& origin, Program& program) {
  program.metadata["tool"] = kTool;
  program.metadata["source.name"] = std::filesystem::path(origin.model).filename().string();
  POTLUT_ASSIGN_OR_RETURN(program.metadata["source.sha256"], Sha256OfFile(origin.model));
  program.metadata["preprocess"] = WritePreprocess(origin.resize);
  const int64_t outputs = program.tensors[static_cast<size_t>(program.outputs[0])].dims.count();
  std::vector<std::string> names;
  if (origin.source != nullptr) names = origin.source->class_names();
  if (!origin.classes.empty()) {
    POTLUT_ASSIGN_OR_RETURN(names, ReadClasses(origin.classes, outputs));
  }
  if (const std::string text = JoinClasses(names, outputs); !text.empty()) {
    program.metadata["classes"] = text;
  }
  return {};
}

}  // namespace potlut::cli
