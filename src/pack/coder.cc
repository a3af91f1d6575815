// Choice between coders, and dispatch by id.
#include "pack/coder.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "pack/ans.h"
#include "pack/ans2.h"
#include "pack/bits.h"
#include "pack/context.h"

namespace potlut {
namespace {

Status DecodeRaw(std::span<const uint8_t> block, const Alphabet& alphabet,
                 std::span<uint8_t> codes) {
  const uint64_t expected = PackedBytes(codes.size(), alphabet.bits);
  if (block.size() != expected) {
    return BadInput(codes.size(), " raw codes of ", alphabet.bits, " bits take ", expected,
                    " bytes, not ", block.size());
  }
  if (!UnpackCodes(block, alphabet.bits, codes))
    return BadInput("padding bits after the last code are not zero");
  const int valid = alphabet.codes();
  for (size_t i = 0; i < codes.size(); ++i) {
    if (codes[i] >= valid)
      return BadInput("code ", i, " is ", int{codes[i]}, " but the alphabet has ", valid);
  }
  return {};
}

CodedLayer EncodeAns(const ConvOp& conv) {
  return {CoderId::kAns, AnsEncode(conv.codes, conv.alphabet.bits, conv.alphabet.codes())};
}

// Where a layer's codes stand; nothing was validated.
ContextLayout LayoutOf(const ConvOp& conv, size_t codes) {
  ContextLayout layout;
  layout.out = static_cast<int32_t>(conv.bias.size());
  layout.kernel_h = conv.window.kernel_h;
  layout.kernel_w = conv.window.kernel_w;
  const int64_t taps = int64_t{layout.out} * layout.kernel_h * layout.kernel_w;
  layout.per_tap = static_cast<int32_t>(static_cast<int64_t>(codes) / std::max<int64_t>(1, taps));
  layout.shifts = conv.shift;
  return layout;
}

}  // namespace

CodedLayer EncodeCodes1(const ConvOp& conv, const PackOptions& options,
                        uint64_t max_codes_per_byte) {
  CodedLayer raw{CoderId::kRaw, PackCodes(conv.codes, conv.alphabet.bits)};
  if (!options.entropy_code || conv.codes.empty()) return raw;
  CodedLayer ans = EncodeAns(conv);
  if (conv.codes.size() / ans.block.size() >= max_codes_per_byte) return raw;
  return ans.block.size() < raw.block.size() ? ans : raw;
}

CodedLayer EncodeCodes2(const ConvOp& conv, const Alphabet& alphabet,
                        std::span<const uint8_t> codes, const PackOptions& options,
                        CodeBudget& budget) {
  CodedLayer best{CoderId::kRaw, PackCodes(codes, alphabet.bits)};
  if (!options.entropy_code || codes.empty()) return best;
  // Takes the place of the best so far where its block is below that share of it.
  const auto consider = [&](CoderId coder, std::vector<uint8_t> block, double share) {
    const double most = share * static_cast<double>(best.block.size());
    if (static_cast<double>(block.size()) < most && budget.Allows(codes.size(), block.size()))
      best = {coder, std::move(block)};
  };
  consider(CoderId::kAns2, Ans2Encode(codes, alphabet.bits, alphabet.codes()), 1);
  if (options.effort != Effort::kFast) {
    consider(CoderId::kContext, ContextEncode(codes, LayoutOf(conv, codes.size()), alphabet),
             options.effort == Effort::kSmall ? 1 : 1 - kSlowCoderSaving);
  }
  if (best.coder != CoderId::kRaw) budget.Take(codes.size(), best.block.size());
  return best;
}

Status DecodeCodes(int version, uint8_t coder_id, std::span<const uint8_t> block,
                   const ConvOp& conv, const Alphabet& alphabet, std::span<uint8_t> codes) {
  if (version == kPlutVersion1 && coder_id > static_cast<uint8_t>(CoderId::kAns))
    return Unsupported("coder ", int{coder_id}, " is unknown to version 1");
  switch (coder_id) {
    case static_cast<uint8_t>(CoderId::kRaw):
      return DecodeRaw(block, alphabet, codes);
    case static_cast<uint8_t>(CoderId::kAns):
      return AnsDecode(block, alphabet.bits, alphabet.codes(), codes);
    case static_cast<uint8_t>(CoderId::kContext):
      return ContextDecode(block, LayoutOf(conv, codes.size()), alphabet, codes);
    case static_cast<uint8_t>(CoderId::kAns2):
      return Ans2Decode(block, alphabet.bits, alphabet.codes(), codes);
    default:
      return Unsupported("coder ", int{coder_id}, " is unknown; use a newer potlut");
  }
}

std::string_view CoderName(CoderId coder) {
  switch (coder) {
    case CoderId::kRaw:
      return "raw";
    case CoderId::kAns:
      return "ans";
    case CoderId::kContext:
      return "context";
    case CoderId::kAns2:
      return "ans2";
  }
  return "unknown";
}

std::string_view EffortName(Effort effort) {
  return effort == Effort::kFast ? "fast" : effort == Effort::kSmall ? "small" : "default";
}

Expected<Effort> ParseEffort(std::string_view name) {
  for (const Effort effort : {Effort::kFast, Effort::kDefault, Effort::kSmall}) {
    if (name == EffortName(effort)) return effort;
  }
  return UsageError("effort '", name, "' is unknown: fast, default or small");
}

LayerBytes BytesOf(const Program& program, size_t node, CoderId coder, uint64_t bytes) {
  const auto& conv = std::get<ConvOp>(program.nodes[node].op);
  return {static_cast<int32_t>(node),
          coder,
          CostOf(program, program.nodes[node]).weights,
          static_cast<int64_t>(PackedBytes(conv.codes.size(), conv.alphabet.bits)),
          static_cast<int64_t>(bytes),
          OrderZeroEntropy(conv.codes)};
}

double OrderZeroEntropy(std::span<const uint8_t> codes) {
  std::array<uint64_t, 256> counts{};
  for (const uint8_t code : codes) ++counts[code];
  double bits = 0;
  for (const uint64_t c : counts) {
    if (c > 0)
      bits += static_cast<double>(c) *
              std::log2(static_cast<double>(codes.size()) / static_cast<double>(c));
  }
  return codes.empty() ? 0 : bits / static_cast<double>(codes.size());
}

}  // namespace potlut
