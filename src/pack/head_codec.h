// A head's fields in their order: one description for writing and reading. C is HeadWriter or
// HeadReader; P is const Program or Program.
#pragma once

#include <algorithm>
#include <cmath>

#include "pack/channel_codec.h"
#include "pack/head.h"
#include "pack/head_fields.h"
#include "pack/op_fields.h"
#include "pack/table_codec.h"

namespace potlut {

// What OpFields (op_fields.h) describes, each value as "the same as last time in such an operator"
// or a number.
template <typename C>
class HeadOpFields {
 public:
  explicit HeadOpFields(C& coder) : c_(coder) {}
  void Begin(OpId id) {
    op_ = static_cast<size_t>(id);
    field_ = 0;
    changed_ = 0;
  }
  template <typename T>
  void Int(T& v, std::string_view what) {
    Last& last = last_[op_][field_];
    bool same = v == last.value;
    c_.Flag(last.same[changed_], same, what);
    if (same) {
      if constexpr (C::kReads) v = last.value;
    } else {
      c_.Int(values_[field_], v, INT32_MIN, INT32_MAX, what);
      changed_ = 1;
      last.value = v;
    }
    ++field_;
  }
  template <typename T>
  void Flag(T& v, std::string_view what) {
    c_.Flag(flags_[op_], v, what);
  }
  template <typename T>
  void Same(T& v, const int32_t& other) {
    if constexpr (C::kReads) v = other;
  }

 private:
  static constexpr size_t kFields = 16;
  struct Last {
    int32_t value = 0;
    AdaptiveBit same[2];
  };
  C& c_;
  size_t op_ = 0, field_ = 0, changed_ = 0;
  std::array<std::array<Last, kFields>, kMaxOpId + 1> last_;
  std::array<IntModel, kFields> values_;
  std::array<AdaptiveBit, kMaxOpId + 1> flags_;
};

template <typename C, typename P>
class HeadCodec {
 public:
  HeadCodec(C& coder, P& program, const ProgramLimits& limits)
      : c_(coder), p_(program), limits_(limits), fields_(coder), tables_(coder), channels_(coder) {}

  void Metadata() {
    if constexpr (C::kReads) {
      uint64_t count = 0;
      c_.Uint(count_, count, kMaxTextBytes, "number of metadata entries");
      std::string before;
      for (uint64_t i = 0; i < count && c_.ok(); ++i) {
        c_.SetPlace(Cat("metadata entry ", i));
        std::string key, value;
        c_.Text(key, TextKind::kKey, kMaxNameBytes, "key");
        Value(value);
        if (i > 0 && key <= before)
          c_.FailBad("key '", key, "' does not follow '", before, "': keys ascend");
        before = key;
        if (c_.ok()) p_.metadata.emplace_hint(p_.metadata.end(), std::move(key), std::move(value));
      }
    } else {
      c_.Uint(count_, p_.metadata.size(), kMaxTextBytes, "");
      for (const auto& [key, value] : p_.metadata) {
        c_.Text(key, TextKind::kKey, kMaxNameBytes, "key");
        Value(value);
      }
    }
  }

  void Tensors() {
    c_.SetPlace("tensors");
    const auto most = static_cast<uint64_t>(limits_.max_nodes) + 1;
    Count(p_.tensors, most, 8, "number of tensors");
    if (C::kReads && p_.tensors.empty()) c_.FailBad("there are no tensors");
    static const Tensor kFirst;
    const Tensor* before = &kFirst;
    for (size_t i = 0; i < p_.tensors.size() && c_.ok(); ++i) {
      c_.SetPlace(Cat("tensor ", i));
      TensorFields(p_.tensors[i], *before);
      before = &p_.tensors[i];
    }
  }

  void Nodes() {
    c_.SetPlace("nodes");
    const uint64_t last = p_.tensors.empty() ? 0 : p_.tensors.size() - 1;
    c_.Uint(count_, p_.input, last, "input tensor");
    Count(p_.outputs, last + 1, 1, "number of outputs");
    int64_t before = static_cast<int64_t>(last);
    for (auto& output : p_.outputs) {
      Delta(tensor_[2], output, before, 0, static_cast<int64_t>(last), "output tensor");
      before = output;
    }
    Count(p_.nodes, static_cast<uint64_t>(limits_.max_nodes), 8, "number of nodes");
    uint8_t op_before = 0;
    before = p_.input;
    for (size_t i = 0; i < p_.nodes.size() && c_.ok(); ++i) {
      c_.SetPlace(Cat("node ", i));
      NodeFields(p_.nodes[i], op_before, before);
    }
  }

  void Tables() {
    for (auto& node : p_.nodes) {
      auto* op = std::get_if<LookupOp>(&node.op);
      if (op == nullptr || !c_.ok()) continue;
      c_.SetPlace(Cat("look-up '", node.name, "'"));
      const Tensor& input = p_.tensors[static_cast<size_t>(node.inputs[0])];
      if (input.type.wide()) c_.FailBad("a look-up in a tensor of 32 bits");
      if (!c_.ok()) return;
      const size_t entries = size_t{1} << input.type.bits;
      const size_t tables = op->per_channel ? static_cast<size_t>(input.dims.c) : 1;
      if (!c_.Unfold(2 * entries * tables, "the look-up table")) return;
      if constexpr (C::kReads) op->table.resize(entries * tables);
      const TensorType type = p_.tensors[static_cast<size_t>(node.output)].type;
      for (size_t i = 0; i < tables && c_.ok(); ++i)
        tables_.Table(std::span(op->table).subspan(i * entries, entries), type);
    }
  }

  // Alphabets, shifts, biases, low readings and the directory of blocks. B, S and L are lists of
  // LayerBlock, LayerSize and LowReading, const for a writer.
  template <typename B, typename S, typename L>
  void Layers(bool layered, B& blocks, S& sizes, L& low, PlutSizes* parts) {
    int64_t weights = 0;
    CodeBudget budget;
    size_t k = 0;
    for (auto& node : p_.nodes) {
      auto* conv = std::get_if<ConvOp>(&node.op);
      if (conv == nullptr) continue;
      c_.SetPlace(Cat("layer '", node.name, "'"));
      Mark(parts == nullptr ? nullptr : &parts->alphabets,
           [&] { channels_.AlphabetOf(conv->alphabet); });
      if (!c_.ok()) return;
      const auto size = LayerSizeOf(p_, node, weights, limits_);
      if (!size.ok()) {
        c_.Fail(size.error().code, size.error().message);
        return;
      }
      const auto out = static_cast<size_t>(p_.tensors[static_cast<size_t>(node.output)].dims.c);
      if (!c_.Unfold(5 * out, "the layer") || !c_.Numbers(2 * out)) return;
      if constexpr (C::kReads) {
        conv->shift.resize(out);
        conv->bias.resize(out);
        blocks.emplace_back();
        sizes.push_back(*size);
        if (layered) low.emplace_back();
      }
      Mark(parts == nullptr ? nullptr : &parts->shifts, [&] { channels_.Shifts(conv->shift); });
      Mark(parts == nullptr ? nullptr : &parts->biases,
           [&] { channels_.Biases(conv->shift, conv->bias); });
      if (layered)
        Mark(parts == nullptr ? nullptr : &parts->low, [&] { channels_.Low(*conv, out, low[k]); });
      if (!c_.ok()) return;
      const bool refined = layered && low[k].layered;
      Mark(parts == nullptr ? nullptr : &parts->directory,
           [&] { channels_.Block(blocks[k], *size, refined); });
      const auto codes = static_cast<uint64_t>(size->codes);
      if ((blocks[k].coder != 0 && !budget.Take(codes, blocks[k].bytes)) ||
          (refined && !budget.Take(codes, blocks[k].refinement_bytes))) {
        c_.Fail(ErrorCode::kResourceLimit, "more codes than blocks of that size may hold");
      }
      ++k;
    }
  }

  // Adds to *bytes what `f` writes.
  template <typename F>
  void Mark(int64_t* bytes, F f) {
    if constexpr (C::kReads) {
      f();
    } else {
      const auto before = static_cast<int64_t>(c_.size());
      f();
      if (bytes != nullptr) *bytes += static_cast<int64_t>(c_.size()) - before;
    }
  }

 private:
  template <typename V>
  void Count(V& list, uint64_t most, uint64_t numbers, std::string_view what) {
    uint64_t count = list.size();
    c_.Uint(count_, count, UINT64_MAX, what);
    if (count > most) {
      c_.Fail(ErrorCode::kResourceLimit, what, " is ", count, ", past the limit of ", most);
      return;
    }
    if (!c_.Numbers(count * numbers)) count = 0;
    if constexpr (C::kReads) list.resize(static_cast<size_t>(count));
  }

  // A number by its distance from another.
  template <typename T>
  void Delta(IntModel& model, T& v, int64_t from, int64_t lo, int64_t hi, std::string_view what) {
    int64_t delta = C::kReads ? 0 : int64_t{v} - from;
    c_.Int(model, delta, lo - from, hi - from, what);
    if constexpr (C::kReads) v = static_cast<T>(c_.ok() ? from + delta : lo);
  }

  // Metadata values: digests, which no model predicts, as what they are.
  template <typename T>
  void Value(T& value) {
    bool hex =
        value.size() == 64 && value.find_first_not_of("0123456789abcdef") == std::string::npos;
    c_.Flag(hex_, hex, "");
    if (!hex) {
      c_.Text(value, TextKind::kValue, kMaxTextBytes, "value");
      return;
    }
    c_.Copy(64);
    for (size_t i = 0; i < 64; ++i) {
      static constexpr std::string_view kDigits = "0123456789abcdef";
      auto digit = C::kReads ? size_t{0} : kDigits.find(value[i]);
      c_.Bits(digit, 4);
      if constexpr (C::kReads) value.push_back(kDigits[digit]);
    }
  }

  template <typename T>
  void TensorFields(T& t, const Tensor& before) {
    auto same = [&](size_t i, auto& v, auto w) {
      bool is = v == w;
      c_.Flag(tensor_same_[i], is, "");
      if constexpr (C::kReads) v = is ? w : v;
      return is;
    };
    const auto most = static_cast<uint64_t>(limits_.max_dimension);
    // The width is most often the height, or as far from the one before as the height was.
    const bool h = same(0, t.dims.h, before.dims.h);
    if (!h) c_.Uint(side_, t.dims.h, most, "height");
    if (!same(h ? 1 : 2, t.dims.w, h ? before.dims.w : t.dims.h))
      c_.Uint(side_, t.dims.w, most, "width");
    if (!same(h ? 3 : 4, t.dims.c, before.dims.c))
      c_.Uint(channels_of_, t.dims.c, most, "channels");
    // The type: bits less two, or 7 for the 32 of what leaves the program.
    uint32_t type = t.type.bits == 32 ? 7 : static_cast<uint32_t>(t.type.bits - 2) & 7;
    type = type << 1 | (t.type.is_signed ? 1 : 0);
    c_.Symbol(type_[type_before_], type, 15, "type");
    type_before_ = type;
    if constexpr (C::kReads) {
      t.type = {static_cast<uint8_t>(type >> 1 == 7 ? 32 : (type >> 1) + 2), (type & 1) != 0};
    }
    Delta(tensor_[3], t.exponent, before.exponent, INT32_MIN, INT32_MAX, "exponent");
    uint64_t factors = t.factor.size();
    c_.Uint(factor_count_, factors, most, "number of factors");
    if (!c_.Numbers(4 * factors)) factors = 0;
    if constexpr (C::kReads) t.factor.resize(static_cast<size_t>(factors));
    for (auto& factor : t.factor) {
      if (!c_.ok()) return;
      Factor(factor);
    }
    c_.Text(t.name, TextKind::kName, kMaxNameBytes, "name");
  }

  // A double: sign and exponent relative to 1, how many of the 52 bits of its fraction are in use,
  // those.
  template <typename T>
  void Factor(T& factor) {
    uint64_t bits = C::kReads ? 0 : std::bit_cast<uint64_t>(factor);
    int64_t top = static_cast<int64_t>(bits >> 52) - 1023;
    constexpr uint64_t kFraction = (uint64_t{1} << 52) - 1;
    uint64_t fraction = bits & kFraction;
    int used = fraction == 0 ? 0 : 52 - std::countr_zero(fraction);
    c_.Int(factor_top_, top, -1023, 4095 - 1023, "factor");
    c_.Symbol(factor_used_, used, 52, "factor");
    fraction >>= 52 - used;
    c_.Bits(fraction, used);
    if constexpr (C::kReads) {
      factor =
          std::bit_cast<double>(static_cast<uint64_t>(top + 1023) << 52 | fraction << (52 - used));
      if (used > 0 && (fraction & 1) == 0) c_.FailBad("factor has more bits than it needs");
      if (!std::isfinite(factor)) c_.FailBad("factor is not a finite number");
    }
  }

  template <typename T>
  void NodeFields(T& node, uint8_t& op_before, int64_t& before) {
    const auto last = static_cast<int64_t>(p_.tensors.size()) - 1;
    uint8_t op = C::kReads ? 0 : static_cast<uint8_t>(OpIdOf(node.op));
    c_.Symbol(op_[op_before], op, 15, "operator");
    if (op < 1 || op > kMaxOpId) {
      c_.Fail(ErrorCode::kUnsupported, "operator ", int{op}, " is unknown; use a newer potlut");
    }
    if (!c_.ok()) return;
    op_before = op;
    const OpId id{op};
    if constexpr (C::kReads) {
      node.op = MakeOp(id);
      node.inputs.resize(FixedInputs(id));
    }
    if (FixedInputs(id) == 0) Count(node.inputs, UINT32_MAX, 1, "number of inputs");
    size_t slot = 0;
    for (auto& input : node.inputs) {
      Delta(inputs_[op][slot], input, before, 0, last, "input");
      slot = 1;
    }
    Delta(tensor_[4], node.output, before + 1, 0, last, "output");
    before = node.output;
    if (!c_.ok()) return;
    fields_.Begin(id);
    std::visit([&](auto& o) { OpFields(fields_, o); }, node.op);
    // Its name is often that of the tensor it writes.
    const std::string& written = p_.tensors[static_cast<size_t>(node.output)].name;
    bool same = node.name == written;
    c_.Flag(same_name_[op], same, "name");
    if (!same) {
      c_.Text(node.name, TextKind::kName, kMaxNameBytes, "name");
    } else if (c_.Copy(written.size())) {
      if constexpr (C::kReads) node.name = written;
    }
  }

  C& c_;
  P& p_;
  const ProgramLimits& limits_;
  HeadOpFields<C> fields_;
  TableCodec<C> tables_;
  ChannelCodec<C> channels_;

  UintModel count_, side_, channels_of_, factor_count_;
  AdaptiveBit hex_;
  std::array<AdaptiveBit, 5> tensor_same_;
  std::array<TreeModel<4>, 16> type_;
  uint32_t type_before_ = 0;
  std::array<IntModel, 5> tensor_;
  IntModel factor_top_;
  TreeModel<6> factor_used_;
  std::array<TreeModel<4>, kMaxOpId + 1> op_;
  std::array<std::array<IntModel, 2>, kMaxOpId + 1> inputs_;
  std::array<AdaptiveBit, kMaxOpId + 1> same_name_;
};

}  // namespace potlut
