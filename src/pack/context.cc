// Blocks of the context coder: histogram, then decisions.
#include "pack/context.h"

#include <array>
#include <utility>
#include <vector>

#include "base/checked.h"
#include "base/text.h"
#include "pack/arith.h"
#include "pack/context_model.h"
#include "pack/context_symbols.h"

namespace potlut {
namespace {

template <typename Coder>
void RunModel(Coder& coder, const ContextLayout& layout, const ContextSymbols& symbols,
              const ContextTree& tree, std::span<uint8_t> codes) {
  const bool spatial = layout.kernel_h * layout.kernel_w > 1, wide = symbols.classes > 8;
  if (spatial && wide) {
    ContextModel<true, 16, Coder>(layout, symbols, tree).Run(coder, codes);
  } else if (spatial) {
    ContextModel<true, 8, Coder>(layout, symbols, tree).Run(coder, codes);
  } else if (wide) {
    ContextModel<false, 16, Coder>(layout, symbols, tree).Run(coder, codes);
  } else {
    ContextModel<false, 8, Coder>(layout, symbols, tree).Run(coder, codes);
  }
}

bool Fits(const ContextLayout& layout, size_t codes) {
  if (layout.out < 1 || layout.kernel_h < 1 || layout.kernel_w < 1 || layout.per_tap < 1)
    return false;
  const auto count = CheckedProduct<uint64_t>(
      static_cast<uint64_t>(layout.out), static_cast<uint64_t>(layout.kernel_h),
      static_cast<uint64_t>(layout.kernel_w), static_cast<uint64_t>(layout.per_tap));
  return count == codes &&
         (layout.shifts.empty() || layout.shifts.size() == static_cast<size_t>(layout.out));
}

}  // namespace

std::vector<uint8_t> ContextEncode(std::span<const uint8_t> codes, const ContextLayout& layout,
                                   const Alphabet& alphabet) {
  if (codes.empty()) return {};
  const ContextSymbols symbols = MakeContextSymbols(alphabet);
  std::array<uint64_t, kContextMaxClasses> counts{};
  for (const uint8_t code : codes) ++counts[symbols.class_of[code]];
  const ContextHistogram histogram =
      MakeContextHistogram(std::span(counts).first(static_cast<size_t>(symbols.classes)));
  ArithEncoder encoder;
  PutHistogram(encoder, histogram, symbols.classes);
  std::vector<uint8_t> copy(codes.begin(), codes.end());
  ContextWriter writer{std::move(encoder)};
  RunModel(writer, layout, symbols, MakeContextTree(histogram, symbols), copy);
  return writer.coder.Finish();
}

Status ContextDecode(std::span<const uint8_t> block, const ContextLayout& layout,
                     const Alphabet& alphabet, std::span<uint8_t> codes) {
  if (codes.empty()) {
    if (block.empty()) return {};
    return BadInput(block.size(), " bytes where there are no codes");
  }
  if (!Fits(layout, codes.size())) {
    return BadInput("a layer of ", layout.out, " x ", layout.kernel_h, " x ", layout.kernel_w,
                    " x ", layout.per_tap, " codes with ", layout.shifts.size(),
                    " shifts does not have ", codes.size(), " codes");
  }
  const ContextSymbols symbols = MakeContextSymbols(alphabet);
  ArithDecoder decoder(block);
  const ContextHistogram histogram = GetHistogram(decoder, symbols.classes);
  if (histogram == ContextHistogram{}) return BadInput("no class of levels occurs");
  ContextReader reader{decoder};
  RunModel(reader, layout, symbols, MakeContextTree(histogram, symbols), codes);
  return reader.coder.Finish();
}

}  // namespace potlut
