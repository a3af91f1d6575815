// potlut-hw-report NETLISTS MODELS IMAGES [DOCUMENT]: synthesised arrays side by side, as tables in
// Markdown.
//
// NETLISTS holds what hw-report.sh synthesised, MODELS the networks that it quantised. With
// DOCUMENT the tables replace what stands there between the lines "<!-- measured" and "<!-- end".
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "measure.h"

namespace potlut::rtl {
namespace {

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
  if (wb == 4)
    list.push_back({"4-bit multiplier, LUTs", "mult_" + at, kMult, 4, ab, 14, 1, 2, false,
                    fmt::format("uniform4a{}", ab)});
  if (wb == 4 && ab == 8) {
    list.push_back(
        {"8-bit multiplier, LUTs", "mult8_" + at, kMult, 8, ab, 14, 1, 2, false, "", false, false});
    list.push_back({"8-bit multiplier, DSP48E2", "dsp8_" + at, kMult, 8, ab, 14, 1, 2, true, "",
                    false, false});
  }
  if (wb == 3) {
    const std::string fitted = fmt::format("pair6a{}", ab);
    for (const int group : {1, 2}) {
      const std::string tail =
          fmt::format(", {} lane{} filled at once", group, group > 1 ? "s" : "");
      list.push_back({"P-LUT, pairs of pot 3" + tail, fmt::format("pair_g{}_{}", group, at), kPair,
                      3, ab, ab + 4, 1, group, false, pot, true});
      list.push_back({"P-LUT, fitted pairs" + tail, fmt::format("fitted_g{}_{}", group, at), kPair,
                      3, ab, ab + 6, 1, group, false, fitted});
    }
    list.push_back({"P-LUT, fitted pairs, ping-pong", "fitted_pp_" + at, kPair, 3, ab, ab + 6, 2, 2,
                    false, fitted});
  }
  return list;
}

struct Row {
  Config config;
  Measured measured;
};

double PerMac(int64_t count) { return static_cast<double>(count) / (kLanes * kInputs); }

std::string Table(const std::vector<Row>& rows) {
  std::string text =
      "| array | LUT sites | of them LUTRAM | FF | CARRY8 | DSP | BRAM18 in all | energy, use | "
      "fills | sum | cycles of a fill |\n"
      "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n";
  for (const Row& row : rows) {
    const Sites& s = row.measured.sites;
    text += fmt::format("| {} | {:.2f} | {:.2f} | {:.1f} | {:.2f} | {:.2f} | {} |", row.config.name,
                        PerMac(s.luts), PerMac(s.lutram), PerMac(s.registers), PerMac(s.carry8),
                        PerMac(s.dsp), s.bram18);
    if (row.measured.use > 0)
      text +=
          fmt::format(" {:.1f} | {:.1f} | {:.1f} | {:.0f} |\n", row.measured.use, row.measured.fill,
                      row.measured.use + row.measured.fill, row.measured.fill_cycles);
    else
      text += " - | - | - | - |\n";
  }
  return text;
}

// Lists every table variant over every bit-shifter: how many times fewer sites, how many times less
// energy.
std::string Ratios(const std::vector<Row>& rows, const std::vector<Row>& baselines,
                   const std::string& of) {
  std::string text;
  for (const Row& row : rows) {
    if (row.config.kind != kPlut && row.config.kind != kPair) continue;
    text += fmt::format("| {} |", row.config.name);
    for (const Row& base : baselines) {
      if (base.config.kind == kPlut || base.config.kind == kPair || base.config.kind == kMult)
        continue;
      const double sites = PerMac(base.measured.sites.luts) / PerMac(row.measured.sites.luts);
      const double energy =
          (base.measured.use + base.measured.fill) / (row.measured.use + row.measured.fill);
      text += fmt::format(" {:.2f} | {:.2f} |", sites, energy);
    }
    text += "\n";
  }
  return fmt::format(
             "| over {} | textbook: sites | energy | ternary: sites | energy | fused: sites | "
             "energy |\n"
             "| --- | --- | --- | --- | --- | --- | --- |\n",
             of) +
         text;
}

int Run(const std::string& netlists, const std::string& models, const std::string& images,
        const std::string& document) {
  std::map<std::string, Workload> workloads;
  std::map<std::string, std::vector<Row>> all;
  for (const auto& [wb, ab] :
       {std::pair(4, 8), std::pair(3, 8), std::pair(4, 4), std::pair(3, 4)}) {
    for (const Config& config : Configs(wb, ab)) {
      std::fprintf(stderr, "\r\033[Kmeasuring %s W%dA%d", config.name.c_str(), wb, ab);
      const std::string file = netlists + "/" + config.file + ".json";
      if (!std::filesystem::exists(file)) {
        std::fprintf(stderr, "\r\033[Knot synthesised, left out: %s\n", config.file.c_str());
        continue;
      }
      Row row{config, {}};
      Netlist netlist;
      std::string error = ReadNetlist(file, &netlist);
      if (error.empty()) row.measured.sites = CountSites(netlist);
      if (error.empty() && config.energy) {
        Workload& work = workloads[config.model];
        if (work.sets.empty())
          error = MakeWorkload(models + "/" + config.model + ".plut", images, 120, &work);
        Netlist simulated;
        if (error.empty()) {
          const std::string own =
              netlists + "/" + config.file + (config.kind == kPair ? "_sim.json" : ".json");
          error = ReadNetlist(own, &simulated);
        }
        if (error.empty() && !simulated.missing.empty())
          error = config.file + ": no model of " + simulated.missing;
        if (error.empty()) error = MeasureEnergy(config, simulated, work, &row.measured);
      }
      if (!error.empty()) {
        std::fprintf(stderr, "\npotlut-hw-report: %s\n", error.c_str());
        return 1;
      }
      all[fmt::format("W{}A{}", wb, ab)].push_back(row);
    }
  }
  std::fprintf(stderr, "\r\033[K");
  std::string text;
  int64_t checked = 0;
  for (const char* at : {"W4A8", "W3A8", "W4A4", "W3A4"}) {
    if (all[at].empty()) continue;
    text += fmt::format("### {}\n\n{}\n{}\n", at, Table(all[at]), Ratios(all[at], all[at], at));
    for (const Row& row : all[at]) checked += row.measured.checked;
  }
  text += "### 3 bits a weight in fitted pairs, over what `pot` of 4 bits needs\n\n";
  for (const char* bits : {"8", "4"}) {
    std::vector<Row> fitted;
    for (const Row& row : all[std::string("W3A") + bits])
      if (row.config.model.starts_with("pair")) fitted.push_back(row);
    if (!fitted.empty())
      text += Ratios(fitted, all[std::string("W4A") + bits], std::string("W4A") + bits) + "\n";
  }
  text += fmt::format(
      "{} dot products of the netlists were compared with the weights' and activations' own.\n",
      checked);
  std::fputs(text.c_str(), stdout);
  if (document.empty()) return 0;
  std::ifstream in(document);
  std::string page{std::istreambuf_iterator<char>(in), {}};
  const size_t begin = page.find("<!-- measured"), end = page.find("<!-- end");
  if (begin == std::string::npos || end == std::string::npos) {
    std::fprintf(stderr, "potlut-hw-report: %s has no lines <!-- measured and <!-- end\n",
                 document.c_str());
    return 1;
  }
  const size_t line = page.find('\n', begin) + 1;
  std::ofstream(document) << page.substr(0, line) << "\n" << text << "\n" << page.substr(end);
  return 0;
}

}  // namespace
}  // namespace potlut::rtl

int main(int argc, char** argv) {
  if (argc < 4 || argc > 5) {
    std::fprintf(stderr, "usage: potlut-hw-report NETLISTS MODELS IMAGES [DOCUMENT]\n");
    return 2;
  }
  return potlut::rtl::Run(argv[1], argv[2], argv[3], argc > 4 ? argv[4] : "");
}
