// The rules of Simplify. Each looks at one living node and says whether it changed anything.
#pragma once

#include "graph/rewriter.h"

namespace potlut::graph {

// simplify_noop.cc
bool DropIdentity(Rewriter& graph, int32_t node);      // what returns its input
bool MergeActivations(Rewriter& graph, int32_t node);  // relu and clip after relu and clip

// simplify_affine.cc
bool FoldAffineBack(Rewriter& graph, int32_t node);     // conv, affine -> conv
bool MergeAffines(Rewriter& graph, int32_t node);       // affine, affine -> affine
bool FoldAffineForward(Rewriter& graph, int32_t node);  // affine, convs -> convs

// simplify_shape.cc
bool FoldPad(Rewriter& graph, int32_t node);      // pad, convs and pools -> convs and pools
bool FoldFlatten(Rewriter& graph, int32_t node);  // flatten, dense -> convolution of the whole map
bool SinkFlatten(Rewriter& graph, int32_t node);  // flatten, activation -> activation, flatten

// simplify_patterns.cc
bool RecogniseFunction(Rewriter& graph,
                       int32_t node);  // arithmetic that spells an activation function

// Whether no element of the node's value can be below 0, as far as a short look tells.
bool IsNonNegative(const Rewriter& graph, int32_t node);

}  // namespace potlut::graph
