// Runs compiled images on a device: writes what DRAM must hold, starts, waits, reads results.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "accel/device.h"
#include "accel/image.h"

namespace potlut::accel {

// What the registers said after a run.
struct RunCounters {
  int64_t cycles = 0, use_cycles = 0, fill_wait = 0, drain_wait = 0, vector_cycles = 0;
  int64_t read_bytes = 0, written_bytes = 0;
};

class Driver {
 public:
  // Checks the image, that the device is an accelerator of the size it was compiled for, and loads
  // DRAM. The image must outlive the driver. Errors: those of CheckImage and of the device;
  // kUsage where the sizes differ.
  static Expected<Driver> Open(const Image& image, Device& device);

  // Runs one image (HWC bytes of the input). Errors: kUsage for another size of image; kFailed
  // where the accelerator reports an error (with its code and command) or does not finish within
  // `max_waits` calls of Device::Wait.
  Status Run(std::span<const uint8_t> image, int64_t max_waits = int64_t{1} << 24);

  // After a run: a tensor as the program holds it (bytes as stored, HWC).
  Expected<std::vector<uint8_t>> Fetch(const ImageTensor& tensor) const;
  const RunCounters& counters() const { return counters_; }
  // Cycles from the end of the layer before to the end of this one, for each of the image's layers;
  // empty where the device cannot tell.
  std::vector<int64_t> LayerCycles() const;

 private:
  Driver(const Image& image, Device& device) : image_(&image), device_(&device) {}

  const Image* image_;
  Device* device_;
  RunCounters counters_;
};

// The geometry that a device's registers say. Errors: kFailed where it is no accelerator of this
// version.
Expected<Geometry> GeometryOf(Device& device);

}  // namespace potlut::accel
