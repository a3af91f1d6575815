// An event wheel over gates of a flat netlist.
#include "toggle_sim.h"

namespace potlut::rtl {
namespace {
constexpr int kStep = 10, kSlots = 64;  // ps, more than the longest delay
}

ToggleSim::ToggleSim(Netlist& netlist)
    : net_(netlist),
      value_(netlist.nets, 0),
      cost_(netlist.nets, 0.0f),
      toggles_(netlist.nets, 0),
      reader_at_(netlist.nets + 1, 0),
      stamp_(netlist.gates.size(), 0),
      next_(netlist.gates.size(), 0),
      wheel_(kSlots) {
  value_[1] = 1;
  for (const Gate& g : net_.gates) {
    const auto fan = static_cast<float>(net_.fanout[g.out]);
    cost_[g.out] = g.kind == Gate::Class::kCarryOut   ? 0.2f + 0.1f * fan
                   : g.kind == Gate::Class::kCarrySum ? 0.3f + 0.1f * fan
                                                      : 1.0f + 0.5f * fan;
    for (int i = 0; i < g.inputs; ++i) ++reader_at_[g.in[i] + 1];
  }
  for (const Register& r : net_.registers)
    cost_[r.q] = 1.0f + 0.5f * static_cast<float>(net_.fanout[r.q]);
  for (int32_t n = 0; n < net_.nets; ++n) reader_at_[n + 1] += reader_at_[n];
  readers_.resize(reader_at_.back());
  std::vector<int32_t> fill(reader_at_.begin(), reader_at_.end() - 1);
  for (size_t g = 0; g < net_.gates.size(); ++g)
    for (int i = 0; i < net_.gates[g].inputs; ++i)
      readers_[fill[net_.gates[g].in[i]]++] = static_cast<int32_t>(g);
  for (size_t g = 0; g < net_.gates.size(); ++g) Evaluate(static_cast<int32_t>(g));
  Settle();
  Clear();
}

void ToggleSim::Clear() {
  energy_ = 0;
  toggles_.assign(toggles_.size(), 0);
}

void ToggleSim::AddParts(std::map<std::string, double>* parts, double factor) const {
  std::vector<double> sum(net_.parts.size(), 0.0);
  for (size_t n = 0; n < net_.part_of.size(); ++n)
    sum[net_.part_of[n]] += static_cast<double>(cost_[n]) * toggles_[n];
  for (size_t p = 0; p < sum.size(); ++p) (*parts)[net_.parts[p]] += factor * sum[p];
}

void ToggleSim::Evaluate(int32_t index) {
  const Gate& g = net_.gates[index];
  uint32_t at = 0;
  for (int i = 0; i < g.inputs; ++i) at |= static_cast<uint32_t>(value_[g.in[i]]) << i;
  const auto value = static_cast<uint8_t>(g.table >> at & 1u);
  const bool pending = (stamp_[index] & 1u) != 0;
  if (pending && next_[index] == value) return;
  if (pending) ++stamp_[index];  // a pulse shorter than the delay
  if (value == value_[g.out]) return;
  ++stamp_[index];
  if ((stamp_[index] & 1u) == 0) ++stamp_[index];
  next_[index] = value;
  const int64_t when = now_ + g.delay / kStep;
  wheel_[when % kSlots].push_back({index, stamp_[index]});
  ++waiting_;
}

void ToggleSim::Change(int32_t net, bool value) {
  if (net < 2 || value_[net] == static_cast<uint8_t>(value)) return;
  value_[net] = value;
  energy_ += cost_[net];
  ++toggles_[net];
  for (int32_t i = reader_at_[net]; i < reader_at_[net + 1]; ++i) Evaluate(readers_[i]);
}

void ToggleSim::Settle() {
  while (waiting_ > 0) {
    auto& slot = wheel_[now_ % kSlots];
    for (size_t i = 0; i < slot.size(); ++i) {
      const Event event = slot[i];
      --waiting_;
      if (stamp_[event.gate] != event.stamp) continue;
      ++stamp_[event.gate];  // even: nothing pending
      Change(net_.gates[event.gate].out, next_[event.gate] != 0);
    }
    slot.clear();
    ++now_;
  }
}

void ToggleSim::Set(const std::string& port, int at, int width, uint64_t value) {
  const auto found = net_.ports.find(port);
  if (found == net_.ports.end()) return;
  for (int i = 0; i < width && at + i < static_cast<int>(found->second.size()); ++i)
    Change(found->second[at + i], (value >> i & 1u) != 0);
}

uint64_t ToggleSim::Get(const std::string& port, int at, int width) const {
  const auto& bits = net_.ports.at(port);
  uint64_t value = 0;
  for (int i = 0; i < width; ++i) value |= static_cast<uint64_t>(value_[bits[at + i]]) << i;
  return value;
}

void ToggleSim::Tick() {
  Settle();  // inputs that were set since the falling edge
  struct Write {
    const MemoryWrite* write;
    uint32_t address;
    bool data;
  };
  std::vector<std::pair<int32_t, bool>> changes;
  std::vector<Write> writes;
  for (const Register& r : net_.registers) {
    if (value_[r.reset])
      changes.push_back({r.q, r.reset_value});
    else if (value_[r.enable])
      changes.push_back({r.q, value_[r.d] != 0});
  }
  for (const MemoryWrite& w : net_.writes) {
    if (!value_[w.enable]) continue;
    uint32_t address = 0;
    for (int i = 0; i < 6; ++i) address |= static_cast<uint32_t>(value_[w.address[i]]) << i;
    writes.push_back({&w, address, value_[w.data] != 0});
  }
  for (const Write& w : writes) {
    uint64_t& table = net_.gates[w.write->gate].table;
    if (w.write->shifts)
      table = (table << 1 | static_cast<uint64_t>(w.data)) & 0xffffu;
    else
      table = (table & ~(uint64_t{1} << w.address)) | static_cast<uint64_t>(w.data) << w.address;
    Evaluate(w.write->gate);
  }
  for (const auto& [net, value] : changes) Change(net, value);
  Settle();
}

}  // namespace potlut::rtl
