// One loop for writing and reading: what is known of each code, then what becomes of it.
#include "pack/delta_codes.h"

#include <algorithm>

namespace potlut {

// `code(i, before, last, moved, up)` writes or reads code i: it was `before` (taken into the new
// alphabet, whose last code is `last`), and returns what it is.
template <typename Code>
void CodeMoves::Run(const Layer& layer, std::span<const uint8_t> from, std::span<const uint8_t> to,
                    Code code) {
  const size_t per_tap = layer.per_tap, row = per_tap * layer.taps;
  const int last = layer.codes_to - 1;
  const auto differs = [&](size_t i) { return from[i] != to[i]; };
  size_t direction = 0;
  for (size_t in_row = 0, in_tap = 0, i = 0; i < from.size(); ++i) {
    const size_t neighbours = (in_tap > 0 && differs(i - 1) ? 1U : 0U) +
                              (in_row >= per_tap && differs(i - per_tap) ? 1U : 0U) +
                              (i >= row && differs(i - row) ? 1U : 0U);
    const int before = std::min<int>(from[i], last);
    const size_t place =
        last < static_cast<int>(kClasses)
            ? static_cast<size_t>(before)
            : static_cast<size_t>(before * static_cast<int>(kClasses) / layer.codes_to);
    const int now = code(i, before, last, moved_[neighbours][place], up_[direction][place]);
    if (now < 0) return;
    if (now != before) direction = now > before ? 2 : 1;
    if (++in_tap == per_tap) in_tap = 0;
    if (++in_row == row) in_row = 0;
  }
}

void CodeMoves::Encode(ArithEncoder& coder, const Layer& layer, std::span<const uint8_t> from,
                       std::span<const uint8_t> to) {
  const auto put = [&](bool bit, CountedBit& model) {
    coder.Put(bit, model.p());
    model.Update(bit);
  };
  Run(layer, from, to, [&](size_t i, int before, int last, CountedBit& moved, CountedBit& up) {
    const int now = to[i];
    if (last == 0) return now;
    put(now != before, moved);
    if (now == before) return now;
    if (before > 0 && before < last) put(now > before, up);
    const int distance = now > before ? now - before : before - now;
    further_.Encode(coder, static_cast<uint64_t>(distance - 1));
    return now;
  });
}

void CodeMoves::Decode(ArithDecoder& coder, const Layer& layer, std::span<const uint8_t> from,
                       std::span<uint8_t> to) {
  const auto get = [&](CountedBit& model) {
    const bool bit = coder.Get(model.p());
    model.Update(bit);
    return bit;
  };
  Run(layer, from, to, [&](size_t i, int before, int last, CountedBit& moved, CountedBit& up) {
    int now = before;
    if (last > 0 && get(moved)) {
      const bool higher = before == 0 || (before < last && get(up));
      const int room = higher ? last - before : before;
      const int distance =
          1 + static_cast<int>(further_.Decode(coder, static_cast<uint64_t>(room - 1)));
      now += higher ? distance : -distance;
    }
    to[i] = static_cast<uint8_t>(now);
    return coder.ok() ? now : -1;
  });
}

}  // namespace potlut
