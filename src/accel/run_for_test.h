// Compiles and runs a program in tests, and compares every tensor with the reference executor.
#pragma once

#include <gtest/gtest.h>

#include <random>

#include "accel/compile.h"
#include "accel/driver.h"
#include "accel/model_device.h"
#include "program/reference.h"
#include "program/validate.h"

namespace potlut::accel::testing {

inline std::vector<uint8_t> RandomImage(const Program& program, std::mt19937& rng) {
  const auto count = program.tensors[static_cast<size_t>(program.input)].dims.count();
  std::vector<uint8_t> image(static_cast<size_t>(count));
  for (uint8_t& v : image) v = static_cast<uint8_t>(rng());
  return image;
}

// Runs `image` on `device` and compares; returns how many tensors were compared.
inline size_t ExpectReference(const Program& program, const Image& compiled, Device& device,
                              std::span<const uint8_t> image) {
  auto driver = Driver::Open(compiled, device);
  EXPECT_TRUE(driver.ok()) << driver.status().message();
  if (!driver.ok()) return 0;
  const Status ran = driver->Run(image);
  EXPECT_TRUE(ran.ok()) << ran.message();
  if (!ran.ok()) return 0;
  const auto reference = ReferenceRun(program, image);
  EXPECT_TRUE(reference.ok()) << reference.status().message();
  size_t compared = 0;
  for (const auto* tensors : {&compiled.traced, &compiled.outputs}) {
    for (const ImageTensor& tensor : *tensors) {
      const auto values = driver->Fetch(tensor);
      EXPECT_TRUE(values.ok()) << values.status().message();
      EXPECT_TRUE(*values == (*reference)[static_cast<size_t>(tensor.tensor)])
          << "tensor '" << tensor.name << "' differs";
      ++compared;
    }
  }
  return compared;
}

// On the model, in every order of its queues.
inline void ExpectModelRuns(const Program& program, const ArraySpec& array,
                            const CompileOptions& options, std::mt19937& rng) {
  const Status valid = Validate(program);
  ASSERT_TRUE(valid.ok()) << valid.message();
  const auto compiled = Compile(program, array, options);
  ASSERT_TRUE(compiled.ok()) << compiled.status().message();
  for (const QueueOrder order :
       {QueueOrder::kLoadsFirst, QueueOrder::kCoreFirst, QueueOrder::kStoresFirst}) {
    auto device = MakeModelDevice(array, compiled->dram_bytes, order);
    ASSERT_TRUE(device.ok());
    EXPECT_GT(ExpectReference(program, *compiled, **device, RandomImage(program, rng)), 0U);
  }
}

}  // namespace potlut::accel::testing
