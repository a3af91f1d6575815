// The part that all blocks of rANS share: states and words to codes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "pack/ans.h"

namespace potlut {

inline constexpr uint32_t kAnsLow = 1U << 16;  // states lie in [kAnsLow, 2^32)

// Codes to words, in the order in which a decoder reads them; code i by state[i mod state.size()].
// `state`: where coding begins, each in [2^16, 2^32); then where the decoder begins. Every code has
// a frequency; they sum to 2^probability_bits.
std::vector<uint16_t> AnsEncodeStates(std::span<const uint8_t> codes,
                                      std::span<const uint32_t> frequencies, int probability_bits,
                                      std::span<uint32_t> state);

// Decodes codes[i] from state[i mod state.size()], a power of two up to 64; all `words` are used
// up, and `state` is left as it was where coding began. `frequencies` (1 to 256) sum to
// 2^probability_bits, at most 2^14. Errors: kBadInput (text without place) where there are more or
// fewer words.
Status AnsDecodeStates(std::span<const uint32_t> frequencies, int probability_bits,
                       std::span<uint32_t> state, std::span<const uint8_t> words,
                       std::span<uint8_t> codes, AnsIsa isa);

}  // namespace potlut
