// The tables: processes started one after the other, each pinned, and what they measured.
#pragma once

#include <string>
#include <vector>

#include "cli/shell.h"
#include "peers/measure.h"

namespace potlut::peers {

struct Network {
  std::string name, plut_path, onnx_path;
};

struct ReportOptions {
  std::vector<Network> networks;
  std::string program;       // this one
  std::string runtime_path;  // libonnxruntime.so
  std::string data;
  double seconds = 3;  // an engine and network
  bool two_threads = true, avx2 = true, memory = true;
};

// Runs everything and prints tables, or one JSON object.
Status Report(cli::Shell& shell, const ReportOptions& options);

}  // namespace potlut::peers
