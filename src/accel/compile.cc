// The whole way from a program to an image.
#include "accel/compile.h"

#include <algorithm>
#include <cstring>

#include "accel/lowering.h"
#include "accel/pack_input.h"
#include "base/text.h"

namespace potlut::accel {
namespace {

class Compiler {
 public:
  // `packed`: where program is packed->program, made of `original`.
  Compiler(const Program& program, const PackedInput* packed, const Program& original,
           const ArraySpec& array, const CompileOptions& options)
      : program_(program),
        packed_(packed),
        original_(original),
        array_(array),
        options_(options),
        stream_(array) {}

  Expected<Image> Run() {
    POTLUT_RETURN_IF_ERROR(CheckArray(array_));
    if (array_.passes > kMaxPasses)
      return UsageError("array: passes is ", array_.passes, "; the hardware holds ", kMaxPasses);
    POTLUT_RETURN_IF_ERROR(CheckSides());
    fates_ = DecideFates(program_, options_.fuse);
    POTLUT_ASSIGN_OR_RETURN(places_, PlaceTensors(program_, fates_, array_));
    image_.geometry = array_;
    // What runs go into and come out of stands first, so that its place is known.
    POTLUT_ASSIGN_OR_RETURN(image_.input, Reserve(program_.input, true));
    for (const int32_t t : program_.outputs) {
      POTLUT_ASSIGN_OR_RETURN(ImageTensor tensor, Reserve(t, false));
      image_.outputs.push_back(std::move(tensor));
    }
    stream_.Begin();
    LoadInput();
    for (size_t n = 0; n < program_.nodes.size(); ++n) {
      const Status status = Lower(n);
      if (!status.ok()) {
        return Error{status.code(), Cat("node '", program_.nodes[n].name, "': ", status.message())};
      }
    }
    if (stream_.core_commands() == 0) return Unsupported("a program that computes nothing");
    std::vector<Transfer> stores;
    for (const ImageTensor& t : image_.outputs) stores.push_back(StoreOf(t));
    stream_.Store(stores, false);
    image_.layers.back().written_bytes += stream_.written_bytes() - written_;

    const std::vector<CommandWords> commands = stream_.Finish();
    std::vector<uint8_t> bytes;
    for (const CommandWords& words : commands) {
      for (const uint32_t word : words) {
        for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<uint8_t>(word >> (8 * i)));
      }
    }
    image_.commands = stream_.Data(bytes, kCommandBytes);
    image_.command_count = static_cast<uint32_t>(commands.size());
    image_.data = std::move(stream_.data());
    image_.dram_bytes = image_.data.size();
    POTLUT_RETURN_IF_ERROR(CheckImage(image_));
    return std::move(image_);
  }

 private:
  size_t Index(int32_t i) const { return static_cast<size_t>(i); }
  bool InPatches(int32_t t) const { return packed_ != nullptr && packed_->in_patches[Index(t)]; }
  bool Seen(int32_t t) const {
    return !InPatches(t) || HoldsAll(packed_->patches, original_.tensors[Index(t)].dims);
  }

  Status CheckSides() const {
    for (const Tensor& t : program_.tensors) {
      if (t.dims.h > 32767 || t.dims.w > 32767 || t.dims.c > 65535) {
        return Unsupported("tensor '", t.name, "': sides of ", t.dims.h, "x", t.dims.w, "x",
                           t.dims.c, " are past the accelerator's");
      }
    }
    return {};
  }

  // DRAM for a tensor. Images have their bytes close together where a pixel is less than a word.
  Expected<ImageTensor> Reserve(int32_t t, bool close) {
    const Tensor& tensor = program_.tensors[Index(t)];
    ImageTensor place;
    place.tensor = t;
    place.name = tensor.name;
    place.dims = original_.tensors[Index(t)].dims;
    place.type = tensor.type;
    if (InPatches(t)) place.patches = packed_->patches;
    place.pixel_bytes = static_cast<uint32_t>(PixelWords(tensor) * kWordBytes);
    if (close && tensor.dims.c < kLaneInputs)
      place.pixel_bytes = static_cast<uint32_t>(tensor.dims.c);
    const uint64_t row = uint64_t{place.pixel_bytes} * static_cast<uint64_t>(tensor.dims.w);
    place.row_bytes = static_cast<uint32_t>((row + 15) / 16 * 16);
    const std::vector<uint8_t> zeros(static_cast<size_t>(place.row_bytes) *
                                     static_cast<size_t>(tensor.dims.h));
    place.offset = stream_.Data(zeros);
    if (stream_.data().size() > UINT32_MAX) return ResourceLimit("more than 4 GiB of DRAM");
    return place;
  }

  void LoadInput() {
    const ImageTensor& in = image_.input;
    const Place& place = places_[Index(program_.input)];
    Transfer load;
    load.header.opcode = Opcode::kLoad;
    load.unit = static_cast<uint8_t>(std::min<uint32_t>(in.pixel_bytes, kWordBytes));
    load.dram = static_cast<uint32_t>(in.offset);
    load.dram_pitch = in.row_bytes;
    load.local = static_cast<uint32_t>(place.base);
    load.local_pitch = static_cast<uint32_t>(place.row_words);
    load.words = static_cast<uint32_t>(place.row_words);
    load.rows = static_cast<uint32_t>(program_.tensors[Index(program_.input)].dims.h);
    stream_.LoadActivations(load);
  }

  Transfer StoreOf(const ImageTensor& t) const {
    const Place& place = places_[Index(t.tensor)];
    Transfer store;
    store.header.opcode = Opcode::kStore;
    store.dram = static_cast<uint32_t>(t.offset);
    store.dram_pitch = t.row_bytes;
    store.local = static_cast<uint32_t>(place.base);
    store.local_pitch = static_cast<uint32_t>(place.row_words);
    store.words = static_cast<uint32_t>(place.row_words);
    store.rows = static_cast<uint32_t>(program_.tensors[Index(t.tensor)].dims.h);
    return store;
  }

  Status Lower(size_t n) {
    const Node& node = program_.nodes[n];
    const NodeFate& fate = fates_[n];
    const auto first = static_cast<uint32_t>(stream_.core_commands());
    const Lowering lowering{program_, array_, places_, stream_};
    if (fate.alias || fate.done_by >= 0) {
      // Nothing is left to do.
    } else if (std::holds_alternative<ConvOp>(node.op)) {
      const Node* sum = fate.fused_into >= 0 ? &program_.nodes[Index(fate.fused_into)] : nullptr;
      POTLUT_RETURN_IF_ERROR(LowerConv(lowering, node, sum));
    } else {
      POTLUT_RETURN_IF_ERROR(LowerVector(lowering, node));
    }
    const auto count = static_cast<uint32_t>(stream_.core_commands()) - first;
    const int32_t origin = packed_ != nullptr ? packed_->node_of[n] : static_cast<int32_t>(n);
    if (origin < 0) return {};  // a reshape of packing, which took nothing
    image_.layers.push_back({origin, node.name, std::string(OpName(node.op)), first, count,
                             CostOf(original_, original_.nodes[Index(origin)]).macs});
    int32_t made =
        fate.fused_into >= 0 ? program_.nodes[Index(fate.fused_into)].output : node.output;
    if (made >= static_cast<int32_t>(original_.tensors.size()))
      made = program_.nodes[n + 1].output;  // the pixels of a packed convolution's blocks
    if (options_.trace && count > 0 && Seen(made)) {
      POTLUT_ASSIGN_OR_RETURN(ImageTensor tensor, Reserve(made, false));
      stream_.Store({StoreOf(tensor)}, true);
      image_.traced.push_back(std::move(tensor));
    }
    image_.layers.back().read_bytes = stream_.read_bytes() - read_;
    image_.layers.back().written_bytes = stream_.written_bytes() - written_;
    read_ = stream_.read_bytes();
    written_ = stream_.written_bytes();
    if (stream_.data().size() > UINT32_MAX) return ResourceLimit("more than 4 GiB of DRAM");
    return {};
  }

  const Program& program_;
  const PackedInput* packed_;
  const Program& original_;
  const ArraySpec& array_;
  const CompileOptions& options_;
  CommandStream stream_;
  std::vector<NodeFate> fates_;
  std::vector<Place> places_;
  Image image_;
  int64_t read_ = 0, written_ = 0;  // bytes of the layers so far
};

}  // namespace

Expected<Image> Compile(const Program& program, const ArraySpec& array,
                        const CompileOptions& options) {
  if (options.pack) {
    if (const auto packed = PackInput(program, array)) {
      auto image = Compiler(packed->program, &*packed, program, array, options).Run();
      // Patches take more memory.
      if (image.ok() || image.status().code() != potlut::ErrorCode::kResourceLimit) return image;
    }
  }
  return Compiler(program, nullptr, program, array, options).Run();
}

}  // namespace potlut::accel
