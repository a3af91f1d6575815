// The report's tables about the whole accelerator: what stands around the array, memory and traffic
// by definition, cycles of networks.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "netlist.h"

namespace potlut::rtl {

struct ArraySites {
  std::string name;
  Sites sites;  // of an array of kLanes x kInputs
  bool pairs = false;
};

// Sites per MAC of engines of 32 lanes: what FOLDER/engine_single.json and engine_pairs.json hold
// (hw-report.sh), divided by 512, and the arrays, each in the surroundings of its kind. An empty
// text where nothing was synthesised.
std::string EngineTable(const std::string& folder, const std::vector<ArraySites>& arrays);

// Weight memory of ResNet-20 in each format, on-chip bits and traffic, by FOLDER/accel_*.json and
// size_*.json, which the program wrote.
std::string MemoryTables(const std::string& folder);

// Cycles of networks by the model of costs.
std::string CycleTable(const std::string& folder);

}  // namespace potlut::rtl
