// What a program's metadata say about where it comes from.
#pragma once

#include <string>

#include "data/data.h"
#include "program/program.h"

namespace potlut::cli {

// Everything about the origin of a program that the program itself does not say.
struct Origin {
  std::string model;    // the file it was made from
  std::string classes;  // file with one class name a line; empty: those of `source`
  const data::Source* source = nullptr;
  int32_t resize = 0;  // of the shorter side, before cropping; 0: straight to the size
};

// Sets "tool", "source.name", "source.sha256", "preprocess" and, where they are known, "classes".
// Errors: those of reading the files; kUsage where the number of names is not that of the outputs.
Status FillOrigin(const Origin& origin, Program& program);

}  // namespace potlut::cli
