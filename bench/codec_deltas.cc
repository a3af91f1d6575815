// Moves codes, packs both, and applies what was measured.
#include "codec_deltas.h"

#include <random>

#include "base/text.h"
#include "pack/delta.h"
#include "pack/plut.h"

namespace potlut::bench {

Expected<DeltaCost> MeasureDelta(const Program& program, uint64_t seed) {
  DeltaCost cost;
  Program moved = program;
  std::mt19937_64 random(seed);
  for (Node& node : moved.nodes) {
    auto* conv = std::get_if<ConvOp>(&node.op);
    if (conv == nullptr) continue;
    cost.weights += CostOf(program, node).weights;
    const int last = conv->alphabet.codes() - 1;
    for (uint8_t& code : conv->codes) {
      if (random() % 100 != 0 || last < 1) continue;
      const bool up = code == 0 || (code < last && random() % 2 == 0);
      code = static_cast<uint8_t>(up ? code + 1 : code - 1);
      ++cost.moved;
    }
  }
  POTLUT_ASSIGN_OR_RETURN(const auto before, Pack(program));
  POTLUT_ASSIGN_OR_RETURN(const auto after, Pack(moved));
  POTLUT_ASSIGN_OR_RETURN(const auto delta, MakeDelta(before, after));
  POTLUT_ASSIGN_OR_RETURN(const auto again, ApplyDelta(before, delta));
  if (again != after) return Failed("a delta did not give the file that it was made for");
  cost.bytes = static_cast<int64_t>(delta.size());
  return cost;
}

}  // namespace potlut::bench
