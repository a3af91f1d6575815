// Images as files, and what is checked before one runs.
#include "accel/image.h"

#include <algorithm>
#include <cstring>

#include "accel/check.h"
#include "base/crc32c.h"
#include "base/text.h"

namespace potlut::accel {
namespace {

constexpr char kMagic[8] = {'P', 'L', 'U', 'T', 'A', 'C', 'C', '2'};
constexpr uint64_t kMaxDram = uint64_t{1} << 32;
constexpr int64_t kMaxWork = int64_t{1} << 36;  // words that one command may touch
constexpr int64_t kMaxSums = int64_t{1} << 27;  // partial sums of one command

class Writer {
 public:
  void Number(uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
  }
  void Text(const std::string& text) {
    Number(text.size(), 4);
    out.insert(out.end(), text.begin(), text.end());
  }
  void Add(const ImageTensor& t) {
    Number(static_cast<uint32_t>(t.tensor), 4);
    Text(t.name);
    for (const int32_t v : {t.dims.h, t.dims.w, t.dims.c}) Number(static_cast<uint32_t>(v), 4);
    Number(t.type.bits, 1);
    Number(t.type.is_signed, 1);
    Number(t.offset, 8);
    Number(t.row_bytes, 4);
    Number(t.pixel_bytes, 4);
    for (const int32_t v :
         {t.patches.rows, t.patches.columns, t.patches.step, t.patches.left, t.patches.across})
      Number(static_cast<uint32_t>(v), 4);
    Number(t.patches.outside.size(), 4);
    out.insert(out.end(), t.patches.outside.begin(), t.patches.outside.end());
  }
  std::vector<uint8_t> out;
};

class Reader {
 public:
  explicit Reader(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  bool ok() const { return ok_; }
  size_t at() const { return at_; }
  uint64_t Number(int bytes) {
    uint64_t value = 0;
    const auto part = Bytes(static_cast<size_t>(bytes));
    for (size_t i = 0; i < part.size(); ++i) value |= uint64_t{part[i]} << (8 * i);
    return value;
  }
  int32_t Int() { return static_cast<int32_t>(Number(4)); }
  std::string Text() {
    const auto part = Bytes(Number(4));
    return {part.begin(), part.end()};
  }
  std::span<const uint8_t> Bytes(size_t count) {
    if (!ok_ || count > bytes_.size() - at_) {
      ok_ = false;
      return {};
    }
    at_ += count;
    return bytes_.subspan(at_ - count, count);
  }
  // A count of things of at least `least` bytes each.
  size_t Count(size_t least) {
    const uint64_t count = Number(4);
    if (count > (bytes_.size() - at_) / least) ok_ = false;
    return ok_ ? count : 0;
  }
  ImageTensor Tensor() {
    ImageTensor t;
    t.tensor = Int();
    t.name = Text();
    t.dims.h = Int();
    t.dims.w = Int();
    t.dims.c = Int();
    t.type.bits = static_cast<uint8_t>(Number(1));
    const uint64_t is_signed = Number(1);
    ok_ &= is_signed <= 1;
    t.type.is_signed = is_signed == 1;
    t.offset = Number(8);
    t.row_bytes = static_cast<uint32_t>(Number(4));
    t.pixel_bytes = static_cast<uint32_t>(Number(4));
    Patches& p = t.patches;
    for (int32_t* v : {&p.rows, &p.columns, &p.step, &p.left, &p.across}) *v = Int();
    const auto outside = Bytes(Number(4));
    p.outside.assign(outside.begin(), outside.end());
    return t;
  }

 private:
  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
  bool ok_ = true;
};

Status CheckTensor(const Image& image, const ImageTensor& t) {
  const auto side = [](int32_t v) { return v >= 1 && v <= 65535; };
  const bool type = t.type.wide() ? t.type.is_signed : t.type.bits >= 2 && t.type.bits <= 8;
  if (!side(t.dims.h) || !side(t.dims.w) || !side(t.dims.c) || !type)
    return BadInput("tensor '", t.name, "': its dims or type make no sense");
  if (const Status status = CheckPatches(t.patches, t.dims); !status.ok())
    return BadInput("tensor '", t.name, "': ", status.message());
  const Dims dims = PatchDims(t.patches, t.dims);
  const uint64_t pixel = static_cast<uint64_t>(dims.c) * t.type.bytes();
  const uint64_t row = uint64_t{t.pixel_bytes} * static_cast<uint64_t>(dims.w);
  if (t.pixel_bytes < pixel || t.row_bytes < row || t.offset > image.dram_bytes ||
      uint64_t{t.row_bytes} * static_cast<uint64_t>(dims.h) > image.dram_bytes - t.offset) {
    return BadInput("tensor '", t.name, "' does not lie within the image's ", image.dram_bytes,
                    " bytes of DRAM");
  }
  return {};
}

// What a command touches, so that no image keeps an executor busy for ever.
int64_t Work(const CommandWords& words) {
  switch (Header::Unpack(words[0]).opcode) {
    case Opcode::kConv: {
      const Conv c = Conv::Unpack(words);
      const int64_t rows = int64_t{c.row_last} - c.row_first + 1;
      return rows * c.pass_count * (int64_t{c.outputs} * c.kernel_h * kMaxKernel + 1) * c.strips *
             c.strip_lanes;
    }
    case Opcode::kVector: {
      const Vector v = Vector::Unpack(words);
      const int64_t pixels = int64_t{v.out_height} * v.out_width;
      if (pixels > kMaxWork / v.words) return INT64_MAX;
      const int64_t outputs = pixels * v.words;
      return outputs > kMaxWork / (v.kernel_h * v.kernel_w) ? INT64_MAX
                                                            : outputs * v.kernel_h * v.kernel_w;
    }
    default:
      return 1;
  }
}

Status CheckCommand(const Image& image, uint32_t index, const CommandWords& words) {
  const Geometry& g = image.geometry;
  const auto bad = [&](const char* what) { return BadInput("command ", index, ": ", what); };
  const ErrorCode fields = CheckFields(words, g);
  if (fields == ErrorCode::kOpcode) return bad("no such opcode");
  if (fields != ErrorCode::kNone) return bad("a field is out of its range");
  ErrorCode addresses = ErrorCode::kNone;
  switch (Header::Unpack(words[0]).opcode) {
    case Opcode::kLoad:
    case Opcode::kStore: {
      const Transfer t = Transfer::Unpack(words);
      addresses = CheckAddresses(t, g);
      const uint64_t end =
          uint64_t{t.dram} + uint64_t{t.rows - 1} * t.dram_pitch + uint64_t{t.words} * t.unit;
      if (end > image.dram_bytes) return bad("a transfer past the end of DRAM");
      break;
    }
    case Opcode::kVector:
      addresses = CheckAddresses(Vector::Unpack(words), g);
      break;
    case Opcode::kConv: {
      const Conv c = Conv::Unpack(words);
      if (int64_t{c.strips} * c.strip_lanes * c.out_rows * c.outputs > kMaxSums)
        return ResourceLimit("command ", index, ": more partial sums than ", kMaxSums);
      break;
    }
    default:
      break;
  }
  if (addresses != ErrorCode::kNone) return bad("an address past the end of a memory");
  if (Work(words) > kMaxWork) return ResourceLimit("command ", index, ": too much work");
  return {};
}

}  // namespace

Status CheckImage(const Image& image) {
  if (const Status status = CheckGeometry(image.geometry); !status.ok())
    return BadInput(status.message());
  if (image.dram_bytes > kMaxDram) {
    return ResourceLimit("the image needs ", image.dram_bytes, " bytes of DRAM; ", kMaxDram,
                         " are possible");
  }
  const uint64_t command_bytes = uint64_t{image.command_count} * kCommandBytes;
  if (image.data.size() > image.dram_bytes || image.commands % kCommandBytes != 0 ||
      image.command_count == 0 || image.commands > image.data.size() ||
      command_bytes > image.data.size() - image.commands) {
    return BadInput("the commands do not lie within the image's data");
  }
  POTLUT_RETURN_IF_ERROR(CheckTensor(image, image.input));
  if (image.input.type.wide()) return BadInput("the input is wide");
  for (const auto* tensors : {&image.outputs, &image.traced}) {
    for (const ImageTensor& t : *tensors) {
      POTLUT_RETURN_IF_ERROR(CheckTensor(image, t));
      if (!HoldsAll(t.patches, t.dims))
        return BadInput("tensor '", t.name, "': some pixels stand in no patch");
    }
  }
  int counts[kSemaphores] = {};
  int64_t core = 0, work = 0;
  for (uint32_t i = 0; i < image.command_count; ++i) {
    CommandWords words;
    std::memcpy(words.data(), image.data.data() + image.commands + uint64_t{i} * kCommandBytes,
                kCommandBytes);
    POTLUT_RETURN_IF_ERROR(CheckCommand(image, i, words));
    work += Work(words);
    if (work > kMaxWork) return ResourceLimit("the commands are too much work");
    const Header header = Header::Unpack(words[0]);
    const bool last = i + 1 == image.command_count;
    if ((header.opcode == Opcode::kEnd) != last)
      return BadInput("command ", i, last ? ": the last is no end" : ": an end before the last");
    core += header.opcode >= Opcode::kOutput;
    // Every wait is satisfied by signals of earlier commands.
    for (int s = 0; s < kSemaphores; ++s) {
      if ((header.wait >> s & 1) != 0 && --counts[s] < 0)
        return BadInput("command ", i, " waits for a token that none before it gives");
      if ((header.signal >> s & 1) != 0 && ++counts[s] > 15)
        return BadInput("command ", i, ": a semaphore past 15");
    }
  }
  for (const ImageLayer& layer : image.layers) {
    if (int64_t{layer.first} + layer.count > core)
      return BadInput("layer '", layer.name, "': commands that are not there");
  }
  return {};
}

std::vector<uint8_t> WriteImage(const Image& image) {
  Writer w;
  w.out.assign(kMagic, kMagic + sizeof(kMagic));
  const Geometry& g = image.geometry;
  w.Number(static_cast<uint64_t>(g.table), 4);
  for (const int32_t v :
       {g.lanes, g.activation_words, g.weight_words, g.channel_words, g.sum_words})
    w.Number(static_cast<uint32_t>(v), 4);
  w.Number(image.dram_bytes, 8);
  w.Number(image.commands, 8);
  w.Number(image.command_count, 4);
  w.Add(image.input);
  for (const auto* tensors : {&image.outputs, &image.traced}) {
    w.Number(tensors->size(), 4);
    for (const ImageTensor& t : *tensors) w.Add(t);
  }
  w.Number(image.layers.size(), 4);
  for (const ImageLayer& layer : image.layers) {
    w.Number(static_cast<uint32_t>(layer.node), 4);
    w.Text(layer.name);
    w.Text(layer.op);
    w.Number(layer.first, 4);
    w.Number(layer.count, 4);
    for (const int64_t v : {layer.macs, layer.read_bytes, layer.written_bytes})
      w.Number(static_cast<uint64_t>(v), 8);
  }
  w.Number(image.data.size(), 8);
  w.out.insert(w.out.end(), image.data.begin(), image.data.end());
  w.Number(Crc32c(w.out), 4);
  return std::move(w.out);
}

Expected<Image> ReadImage(std::span<const uint8_t> bytes) {
  if (bytes.size() < sizeof(kMagic) + 4 || std::memcmp(bytes.data(), kMagic, sizeof(kMagic)) != 0)
    return BadInput("no image of accelerator commands; 'potlut accel compile' writes them");
  const auto body = bytes.first(bytes.size() - 4);
  if (Reader(bytes.last(4)).Number(4) != Crc32c(body))
    return BadInput("the image's checksum (CRC-32C) is wrong: it is damaged");
  Reader r(body);
  r.Bytes(sizeof(kMagic));
  Image image;
  Geometry& g = image.geometry;
  g.table = r.Number(4) == 0 ? TableKind::kSingle : TableKind::kPair;
  for (int32_t* v :
       {&g.lanes, &g.activation_words, &g.weight_words, &g.channel_words, &g.sum_words})
    *v = r.Int();
  image.dram_bytes = r.Number(8);
  image.commands = r.Number(8);
  image.command_count = static_cast<uint32_t>(r.Number(4));
  image.input = r.Tensor();
  for (auto* tensors : {&image.outputs, &image.traced}) {
    const size_t count = r.Count(54);
    for (size_t i = 0; i < count && r.ok(); ++i) tensors->push_back(r.Tensor());
  }
  const size_t layers = r.Count(44);
  for (size_t i = 0; i < layers && r.ok(); ++i) {
    ImageLayer layer;
    layer.node = r.Int();
    layer.name = r.Text();
    layer.op = r.Text();
    layer.first = static_cast<uint32_t>(r.Number(4));
    layer.count = static_cast<uint32_t>(r.Number(4));
    for (int64_t* v : {&layer.macs, &layer.read_bytes, &layer.written_bytes})
      *v = static_cast<int64_t>(r.Number(8));
    image.layers.push_back(std::move(layer));
  }
  const auto data = r.Bytes(r.Number(8));
  image.data.assign(data.begin(), data.end());
  if (!r.ok() || r.at() != body.size())
    return BadInput("the image's header is malformed at offset ", r.at());
  POTLUT_RETURN_IF_ERROR(CheckImage(image));
  return image;
}

}  // namespace potlut::accel
