// Copies are found by hashes of 16 bytes, taken at every fourth place of the old file.
#include "pack/delta_bytes.h"

#include <algorithm>
#include <array>
#include <memory>

#include "base/text.h"
#include "pack/arith.h"
#include "pack/format.h"

namespace potlut {
namespace {

constexpr size_t kWindow = 16;  // bytes of the shortest copy
constexpr size_t kStep = 4;
constexpr int kMostHashBits = 22;

// Contexts are for what came before: bytes of its own or a copy.
struct Models {
  std::array<AdaptiveBit, 2> copy;
  std::array<TreeModel<8>, 2> byte;  // first after a copy, others
  IntModel jump;                     // from where the copy before ended
  UintModel length;                  // less kWindow
};

uint64_t LoadEight(const uint8_t* p) {
  uint64_t v = 0;
  for (int i = 0; i < 8; ++i) v |= uint64_t{p[i]} << (8 * i);
  return v;
}

// Where 16 bytes stand in the old file; collisions are settled by comparing.
class Index {
 public:
  explicit Index(std::span<const uint8_t> from) : from_(from) {
    if (from.size() < kWindow || from.size() > UINT32_MAX - 1) return;
    while (bits_ < kMostHashBits && (size_t{1} << bits_) * kStep < 2 * from.size()) ++bits_;
    places_.assign(size_t{1} << bits_, 0);
    for (size_t at = 0; at + kWindow <= from.size(); at += kStep) {
      uint32_t& place = places_[Hash(from.data() + at)];
      if (place == 0) place = static_cast<uint32_t>(at) + 1;
    }
  }
  // A place with these 16 bytes, or from_.size().
  size_t Find(const uint8_t* bytes) const {
    if (places_.empty()) return from_.size();
    const uint32_t place = places_[Hash(bytes)];
    const bool found = place > 0 && std::equal(bytes, bytes + kWindow, from_.data() + place - 1);
    return found ? place - 1 : from_.size();
  }

 private:
  size_t Hash(const uint8_t* p) const {
    const uint64_t mixed =
        (LoadEight(p) * 0x9E3779B97F4A7C15 ^ LoadEight(p + 8)) * 0xD6E8FEB86659FD93;
    return static_cast<size_t>(mixed >> (64 - bits_));
  }
  std::span<const uint8_t> from_;
  int bits_ = 8;
  std::vector<uint32_t> places_;  // one more than the offset
};

}  // namespace

bool ByteDeltaAllows(uint64_t old_bytes, uint64_t delta_bytes, uint64_t new_bytes) {
  const uint64_t given = old_bytes + delta_bytes;
  return new_bytes <= kUnfoldBase || (new_bytes - kUnfoldBase) / kUnfoldPerByte < given;
}

std::vector<uint8_t> EncodeByteDelta(std::span<const uint8_t> from, std::span<const uint8_t> to) {
  const Index index(from);
  ArithEncoder coder;
  const auto models = std::make_unique<Models>();
  size_t before = 0;    // whether a copy came before
  size_t expected = 0;  // where in `from` the copy before ended
  size_t written = 0;   // bytes of `to`
  const auto own = [&](size_t end) {
    for (; written < end; ++written) {
      coder.Put(false, models->copy[before]);
      models->byte[before].Encode(coder, to[written]);
      before = 0;
    }
  };
  for (size_t at = 0; at + kWindow <= to.size();) {
    // Most copies go on where the last one ended, a changed byte or two further.
    size_t place = expected + (at - written);
    if (place + kWindow > from.size() ||
        !std::equal(to.begin() + static_cast<ptrdiff_t>(at),
                    to.begin() + static_cast<ptrdiff_t>(at + kWindow),
                    from.begin() + static_cast<ptrdiff_t>(place)))
      place = index.Find(to.data() + at);
    if (place == from.size()) {
      ++at;
      continue;
    }
    size_t begin = at, length = kWindow;
    while (begin > written && place > 0 && to[begin - 1] == from[place - 1])
      --begin, --place, ++length;
    while (begin + length < to.size() && place + length < from.size() &&
           to[begin + length] == from[place + length])
      ++length;
    own(begin);
    coder.Put(true, models->copy[before]);
    models->jump.Encode(coder, static_cast<int64_t>(place) - static_cast<int64_t>(expected));
    models->length.Encode(coder, length - kWindow);
    before = 1;
    expected = place + length;
    written = at = begin + length;
  }
  own(to.size());
  return coder.Finish();
}

Expected<std::vector<uint8_t>> DecodeByteDelta(std::span<const uint8_t> from,
                                               std::span<const uint8_t> payload,
                                               uint64_t new_bytes) {
  ArithDecoder coder(payload);
  const auto models = std::make_unique<Models>();
  std::vector<uint8_t> to;
  to.reserve(static_cast<size_t>(new_bytes));
  size_t before = 0;
  int64_t expected = 0;
  while (to.size() < new_bytes && coder.ok()) {
    if (!coder.Get(models->copy[before])) {
      to.push_back(static_cast<uint8_t>(models->byte[before].Decode(coder)));
      before = 0;
      continue;
    }
    const auto size = static_cast<int64_t>(from.size());
    const uint64_t left = new_bytes - to.size();
    const int64_t place = expected + models->jump.Decode(coder, -expected, size - expected);
    const uint64_t length = kWindow + models->length.Decode(coder, left);
    if (length > left || length > static_cast<uint64_t>(size - place)) coder.MarkBad();
    if (!coder.ok()) break;
    const auto begin = from.begin() + static_cast<ptrdiff_t>(place);
    to.insert(to.end(), begin, begin + static_cast<ptrdiff_t>(length));
    before = 1;
    expected = place + static_cast<int64_t>(length);
  }
  POTLUT_RETURN_IF_ERROR(coder.Finish());
  return to;
}

}  // namespace potlut
