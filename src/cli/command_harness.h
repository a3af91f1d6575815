// Runs the real program and keeps what it said.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace potlut::cli {

struct Outcome {
  int code = -1;  // 128 + the signal where one ended it
  std::string out, error;
};

// Runs `potlut ARGS` with COLUMNS unset and NO_COLOR unset. `signal_after_ms` > 0 sends SIGINT
// then.
Outcome Potlut(const std::vector<std::string>& args, int signal_after_ms = 0);

// A folder for the files of this test program, removed at its end.
const std::string& Scratch();
std::string InScratch(const std::string& name);
void WriteBytes(const std::string& path, const std::string& bytes);
std::string ReadBytes(const std::string& path);

// The shipped network and images.
std::string ShippedModel();
std::string ShippedTestImages();         // "cifar10:..."
std::string ShippedCalibrationImages();  // "cifar10:..."
// The shipped network quantised with few images; made once.
const std::string& QuantisedModel();
// What `potlut quantize` said while making it.
const Outcome& QuantiseOutcome();

// An ONNX model of one node of this operator, written byte by byte.
std::string OneNodeOnnx(const std::string& op_type);

}  // namespace potlut::cli
