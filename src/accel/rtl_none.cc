// Builds without Verilator say so.
#include "accel/rtl_device.h"
#include "base/text.h"

namespace potlut::accel {

Expected<std::unique_ptr<Device>> MakeRtlDevice(const RtlOptions&, uint64_t) {
  return Unsupported(
      "this build has no Verilated RTL: install verilator and build again, or use --backend model");
}

bool HasRtlDevice() { return false; }

}  // namespace potlut::accel
