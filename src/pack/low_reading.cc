// Chooses and applies low readings.
#include "pack/low_reading.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/text.h"
#include "program/validate.h"

namespace potlut {
namespace {

// The coarse alphabet of a kind; fitted levels are read as evenly spread ones.
Expected<Alphabet> CoarseAlphabet(const Alphabet& fine, int low_bits) {
  const AlphabetKind kind = fine.kind == AlphabetKind::kCustom ? AlphabetKind::kUniform : fine.kind;
  auto coarse = MakeAlphabet(kind, low_bits);
  if (coarse.ok()) return coarse;
  return Unsupported("a ", AlphabetName(fine.kind), " alphabet has no reading of ", low_bits,
                     " bits");
}

int64_t Round(int64_t v, int drop) {
  return drop == 0 ? v : (v + (int64_t{1} << (drop - 1))) >> drop;
}

}  // namespace

ParentMap ParentsOf(const Alphabet& fine, const Alphabet& coarse, int drop) {
  ParentMap parents{};
  for (size_t f = 0; f < fine.levels.size(); ++f) {
    int best = INT32_MAX, best_size = 0;
    for (size_t k = 0; k < coarse.levels.size(); ++k) {
      const int level = coarse.levels[k] * (1 << drop);
      const int distance = std::abs(level - fine.levels[f]);
      if (distance < best || (distance == best && std::abs(level) < best_size)) {
        best = distance;
        best_size = std::abs(level);
        parents[f] = static_cast<uint8_t>(k);
      }
    }
  }
  return parents;
}

bool HasLowReading(const Alphabet& alphabet, int low_bits) {
  return !alphabet.is_pair() && alphabet.bits < 8 && alphabet.bits > low_bits;
}

Expected<LowReading> MakeLowReading(const ConvOp& conv, int32_t in_per_group, int low_bits,
                                    std::span<const double> input_means) {
  LowReading low;
  low.layered = true;
  POTLUT_ASSIGN_OR_RETURN(low.alphabet, CoarseAlphabet(conv.alphabet, low_bits));
  const size_t out = conv.bias.size(), row = conv.codes.size() / out;
  std::array<ParentMap, LowReading::kMaxDrop + 1> parents;
  for (int drop = 0; drop <= LowReading::kMaxDrop; ++drop)
    parents[static_cast<size_t>(drop)] = ParentsOf(conv.alphabet, low.alphabet, drop);
  const auto error_of = [&](size_t code, size_t drop) {
    return conv.alphabet.levels[code] - low.alphabet.levels[parents[drop][code]] * (1 << drop);
  };
  for (size_t o = 0; o < out; ++o) {
    const auto codes = std::span(conv.codes).subspan(o * row, row);
    std::array<int64_t, 256> counts{};
    for (const uint8_t code : codes) ++counts[code];
    int64_t least = INT64_MAX;
    size_t best = 0;
    for (size_t drop = 0; drop <= LowReading::kMaxDrop; ++drop) {
      if (conv.shift[o] - static_cast<int>(drop) < -15) break;
      int64_t error = 0;
      for (size_t code = 0; code < conv.alphabet.levels.size(); ++code)
        error += counts[code] * error_of(code, drop) * error_of(code, drop);
      if (error < least) {
        least = error;
        best = drop;
      }
    }
    low.drop.push_back(static_cast<uint8_t>(best));
    // What the coarse levels lack on average, in units of the shrunken accumulator.
    double lack = 0;
    if (!input_means.empty()) {
      const size_t group = o / (out / static_cast<size_t>(conv.groups));
      const auto width = static_cast<size_t>(in_per_group);
      for (size_t i = 0; i < row; ++i)
        lack += error_of(codes[i], best) * input_means[group * width + i % width];
    }
    low.correction.push_back(static_cast<int32_t>(
        std::clamp(std::round(std::ldexp(lack, -static_cast<int>(best))), -1e9, 1e9)));
  }
  return low;
}

Expected<std::vector<LowReading>> LowReadingsOf(
    const Program& program, int low_bits, const std::vector<std::vector<double>>& input_means) {
  std::vector<LowReading> readings;
  if (low_bits == 0) return readings;
  Program low = program;
  bool any = false;
  for (size_t n = 0; n < program.nodes.size(); ++n) {
    const auto* conv = std::get_if<ConvOp>(&program.nodes[n].op);
    if (conv == nullptr) continue;
    LowReading& reading = readings.emplace_back();
    if (!HasLowReading(conv->alphabet, low_bits)) continue;
    any = true;
    const int32_t in = program.tensors[static_cast<size_t>(program.nodes[n].inputs[0])].dims.c;
    std::span<const double> means;
    if (n < input_means.size()) means = input_means[n];
    if (!means.empty() && means.size() != static_cast<size_t>(in))
      return UsageError("there are ", means.size(), " means for the ", in, " inputs of node ", n);
    auto made = MakeLowReading(*conv, in / conv->groups, low_bits, means);
    auto& low_conv = std::get<ConvOp>(low.nodes[n].op);
    Status status = made.status();
    if (status.ok()) {
      reading = std::move(*made);
      low_conv.codes = BaseCodes(*conv, reading);
      status = ApplyLowReading(low_conv, reading);
    }
    if (!status.ok())
      return Status(status.code(), Cat("layer '", program.nodes[n].name, "': ", status.message()));
  }
  if (!any) {
    return UsageError("no layer has a reading of ", low_bits,
                      " bits: layers of pairs, of 8 bits and of no more bits stay whole");
  }
  if (const Status s = Validate(low); !s.ok())
    return Status(s.code(), Cat("the low reading is no valid program: ", s.message()));
  return readings;
}

Status CheckLowBits(std::span<const LowReading> readings, int bits) {
  for (const LowReading& low : readings) {
    if (bits != 0 && low.layered && low.alphabet.bits != bits) {
      return UsageError("the file has a reading of ", low.alphabet.bits, " bits, not of ", bits);
    }
  }
  return {};
}

size_t PerTap(const ConvOp& conv, size_t codes) {
  return codes / conv.bias.size() / static_cast<size_t>(conv.window.kernel_h) /
         static_cast<size_t>(conv.window.kernel_w);
}

std::vector<uint8_t> BaseCodes(const ConvOp& conv, const LowReading& low) {
  std::vector<uint8_t> base(conv.codes.size());
  const size_t row = conv.codes.size() / conv.bias.size();
  for (size_t o = 0; o < conv.bias.size(); ++o) {
    const ParentMap parents = ParentsOf(conv.alphabet, low.alphabet, low.drop[o]);
    for (size_t i = o * row; i < (o + 1) * row; ++i) base[i] = parents[conv.codes[i]];
  }
  return base;
}

Status ApplyLowReading(ConvOp& conv, const LowReading& low) {
  if (!low.layered) return {};
  for (size_t o = 0; o < conv.bias.size(); ++o) {
    const int shift = conv.shift[o] - low.drop[o];
    const int64_t bias = Round(conv.bias[o], low.drop[o]) + low.correction[o];
    if (shift < -15 || bias < INT32_MIN || bias > INT32_MAX)
      return BadInput("the low reading of channel ", o, " leaves the range of shifts or biases");
    conv.shift[o] = static_cast<int8_t>(shift);
    conv.bias[o] = static_cast<int32_t>(bias);
  }
  conv.alphabet = low.alphabet;
  return {};
}

}  // namespace potlut
