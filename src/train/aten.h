// LibTorch's tensors. Include this and not ATen's own headers: with clang and C++20,
// LibTorch 1.13's list type needs IValue to be complete before it is seen.
#pragma once

#include <ATen/core/ivalue.h>
// clang-format: keep the order
#include <ATen/ATen.h>
