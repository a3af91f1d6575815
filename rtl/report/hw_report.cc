// potlut-hw-report NETLISTS MODELS IMAGES [DOCUMENT]: synthesised arrays side by side, as tables in
// Markdown. With --parts ARRAY (the name of a netlist) it says instead where that array's energy
// goes.
//
// NETLISTS holds what hw-report.sh synthesised, MODELS the networks that it quantised. With
// DOCUMENT the tables replace what stands there between the lines "<!-- measured" and "<!-- end".
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "configs.h"
#include "engine_tables.h"

namespace potlut::rtl {
namespace {

bool HasTables(const Config& c) { return c.kind == kPlut || c.kind == kPair || c.kind == kHalf; }

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
    if (!HasTables(row.config)) continue;
    text += fmt::format("| {} |", row.config.name);
    for (const Row& base : baselines) {
      if (HasTables(base.config) || base.config.kind == kMult) continue;
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

// How many activations a fill could skip, by what a table or a lane reads.
std::string Zeros(const Workload& work) {
  int64_t zeros[3] = {0, 0, 0}, all[3] = {0, 0, 0};
  const int widths[3] = {1, 2, kInputs};
  for (const WorkSet& set : work.sets)
    for (int i = 0; i < 3; ++i)
      for (size_t at = 0; at < set.act.size(); at += static_cast<size_t>(widths[i])) {
        const auto from = set.act.begin() + static_cast<std::ptrdiff_t>(at);
        ++all[i];
        zeros[i] += std::all_of(from, from + widths[i], [](int a) { return a == 0; }) ? 1 : 0;
      }
  const auto share = [&](int i) {
    return 100.0 * static_cast<double>(zeros[i]) /
           static_cast<double>(std::max<int64_t>(1, all[i]));
  };
  return fmt::format(
      "Of the sampled activations {:.0f} % are zero; both of a pair {:.0f} %, all {} of a lane "
      "{:.0f} %.\n\n",
      share(0), share(1), kInputs, share(2));
}

// Counts and simulates one array. Errors: a text.
std::string Measure(const std::string& netlists, const std::string& models,
                    const std::string& images, const Config& config,
                    std::map<std::string, Workload>* workloads, Measured* measured,
                    std::map<std::string, PartEnergy>* parts = nullptr) {
  Netlist netlist;
  std::string error = ReadNetlist(netlists + "/" + config.file + ".json", &netlist);
  if (!error.empty()) return error;
  measured->sites = CountSites(netlist);
  if (!config.energy) return "";
  Workload& work = (*workloads)[config.model];
  if (work.sets.empty())
    error = MakeWorkload(models + "/" + config.model + ".plut", images, 120, &work);
  if (!error.empty()) return error;
  Netlist simulated;
  const bool pairs = config.kind == kPair || config.kind == kHalf;
  error = ReadNetlist(netlists + "/" + config.file + (pairs ? "_sim.json" : ".json"), &simulated);
  if (!error.empty()) return error;
  if (!simulated.missing.empty()) return config.file + ": no model of " + simulated.missing;
  return MeasureEnergy(config, simulated, work, measured, parts);
}

// Prints where the energy of one array goes, largest first.
int Parts(const std::string& netlists, const std::string& models, const std::string& images,
          const std::string& file) {
  for (const auto& [wb, ab] :
       {std::pair(4, 8), std::pair(3, 8), std::pair(4, 4), std::pair(3, 4)}) {
    for (const Config& config : Configs(wb, ab)) {
      if (config.file != file || !config.energy) continue;
      std::map<std::string, Workload> workloads;
      std::map<std::string, PartEnergy> parts;
      Measured measured;
      const std::string error =
          Measure(netlists, models, images, config, &workloads, &measured, &parts);
      if (!error.empty()) {
        std::fprintf(stderr, "potlut-hw-report: %s\n", error.c_str());
        return 1;
      }
      std::vector<std::pair<std::string, PartEnergy>> sorted(parts.begin(), parts.end());
      std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
        return a.second.use + a.second.fill > b.second.use + b.second.fill;
      });
      fmt::print("{:>8} {:>8}  part\n", "use", "fills");
      for (const auto& [name, energy] : sorted)
        fmt::print("{:8.2f} {:8.2f}  {}\n", energy.use, energy.fill, name);
      fmt::print("{:8.2f} {:8.2f}  in all\n", measured.use, measured.fill);
      return 0;
    }
  }
  std::fprintf(stderr, "potlut-hw-report: no array %s whose energy is measured\n", file.c_str());
  return 2;
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
      const std::string error =
          Measure(netlists, models, images, config, &workloads, &row.measured);
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
      if (row.config.model.starts_with("pair") || row.config.model.starts_with("sym"))
        fitted.push_back(row);
    if (!fitted.empty())
      text += Ratios(fitted, all[std::string("W4A") + bits], std::string("W4A") + bits) + "\n";
  }
  if (workloads.count("pot4a8") != 0) text += Zeros(workloads["pot4a8"]);
  std::vector<ArraySites> arrays;
  for (const auto& [at, rows] : all)
    for (const Row& row : rows)
      if (row.config.act_bits == 8)
        arrays.push_back({row.config.name + ", " + at, row.measured.sites,
                          row.config.kind == kPair || row.config.kind == kHalf});
  const std::pair<const char*, std::string> more[] = {
      {"The whole engine, per MAC", EngineTable(netlists, arrays)},
      {"Memory, by its four definitions", MemoryTables(netlists)},
      {"Cycles of networks, by the model of costs", CycleTable(netlists)}};
  for (const auto& [title, table] : more)
    if (!table.empty()) text += fmt::format("### {}\n\n{}\n", title, table);
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
  if (argc == 6 && std::string(argv[1]) == "--parts")
    return potlut::rtl::Parts(argv[3], argv[4], argv[5], argv[2]);
  if (argc < 4 || argc > 5) {
    std::fprintf(stderr,
                 "usage: potlut-hw-report NETLISTS MODELS IMAGES [DOCUMENT]\n"
                 "       potlut-hw-report --parts ARRAY NETLISTS MODELS IMAGES\n");
    return 2;
  }
  return potlut::rtl::Run(argv[1], argv[2], argv[3], argc > 4 ? argv[4] : "");
}
