// The operators' handlers, as the table lists them; see operator_table.h for what they may assume.
#pragma once

#include "onnx/operator_table.h"

namespace potlut::onnx {

using Values = Expected<std::vector<Value>>;

// ops_conv.cc: layers with weights.
Values ImportConv(GraphBuilder& builder, const NodeView& node);
Values ImportGemm(GraphBuilder& builder, const NodeView& node);
Values ImportMatMul(GraphBuilder& builder, const NodeView& node);
Values ImportBatchNormalization(GraphBuilder& builder, const NodeView& node);

// ops_pool.cc: windows and means.
Values ImportMaxPool(GraphBuilder& builder, const NodeView& node);
Values ImportAveragePool(GraphBuilder& builder, const NodeView& node);
Values ImportGlobalPool(GraphBuilder& builder, const NodeView& node);
Values ImportReduce(GraphBuilder& builder, const NodeView& node);

// ops_arithmetic.cc: sums and products of values and constants.
Values ImportArithmetic(GraphBuilder& builder, const NodeView& node);  // Add, Sub, Mul, Div
Values ImportSum(GraphBuilder& builder, const NodeView& node);         // Sum, Mean
Values ImportMaxMin(GraphBuilder& builder, const NodeView& node);      // Max, Min
Values ImportPow(GraphBuilder& builder, const NodeView& node);

// ops_activation.cc: functions of one value.
Values ImportFunction(GraphBuilder& builder, const NodeView& node);  // Relu, Sigmoid, Erf, ...
Values ImportClip(GraphBuilder& builder, const NodeView& node);
Values ImportPRelu(GraphBuilder& builder, const NodeView& node);
Values ImportComposed(GraphBuilder& builder, const NodeView& node);  // Selu, Celu, Mish
Values ImportSoftmax(GraphBuilder& builder, const NodeView& node);
Values ImportArgMax(GraphBuilder& builder, const NodeView& node);
Values ImportLrn(GraphBuilder& builder, const NodeView& node);
Values ImportIdentity(GraphBuilder& builder, const NodeView& node);
Values ImportDropout(GraphBuilder& builder, const NodeView& node);
Values ImportCast(GraphBuilder& builder, const NodeView& node);

// ops_axes.cc: axes, without a change of values.
Values ImportReshape(GraphBuilder& builder, const NodeView& node);
Values ImportFlatten(GraphBuilder& builder, const NodeView& node);
Values ImportTranspose(GraphBuilder& builder, const NodeView& node);
Values ImportSqueeze(GraphBuilder& builder, const NodeView& node);
Values ImportUnsqueeze(GraphBuilder& builder, const NodeView& node);
Values ImportExpand(GraphBuilder& builder, const NodeView& node);
Values ImportShape(GraphBuilder& builder, const NodeView& node);  // Shape, Size

// ops_parts.cc: parts of values put together and taken apart.
Values ImportConcat(GraphBuilder& builder, const NodeView& node);
Values ImportSlice(GraphBuilder& builder, const NodeView& node);
Values ImportSplit(GraphBuilder& builder, const NodeView& node);
Values ImportGather(GraphBuilder& builder, const NodeView& node);
Values ImportPad(GraphBuilder& builder, const NodeView& node);

// ops_resize.cc
Values ImportResize(GraphBuilder& builder, const NodeView& node);  // Resize, Upsample

// fold_math.cc: arithmetic on constants.
Values FoldBinary(GraphBuilder& builder, const NodeView& node);
Values FoldVariadic(GraphBuilder& builder, const NodeView& node);  // Sum, Mean, Max, Min
Values FoldUnary(GraphBuilder& builder, const NodeView& node);
Values FoldWhere(GraphBuilder& builder, const NodeView& node);
Values FoldReduce(GraphBuilder& builder, const NodeView& node);
Values FoldCast(GraphBuilder& builder, const NodeView& node);

// fold_shape.cc: constants made, rearranged and measured.
Values FoldConstant(GraphBuilder& builder, const NodeView& node);
Values FoldConstantOfShape(GraphBuilder& builder, const NodeView& node);
Values FoldRange(GraphBuilder& builder, const NodeView& node);
Values FoldIdentity(GraphBuilder& builder, const NodeView& node);
Values FoldReshape(GraphBuilder& builder, const NodeView& node);  // and Flatten
Values FoldTranspose(GraphBuilder& builder, const NodeView& node);
Values FoldSqueeze(GraphBuilder& builder, const NodeView& node);
Values FoldUnsqueeze(GraphBuilder& builder, const NodeView& node);
Values FoldExpand(GraphBuilder& builder, const NodeView& node);
Values FoldConcat(GraphBuilder& builder, const NodeView& node);
Values FoldSlice(GraphBuilder& builder, const NodeView& node);
Values FoldSplit(GraphBuilder& builder, const NodeView& node);
Values FoldGather(GraphBuilder& builder, const NodeView& node);
Values FoldShape(GraphBuilder& builder, const NodeView& node);  // Shape, Size

}  // namespace potlut::onnx
