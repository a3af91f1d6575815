// Prediction of text bits: hashed contexts, repetition, mixing.
#include "pack/text_model.h"

#include <algorithm>

#include "pack/logistic.h"

namespace potlut {
namespace {

constexpr uint8_t kEnd = 0xFF;
constexpr int32_t kMixRate = 6;
constexpr int32_t kMostWeight = 100000;
constexpr uint32_t kMinMatch = 4;
constexpr size_t kHistory = size_t{1} << 16;

// Share of the way to the bit that a slot moves after n observations, in 1/65536: 1/(n + 1.5).
constexpr std::array<int32_t, 16> MakeRates() {
  std::array<int32_t, 16> rates{};
  for (int32_t n = 0; n < 16; ++n) rates[static_cast<size_t>(n)] = 131072 / (2 * n + 3);
  return rates;
}
constexpr auto kRates = MakeRates();
constexpr uint32_t kSlotLimit = 14;

void Learn(uint16_t& slot, bool bit) {
  const uint32_t seen = slot & 15;
  const int32_t p = slot >> 4, target = bit ? 4095 : 0;
  const int32_t next = p + ((target - p) * kRates[seen] >> 16);
  slot = static_cast<uint16_t>(static_cast<uint32_t>(next) << 4 |
                               std::min<uint32_t>(seen + 1, kSlotLimit));
}

uint32_t Hash(uint64_t v) { return static_cast<uint32_t>(v * 0x9E3779B97F4A7C15 >> 32); }

}  // namespace

TextModel::TextModel() : match_table_(size_t{1} << kMatchBits, 0), history_(kHistory, 0) {
  for (auto& order : slots_) order.assign(size_t{1} << kSlotBits, 2048 << 4);
  match_slots_.fill(3072 << 4);
  for (auto& set : weights_) set.fill(20000);
  // The primer: keys and values first, then names.
  Begin(TextKind::kValue);
  for (const char c : kTextPrimer) {
    const auto byte = static_cast<uint8_t>(c);
    for (int i = 7; i >= 0; --i) {
      Predict();
      Update((byte >> i & 1) != 0);
    }
    EndByte(byte);
  }
}

void TextModel::Begin(TextKind kind) {
  kind_ = kind;
  EndByte(kEnd);
}

// Sets the contexts of the next byte.
void TextModel::EndByte(uint8_t byte) {
  history_[position_ % kHistory] = byte;
  ++position_;
  last_ = last_ << 8 | byte;
  const bool letter = (byte | 32) >= 'a' && (byte | 32) <= 'z';
  if (byte == '\n' || byte == kEnd) {
    line_ = 0;
    in_word_ = true;
  } else if (!letter && byte != '-') {
    in_word_ = false;
  } else if (in_word_) {
    line_ = Hash(line_ + uint64_t{byte} + 1);
  }
  // The longest repetition goes on, or a new one is looked for.
  if (match_length_ > 0 && history_[match_at_ % kHistory] == byte) {
    ++match_at_;
    match_length_ = std::min<uint32_t>(match_length_ + 1, 15);
  } else {
    match_length_ = 0;
  }
  uint16_t& seen = match_table_[Hash(last_ & 0xFFFFFFFF) >> (32 - kMatchBits)];
  if (match_length_ == 0 && seen != 0) {
    // The place modulo the ring's size; whether it really repeats is seen by comparing.
    const uint32_t back = (position_ - seen) % kHistory;
    uint32_t length = 0;
    while (length < 15 && back > 0 && length + back < position_ && length + back < kHistory &&
           history_[(position_ - 1 - length) % kHistory] ==
               history_[(position_ - 1 - length - back) % kHistory]) {
      ++length;
    }
    if (length >= kMinMatch) {
      match_at_ = position_ - back;
      match_length_ = length;
    }
  }
  seen = static_cast<uint16_t>(position_ % kHistory);

  partial_ = 1;
  const auto kind = static_cast<uint64_t>(kind_) + 1;
  const uint64_t contexts[kOrders] = {kind,
                                      last_ & 0xFF,
                                      last_ & 0xFFFF,
                                      last_ & 0xFFFFFF,
                                      last_ & 0xFFFFFFFF,
                                      last_ & 0xFFFFFFFFFFFF,
                                      uint64_t{line_} << 8 | (last_ & 0xFF)};
  for (size_t i = 0; i < kOrders; ++i) hashes_[i] = Hash(contexts[i] * kOrders + i);
}

uint32_t TextModel::Predict() {
  for (size_t i = 0; i < kOrders; ++i) {
    const uint32_t slot = Hash(uint64_t{hashes_[i]} << 8 | partial_) >> (32 - kSlotBits);
    used_[i] = &slots_[i][slot];
    inputs_[i] = Stretch(*used_[i] >> 4);
  }
  // What the repetition says, as long as this byte agrees with it.
  match_used_ = nullptr;
  inputs_[kOrders] = 0;
  if (match_length_ > 0) {
    const uint32_t expected = history_[match_at_ % kHistory] | 256U;
    int left = 8;
    for (uint32_t p = partial_; p > 1; p >>= 1) --left;
    if (expected >> left == partial_) {
      match_bit_ = (expected >> (left - 1) & 1) != 0;
      match_used_ = &match_slots_[match_length_];
      const int32_t trust = Stretch(*match_used_ >> 4);
      inputs_[kOrders] = match_bit_ ? trust : -trust;
    }
  }
  inputs_[kOrders + 1] = 256;
  const uint32_t match = match_used_ == nullptr ? 0
                         : match_length_ < 8    ? 1
                         : match_length_ < 15   ? 2
                                                : 3;
  set_ = &weights_[static_cast<size_t>(kind_) * 4 + match];
  int32_t sum = 0;  // 9 * 2047 * kMostWeight stays below 2^31
  for (size_t i = 0; i < kInputs; ++i) sum += inputs_[i] * (*set_)[i];
  p_ = Squash(sum >> 16);
  return static_cast<uint32_t>(p_) << 4;
}

void TextModel::Update(bool bit) {
  const int32_t error = ((bit ? 4096 : 0) - p_) * kMixRate;
  for (size_t i = 0; i < kInputs; ++i) {
    (*set_)[i] =
        std::clamp((*set_)[i] + ((inputs_[i] * error + 0x2000) >> 14), -kMostWeight, kMostWeight);
  }
  for (uint16_t* slot : used_) Learn(*slot, bit);
  if (match_used_ != nullptr) Learn(*match_used_, bit == match_bit_);
  partial_ = partial_ << 1 | (bit ? 1 : 0);
}

void TextModel::Encode(ArithEncoder& coder, std::string_view text, TextKind kind) {
  Begin(kind);
  for (size_t k = 0; k <= text.size(); ++k) {
    const uint8_t byte = k < text.size() ? static_cast<uint8_t>(text[k]) : kEnd;
    for (int i = 7; i >= 0; --i) {
      const bool bit = (byte >> i & 1) != 0;
      coder.Put(bit, Predict());
      Update(bit);
    }
    if (k < text.size()) EndByte(byte);
  }
}

bool TextModel::Decode(ArithDecoder& coder, TextKind kind, size_t max, std::string& text) {
  text.clear();
  Begin(kind);
  while (coder.ok()) {
    for (int i = 0; i < 8; ++i) Update(coder.Get(Predict()));
    const auto byte = static_cast<uint8_t>(partial_ & 0xFF);
    if (byte == kEnd) return true;
    if (text.size() == max) return false;
    text.push_back(static_cast<char>(byte));
    EndByte(byte);
  }
  return false;
}

}  // namespace potlut
