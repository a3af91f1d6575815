// The functional model behind registers and DRAM: the driver's software back end.
#pragma once

#include <memory>

#include "accel/device.h"
#include "accel/model.h"

namespace potlut::accel {

// A run takes place at once when kControl starts it. Errors: kUsage for an array that makes no
// sense.
Expected<std::unique_ptr<Device>> MakeModelDevice(const ArraySpec& array, uint64_t dram_bytes,
                                                  QueueOrder order = QueueOrder::kLoadsFirst);

}  // namespace potlut::accel
