// Options of the commands that run models on data.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

#include "cli/classifier.h"
#include "cli/shell.h"

namespace potlut::cli {

// What DATA may be; the footer of the commands that take it.
inline constexpr const char* kDataHelp =
    "DATA: cifar10:DIR, cifar10:FILE.bin, cifar100:DIR, imagenet:DIR, rafdb:DIR (docs/data.md); a\n"
    "folder of JPEG and PNG images (one sub-folder a class, or flat with labels.txt); one image;\n"
    ".npy or .npz of uint8 pixels";

struct ModelOptions {
  NormalisationOptions normalisation;  // of .onnx
  std::optional<int32_t> resize;
  bool reference = false;
};
void AddModelOptions(CLI::App& command, ModelOptions& options);

struct DataOptions {
  std::string data;
  std::string split = "test";
  int64_t images = 0;  // 0: all
};
// --data, --split and --images.
void AddDataOptions(CLI::App& command, DataOptions& options);

Expected<ClassifierOptions> ResolveModelOptions(const ModelOptions& options, const Shell& shell,
                                                int32_t batch);
Expected<std::unique_ptr<data::Source>> OpenData(const DataOptions& options,
                                                 const data::Geometry& geometry);

}  // namespace potlut::cli
