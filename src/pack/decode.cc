// Reads the sections of version 1; trusts nothing.
#include <algorithm>
#include <optional>

#include "base/text.h"
#include "pack/bits.h"
#include "pack/coder.h"
#include "pack/layer_size.h"
#include "pack/op_fields.h"
#include "pack/sections.h"
#include "pack/wire.h"

namespace potlut {
namespace {

// What the file may still unfold to.
class Allowance {
 public:
  explicit Allowance(uint64_t file_bytes) : total_(UnfoldLimit(file_bytes)), left_(total_) {}
  // Takes `bytes` off; fails the reader where that is more than is left.
  bool Take(Reader& r, uint64_t bytes, std::string_view what) {
    if (!r.ok()) return false;
    if (bytes > left_) {
      r.Fail(ErrorCode::kResourceLimit, what, " would unfold to ", bytes, " bytes; ", left_,
             " of the ", total_, " that a file of this size may unfold to are left");
      return false;
    }
    left_ -= bytes;
    return true;
  }

 private:
  uint64_t total_, left_;
};

class ProgramReader {
 public:
  ProgramReader(const SectionViews& views, uint64_t file_bytes, const ProgramLimits& limits,
                std::vector<LayerBytes>* layers)
      : views_(views), limits_(limits), allowance_(file_bytes), layers_(layers) {}

  Expected<Program> Read() {
    POTLUT_RETURN_IF_ERROR(ReadMetadata());
    POTLUT_RETURN_IF_ERROR(ReadNames());
    POTLUT_RETURN_IF_ERROR(ReadTensors());
    POTLUT_RETURN_IF_ERROR(ReadNodes());
    POTLUT_RETURN_IF_ERROR(ReadTables());
    POTLUT_RETURN_IF_ERROR(ReadWeights());
    return std::move(program_);
  }

 private:
  Reader Open(SectionKind kind) const {
    const size_t i = static_cast<size_t>(kind) - 1;
    return Reader(views_[i].bytes, views_[i].offset, kSectionNames[i]);
  }

  Status ReadMetadata() {
    Reader r = Open(SectionKind::kMetadata);
    const size_t count = r.Count("number of entries", 2);
    std::string before;
    for (size_t i = 0; i < count && r.ok(); ++i) {
      r.SetPlace(Cat("entry ", i));
      std::string key = r.Text(r.Varint("key size", kMaxNameBytes), "key");
      std::string value = r.Text(r.Varint("value size", kMaxTextBytes), "value");
      if (i > 0 && key <= before)
        r.FailBad("key '", key, "' does not follow '", before, "': keys ascend");
      before = key;
      if (r.ok())
        program_.metadata.emplace_hint(program_.metadata.end(), std::move(key), std::move(value));
    }
    return r.Finish();
  }

  Status ReadNames() {
    Reader r = Open(SectionKind::kNames);
    const size_t count = r.Count("number of names", 2);
    names_.reserve(count);
    std::string before;
    for (size_t i = 0; i < count && r.ok(); ++i) {
      r.SetPlace(Cat("name ", i));
      const uint64_t shared = r.Varint("shared bytes", before.size());
      const uint64_t own = r.Varint("own bytes", kMaxNameBytes - shared);
      const auto rest = r.Bytes(own, "name");
      if (!allowance_.Take(r, shared + own, "names")) break;
      before.resize(static_cast<size_t>(shared));
      before.append(rest.begin(), rest.end());
      if (!IsUtf8(before)) r.FailBad("name is not valid UTF-8");
      names_.push_back(before);
    }
    return r.Finish();
  }

  // A reference to a name, relative to the one after the one before.
  std::string ReadName(Reader& r, int64_t& next) {
    const auto count = static_cast<int64_t>(names_.size());
    if (count == 0) r.FailBad("there are no names");
    if (!r.ok()) return {};
    const int64_t index = next + r.Svarint("name", -next, count - 1 - next);
    if (!r.ok()) return {};
    next = index + 1;
    const std::string& name = names_[static_cast<size_t>(index)];
    return allowance_.Take(r, name.size(), "names") ? name : std::string();
  }

  Status ReadTensors() {
    Reader r = Open(SectionKind::kTensors);
    const size_t count = r.Count("number of tensors", 7);
    if (count > static_cast<size_t>(limits_.max_nodes) + 1) {
      r.Fail(ErrorCode::kResourceLimit, count, " tensors are past the limit of ", limits_.max_nodes,
             " nodes");
    }
    if (!r.ok()) return r.status();
    program_.tensors.reserve(count);
    int64_t next_name = 0;
    for (size_t i = 0; i < count && r.ok(); ++i) {
      r.SetPlace(Cat("tensor ", i));
      Tensor t;
      t.name = ReadName(r, next_name);
      const auto side = [&](std::string_view what) {
        return static_cast<int32_t>(r.Varint(what, static_cast<uint32_t>(limits_.max_dimension)));
      };
      t.dims.h = side("height");
      t.dims.w = side("width");
      t.dims.c = side("channels");
      const uint8_t type = r.U8("type");
      t.type = {static_cast<uint8_t>(type & 0x7F), type >= 0x80};
      if (r.ok() && t.type.bits != 32 && (t.type.bits < 2 || t.type.bits > 8)) {
        r.Fail(ErrorCode::kUnsupported, "type of ", int{t.type.bits}, " bits is unknown");
      }
      t.exponent = r.Int32("exponent");
      t.factor.resize(r.Count("number of factors", 8));
      for (double& f : t.factor) f = r.F64("factor");
      program_.tensors.push_back(std::move(t));
    }
    return r.Finish();
  }

  int32_t ReadTensorIndex(Reader& r, int64_t relative_to, int64_t sign, std::string_view what) {
    const auto last = static_cast<int64_t>(program_.tensors.size()) - 1;
    const int64_t index =
        relative_to + sign * r.Svarint(what, -(int64_t{1} << 31), int64_t{1} << 31);
    if (r.ok() && (index < 0 || index > last))
      r.FailBad(what, " is tensor ", index, "; the last is ", last);
    return r.ok() ? static_cast<int32_t>(index) : 0;
  }

  Status ReadNodes() {
    Reader r = Open(SectionKind::kNodes);
    if (program_.tensors.empty()) r.FailBad("there are no tensors");
    const uint64_t last = program_.tensors.empty() ? 0 : program_.tensors.size() - 1;
    program_.input = static_cast<int32_t>(r.Varint("input tensor", last));
    program_.outputs.resize(r.Count("number of outputs", 1));
    for (int32_t& output : program_.outputs)
      output = static_cast<int32_t>(r.Varint("output tensor", last));
    const size_t count = r.Count("number of nodes", 4);
    if (count > static_cast<size_t>(limits_.max_nodes)) {
      r.Fail(ErrorCode::kResourceLimit, count, " nodes are past the limit of ", limits_.max_nodes);
    }
    if (!r.ok()) return r.status();
    program_.nodes.reserve(count);
    int64_t next_name = 0, before = program_.input;
    for (size_t i = 0; i < count && r.ok(); ++i) {
      r.SetPlace(Cat("node ", i));
      Node node;
      node.name = ReadName(r, next_name);
      r.SetPlace(Cat("node ", i, " '", node.name, "'"));
      const uint8_t id = r.U8("operator");
      if (r.ok() && (id < 1 || id > kMaxOpId)) {
        r.Fail(ErrorCode::kUnsupported, "operator ", int{id}, " is unknown; use a newer potlut");
      }
      if (!r.ok()) break;
      node.op = MakeOp(OpId{id});
      const size_t fixed = FixedInputs(OpId{id});
      node.inputs.resize(fixed > 0 ? fixed : r.Count("number of inputs", 1));
      for (int32_t& input : node.inputs) input = ReadTensorIndex(r, before, -1, "input");
      node.output = ReadTensorIndex(r, before + 1, 1, "output");
      before = node.output;
      OpReader fields(r);
      std::visit([&](auto& op) { OpFields(fields, op); }, node.op);
      program_.nodes.push_back(std::move(node));
    }
    return r.Finish();
  }

  const Tensor& InputOf(const Node& node) const {
    return program_.tensors[static_cast<size_t>(node.inputs[0])];
  }
  const Tensor& OutputOf(const Node& node) const {
    return program_.tensors[static_cast<size_t>(node.output)];
  }

  // Appends one table of `entries` values; `before` is the table before it.
  void ReadTable(Reader& r, size_t entries, std::vector<int16_t>& before,
                 std::vector<int16_t>& out) {
    const uint8_t mode = r.U8("table mode");
    if (mode == 0) {
      const auto values = ReadIntegers(r, "table", entries, INT16_MIN, INT16_MAX);
      if (r.ok()) before.assign(values.begin(), values.end());
    } else if (mode == 1) {
      int32_t value = static_cast<int32_t>(r.Svarint("first table entry", INT16_MIN, INT16_MAX));
      const auto steps = ReadIntegers(r, "table steps", entries - 1, -65535, 65535);
      before.assign(1, static_cast<int16_t>(value));
      for (const int32_t step : steps) {
        value += step;
        if (value < INT16_MIN || value > INT16_MAX) {
          r.FailBad("table entry ", value, " does not fit into 16 bits");
          return;
        }
        before.push_back(static_cast<int16_t>(value));
      }
    } else if (mode == 2) {
      if (before.size() != entries)
        r.FailBad("there is no table of ", entries, " entries before this one");
    } else {
      r.Fail(ErrorCode::kUnsupported, "table mode ", int{mode}, " is unknown; use a newer potlut");
    }
    if (r.ok()) out.insert(out.end(), before.begin(), before.end());
  }

  Status ReadTables() {
    Reader r = Open(SectionKind::kTables);
    std::vector<int16_t> before;
    for (Node& node : program_.nodes) {
      auto* op = std::get_if<LookupOp>(&node.op);
      if (op == nullptr) continue;
      r.SetPlace(Cat("node '", node.name, "'"));
      const Tensor& input = InputOf(node);
      if (input.type.wide()) r.FailBad("a look-up in a tensor of 32 bits");
      if (!r.ok()) break;
      const size_t entries = size_t{1} << input.type.bits;
      const size_t tables = op->per_channel ? static_cast<size_t>(input.dims.c) : 1;
      if (!allowance_.Take(r, 2 * entries * tables, "the look-up table")) break;
      op->table.reserve(entries * tables);
      for (size_t i = 0; i < tables && r.ok(); ++i) ReadTable(r, entries, before, op->table);
    }
    return r.Finish();
  }

  Alphabet ReadAlphabet(Reader& r) {
    Alphabet alphabet;
    const uint8_t kind = r.U8("alphabet kind");
    if (kind > static_cast<uint8_t>(AlphabetKind::kPair)) {
      r.Fail(ErrorCode::kUnsupported, "alphabet kind ", int{kind},
             " is unknown; use a newer potlut");
    }
    alphabet.kind = AlphabetKind{kind};
    alphabet.bits = r.U8("alphabet bits");
    if (r.ok() && (alphabet.bits < 1 || alphabet.bits > 8)) {
      r.FailBad("alphabet of ", alphabet.bits, " bits, 1 to 8 are possible");
    }
    if (!r.ok()) return {};
    const size_t codes = r.Varint("number of levels", uint64_t{1} << alphabet.bits);
    if (r.ok() && codes == 0) r.FailBad("alphabet without levels");
    const bool pair = alphabet.is_pair();
    const auto low = pair ? static_cast<int32_t>(r.Svarint("lowest second level", -128, 127)) : 0;
    const auto span = pair ? static_cast<int32_t>(r.Varint("span of second levels", 256)) : 1;
    if (r.ok() && (span < 1 || low + span - 1 > 127))
      r.FailBad("second levels of a pair leave 8 bits");
    if (!r.ok()) return {};
    const int32_t lowest = -128 * span, highest = 128 * span - 1;
    auto point = static_cast<int32_t>(r.Svarint("first level", lowest, highest));
    const auto gaps = ReadIntegers(r, "level gaps", codes - 1, 1, highest - lowest);
    for (size_t i = 0; i < codes && r.ok(); ++i) {
      if (i > 0) point += gaps[i - 1];
      if (point > highest) {
        r.FailBad("level ", i, " leaves 8 bits");
        break;
      }
      const int32_t first = (point - lowest) / span - 128;
      alphabet.levels.push_back(static_cast<int8_t>(first));
      if (pair) alphabet.levels.push_back(static_cast<int8_t>(low + (point - lowest) % span));
    }
    return alphabet;
  }

  Status ReadWeights() {
    Reader r = Open(SectionKind::kWeights);
    const Alphabet* before = nullptr;
    for (size_t n = 0; n < program_.nodes.size() && r.ok(); ++n) {
      Node& node = program_.nodes[n];
      auto* conv = std::get_if<ConvOp>(&node.op);
      if (conv == nullptr) continue;
      r.SetPlace(Cat("layer '", node.name, "'"));
      const bool fresh = r.Varint("alphabet choice", 1) == 1;
      if (!fresh && before == nullptr) r.FailBad("there is no alphabet before this one");
      if (!r.ok()) break;
      conv->alphabet = fresh ? ReadAlphabet(r) : *before;
      if (!r.ok()) break;
      before = &conv->alphabet;
      const auto size = LayerSizeOf(program_, node, weights_, limits_);
      if (!size.ok()) {
        r.Fail(size.error().code, size.error().message);
        break;
      }
      const auto channels = static_cast<size_t>(OutputOf(node).dims.c);
      if (!allowance_.Take(r, static_cast<uint64_t>(size->codes) + 5 * channels, "the layer"))
        break;
      const auto shifts = ReadIntegers(r, "shifts", channels, -15, 31);
      conv->shift.assign(shifts.begin(), shifts.end());
      conv->bias = ReadIntegers(r, "biases", channels, INT32_MIN, INT32_MAX);
      const uint8_t coder = r.U8("coder");
      const auto block = r.Bytes(r.Varint("size of codes"), "codes");
      if (!r.ok()) break;
      conv->codes.resize(static_cast<size_t>(size->codes));
      if (const Status s = DecodeCodes(1, coder, block, *conv, conv->alphabet, conv->codes); !s.ok()) {
        r.Fail(s.code(), "codes: ", s.message());
        break;
      }
      if (layers_ == nullptr) continue;
      layers_->push_back(
          {static_cast<int32_t>(n), CoderId{coder}, size->weights,
           static_cast<int64_t>(PackedBytes(conv->codes.size(), conv->alphabet.bits)),
           static_cast<int64_t>(block.size()), OrderZeroEntropy(conv->codes)});
    }
    return r.Finish();
  }

  const SectionViews& views_;
  const ProgramLimits& limits_;
  Allowance allowance_;
  std::vector<LayerBytes>* layers_;
  std::vector<std::string> names_;
  int64_t weights_ = 0;
  Program program_;
};

}  // namespace

Expected<Program> DecodeSections(const SectionViews& views, uint64_t file_bytes,
                                 const ProgramLimits& limits, std::vector<LayerBytes>* layers) {
  return ProgramReader(views, file_bytes, limits, layers).Read();
}

}  // namespace potlut
