// Weights to table addresses.
#include "accel/weights.h"

#include "base/text.h"

namespace potlut::accel {
namespace {

// Reads the address of a weight or pair of weights at a position.
class Source {
 public:
  Source(const ConvOp& conv, const Tensor& in, const ConvPlan& plan)
      : conv_(conv), plan_(plan), per_group_(in.dims.c / conv.groups) {
    if (!plan.digits.pairs()) weights_ = ExpandWeights(conv, per_group_);
  }

  // First weight of output o at the layer's tap (ky, kx), in units of codes.
  size_t At(int32_t o, int32_t ky, int32_t kx) const {
    const int32_t per_tap = plan_.digits.pairs() ? (per_group_ + 1) / 2 : per_group_;
    return (static_cast<size_t>(o) * static_cast<size_t>(conv_.window.kernel_h) +
            static_cast<size_t>(ky)) *
               static_cast<size_t>(conv_.window.kernel_w) * static_cast<size_t>(per_tap) +
           static_cast<size_t>(kx) * static_cast<size_t>(per_tap);
  }
  int8_t Level(size_t at, int32_t channel) const {
    return weights_[at + static_cast<size_t>(channel)];
  }
  uint8_t Pair(size_t at, int32_t pair) const {
    return plan_.digits.PairCode(conv_.codes[at + static_cast<size_t>(pair)]);
  }

 private:
  const ConvOp& conv_;
  const ConvPlan& plan_;
  int32_t per_group_;
  std::vector<int8_t> weights_;
};

void PutBits(std::vector<uint8_t>& out, size_t byte, int bit, uint8_t code, int width) {
  const auto two = static_cast<uint32_t>(code) << (bit % 8);
  out[byte + static_cast<size_t>(bit / 8)] |= static_cast<uint8_t>(two);
  if (bit % 8 + width > 8)
    out[byte + static_cast<size_t>(bit / 8) + 1] |= static_cast<uint8_t>(two >> 8);
}

}  // namespace

Expected<std::vector<uint8_t>> PackCodes(const ConvOp& conv, const Tensor& in, const ConvPlan& plan,
                                         const ConvBlock& block, const Geometry& geometry) {
  const Window& w = conv.window;
  const int32_t in_group = in.dims.c / conv.groups;
  const auto out_group = static_cast<int32_t>(conv.bias.size()) / conv.groups;
  const bool pair_codes = plan.digits.pairs(), pair_tables = geometry.table == TableKind::kPair;
  if (pair_codes && in_group % 2 != 0) {
    return Unsupported("pairs of weights over an odd number of input channels (", in_group,
                       " a group); quantise this layer with another alphabet");
  }
  const Source source(conv, in, plan);
  const auto bytes = static_cast<size_t>(geometry.weight_bytes());
  std::vector<uint8_t> out(static_cast<size_t>(block.weight_words) * bytes);
  size_t at = 0;
  for (const PassPlan& pass : block.tiles[0].passes) {
    for (int32_t o = block.first_output; o < block.first_output + block.outputs; ++o) {
      const int32_t first_channel = o / out_group * in_group;
      for (int32_t row = 0; row < plan.kernel_h; ++row) {
        for (const int32_t tap : pass.taps) {
          const int32_t ky = plan.flat ? pass.at_y : row / w.dilation_h;
          const int32_t kx = plan.flat ? pass.at_x : tap / w.dilation_w;
          const bool real = plan.flat || (row % w.dilation_h == 0 && tap % w.dilation_w == 0);
          const size_t weight = real ? source.At(o, ky, kx) : 0;
          const auto digit = static_cast<size_t>(pass.digit);
          const auto mine = [&](int32_t k) {
            const int32_t channel = pass.word * kLaneInputs + k - first_channel;
            return real && channel >= 0 && channel < in_group;
          };
          const auto level = [&](int32_t k) {
            if (!mine(k)) return int8_t{0};
            return source.Level(weight, pass.word * kLaneInputs + k - first_channel);
          };
          for (int32_t k = 0; k < kLaneInputs; k += pair_tables ? 2 : 1) {
            if (pair_codes) {
              const int32_t pair = (pass.word * kLaneInputs + k - first_channel) / 2;
              const uint8_t code = mine(k) ? source.Pair(weight, pair) : plan.digits.zero();
              PutBits(out, at, k * 3, code, 6);
            } else if (pair_tables) {
              PutBits(out, at, k * 3, plan.digits.Pair(digit, level(k), level(k + 1)), 6);
            } else {
              PutBits(out, at, k * 4, plan.digits.Single(digit, level(k)), 4);
            }
          }
          at += bytes;
        }
      }
    }
  }
  return out;
}

std::vector<uint8_t> PackChannels(const ConvOp& conv, const ConvBlock& block) {
  std::vector<uint8_t> out;
  for (int32_t o = block.first_output; o < block.first_output + block.outputs; ++o) {
    const auto bias = static_cast<uint32_t>(conv.bias[static_cast<size_t>(o)]);
    for (int i = 0; i < 4; ++i) out.push_back(static_cast<uint8_t>(bias >> (8 * i)));
    out.push_back(static_cast<uint8_t>(conv.shift[static_cast<size_t>(o)]));
  }
  return out;
}

}  // namespace potlut::accel
