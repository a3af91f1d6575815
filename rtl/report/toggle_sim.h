// Gate-level simulation with delays: counts what every net does, glitches included.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "netlist.h"

namespace potlut::rtl {

// Inertial delays: LUT and wire 500 ps, carry 20 a bit, sum 200, LUTRAM 600, clock to output 300.
// Energy in units of a LUT's output toggling with nothing behind it: a toggle costs 1 and 0.5 for
// each input that it drives; inside the carry chain 0.2 (carry) or 0.3 (sum) and 0.1 for each
// input. Clocks and inputs of the whole array are not counted.
class ToggleSim {
 public:
  explicit ToggleSim(Netlist& netlist);
  void Set(const std::string& port, int at, int width, uint64_t value);
  uint64_t Get(const std::string& port, int at, int width) const;  // width up to 32
  void Tick();  // to the next falling edge; inputs change there
  double energy() const { return energy_; }
  void Clear();
  // Adds what each part of the circuit (Netlist::parts) has taken since Clear, times `factor`.
  void AddParts(std::map<std::string, double>* parts, double factor) const;

 private:
  void Change(int32_t net, bool value);
  void Evaluate(int32_t gate);
  void Settle();
  Netlist& net_;
  std::vector<uint8_t> value_;
  std::vector<float> cost_;
  std::vector<uint32_t> toggles_;             // of a net, since Clear
  std::vector<int32_t> reader_at_, readers_;  // gates that read a net
  // What a gate is about to do: its stamp says which entry of the wheel is the valid one.
  std::vector<uint32_t> stamp_;
  std::vector<uint8_t> next_;
  struct Event {
    int32_t gate;
    uint32_t stamp;
  };
  std::vector<std::vector<Event>> wheel_;  // steps of 10 ps
  int64_t now_ = 0, waiting_ = 0;
  double energy_ = 0;
};

}  // namespace potlut::rtl
