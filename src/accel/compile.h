// From a program to commands and memory images.
#pragma once

#include "accel/array.h"
#include "accel/image.h"

namespace potlut::accel {

struct CompileOptions {
  // Additions run in the drain of the convolution before them; the convolution's own output is then
  // nowhere to be seen.
  bool fuse = true;
  // Every tensor is stored for comparison, which costs traffic and time.
  bool trace = false;
  // A first layer of few channels takes its image in patches (pack_input.h) where that is faster.
  bool pack = true;
};

// Compiles a validated program. Errors: kUnsupported naming the node that the accelerator has no
// commands for, kResourceLimit naming the node that does not fit its memories; kUsage for an array
// that makes no sense.
Expected<Image> Compile(const Program& program, const ArraySpec& array,
                        const CompileOptions& options = {});

}  // namespace potlut::accel
