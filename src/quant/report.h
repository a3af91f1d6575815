// How each layer of a quantised network compares with the float one, both as they run.
#pragma once

#include "quant/lower.h"
#include "quant/plan.h"
#include "quant/scales.h"
#include "quant/stream.h"

namespace potlut::quant {

Status FillReport(const graph::Graph& graph, const Plan& plan, Lowering& lowering, Stream& stream,
                  const std::vector<TensorRange>& ranges, Report& report, Progress* progress);

}  // namespace potlut::quant
