// The fields of a version 2 head through the arithmetic coder: one description (head_codec.h) is
// run over a writer or a reader. The reader bounds all that it returns.
#pragma once

#include <bit>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"
#include "pack/arith.h"
#include "pack/format.h"
#include "pack/text_model.h"
#include "pack/wire.h"

namespace potlut {

// What is counted against a head's bounds (format.h): bytes of text and numbers.
struct HeadLoad {
  uint64_t text = 0, numbers = 0;
};

class HeadWriter {
 public:
  static constexpr bool kReads = false;

  void Flag(AdaptiveBit& model, bool v, std::string_view) { coder_.Put(v, model); }
  template <typename T>
  void Uint(UintModel& model, const T& v, uint64_t, std::string_view) {
    model.Encode(coder_, static_cast<uint64_t>(v));
  }
  template <typename T>
  void Int(IntModel& model, const T& v, int64_t, int64_t, std::string_view) {
    model.Encode(coder_, v);
  }
  template <int kBits, typename T>
  void Symbol(TreeModel<kBits>& model, const T& v, uint32_t, std::string_view) {
    model.Encode(coder_, static_cast<uint32_t>(v));
  }
  template <typename T>
  void Bits(const T& v, int count) {
    coder_.PutBits(static_cast<uint64_t>(v), count);
  }
  void Text(const std::string& text, TextKind kind, uint64_t, std::string_view) {
    load_.text += text.size();
    if (!text_) text_.emplace();
    text_->Encode(coder_, text, kind);
  }
  bool Copy(uint64_t bytes) {
    load_.text += bytes;
    return true;
  }
  bool Numbers(uint64_t count) {
    load_.numbers += count;
    return true;
  }
  bool Unfold(uint64_t, std::string_view) { return true; }

  void SetPlace(const std::string&) {}
  template <typename... Parts>
  void FailBad(const Parts&...) {}
  template <typename... Parts>
  void Fail(ErrorCode, const Parts&...) {}
  bool ok() const { return true; }

  size_t size() const { return coder_.size(); }
  const HeadLoad& load() const { return load_; }
  std::vector<uint8_t> Finish() { return coder_.Finish(); }

 private:
  ArithEncoder coder_;
  std::optional<TextModel> text_;  // made with the first text: that takes a millisecond
  HeadLoad load_;
};

// The first failure sticks, as in Reader (wire.h). Messages name the place and the field; there are
// no offsets in a coded block.
class HeadReader {
 public:
  static constexpr bool kReads = true;

  HeadReader(std::span<const uint8_t> head, uint64_t may_unfold_to)
      : coder_(head),
        left_{HeadTextLimit(head.size()), HeadNumberLimit(head.size())},
        unfold_total_(may_unfold_to),
        unfold_left_(may_unfold_to) {}

  template <typename T>
  void Flag(AdaptiveBit& model, T& v, std::string_view) {
    v = coder_.Get(model);
  }
  template <typename T>
  void Uint(UintModel& model, T& v, uint64_t max, std::string_view what) {
    const uint64_t got = model.Decode(coder_, UINT64_MAX - 1);
    if (got > max) FailBad(what, " is ", got, ", at most ", max, " is possible here");
    v = static_cast<T>(ok() ? got : 0);
  }
  template <typename T>
  void Int(IntModel& model, T& v, int64_t lo, int64_t hi, std::string_view what) {
    int64_t got = model.Decode(coder_, -INT64_MAX, INT64_MAX);
    if (got < lo || got > hi) FailBad(what, " is ", got, ", outside of ", lo, "..", hi);
    if (!ok()) got = lo > 0 ? lo : hi < 0 ? hi : 0;
    v = static_cast<T>(got);
  }
  template <int kBits, typename T>
  void Symbol(TreeModel<kBits>& model, T& v, uint32_t max, std::string_view what) {
    const uint32_t got = model.Decode(coder_);
    if (got > max) FailBad(what, " is ", got, ", at most ", max, " is possible here");
    v = static_cast<T>(ok() ? got : 0);
  }
  template <typename T>
  void Bits(T& v, int count) {
    v = static_cast<T>(coder_.GetBits(count));
  }
  void Text(std::string& text, TextKind kind, uint64_t max, std::string_view what) {
    if (!ok()) return;
    const uint64_t most = max < left_.text ? max : left_.text;
    if (!text_) text_.emplace();
    if (!text_->Decode(coder_, kind, static_cast<size_t>(most), text) && ok()) {
      if (text.size() == left_.text) TextPastLimit();
      FailBad(what, " has more than ", max, " bytes");
    }
    left_.text -= text.size();
    if (ok() && !IsUtf8(text)) FailBad(what, " is not valid UTF-8");
    if (!ok()) text.clear();
  }
  // Text that comes again, so many bytes of it.
  bool Copy(uint64_t bytes) {
    if (bytes > left_.text) TextPastLimit();
    if (ok()) left_.text -= bytes;
    return ok();
  }
  // Before `count` numbers are read one by one.
  bool Numbers(uint64_t count) {
    if (count > left_.numbers)
      Fail(ErrorCode::kResourceLimit, "more numbers than a head of this size may hold");
    if (ok()) left_.numbers -= count;
    return ok();
  }
  // Before memory for them is taken: codes, tables, biases, shifts.
  bool Unfold(uint64_t bytes, std::string_view what) {
    if (bytes > unfold_left_) {
      Fail(ErrorCode::kResourceLimit, what, " would unfold to ", bytes, " bytes; ", unfold_left_,
           " of the ", unfold_total_, " that a file of this size may unfold to are left");
    }
    if (ok()) unfold_left_ -= bytes;
    return ok();
  }

  // What is being read, for messages.
  void SetPlace(std::string place) { place_ = std::move(place); }
  template <typename... Parts>
  void Fail(ErrorCode code, const Parts&... parts) {
    if (!error_)
      error_ = Error{code, Cat("head", place_.empty() ? "" : ", ", place_, ": ", parts...)};
  }
  template <typename... Parts>
  void FailBad(const Parts&... parts) {
    Fail(ErrorCode::kBadInput, parts...);
  }
  bool ok() {
    if (!error_ && !coder_.ok()) FailBad("the head ends too early");
    return !error_;
  }
  // All of the head must have been used.
  Status Finish() {
    if (!ok()) return *error_;
    SetPlace("");
    if (const Status s = coder_.Finish(); !s.ok()) FailBad(s.message());
    return error_ ? Status(*error_) : Status();
  }

 private:
  void TextPastLimit() {
    Fail(ErrorCode::kResourceLimit, "more text than a head of this size may hold");
  }
  ArithDecoder coder_;
  std::optional<TextModel> text_;  // made with the first text: that takes a millisecond
  HeadLoad left_;
  uint64_t unfold_total_, unfold_left_;
  std::string place_;
  std::optional<Error> error_;
};

}  // namespace potlut
