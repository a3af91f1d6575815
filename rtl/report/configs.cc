// What stands in which table, by which name.
#include "configs.h"

#include <fmt/format.h>

namespace potlut::rtl {
namespace {

std::string Filled(int group) {
  return fmt::format(", {} lane{} filled at once", group, group > 1 ? "s" : "");
}

void AddPairs(int ab, const std::string& at, std::vector<Config>* list) {
  const std::string pot = fmt::format("pot3a{}", ab);
  const std::string fitted = fmt::format("pair6a{}", ab), symmetric = fmt::format("sym6a{}", ab);
  const auto add = [&](const char* name, const std::string& tail, const std::string& file,
                       Kind kind, int extra, int banks, int group, const std::string& model,
                       bool grid) {
    list->push_back(
        {name + tail, file + "_" + at, kind, 3, ab, ab + extra, banks, group, false, model, grid});
  };
  for (const int g : {1, 2}) {
    const std::string tag = fmt::format("_g{}", g);
    add("P-LUT, pairs of pot 3", Filled(g), "pair" + tag, kPair, 4, 1, g, pot, true);
    add("P-LUT, fitted pairs", Filled(g), "fitted" + tag, kPair, 6, 1, g, fitted, false);
  }
  for (const int g : {1, 2}) {
    const std::string tag = fmt::format("_g{}", g);
    add("P-LUT, half tables of pot 3", Filled(g), "half_pot" + tag, kHalf, 4, 1, g, pot, true);
    add("P-LUT, half tables, fitted", Filled(g), "half_fitted" + tag, kHalf, 6, 1, g, symmetric,
        false);
  }
  add("P-LUT, half tables, fitted, ping-pong", "", "half_fitted_pp", kHalf, 6, 2, 2, symmetric,
      false);
}

}  // namespace

std::vector<Config> Configs(int wb, int ab) {
  const std::string at = fmt::format("w{}a{}", wb, ab);
  const std::string pot = fmt::format("pot{}a{}", wb, ab);
  const int single = ab + (1 << (wb - 1)) - 2;
  std::vector<Config> list = {
      {"bit-shift, textbook", "textbook_" + at, kTextbook, wb, ab, 14, 1, 2, false, pot},
      {"bit-shift, ternary tree", "ternary_" + at, kTernary, wb, ab, 14, 1, 2, false, pot},
      {"bit-shift, fused by hand", "fused_" + at, kFused, wb, ab, 14, 1, 2, false, pot},
      {"P-LUT, single, ping-pong", "plut_" + at, kPlut, wb, ab, single, 2, 2, false, pot},
  };
  const auto multiplier = [&](int bits, bool dsp) {
    list.push_back({fmt::format("{}-bit multiplier, {}", bits, dsp ? "DSP48E2" : "LUTs"),
                    fmt::format("{}{}_a{}", dsp ? "dsp" : "mult", bits, ab), kMult, bits, ab, 14, 1,
                    2, dsp, fmt::format("uniform{}a{}", bits, ab), false, !dsp});
  };
  if (wb == 4) {
    multiplier(4, false);
    multiplier(4, true);
  }
  if (wb == 4 && ab == 8) {
    multiplier(8, false);
    multiplier(8, true);
  }
  if (wb == 3) AddPairs(ab, at, &list);
  return list;
}

}  // namespace potlut::rtl
