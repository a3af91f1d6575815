// What a delta says of all but codes: one description for writing and reading. C is HeadWriter or
// HeadReader; P is const Program or Program, which a reader begins as a copy of the old one.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "pack/channel_codec.h"
#include "pack/head_fields.h"
#include "pack/op_fields.h"

namespace potlut {

// What becomes of a layer's codes.
enum class CodesMode : uint8_t {
  kSame = 0,
  kMoved = 1,  // told by their moves
  kAnew = 2,   // a block of codes as in a file
};
struct LayerChange {
  CodesMode codes = CodesMode::kSame;
  uint8_t coder = 0;   // kAnew
  uint64_t bytes = 0;  // kAnew
};

// The values of an operator's fields, in the order in which OpFields names them.
class FieldValues {
 public:
  void Int(const int32_t& v, std::string_view) { values.push_back(v); }
  void Flag(const bool& v, std::string_view) { values.push_back(v ? 1 : 0); }
  void Same(const int32_t&, const int32_t&) {}
  std::vector<int32_t> values;
};

// OpFields by their distances from the old values (from 0 where there is none: a window that was
// square and is not).
template <typename C>
class OpChanges {
 public:
  explicit OpChanges(C& coder) : c_(coder) {}
  void Begin(std::vector<int32_t> old) {
    old_ = std::move(old);
    next_ = 0;
  }
  template <typename T>
  void Int(T& v, std::string_view what) {
    const int64_t from = Next();
    int64_t d = C::kReads ? 0 : int64_t{v} - from;
    c_.Int(distance_, d, INT32_MIN - from, INT32_MAX - from, what);
    if constexpr (C::kReads) v = static_cast<int32_t>(c_.ok() ? from + d : 0);
  }
  template <typename T>
  void Flag(T& v, std::string_view what) {
    const bool from = Next() != 0;
    bool differs = !C::kReads && v != from;
    c_.Flag(flag_, differs, what);
    if constexpr (C::kReads) v = from != differs;
  }
  template <typename T>
  void Same(T& v, const int32_t& other) {
    if constexpr (C::kReads) v = other;
  }

 private:
  int32_t Next() { return next_ < old_.size() ? old_[next_++] : 0; }
  C& c_;
  std::vector<int32_t> old_;
  size_t next_ = 0;
  IntModel distance_;
  AdaptiveBit flag_;
};

template <typename C, typename P>
class DeltaCodec {
 public:
  DeltaCodec(C& coder, const Program& from, P& to)
      : c_(coder), from_(from), to_(to), ops_(coder), channels_(coder) {}

  // L: a list of LayerChange, const for a writer.
  template <typename L>
  void Run(L& layers) {
    Metadata();
    for (size_t i = 0; i < to_.tensors.size() && c_.ok(); ++i) {
      c_.SetPlace(Cat("tensor ", i));
      TensorFields(from_.tensors[i], to_.tensors[i]);
    }
    size_t layer = 0;
    for (size_t i = 0; i < to_.nodes.size() && c_.ok(); ++i) {
      c_.SetPlace(Cat("node ", i, " '", from_.nodes[i].name, "'"));
      const Node& old = from_.nodes[i];
      auto& node = to_.nodes[i];
      Name(old.name, node.name);
      FieldValues values;
      std::visit([&](const auto& op) { OpFields(values, op); }, old.op);
      ops_.Begin(std::move(values.values));
      std::visit([&](auto& op) { OpFields(ops_, op); }, node.op);
      if (auto* lookup = std::get_if<LookupOp>(&node.op))
        List(2, std::get<LookupOp>(old.op).table, lookup->table, INT16_MIN, INT16_MAX, "table");
      auto* conv = std::get_if<ConvOp>(&node.op);
      if (conv == nullptr || !c_.ok()) continue;
      if constexpr (C::kReads) layers.emplace_back();
      Layer(std::get<ConvOp>(old.op), *conv, layers[layer++]);
    }
  }

 private:
  template <typename V>
  void Layer(const ConvOp& old, V& conv, auto& change) {
    bool same = conv.alphabet == old.alphabet;
    c_.Flag(same_alphabet_, same, "alphabet");
    if (!same) channels_.AlphabetOf(conv.alphabet);
    List(0, old.shift, conv.shift, -15, 31, "shift");
    List(1, old.bias, conv.bias, INT32_MIN, INT32_MAX, "bias");
    c_.Symbol(mode_[mode_before_], change.codes, 2, "mode of codes");
    if (!c_.ok()) return;
    mode_before_ = static_cast<size_t>(change.codes);
    if (change.codes != CodesMode::kAnew) return;
    c_.Symbol(coder_, change.coder, 7, "coder");
    c_.Uint(bytes_, change.bytes, UINT64_MAX, "size of codes");
  }

  // Numbers of which there are as many as before: all the same, or each by its distance.
  template <typename O, typename V>
  void List(size_t kind, const O& old, V& list, int64_t lo, int64_t hi, std::string_view what) {
    bool same = true;
    if constexpr (!C::kReads) same = old == list;
    c_.Flag(same_list_[kind], same, what);
    if (same) return;
    for (size_t i = 0; i < list.size() && c_.ok(); ++i) {
      const int64_t from = old[i];
      int64_t d = C::kReads ? 0 : list[i] - from;
      c_.Int(list_[kind], d, lo - from, hi - from, what);
      if constexpr (C::kReads) list[i] = static_cast<typename V::value_type>(from + d);
    }
  }

  template <typename T>
  void Name(const std::string& old, T& name) {
    bool same = name == old;
    c_.Flag(same_name_, same, "name");
    if (!same) c_.Text(name, TextKind::kName, kMaxNameBytes, "name");
  }

  template <typename T>
  void TensorFields(const Tensor& old, T& t) {
    Name(old.name, t.name);
    bool same = t.type == old.type;
    c_.Flag(same_type_, same, "type");
    if (!same) {
      // Bits less two, or 7 for 32.
      uint32_t type = t.type.bits == 32 ? 7 : static_cast<uint32_t>(t.type.bits - 2) & 7;
      type = type << 1 | (t.type.is_signed ? 1 : 0);
      c_.Symbol(type_, type, 15, "type");
      if constexpr (C::kReads)
        t.type = {static_cast<uint8_t>(type >> 1 == 7 ? 32 : (type >> 1) + 2), (type & 1) != 0};
    }
    int64_t d = C::kReads ? 0 : int64_t{t.exponent} - old.exponent;
    c_.Int(exponent_, d, INT32_MIN - int64_t{old.exponent}, INT32_MAX - int64_t{old.exponent},
           "exponent");
    if constexpr (C::kReads) t.exponent = static_cast<int32_t>(old.exponent + d);
    same = t.factor == old.factor;
    c_.Flag(same_factor_, same, "factor");
    if (same) return;
    uint64_t count = t.factor.size();
    c_.Uint(factors_, count, static_cast<uint64_t>(t.dims.c), "number of factors");
    if (!c_.Numbers(4 * count)) return;
    if constexpr (C::kReads) t.factor.resize(static_cast<size_t>(count));
    for (auto& factor : t.factor) {
      uint64_t bits = C::kReads ? 0 : std::bit_cast<uint64_t>(factor);
      c_.Bits(bits, 64);
      if constexpr (C::kReads) factor = std::bit_cast<double>(bits);
      if (!std::isfinite(factor)) c_.FailBad("factor is not a finite number");
    }
  }

  // Of each old entry whether it stays, changes or goes; then those that are new.
  void Metadata() {
    c_.SetPlace("metadata");
    uint64_t added = 0;
    if constexpr (!C::kReads) {
      for (const auto& [key, value] : to_.metadata) added += from_.metadata.contains(key) ? 0 : 1;
    }
    for (const auto& [key, value] : from_.metadata) {
      if (!c_.ok()) return;
      uint32_t what = 0;  // stays, changes, goes
      if constexpr (!C::kReads) {
        const auto found = to_.metadata.find(key);
        what = found == to_.metadata.end() ? 2 : found->second == value ? 0 : 1;
      }
      c_.Symbol(entry_, what, 2, "what becomes of an entry");
      if (what == 1) Value(value, to_.metadata.find(key)->second);
      if constexpr (C::kReads) {
        if (what == 2) to_.metadata.erase(key);
      }
    }
    c_.Uint(added_, added, kMaxTextBytes, "number of new entries");
    if constexpr (C::kReads) {
      for (; added > 0 && c_.ok(); --added) {
        std::string key, value;
        c_.Text(key, TextKind::kKey, kMaxNameBytes, "key");
        c_.Text(value, TextKind::kValue, kMaxTextBytes, "value");
        if (!to_.metadata.emplace(std::move(key), std::move(value)).second)
          c_.FailBad("an entry is there already");
      }
    } else {
      for (const auto& [key, value] : to_.metadata) {
        if (from_.metadata.contains(key)) continue;
        c_.Text(key, TextKind::kKey, kMaxNameBytes, "key");
        c_.Text(value, TextKind::kValue, kMaxTextBytes, "value");
      }
    }
  }

  // A text that begins and ends like the old one.
  template <typename T>
  void Value(const std::string& old, T& value) {
    const auto inside = [](const std::string& text, size_t at) {  // of a character of UTF-8
      return at < text.size() && (static_cast<uint8_t>(text[at]) & 0xC0) == 0x80;
    };
    uint64_t head = 0, tail = 0;
    if constexpr (!C::kReads) {
      const size_t most = std::min(old.size(), value.size());
      while (head < most && old[head] == value[head]) ++head;
      while (head > 0 && inside(value, head)) --head;
      while (tail < most - head && old[old.size() - 1 - tail] == value[value.size() - 1 - tail])
        ++tail;
      while (tail > 0 && inside(value, value.size() - tail)) --tail;
    }
    c_.Uint(shared_[0], head, old.size(), "shared bytes");
    c_.Uint(shared_[1], tail, old.size() - (c_.ok() ? head : 0), "shared bytes");
    std::string middle;
    if constexpr (!C::kReads)
      middle =
          value.substr(static_cast<size_t>(head), value.size() - static_cast<size_t>(head + tail));
    c_.Copy(head + tail);
    c_.Text(middle, TextKind::kValue, kMaxTextBytes, "value");
    if constexpr (C::kReads) {
      value = old.substr(0, static_cast<size_t>(head)) + middle +
              old.substr(old.size() - static_cast<size_t>(tail));
    }
  }

  C& c_;
  const Program& from_;
  P& to_;
  OpChanges<C> ops_;
  ChannelCodec<C> channels_;
  AdaptiveBit same_name_, same_type_, same_factor_, same_alphabet_;
  std::array<AdaptiveBit, 3> same_list_;
  std::array<IntModel, 3> list_;
  IntModel exponent_;
  UintModel factors_, added_, bytes_;
  std::array<UintModel, 2> shared_;
  TreeModel<4> type_;
  TreeModel<2> entry_;
  std::array<TreeModel<2>, 3> mode_;
  size_t mode_before_ = 0;
  TreeModel<3> coder_;
};

}  // namespace potlut
