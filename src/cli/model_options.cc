// The same words for the same thing in run, eval, bench and diff.
#include "cli/model_options.h"

namespace potlut::cli {

void AddModelOptions(CLI::App& command, ModelOptions& options) {
  command
      .add_option("--resize", options.resize,
                  "shorter side before cropping the middle; 0: straight to the size")
      ->check(Within(0, 65536))
      ->type_name("N");
  command.add_flag("--reference", options.reference, "run a .plut model by the reference executor");
  AddNormalisation(command, options.normalisation);
}

void AddDataOptions(CLI::App& command, DataOptions& options) {
  command.add_option("--data", options.data, "images, with labels where they are needed")
      ->required()
      ->type_name("DATA");
  command.add_option("--split", options.split, "of data sets with both parts: test (default) or train")
      ->check(CLI::IsMember({"train", "test"}).description(""))
      ->type_name("NAME");
  command.add_option("--images", options.images, "use this many, evenly spread (0: all)")
      ->check(Within(int64_t{0}, int64_t{1} << 40))
      ->type_name("N");
}

Expected<ClassifierOptions> ResolveModelOptions(const ModelOptions& options, const Shell& shell,
                                                int32_t batch) {
  ClassifierOptions resolved;
  POTLUT_ASSIGN_OR_RETURN(resolved.isa, shell.ChosenIsa());
  POTLUT_ASSIGN_OR_RETURN(resolved.normalisation, ResolveNormalisation(options.normalisation));
  resolved.reference = options.reference;
  resolved.resize = options.resize;
  resolved.threads = shell.Threads();
  resolved.batch = batch;
  return resolved;
}

Expected<std::unique_ptr<data::Source>> OpenData(const DataOptions& options,
                                                 const data::Geometry& geometry) {
  const auto split = options.split == "train" ? data::Split::kTrain : data::Split::kTest;
  return data::Open(options.data, split, geometry);
}

}  // namespace potlut::cli
