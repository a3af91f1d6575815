// The driver of simplification: rules on every node, again and again until none applies.
#include "graph/simplify.h"

#include <span>

#include "graph/simplify_rules.h"

namespace potlut::graph {
namespace {

using Rule = bool (*)(Rewriter&, int32_t);

// More rounds than any chain of rules needs on a network; a hostile graph is left half simplified,
// but right.
constexpr int kMaxRounds = 1000;

void ApplyUntilDone(Rewriter& graph, std::span<const Rule> rules) {
  bool changed = true;
  for (int round = 0; changed && round < kMaxRounds; ++round) {
    changed = false;
    for (int32_t node = 1; node < graph.size(); ++node) {
      for (const Rule rule : rules) {
        if (graph.alive(node) && rule(graph, node)) changed = true;
      }
    }
  }
}

}  // namespace

Expected<Graph> Simplify(const Graph& graph) {
  POTLUT_RETURN_IF_ERROR(Validate(graph));
  Rewriter rewriter(graph);
  // Functions first: their constants must not have been folded into a convolution nearby.
  constexpr Rule kFunctions[] = {DropIdentity, RecogniseFunction};
  constexpr Rule kAll[] = {DropIdentity,   RecogniseFunction, MergeActivations,
                           FoldAffineBack, MergeAffines,      FoldAffineForward,
                           FoldPad,        FoldFlatten,       SinkFlatten};
  ApplyUntilDone(rewriter, kFunctions);
  ApplyUntilDone(rewriter, kAll);
  Graph result = rewriter.Take();
  POTLUT_RETURN_IF_ERROR(Validate(result));
  return result;
}

}  // namespace potlut::graph
