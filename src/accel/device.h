// What the driver needs of an accelerator: its registers and its DRAM. Back ends: the functional
// model (model_device.h), the Verilated RTL (verilated_device.h); hardware behind /dev/uio has
// registers and DRAM just so.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "accel/command.h"
#include "base/status.h"

namespace potlut::accel {

class Device {
 public:
  virtual ~Device() = default;
  virtual std::string_view name() const = 0;
  // Errors of all: kFailed where the device does not answer; kUsage past the end of its DRAM.
  virtual Expected<uint32_t> Read(Register reg) = 0;
  virtual Status Write(Register reg, uint32_t value) = 0;
  virtual Status ReadDram(uint64_t at, std::span<uint8_t> bytes) = 0;
  virtual Status WriteDram(uint64_t at, std::span<const uint8_t> bytes) = 0;
  // Lets time pass, some thousand cycles where the device is simulated.
  virtual Status Wait() = 0;
  // After a run, where the back end can tell: the cycle since the start in which each command of
  // the core finished, in order.
  virtual std::vector<int64_t> CoreFinished() const { return {}; }
};

}  // namespace potlut::accel
