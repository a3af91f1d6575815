// One network made ready to run in one engine.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "program/program.h"

namespace potlut::peers {

class Peer {
 public:
  virtual ~Peer() = default;
  // One image as the program reads it (HWC bytes).
  virtual Status Run(std::span<const uint8_t> image) = 0;
  // The first output of the last run as real numbers, channels fastest.
  virtual std::vector<float> Output() const = 0;
};

// What an engine is made from: the bytes of the .plut file, and, for ONNX Runtime, of its export.
struct Source {
  std::string plut_path;
  std::string onnx_path;
  std::string runtime_path;  // libonnxruntime.so
  Isa isa = Isa::kAuto;      // potlut's only; oneDNN reads DNNL_MAX_CPU_ISA
  int threads = 1;
};

// Errors: kUnsupported where the library is not there or cannot run the network, saying why.
Expected<std::unique_ptr<Peer>> MakePotlut(const Source& source);
Expected<std::unique_ptr<Peer>> MakeOnnxRuntime(const Source& source);
Expected<std::unique_ptr<Peer>> MakeOneDnn(const Source& source, bool winograd);
Expected<std::unique_ptr<Peer>> MakeXnnpack(const Source& source);

}  // namespace potlut::peers
