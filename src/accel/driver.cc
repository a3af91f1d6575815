// Registers and DRAM in the right order.
#include "accel/driver.h"

#include <algorithm>

#include "base/text.h"

namespace potlut::accel {
namespace {

std::string_view ErrorText(uint32_t code) {
  switch (static_cast<ErrorCode>(code)) {
    case ErrorCode::kNone:
      return "no error";
    case ErrorCode::kOpcode:
      return "no such opcode, or no end";
    case ErrorCode::kField:
      return "a field out of its range";
    case ErrorCode::kAddress:
      return "an address past the end of a memory";
    case ErrorCode::kDeadlock:
      return "all units wait for each other";
    case ErrorCode::kBus:
      return "DRAM answered with an error";
    case ErrorCode::kSemaphore:
      return "a semaphore counted past 15";
  }
  return "an unknown error";
}

std::string SizeText(const Geometry& g) {
  return Cat(TableKindName(g.table), " tables, ", g.lanes, " lanes, ", g.activation_words,
             " activation, ", g.weight_words, " weight, ", g.channel_words, " channel and ",
             g.sum_words, " sum words");
}

}  // namespace

Expected<Geometry> GeometryOf(Device& device) {
  POTLUT_ASSIGN_OR_RETURN(const uint32_t identity, device.Read(Register::kIdentity));
  POTLUT_ASSIGN_OR_RETURN(const uint32_t version, device.Read(Register::kVersion));
  POTLUT_ASSIGN_OR_RETURN(const uint32_t inputs, device.Read(Register::kInputs));
  if (identity != kIdentityValue || version != 1 || inputs != kLaneInputs) {
    return Failed(device.name(), ": no accelerator of version 1 answers (identity ", identity,
                  ", version ", version, ", ", inputs, " inputs)");
  }
  Geometry g;
  const auto read = [&](Register reg, int32_t& value) -> Status {
    POTLUT_ASSIGN_OR_RETURN(const uint32_t v, device.Read(reg));
    value = static_cast<int32_t>(v);
    return {};
  };
  int32_t kind = 0;
  POTLUT_RETURN_IF_ERROR(read(Register::kTableKind, kind));
  g.table = kind == 0 ? TableKind::kSingle : TableKind::kPair;
  POTLUT_RETURN_IF_ERROR(read(Register::kLanes, g.lanes));
  POTLUT_RETURN_IF_ERROR(read(Register::kActivationWords, g.activation_words));
  POTLUT_RETURN_IF_ERROR(read(Register::kWeightWords, g.weight_words));
  POTLUT_RETURN_IF_ERROR(read(Register::kChannelWords, g.channel_words));
  POTLUT_RETURN_IF_ERROR(read(Register::kSumWords, g.sum_words));
  return g;
}

Expected<Driver> Driver::Open(const Image& image, Device& device) {
  POTLUT_RETURN_IF_ERROR(CheckImage(image));
  POTLUT_ASSIGN_OR_RETURN(const Geometry geometry, GeometryOf(device));
  if (!(geometry == image.geometry)) {
    return UsageError("the image was compiled for ", SizeText(image.geometry), "; ", device.name(),
                      " has ", SizeText(geometry), "; compile it again");
  }
  POTLUT_RETURN_IF_ERROR(device.WriteDram(0, image.data));
  return Driver(image, device);
}

Status Driver::Run(std::span<const uint8_t> image, int64_t max_waits) {
  const ImageTensor& in = image_->input;
  if (image.size() != static_cast<size_t>(in.dims.count())) {
    return UsageError("the image has ", image.size(), " bytes; the program wants ", in.dims.h, "x",
                      in.dims.w, "x", in.dims.c, " = ", in.dims.count());
  }
  std::vector<uint8_t> row(in.row_bytes);
  for (int32_t i = 0; i < PatchDims(in.patches, in.dims).h; ++i) {
    PackRow(in.patches, in.dims, 1, image, i, in.pixel_bytes, row);
    POTLUT_RETURN_IF_ERROR(
        device_->WriteDram(in.offset + uint64_t{in.row_bytes} * static_cast<uint64_t>(i), row));
  }

  const auto write = [&](Register reg, uint64_t value) {
    return device_->Write(reg, static_cast<uint32_t>(value));
  };
  POTLUT_RETURN_IF_ERROR(write(Register::kControl, 2));
  POTLUT_RETURN_IF_ERROR(write(Register::kCommandLow, image_->commands));
  POTLUT_RETURN_IF_ERROR(write(Register::kCommandHigh, image_->commands >> 32));
  POTLUT_RETURN_IF_ERROR(write(Register::kCommandCount, image_->command_count));
  POTLUT_RETURN_IF_ERROR(write(Register::kDramLow, 0));
  POTLUT_RETURN_IF_ERROR(write(Register::kDramHigh, 0));
  POTLUT_RETURN_IF_ERROR(write(Register::kInterrupt, 1));
  POTLUT_RETURN_IF_ERROR(write(Register::kControl, 1));
  uint32_t status = 0;
  for (int64_t waits = 0;; ++waits) {
    POTLUT_ASSIGN_OR_RETURN(status, device_->Read(Register::kStatus));
    if ((status & 6) != 0) break;
    if (waits == max_waits) return Failed(device_->name(), ": the accelerator does not finish");
    POTLUT_RETURN_IF_ERROR(device_->Wait());
  }
  if ((status & 4) != 0) {
    POTLUT_ASSIGN_OR_RETURN(const uint32_t code, device_->Read(Register::kError));
    POTLUT_ASSIGN_OR_RETURN(const uint32_t command, device_->Read(Register::kErrorCommand));
    return Failed(device_->name(), ": the accelerator stopped at command ", command, ": ",
                  ErrorText(code));
  }
  const auto read = [&](Register reg, int64_t& value, int64_t scale) -> Status {
    POTLUT_ASSIGN_OR_RETURN(const uint32_t v, device_->Read(reg));
    value = int64_t{v} * scale;
    return {};
  };
  POTLUT_RETURN_IF_ERROR(read(Register::kCycles, counters_.cycles, 1));
  POTLUT_RETURN_IF_ERROR(read(Register::kUseCycles, counters_.use_cycles, 1));
  POTLUT_RETURN_IF_ERROR(read(Register::kFillWait, counters_.fill_wait, 1));
  POTLUT_RETURN_IF_ERROR(read(Register::kDrainWait, counters_.drain_wait, 1));
  POTLUT_RETURN_IF_ERROR(read(Register::kVectorCycles, counters_.vector_cycles, 1));
  POTLUT_RETURN_IF_ERROR(read(Register::kReadBeats, counters_.read_bytes, 16));
  return read(Register::kWriteBeats, counters_.written_bytes, 16);
}

Expected<std::vector<uint8_t>> Driver::Fetch(const ImageTensor& t) const {
  std::vector<uint8_t> values(static_cast<size_t>(t.dims.count()) * t.type.bytes());
  std::vector<uint8_t> row(t.row_bytes);
  for (int32_t i = 0; i < PatchDims(t.patches, t.dims).h; ++i) {
    POTLUT_RETURN_IF_ERROR(
        device_->ReadDram(t.offset + uint64_t{t.row_bytes} * static_cast<uint64_t>(i), row));
    UnpackRow(t.patches, t.dims, t.type.bytes(), row, t.pixel_bytes, i, values);
  }
  return values;
}

std::vector<int64_t> Driver::LayerCycles() const {
  const std::vector<int64_t> finished = device_->CoreFinished();
  if (finished.empty()) return {};
  std::vector<int64_t> cycles;
  int64_t before = 0;
  for (const ImageLayer& layer : image_->layers) {
    const size_t end = size_t{layer.first} + layer.count;
    const bool ran = layer.count > 0 && end <= finished.size();
    const int64_t now = ran ? finished[end - 1] : before;
    cycles.push_back(now - before);
    before = now;
  }
  return cycles;
}

}  // namespace potlut::accel
