// A netlist of UltraScale+ cells as Yosys writes it (JSON), flattened: gates of up to six inputs,
// registers, memories.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace potlut::rtl {

// A function of up to six nets: LUTs, multiplexers, each bit of a carry chain, each read bit of a
// LUTRAM (whose table then changes).
struct Gate {
  enum class Class : uint8_t { kLogic, kCarryOut, kCarrySum, kMemory };
  uint64_t table = 0;
  int32_t in[6] = {0, 0, 0, 0, 0, 0};  // net 0 is constant 0
  int32_t inputs = 0;
  int32_t out = 0;
  int32_t delay = 0;  // ps
  Class kind = Class::kLogic;
};
struct Register {
  int32_t d = 0, q = 0, enable = 1, reset = 0;  // net 1 is constant 1
  bool reset_value = false;
};
// Writes one bit of a memory gate at each clock edge where `enable` is 1.
struct MemoryWrite {
  int32_t gate = 0, data = 0, enable = 0;
  int32_t address[6] = {0, 0, 0, 0, 0, 0};
  bool shifts = false;  // SRL16E: shifts the whole table instead
};

struct Netlist {
  int32_t nets = 2;
  std::vector<Gate> gates;
  std::vector<Register> registers;
  std::vector<MemoryWrite> writes;
  std::map<std::string, std::vector<int32_t>> ports;  // of the top module
  std::vector<int32_t> fanout;                        // of each net, without clocks and carries
  std::map<std::string, int64_t> cells;               // by type
  std::vector<std::string> parts;                     // names of hierarchy, numbers left out
  std::vector<int32_t> part_of;                       // of each net: its number in `parts`
  std::string missing;                                // a type that has no model here
};

// Reads the module `top` of a file; the error text is empty where all went well.
std::string ReadNetlist(const std::string& path, Netlist* netlist,
                        const std::string& top = "pe_array");

// Drives what net `to` (an input) drove from net `from`.
void Connect(Netlist* netlist, int32_t from, int32_t to);

// What was counted: LUT sites with memories at their true size, and the rest.
struct Sites {
  int64_t luts = 0, lutram = 0, registers = 0, carry8 = 0, dsp = 0, bram18 = 0, uram = 0;
};
Sites CountSites(const Netlist& netlist);

}  // namespace potlut::rtl
