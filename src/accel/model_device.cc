// Registers of the model.
#include "accel/model_device.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "base/text.h"

namespace potlut::accel {
namespace {

class ModelDevice : public Device {
 public:
  ModelDevice(const ArraySpec& array, uint64_t dram_bytes, QueueOrder order)
      : model_(array, order), dram_(dram_bytes) {}

  std::string_view name() const override { return "model"; }

  Expected<uint32_t> Read(Register reg) override {
    const ArraySpec& a = model_.array();
    const auto number = [](int64_t v) { return static_cast<uint32_t>(v); };
    switch (reg) {
      case Register::kControl:
        return uint32_t{0};
      case Register::kStatus:
        return (done_ ? 2U : 0U) | (run_.error != ErrorCode::kNone ? 4U : 0U);
      case Register::kError:
        return number(static_cast<int64_t>(run_.error));
      case Register::kErrorCommand:
        return run_.error_command;
      case Register::kCycles:
        return number(run_.cycles);
      case Register::kUseCycles:
        return number(run_.use_cycles);
      case Register::kFillWait:
        return number(run_.fill_wait);
      case Register::kDrainWait:
        return number(run_.drain_wait);
      case Register::kVectorCycles:
        return number(run_.vector_cycles);
      case Register::kReadBeats:
        return number(run_.read_beats);
      case Register::kWriteBeats:
        return number(run_.write_beats);
      case Register::kCommandsDone:
        return number(run_.commands_done);
      case Register::kIdentity:
        return kIdentityValue;
      case Register::kVersion:
        return uint32_t{1};
      case Register::kLanes:
        return number(a.lanes);
      case Register::kInputs:
        return number(kLaneInputs);
      case Register::kTableKind:
        return number(static_cast<int64_t>(a.table));
      case Register::kActivationWords:
        return number(a.activation_words);
      case Register::kWeightWords:
        return number(a.weight_words);
      case Register::kChannelWords:
        return number(a.channel_words);
      case Register::kSumWords:
        return number(a.sum_words);
      default:
        return written_[reg];
    }
  }

  Status Write(Register reg, uint32_t value) override {
    if (reg != Register::kControl) {
      written_[reg] = value;
      return {};
    }
    if ((value & 2) != 0) {
      run_.error = ErrorCode::kNone;
      done_ = false;
    }
    if ((value & 1) != 0) {
      const auto two = [&](Register low, Register high) {
        return uint64_t{written_[low]} | uint64_t{written_[high]} << 32;
      };
      run_ = model_.Run(dram_, two(Register::kCommandLow, Register::kCommandHigh),
                        written_[Register::kCommandCount],
                        two(Register::kDramLow, Register::kDramHigh));
      done_ = run_.error == ErrorCode::kNone;
    }
    return {};
  }

  Status ReadDram(uint64_t at, std::span<uint8_t> bytes) override {
    POTLUT_RETURN_IF_ERROR(CheckRange(at, bytes.size()));
    std::copy_n(dram_.begin() + static_cast<std::ptrdiff_t>(at), bytes.size(), bytes.begin());
    return {};
  }
  Status WriteDram(uint64_t at, std::span<const uint8_t> bytes) override {
    POTLUT_RETURN_IF_ERROR(CheckRange(at, bytes.size()));
    std::copy(bytes.begin(), bytes.end(), dram_.begin() + static_cast<std::ptrdiff_t>(at));
    return {};
  }
  Status Wait() override { return {}; }
  std::vector<int64_t> CoreFinished() const override { return run_.core_finished; }

 private:
  Status CheckRange(uint64_t at, size_t count) const {
    if (at <= dram_.size() && count <= dram_.size() - at) return {};
    return UsageError("DRAM of ", dram_.size(), " bytes has no ", count, " at ", at);
  }

  Model model_;
  std::vector<uint8_t> dram_;
  std::map<Register, uint32_t> written_;
  ModelCounters run_;
  bool done_ = false;
};

}  // namespace

Expected<std::unique_ptr<Device>> MakeModelDevice(const ArraySpec& array, uint64_t dram_bytes,
                                                  QueueOrder order) {
  POTLUT_RETURN_IF_ERROR(CheckArray(array));
  if (dram_bytes > (uint64_t{1} << 32))
    return ResourceLimit("a model with ", dram_bytes, " bytes of DRAM");
  return std::unique_ptr<Device>(new ModelDevice(array, dram_bytes, order));
}

}  // namespace potlut::accel
