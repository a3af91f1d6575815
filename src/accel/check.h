// What the hardware refuses: fields out of range and addresses past the end of a memory.
#pragma once

#include <span>

#include "accel/command.h"
#include "accel/geometry.h"

namespace potlut::accel {

// Of one command by itself: kOpcode, kField or kNone. Reserved fields are 0.
ErrorCode CheckFields(const CommandWords& words, const Geometry& geometry);

// Words of a memory, and the bytes of one of them in DRAM (0: any from 1 to 16).
int64_t MemoryWords(Memory memory, const Geometry& geometry);
int32_t UnitBytes(Memory memory, const Geometry& geometry);

// kField for a pass that makes no sense.
ErrorCode CheckPass(const Pass& pass);

// Addresses that a command reaches, all rows, columns and words of the maps it names: kAddress or
// kNone. Fields have been checked.
ErrorCode CheckAddresses(const Transfer& transfer, const Geometry& geometry);
ErrorCode CheckAddresses(const Conv& conv, const Output& output, std::span<const Pass> passes,
                         const Geometry& geometry);
ErrorCode CheckAddresses(const Vector& vector, const Geometry& geometry);

// The conditions between a kConv and the kOutput before it: kField or kNone.
ErrorCode CheckTogether(const Conv& conv, const Output& output, const Geometry& geometry);

}  // namespace potlut::accel
