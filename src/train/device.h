// Where the arithmetic is done.
#pragma once

#include <string>

#include "base/status.h"
#include "train/aten.h"

namespace potlut::train {

// "auto" (a GPU where there is one), "cpu", "cuda" or "cuda:N". Errors: kUsage for other text;
// kUnsupported where LibTorch sees no such GPU.
Expected<at::Device> ChooseDevice(const std::string& text);

// Lets the allocator keep what it was given: each step takes and returns the same large buffers,
// and pages that go back to the system cost as much as the arithmetic on them. Call it once, before
// the first tensor.
void KeepMemory();

}  // namespace potlut::train
