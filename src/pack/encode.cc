// Writes the sections of version 1.
#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "base/text.h"
#include "pack/bits.h"
#include "pack/coder.h"
#include "pack/op_fields.h"
#include "pack/sections.h"
#include "pack/wire.h"

namespace potlut {
namespace {

Status CheckText(std::string_view text, uint64_t most, std::string_view what) {
  if (text.size() > most) {
    return ResourceLimit(what, " '", text.substr(0, 40), "...' has ", text.size(),
                         " bytes, at most ", most, " can be stored: shorten it");
  }
  if (!IsUtf8(text)) return BadInput(what, " '", text.substr(0, 40), "' is not valid UTF-8");
  return {};
}

// The names of all tensors and nodes, each once, in the order of first use.
class NameTable {
 public:
  uint64_t Index(std::string_view name) {
    const auto [it, fresh] = index_.try_emplace(name, names_.size());
    if (fresh) names_.push_back(name);
    return it->second;
  }
  // Each name as the number of bytes that it shares with the one before, and the rest.
  std::vector<uint8_t> Encode() const {
    Writer w;
    w.Varint(names_.size());
    std::string_view before;
    for (const std::string_view name : names_) {
      const auto differ =
          std::mismatch(name.begin(), name.end(), before.begin(), before.end()).first;
      const auto shared = static_cast<size_t>(differ - name.begin());
      w.Varint(shared);
      w.Varint(name.size() - shared);
      w.Text(name.substr(shared));
      before = name;
    }
    return w.Take();
  }

 private:
  std::unordered_map<std::string_view, uint64_t> index_;
  std::vector<std::string_view> names_;
};

// A reference to a name: how far it is from the one after the name referred to before.
class NameWriter {
 public:
  explicit NameWriter(NameTable& table) : table_(table) {}
  void Write(Writer& w, std::string_view name) {
    const uint64_t index = table_.Index(name);
    w.Svarint(static_cast<int64_t>(index) - static_cast<int64_t>(next_));
    next_ = index + 1;
  }

 private:
  NameTable& table_;
  uint64_t next_ = 0;
};

Expected<std::vector<uint8_t>> EncodeMetadata(const Program& program) {
  Writer w;
  w.Varint(program.metadata.size());
  for (const auto& [key, value] : program.metadata) {
    POTLUT_RETURN_IF_ERROR(CheckText(key, kMaxNameBytes, "metadata key"));
    POTLUT_RETURN_IF_ERROR(CheckText(value, kMaxTextBytes, "metadata value"));
    w.Varint(key.size());
    w.Text(key);
    w.Varint(value.size());
    w.Text(value);
  }
  return w.Take();
}

std::vector<uint8_t> EncodeTensors(const Program& program, NameTable& names) {
  Writer w;
  NameWriter name(names);
  w.Varint(program.tensors.size());
  for (const Tensor& t : program.tensors) {
    name.Write(w, t.name);
    w.Varint(static_cast<uint32_t>(t.dims.h));
    w.Varint(static_cast<uint32_t>(t.dims.w));
    w.Varint(static_cast<uint32_t>(t.dims.c));
    w.U8(static_cast<uint8_t>(t.type.bits | (t.type.is_signed ? 0x80 : 0)));
    w.Svarint(t.exponent);
    w.Varint(t.factor.size());
    for (const double f : t.factor) w.F64(f);
  }
  return w.Take();
}

std::vector<uint8_t> EncodeNodes(const Program& program, NameTable& names) {
  Writer w;
  NameWriter name(names);
  w.Varint(static_cast<uint32_t>(program.input));
  w.Varint(program.outputs.size());
  for (const int32_t output : program.outputs) w.Varint(static_cast<uint32_t>(output));
  w.Varint(program.nodes.size());
  int64_t before = program.input;  // the tensor written last
  for (const Node& node : program.nodes) {
    const OpId id = OpIdOf(node.op);
    name.Write(w, node.name);
    w.U8(static_cast<uint8_t>(id));
    if (FixedInputs(id) == 0) w.Varint(node.inputs.size());
    for (const int32_t input : node.inputs) w.Svarint(before - input);
    w.Svarint(node.output - before - 1);
    before = node.output;
    OpWriter fields(w);
    std::visit([&](const auto& op) { OpFields(fields, op); }, node.op);
  }
  return w.Take();
}

// One table of 2^bits entries: plain, or by first differences, or the same as the one before.
void EncodeTable(Writer& w, std::span<const int16_t> table, std::span<const int16_t> before) {
  if (std::equal(table.begin(), table.end(), before.begin(), before.end())) {
    w.U8(2);
    return;
  }
  std::vector<int32_t> values(table.begin(), table.end());
  Writer plain, differences;
  WriteIntegers(plain, values);
  differences.Svarint(values[0]);
  for (size_t i = values.size() - 1; i > 0; --i) values[i] -= values[i - 1];
  WriteIntegers(differences, std::span(values).subspan(1));
  const bool by_difference = differences.size() < plain.size();
  w.U8(by_difference ? 1 : 0);
  w.Bytes(by_difference ? differences.bytes() : plain.bytes());
}

std::vector<uint8_t> EncodeTables(const Program& program) {
  Writer w;
  std::span<const int16_t> before;
  for (const Node& node : program.nodes) {
    const auto* op = std::get_if<LookupOp>(&node.op);
    if (op == nullptr) continue;
    const Tensor& input = program.tensors[static_cast<size_t>(node.inputs[0])];
    const size_t entries = size_t{1} << input.type.bits;
    for (size_t i = 0; i < op->table.size(); i += entries) {
      const auto table = std::span(op->table).subspan(i, entries);
      EncodeTable(w, table, before);
      before = table;
    }
  }
  return w.Take();
}

// Kind, bits, number of codes, then the levels as gaps: they ascend. A pair (a, b) ascends as a *
// span + (b - lowest b).
void EncodeAlphabet(Writer& w, const Alphabet& alphabet) {
  w.U8(static_cast<uint8_t>(alphabet.kind));
  w.U8(static_cast<uint8_t>(alphabet.bits));
  w.Varint(static_cast<uint64_t>(alphabet.codes()));
  std::vector<int32_t> points;
  if (alphabet.is_pair()) {
    int32_t lo = 127, hi = -128;
    for (size_t i = 1; i < alphabet.levels.size(); i += 2) {
      lo = std::min<int32_t>(lo, alphabet.levels[i]);
      hi = std::max<int32_t>(hi, alphabet.levels[i]);
    }
    w.Svarint(lo);
    w.Varint(static_cast<uint32_t>(hi - lo + 1));
    for (size_t i = 0; i < alphabet.levels.size(); i += 2) {
      points.push_back(alphabet.levels[i] * (hi - lo + 1) + alphabet.levels[i + 1] - lo);
    }
  } else {
    points.assign(alphabet.levels.begin(), alphabet.levels.end());
  }
  w.Svarint(points[0]);
  for (size_t i = points.size() - 1; i > 0; --i) points[i] -= points[i - 1];
  WriteIntegers(w, std::span(points).subspan(1));
}

std::vector<uint8_t> EncodeWeights(const Program& program, const PackOptions& options,
                                   uint64_t max_codes_per_byte, std::vector<LayerBytes>* layers) {
  Writer w;
  const Alphabet* before = nullptr;
  for (size_t n = 0; n < program.nodes.size(); ++n) {
    const Node& node = program.nodes[n];
    const auto* conv = std::get_if<ConvOp>(&node.op);
    if (conv == nullptr) continue;
    const bool same = before != nullptr && *before == conv->alphabet;
    w.U8(same ? 0 : 1);
    if (!same) EncodeAlphabet(w, conv->alphabet);
    before = &conv->alphabet;
    const std::vector<int32_t> shifts(conv->shift.begin(), conv->shift.end());
    WriteIntegers(w, shifts);
    WriteIntegers(w, conv->bias);
    const CodedLayer coded = EncodeCodes1(*conv, options, max_codes_per_byte);
    w.U8(static_cast<uint8_t>(coded.coder));
    w.Varint(coded.block.size());
    w.Bytes(coded.block);
    if (layers == nullptr) continue;
    layers->push_back({static_cast<int32_t>(n), coded.coder, CostOf(program, node).weights,
                       static_cast<int64_t>(PackedBytes(conv->codes.size(), conv->alphabet.bits)),
                       static_cast<int64_t>(coded.block.size()), OrderZeroEntropy(conv->codes)});
  }
  return w.Take();
}

}  // namespace

uint64_t UnfoldedBytes(const Program& program) {
  uint64_t bytes = 0;
  for (const Tensor& t : program.tensors) bytes += 2 * t.name.size();  // in the table and in use
  for (const Node& node : program.nodes) {
    bytes += 2 * node.name.size();
    if (const auto* conv = std::get_if<ConvOp>(&node.op)) {
      bytes += conv->codes.size() + 4 * conv->bias.size() + conv->shift.size();
    } else if (const auto* lookup = std::get_if<LookupOp>(&node.op)) {
      bytes += 2 * lookup->table.size();
    }
  }
  return bytes;
}

void MeasureSections(const SectionViews& views, const Program& program,
                     const std::vector<LayerBytes>& layers, PlutSizes& sizes) {
  const auto bytes = [&](SectionKind kind) {
    return static_cast<int64_t>(views[static_cast<size_t>(kind) - 1].bytes.size());
  };
  sizes.metadata = bytes(SectionKind::kMetadata);
  sizes.names = bytes(SectionKind::kNames);
  sizes.tensors = bytes(SectionKind::kTensors);
  sizes.nodes = bytes(SectionKind::kNodes);
  sizes.tables = bytes(SectionKind::kTables);
  sizes.shell = sizes.file;
  for (const SectionView& view : views) sizes.shell -= static_cast<int64_t>(view.bytes.size());
  // Within the section of weights: by writing it again.
  size_t k = 0;
  const Alphabet* before = nullptr;
  for (const Node& node : program.nodes) {
    const auto* conv = std::get_if<ConvOp>(&node.op);
    if (conv == nullptr) continue;
    Writer alphabet, shifts, biases, directory;
    alphabet.U8(0);
    if (before == nullptr || *before != conv->alphabet) EncodeAlphabet(alphabet, conv->alphabet);
    before = &conv->alphabet;
    WriteIntegers(shifts, std::vector<int32_t>(conv->shift.begin(), conv->shift.end()));
    WriteIntegers(biases, conv->bias);
    directory.U8(0);
    directory.Varint(static_cast<uint64_t>(layers[k++].stage2_bytes));
    sizes.alphabets += static_cast<int64_t>(alphabet.size());
    sizes.shifts += static_cast<int64_t>(shifts.size());
    sizes.biases += static_cast<int64_t>(biases.size());
    sizes.directory += static_cast<int64_t>(directory.size());
  }
}

Expected<SectionPayloads> EncodeSections(const Program& program, const PackOptions& options,
                                         uint64_t max_codes_per_byte,
                                         std::vector<LayerBytes>* layers) {
  for (const Tensor& t : program.tensors)
    POTLUT_RETURN_IF_ERROR(CheckText(t.name, kMaxNameBytes, "tensor name"));
  for (const Node& n : program.nodes)
    POTLUT_RETURN_IF_ERROR(CheckText(n.name, kMaxNameBytes, "node name"));
  POTLUT_ASSIGN_OR_RETURN(auto metadata, EncodeMetadata(program));
  NameTable names;
  auto tensors = EncodeTensors(program, names);
  auto nodes = EncodeNodes(program, names);
  return SectionPayloads{
      std::move(metadata),   names.Encode(),
      std::move(tensors),    std::move(nodes),
      EncodeTables(program), EncodeWeights(program, options, max_codes_per_byte, layers)};
}

}  // namespace potlut
