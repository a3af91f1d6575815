// Everything is checked against what is left of the file before memory is asked for.
#include "train/tensor_file.h"

#include <cstring>
#include <map>

#include "base/crc32c.h"
#include "base/text.h"

namespace potlut::train {
namespace {

constexpr char kMagic[8] = {'P', 'O', 'T', 'L', 'U', 'T', 'C', 'K'};
constexpr uint32_t kVersion = 1;
constexpr at::ScalarType kTypes[] = {at::kByte,  at::kInt,    at::kLong,
                                     at::kFloat, at::kDouble, at::kBFloat16};
constexpr size_t kMaxDims = 8;

template <typename T>
void Put(std::vector<uint8_t>& out, T value) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
  out.insert(out.end(), bytes, bytes + sizeof(T));
}

void PutText(std::vector<uint8_t>& out, const std::string& text) {
  out.insert(out.end(), text.begin(), text.end());
}

// Takes values off the front; once it ran out, everything is 0.
class Reader {
 public:
  explicit Reader(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  bool good() const { return good_; }
  size_t left() const { return bytes_.size(); }

  std::span<const uint8_t> Take(uint64_t count) {
    if (!good_ || count > bytes_.size()) {
      good_ = false;
      return {};
    }
    const auto taken = bytes_.first(static_cast<size_t>(count));
    bytes_ = bytes_.subspan(static_cast<size_t>(count));
    return taken;
  }
  template <typename T>
  T Get() {
    T value = 0;
    if (const auto taken = Take(sizeof(T)); !taken.empty())
      std::memcpy(&value, taken.data(), sizeof(T));
    return value;
  }
  std::string Text(uint64_t count) {
    const auto taken = Take(count);
    return {taken.begin(), taken.end()};
  }

 private:
  std::span<const uint8_t> bytes_;
  bool good_ = true;
};

// Undefined where it is malformed.
at::Tensor ReadTensor(Reader& in) {
  const auto type = in.Get<uint8_t>();
  const auto dims = in.Get<uint8_t>();
  if (!in.good() || type >= std::size(kTypes) || dims > kMaxDims) return {};
  std::vector<int64_t> shape;
  uint64_t bytes = c10::elementSize(kTypes[type]);
  for (size_t i = 0; i < dims; ++i) {
    shape.push_back(in.Get<int64_t>());
    const auto size = static_cast<uint64_t>(shape.back());
    if (shape.back() < 0 || (size > 0 && bytes > in.left() / size)) return {};
    bytes *= size;
  }
  const auto elements = in.Take(bytes);
  if (!in.good()) return {};
  at::Tensor tensor = at::empty(shape, kTypes[type]);
  if (!elements.empty()) std::memcpy(tensor.data_ptr(), elements.data(), elements.size());
  return tensor;
}

}  // namespace

Expected<std::vector<uint8_t>> WriteTensors(const std::string& text, const NamedTensors& tensors) {
  std::vector<uint8_t> out;
  size_t room = text.size() + 64;
  for (const auto& [name, tensor] : tensors) room += name.size() + tensor.nbytes() + 80;
  out.reserve(room);
  out.insert(out.end(), std::begin(kMagic), std::end(kMagic));
  Put(out, kVersion);
  Put(out, static_cast<uint64_t>(text.size()));
  PutText(out, text);
  Put(out, static_cast<uint32_t>(tensors.size()));
  for (const auto& [name, tensor] : tensors) {
    const auto* type = std::find(std::begin(kTypes), std::end(kTypes), tensor.scalar_type());
    if (type == std::end(kTypes) || static_cast<size_t>(tensor.dim()) > kMaxDims) {
      return Failed("checkpoint: tensor '", name, "' has a type or shape that cannot be stored");
    }
    const at::Tensor flat = tensor.detach().to(at::kCPU).contiguous();
    Put(out, static_cast<uint32_t>(name.size()));
    PutText(out, name);
    Put(out, static_cast<uint8_t>(type - std::begin(kTypes)));
    Put(out, static_cast<uint8_t>(flat.dim()));
    for (const int64_t size : flat.sizes()) Put(out, size);
    const auto* bytes = static_cast<const uint8_t*>(flat.data_ptr());
    out.insert(out.end(), bytes, bytes + flat.nbytes());
  }
  Put(out, Crc32c(out));
  return out;
}

Expected<TensorFile> ReadTensors(std::span<const uint8_t> bytes, const std::string& what) {
  if (bytes.size() < sizeof(kMagic) || std::memcmp(bytes.data(), kMagic, sizeof(kMagic)) != 0) {
    return BadInput(what, ": is no checkpoint of potlut-train");
  }
  if (bytes.size() < sizeof(kMagic) + 8) return BadInput(what, ": is cut off");
  uint32_t crc = 0;
  std::memcpy(&crc, bytes.data() + bytes.size() - 4, 4);
  Reader in(bytes.first(bytes.size() - 4).subspan(sizeof(kMagic)));
  if (const auto version = in.Get<uint32_t>(); version != kVersion) {
    return BadInput(what, ": checkpoint version ", version, " is not known; this program reads ",
                    kVersion);
  }
  if (Crc32c(bytes.first(bytes.size() - 4)) != crc) {
    return BadInput(what, ": is damaged or cut off (checksum); begin without --resume");
  }
  TensorFile file;
  file.text = in.Text(in.Get<uint64_t>());
  const auto count = in.Get<uint32_t>();
  for (uint32_t i = 0; i < count && in.good(); ++i) {
    std::string name = in.Text(in.Get<uint32_t>());
    at::Tensor tensor = ReadTensor(in);
    if (!tensor.defined()) return BadInput(what, ": tensor ", i, " is malformed");
    file.tensors.emplace_back(std::move(name), std::move(tensor));
  }
  if (!in.good() || in.left() != 0) return BadInput(what, ": its lengths do not add up");
  return file;
}

Status CopyTensors(const TensorFile& from, const std::string& prefix, NamedTensors targets,
                   const std::string& what) {
  std::map<std::string_view, const at::Tensor*> stored;
  for (const auto& [name, tensor] : from.tensors) stored[name] = &tensor;
  std::vector<const at::Tensor*> sources;
  for (const auto& [name, target] : targets) {
    const auto found = stored.find(Cat(prefix, name));
    if (found == stored.end()) {
      return BadInput(what, ": has no tensor '", prefix, name, "': it is of another network or ",
                      "other options; begin without --resume");
    }
    if (found->second->sizes() != target.sizes() ||
        found->second->scalar_type() != target.scalar_type()) {
      return BadInput(what, ": tensor '", prefix, name, "' has another shape or type: it is of ",
                      "another network; begin without --resume");
    }
    sources.push_back(found->second);
  }
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < targets.size(); ++i) targets[i].second.copy_(*sources[i]);
  return {};
}

}  // namespace potlut::train
