// Reading and flattening of Yosys' JSON.
#include "netlist.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

namespace potlut::rtl {
namespace {

using Json = nlohmann::json;
using Bits = std::vector<int32_t>;
using Ports = std::map<std::string, Bits>;

constexpr int kLut = 500, kCarryOut = 20, kCarrySum = 200, kRead = 600, kWideMux = 150;

uint64_t Binary(const Json& cell, const char* name) {
  const auto& parameters = cell["parameters"];
  if (!parameters.contains(name)) return 0;
  uint64_t value = 0;
  for (const char c : parameters[name].get<std::string>())
    value = value << 1 | (c == '1' ? 1u : 0u);
  return value;
}

class Flattener {
 public:
  Flattener(const Json& modules, Netlist* out) : modules_(modules), out_(*out) {}

  // `path`: what nets of this module are called in `parts`.
  void Module(const std::string& name, const Ports& connections, bool top,
              const std::string& path = "") {
    const Json& module = modules_[name];
    std::map<int32_t, int32_t> nets;
    for (const auto& [port, info] : module["ports"].items()) {
      const auto given = connections.find(port);
      Bits bits;
      for (size_t i = 0; i < info["bits"].size(); ++i) {
        const Json& bit = info["bits"][i];
        if (given != connections.end() && i < given->second.size() && bit.is_number())
          nets.emplace(bit.get<int32_t>(), given->second[i]);
      }
      for (const Json& bit : info["bits"]) bits.push_back(Net(bit, nets));
      if (top) out_.ports[port] = bits;
    }
    for (const auto& [label, cell] : module["cells"].items()) {
      Ports ports;
      for (const auto& [port, bits] : cell["connections"].items()) {
        Bits list;
        for (const Json& bit : bits) list.push_back(Net(bit, nets));
        ports[port] = list;
      }
      const std::string type = cell["type"];
      if (modules_.contains(type) && !modules_[type]["attributes"].contains("blackbox")) {
        Module(type, ports, false, path + Plain(label) + ".");
      } else {
        ++out_.cells[type];
        // Pins, not functions: both outputs of a LUT6_2 share its inputs.
        for (const auto& [port, bits] : ports) {
          if (cell["port_directions"][port] != "input" || port == "C" || port == "CLK" ||
              port == "WCLK" || (port == "CI" && type.starts_with("CARRY")))
            continue;
          for (const int32_t bit : bits) {
            if (static_cast<size_t>(bit) >= out_.fanout.size()) out_.fanout.resize(bit + 1, 0);
            ++out_.fanout[bit];
          }
        }
        Cell(type, cell, ports);
      }
    }
    // Nets are named from the inside out; those that synthesis made have only their module's name.
    const auto name_net = [&](int32_t net, const std::string& part) {
      out_.part_of.resize(std::max<size_t>(out_.part_of.size(), out_.nets), -1);
      if (net < 2 || out_.part_of[net] >= 0) return;
      const auto at = numbers_.emplace(part, static_cast<int32_t>(out_.parts.size()));
      if (at.second) out_.parts.push_back(part);
      out_.part_of[net] = at.first->second;
    };
    for (const bool hidden : {false, true})
      for (const auto& [label, info] : module["netnames"].items()) {
        if ((info.value("hide_name", 0) != 0) != hidden) continue;
        for (const Json& bit : info["bits"]) {
          if (!bit.is_number()) continue;
          const auto at = nets.find(bit.get<int32_t>());
          if (at != nets.end()) name_net(at->second, path + (hidden ? "logic" : Plain(label)));
        }
      }
    if (top)
      for (int32_t net = 2; net < out_.nets; ++net) name_net(net, "carry");
  }

 private:
  // Hierarchy without the numbers of copies.
  static std::string Plain(const std::string& label) {
    std::string text;
    for (size_t i = 0; i < label.size(); ++i) {
      if (label[i] == '[')
        i = std::min(label.find(']', i), label.size() - 1);
      else
        text += label[i];
    }
    return text;
  }

  int32_t Net(const Json& bit, std::map<int32_t, int32_t>& nets) {
    if (bit.is_string()) return bit.get<std::string>() == "1" ? 1 : 0;
    const auto [at, fresh] = nets.emplace(bit.get<int32_t>(), out_.nets);
    if (fresh) ++out_.nets;
    return at->second;
  }
  static int32_t One(const Ports& ports, const std::string& name, int32_t absent = 0) {
    const auto at = ports.find(name);
    return at == ports.end() || at->second.empty() ? absent : at->second[0];
  }
  int32_t AddGate(uint64_t table, const Bits& in, int32_t out, int delay,
                  Gate::Class kind = Gate::Class::kLogic) {
    Gate gate;
    gate.table = table;
    gate.inputs = static_cast<int32_t>(in.size());
    for (size_t i = 0; i < in.size(); ++i) gate.in[i] = in[i];
    gate.out = out > 1 ? out : out_.nets++;  // an output that nobody reads
    gate.delay = delay, gate.kind = kind;
    out_.gates.push_back(gate);
    return static_cast<int32_t>(out_.gates.size()) - 1;
  }
  void Carry(const Ports& ports, int bits, int32_t in) {
    for (int i = 0; i < bits; ++i) {
      const int32_t s = ports.at("S")[i], di = ports.at("DI")[i];
      const int32_t named = ports.count("CO") != 0 ? ports.at("CO")[i] : 0;
      const int32_t next = named > 1 ? named : out_.nets++;
      // Inputs DI, carry, S: S ? carry : DI, and S ^ carry.
      AddGate(0xca, {di, in, s}, next, kCarryOut, Gate::Class::kCarryOut);
      if (ports.count("O") != 0)
        AddGate(0x6, {in, s}, ports.at("O")[i], kCarrySum, Gate::Class::kCarrySum);
      in = next;
    }
  }
  void Memory(uint64_t init, const Bits& read, int32_t out, const Bits& write, int32_t data,
              int32_t enable) {
    MemoryWrite w;
    w.gate = AddGate(init, read, out, kRead, Gate::Class::kMemory);
    w.data = data, w.enable = enable;
    for (size_t i = 0; i < write.size(); ++i) w.address[i] = write[i];
    out_.writes.push_back(w);
  }

  void Cell(const std::string& type, const Json& cell, const Ports& ports) {
    if (type.size() == 4 && type.starts_with("LUT")) {
      Bits in;
      for (int i = 0; i < type[3] - '0'; ++i) in.push_back(One(ports, "I" + std::to_string(i)));
      AddGate(Binary(cell, "INIT"), in, One(ports, "O"), kLut);
    } else if (type == "LUT6_2") {
      Bits in;
      for (int i = 0; i < 6; ++i) in.push_back(One(ports, "I" + std::to_string(i)));
      const uint64_t init = Binary(cell, "INIT");
      AddGate(init, in, One(ports, "O6"), kLut);
      in.pop_back();
      AddGate(init & 0xffffffffu, in, One(ports, "O5"), kLut);
    } else if (type == "INV") {
      AddGate(0x1, {One(ports, "I")}, One(ports, "O"), 10);
    } else if (type == "BUFG") {
      AddGate(0x2, {One(ports, "I")}, One(ports, "O"), 10);
    } else if (type.starts_with("MUXF")) {
      AddGate(0xca, {One(ports, "I0"), One(ports, "I1"), One(ports, "S")}, One(ports, "O"),
              kWideMux);
    } else if (type == "CARRY4") {
      const int32_t ci = One(ports, "CI");
      Carry(ports, 4, ci != 0 ? ci : One(ports, "CYINIT"));
    } else if (type == "CARRY8") {
      Carry(ports, 8, One(ports, "CI"));
    } else if (type == "FDRE" || type == "FDSE") {
      Register r;
      r.d = One(ports, "D"), r.q = One(ports, "Q"), r.enable = One(ports, "CE", 1);
      r.reset = One(ports, type == "FDRE" ? "R" : "S");
      r.reset_value = type == "FDSE";
      out_.registers.push_back(r);
    } else if (type == "SRL16E") {
      const Bits address = {One(ports, "A0"), One(ports, "A1"), One(ports, "A2"), One(ports, "A3")};
      Memory(Binary(cell, "INIT"), address, One(ports, "Q"), {}, One(ports, "D"),
             One(ports, "CE", 1));
      out_.writes.back().shifts = true;
    } else if (type == "RAM64X1S") {
      Bits address;
      for (int i = 0; i < 6; ++i) address.push_back(One(ports, "A" + std::to_string(i)));
      Memory(Binary(cell, "INIT"), address, One(ports, "O"), address, One(ports, "D"),
             One(ports, "WE"));
    } else if (type == "RAM64M8") {
      for (const char p : std::string("ABCDEFGH"))
        if (ports.count(std::string("DO") + p) != 0)
          Memory(0, ports.at(std::string("ADDR") + p), One(ports, std::string("DO") + p),
                 ports.at("ADDRH"), One(ports, std::string("DI") + p), One(ports, "WE"));
    } else if (type == "RAM32M16") {
      for (const char p : std::string("ABCDEFGH"))
        for (size_t b = 0; ports.count(std::string("DO") + p) != 0 && b < 2; ++b)
          Memory(0, ports.at(std::string("ADDR") + p), ports.at(std::string("DO") + p)[b],
                 ports.at("ADDRH"), ports.at(std::string("DI") + p)[b], One(ports, "WE"));
    } else {
      out_.missing = type;
    }
  }

  const Json& modules_;
  Netlist& out_;
  std::map<std::string, int32_t> numbers_;  // of parts
};

}  // namespace

void Connect(Netlist* netlist, int32_t from, int32_t to) {
  const auto change = [&](int32_t* net) {
    if (*net == to) *net = from;
  };
  for (Gate& gate : netlist->gates)
    for (int32_t& in : gate.in) change(&in);
  for (Register& r : netlist->registers) change(&r.d);
}

std::string ReadNetlist(const std::string& path, Netlist* netlist, const std::string& top) {
  std::ifstream file(path);
  if (!file) return path + ": no such file; was the synthesis run?";
  const Json json = Json::parse(file, nullptr, false);
  if (json.is_discarded() || !json.contains("modules") || !json["modules"].contains(top))
    return path + ": no netlist of " + top;
  Flattener(json["modules"], netlist).Module(top, {}, true);
  netlist->fanout.resize(netlist->nets, 0);
  netlist->part_of.resize(netlist->nets, 0);
  for (int32_t& part : netlist->part_of) part = std::max(part, 0);
  return "";
}

Sites CountSites(const Netlist& netlist) {
  static const std::map<std::string, int> kMemories = {
      {"RAM32M16", 8},  {"RAM64M8", 8},   {"RAM32M", 4},    {"RAM64M", 4},    {"RAM32X1S", 1},
      {"RAM64X1S", 1},  {"RAM64X1D", 2},  {"RAM32X1D", 2},  {"RAM128X1S", 2}, {"RAM128X1D", 4},
      {"RAM256X1S", 4}, {"RAM256X1D", 8}, {"RAM512X1S", 8}, {"RAM64X8SW", 8}, {"RAM32X16DR8", 8}};
  Sites sites;
  int64_t carry4 = 0;
  for (const auto& [type, count] : netlist.cells) {
    const auto memory = kMemories.find(type);
    if (memory != kMemories.end())
      sites.lutram += memory->second * count;
    else if (type.starts_with("SRL"))
      sites.lutram += count;
    else if (type.starts_with("LUT"))
      sites.luts += count;
    else if (type.starts_with("FD"))
      sites.registers += count;
    else if (type == "CARRY8")
      sites.carry8 += count;
    else if (type == "CARRY4")
      carry4 += count;
    else if (type.starts_with("DSP"))
      sites.dsp += count;
    else if (type.starts_with("RAMB18"))
      sites.bram18 += count;
    else if (type.starts_with("RAMB36"))
      sites.bram18 += 2 * count;
    else if (type.starts_with("URAM"))
      sites.uram += count;
  }
  sites.carry8 += (carry4 + 1) / 2;
  sites.luts += sites.lutram;
  return sites;
}

}  // namespace potlut::rtl
