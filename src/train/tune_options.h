// What only `tune` is asked: the quantisers, and how they come to their last bits.
#pragma once

#include <string>
#include <vector>

#include "quant/quantize.h"
#include "train/quant_network.h"

namespace potlut::train {

// "bin=0.1,rate=0.02" and the other fields of DistributionLoss: bin-start, bin-full, rate-start,
// rate-full, temperature, histogram-momentum. Errors: kUsage naming the part.
Expected<DistributionLoss> ParseDistributionLoss(const std::string& text);

// Recipes one after the other, each for an equal share of the epochs, from "8,4,3": bits of the
// weights. Bits that the recipe's alphabet does not have are uniform ones; the last is the recipe
// itself. Empty text: the recipe alone. Errors: kUsage.
Expected<std::vector<quant::Recipe>> Phases(const std::string& text, const quant::Recipe& recipe);

// The phase (from 0) of an epoch (from 0).
size_t PhaseOf(int32_t epoch, int32_t epochs, size_t phases);

// For checkpoints: one word that differs where the options do.
std::string Digest(const QuantOptions& options);

}  // namespace potlut::train
