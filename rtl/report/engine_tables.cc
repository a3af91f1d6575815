// Tables from what `potlut accel report --json` and `potlut inspect --size --json` wrote, and from
// the synthesis of the engine.
#include "engine_tables.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "workload.h"

namespace potlut::rtl {
namespace {

using Json = nlohmann::json;
constexpr int kEngineLanes = 32;

// Null where there is no such file.
Json Read(const std::string& path) {
  std::ifstream file(path);
  if (!file) return nullptr;
  return Json::parse(file, nullptr, false);
}

// 1234567 as 1,234,567.
std::string Count(int64_t n) {
  std::string text = std::to_string(n);
  for (size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

int64_t CodedBytes(const Json& size) {
  int64_t bytes = 0;
  for (const Json& layer : size["layers"]) bytes += layer.value("stage2_bytes", int64_t{0});
  return bytes;
}

}  // namespace

std::string EngineTable(const std::string& folder, const std::vector<ArraySites>& arrays) {
  Netlist around[2];
  for (const bool pairs : {false, true}) {
    const std::string path = folder + (pairs ? "/engine_pairs.json" : "/engine_single.json");
    if (!std::filesystem::exists(path)) return "";
    if (!ReadNetlist(path, &around[pairs ? 1 : 0], "plut_top").empty()) return "";
  }
  const Sites single = CountSites(around[0]), pair = CountSites(around[1]);
  constexpr double kMacs = kEngineLanes * kInputs, kArray = kLanes * kInputs;
  std::string text = fmt::format(
      "An engine of {} lanes ({} MACs a cycle) takes, beside its array, {} LUT sites ({} of them "
      "LUTRAM), {} FF, {} "
      "BRAM18 and {} URAM for single codes, {} LUT sites ({}), {} FF, {} BRAM18 and {} URAM for "
      "pairs.\n\n"
      "| whole engine with | LUT sites | LUTRAM | FF | CARRY8 | DSP | BRAM18 in all | URAM in all "
      "|\n"
      "| --- | --- | --- | --- | --- | --- | --- | --- |\n",
      kEngineLanes, Count(kEngineLanes * kInputs), Count(single.luts), Count(single.lutram),
      Count(single.registers), single.bram18, single.uram, Count(pair.luts), Count(pair.lutram),
      Count(pair.registers), pair.bram18, pair.uram);
  for (const ArraySites& array : arrays) {
    const Sites& rest = array.pairs ? pair : single;
    const auto sum = [&](int64_t Sites::*field) {
      return static_cast<double>(rest.*field) / kMacs +
             static_cast<double>(array.sites.*field) / kArray;
    };
    text += fmt::format("| {} | {:.1f} | {:.1f} | {:.1f} | {:.2f} | {:.2f} | {} | {} |\n",
                        array.name, sum(&Sites::luts), sum(&Sites::lutram), sum(&Sites::registers),
                        sum(&Sites::carry8), sum(&Sites::dsp), rest.bram18 + array.sites.bram18,
                        rest.uram);
  }
  return text;
}

std::string MemoryTables(const std::string& folder) {
  const Json single = Read(folder + "/accel_resnet20_single.json");
  const Json pairs = Read(folder + "/accel_resnet20_pair.json");
  const Json size_pot = Read(folder + "/size_pot4a8.json");
  const Json size_sym = Read(folder + "/size_sym6a8.json");
  if (single.is_null() || pairs.is_null() || size_pot.is_null() || size_sym.is_null()) return "";
  struct Format {
    const char* name;
    int64_t bytes;
  };
  const Json& w = pairs["weight_bytes"];
  const int64_t stored = w["stored"], coded = CodedBytes(size_sym);
  const Format formats[] = {
      {"8-bit codes", w["eight_bits"]},
      {"bit-shift engine, fields (sign, zero flag, 3 bits of shift)", w["shift_fields"]},
      {"bit-shift engine, packed into 4 bits", w["shift_packed"]},
      {"the same, entropy coded", CodedBytes(size_pot)},
      {"single codes of 4 bits, as the array reads them", single["weight_bytes"]["stored"]},
      {"fitted pairs, as the array reads them", stored},
      {"fitted pairs, entropy coded", coded},
  };
  std::string text =
      "| (a) weights of ResNet-20 | bytes | of pairs as read | of pairs coded |\n"
      "| --- | --- | --- | --- |\n";
  for (const Format& format : formats)
    text += fmt::format("| {} | {} | {:.2f} | {:.2f} |\n", format.name, Count(format.bytes),
                        static_cast<double>(format.bytes) / static_cast<double>(stored),
                        static_cast<double>(format.bytes) / static_cast<double>(coded));

  text +=
      "\n| (b) bits on the chip, the largest of all layers | codes | activations | tables | "
      "partial "
      "sums |\n| --- | --- | --- | --- | --- |\n";
  const auto bits = [&](const char* name, const Json& report, int64_t tables) {
    const Json& peak = report["peak_on_chip_bits"];
    text += fmt::format("| {} | {} | {} | {} | {} |\n", name, Count(peak["codes"]),
                        Count(peak["activations"]), Count(tables), Count(peak["sums"]));
  };
  const int64_t macs = single["array"]["macs_per_cycle"];
  bits("single look-ups", single, single["peak_on_chip_bits"]["tables"]);
  bits("pairs, 64 entries", pairs, pairs["peak_on_chip_bits"]["tables"]);
  bits("pairs, half tables", pairs, pairs["peak_on_chip_bits"]["tables"].get<int64_t>() / 2);
  bits("bit-shift, its activations in registers", single, macs * 8);

  text +=
      "\n| (d) bytes between chip and DRAM, one image | weights | all | of fitted pairs' weights | "
      "of "
      "all |\n| --- | --- | --- | --- | --- |\n";
  const int64_t moved = pairs["dram_read"].get<int64_t>() + pairs["dram_written"].get<int64_t>();
  for (const Format& format : formats) {
    if (std::string(format.name).find("entropy") != std::string::npos) continue;
    const int64_t all = moved - stored + format.bytes;
    text += fmt::format("| {} | {} | {} | {:.2f} | {:.2f} |\n", format.name, Count(format.bytes),
                        Count(all), static_cast<double>(format.bytes) / static_cast<double>(stored),
                        static_cast<double>(all) / static_cast<double>(moved));
  }
  return text;
}

std::string CycleTable(const std::string& folder) {
  std::string text;
  for (const auto& [file, name] : {std::pair("resnet20_single", "ResNet-20, `pot` 4"),
                                   std::pair("resnet20_pair", "ResNet-20, fitted pairs"),
                                   std::pair("resnet18_single", "ResNet-18, `pot` 4"),
                                   std::pair("resnet18_pair", "ResNet-18, fitted pairs"),
                                   std::pair("mobilenetv2_single", "MobileNetV2, `pot` 4"),
                                   std::pair("mobilenetv2_pair", "MobileNetV2, fitted pairs")}) {
    const Json report = Read(folder + "/accel_" + file + ".json");
    if (report.is_null() || !report.contains("cycles")) continue;
    text += fmt::format(
        "| {} | {} | {} | {:.1f} % | {:.1f} % | {:.0f} | {} | {} |\n", name,
        report["array"]["tables"].get<std::string>(), Count(report["cycles"]),
        100 * report["utilisation"].get<double>(), 100 * report["utilisation_3x3"].get<double>(),
        report["images_per_second"].get<double>(),
        Count(report["dram_read"].get<int64_t>() + report["dram_written"].get<int64_t>()),
        report["spilled_tensors"].get<int64_t>() +
                    report["nodes_past_the_hardware"].get<int64_t>() ==
                0
            ? "yes"
            : "counted only");
  }
  if (text.empty()) return text;
  return "| network | tables | cycles | MACs used | of 3x3 layers | images/s at 250 MHz | DRAM "
         "bytes | "
         "runs |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n" +
         text;
}

}  // namespace potlut::rtl
