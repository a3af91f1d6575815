// One array, measured: sites per MAC, energy of its use and of its fills, and that its netlist
// computes what it should.
#pragma once

#include <map>
#include <string>

#include "netlist.h"
#include "workload.h"

namespace potlut::rtl {

enum Kind { kPlut, kPair, kTextbook, kTernary, kFused, kMult, kHalf };  // as in pe_pkg

struct Config {
  std::string name;  // as in tables
  std::string file;  // of the netlist
  Kind kind = kPlut;
  int weight_bits = 4, act_bits = 8, entry_bits = 14, banks = 2, group = 2;
  bool dsp = false;
  std::string model;  // which network feeds it
  bool grid = false;  // pairs of single codes: all combinations
  bool energy = true;
};
struct Measured {
  Sites sites;
  double use = 0, fill = 0;  // energy a MAC; fills at the network's reuse
  double fill_cycles = 0;    // of a whole set of tables, mean
  int64_t checked = 0;       // dot products of the netlist that were compared
};

// Runs the netlist on the workload. Errors: a text, also where a dot product is wrong. With `parts`
// also says which parts of the circuit the energy goes to, uses and fills apart.
struct PartEnergy {
  double use = 0, fill = 0;  // a MAC, as in Measured
};
std::string MeasureEnergy(const Config& config, Netlist& netlist, const Workload& workload,
                          Measured* measured, std::map<std::string, PartEnergy>* parts = nullptr);

}  // namespace potlut::rtl
