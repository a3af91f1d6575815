// Lowering: plan nodes to program nodes. Scales become shifts, functions become tables.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "program/program.h"
#include "quant/feedback.h"
#include "quant/plan.h"

namespace potlut::quant {

// The graph's sliding window as the program's.
Window ToWindow(const graph::Window& window);

// Where a lowered plan stands: plan tensors already have program tensors.
class Lowering {
 public:
  Lowering(const graph::Graph& graph, Plan& plan) : graph_(graph), plan_(plan) {}

  // Adds the raw image.
  void Begin();
  // Lowers any node but a convolution. Fixes the output's scale where the operator dictates it
  // (mean, moves, mul's factor); the classes' exponents must stand. May add more than one program
  // node.
  Status Lower(const PlanNode& node);

  // What a convolution needs to be rounded: exponents that keep its shift in range, for a channel.
  // acc_exponent(e) = input exponent + e.
  struct ConvScales {
    int32_t input_exponent = 0;
    std::vector<double> input_factor;  // one an input channel
    int32_t output_exponent = 0;
    std::vector<double> output_factor;  // one an output channel
    bool wide = false;
  };
  ConvScales ScalesOf(const PlanNode& node) const;

  // Adds a convolution from rounded rows (all groups' channels in order) and the real bias wanted
  // at the output (already divided by the output's factor).
  Status LowerConv(const PlanNode& node, const Alphabet& alphabet,
                   const std::vector<RoundedRow>& rows, const std::vector<double>& bias);

  // Marks outputs, drops nothing; the program is complete and valid.
  Expected<Program> Finish();

  Program& program() { return program_; }
  // By program node, for lookups: what the entries were rounded from, real values divided by the
  // output's factor; laid out as LookupOp::table. Empty for other nodes.
  const std::vector<std::vector<double>>& unrounded() const { return unrounded_; }
  int32_t tensor(int32_t plan_tensor) const { return map_[static_cast<size_t>(plan_tensor)]; }
  // Program nodes that stand for plan node i: [first, last).
  std::pair<size_t, size_t> nodes(size_t plan_node) const { return ranges_[plan_node]; }

 private:
  const PlanTensor& T(int32_t t) const { return plan_.tensors[static_cast<size_t>(t)]; }
  PlanTensor& T(int32_t t) { return plan_.tensors[static_cast<size_t>(t)]; }
  // A new program tensor with the plan tensor's type and scale.
  int32_t NewTensor(int32_t plan_tensor, const std::string& name);
  void Emit(const PlanNode& node, Op op, std::vector<int32_t> inputs);
  void AddNode(std::string name, Op op, std::vector<int32_t> inputs, int32_t output);
  // A lookup from the real values of its entries, one table a channel of the input.
  void AddLookup(const std::string& name, const std::vector<std::vector<double>>& tables,
                 int32_t input, int32_t output);
  // The fused activation's bounds as integers of the output.
  template <typename Operator>
  void Clamp(const PlanNode& node, Operator& op) const;
  std::string NameOf(const PlanNode& node) const;
  // Plan tensor `t` at another scale: a table where it has not that scale already. Returns the
  // program tensor.
  int32_t Rescaled(int32_t t, int32_t exponent, const std::vector<double>& factor, double sign = 1);

  Status LowerTable(const PlanNode& node);
  Status LowerAdd(const PlanNode& node);
  Status LowerMul(const PlanNode& node);
  Status LowerMean(const PlanNode& node);
  Status LowerMove(const PlanNode& node);
  Status LowerConcat(const PlanNode& node);

  const graph::Graph& graph_;
  Plan& plan_;
  Program program_;
  std::vector<int32_t> map_;
  std::vector<std::pair<size_t, size_t>> ranges_;
  std::vector<std::vector<double>> unrounded_;
};

}  // namespace potlut::quant
