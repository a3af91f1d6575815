// The table of operators.
#include "onnx/operator_table.h"

#include <algorithm>
#include <iterator>

#include "onnx/ops.h"

namespace potlut::onnx {
namespace {

constexpr std::string_view kYes = "yes";
constexpr std::string_view kFloat = "float only";
constexpr std::string_view kFolded = "folded";
constexpr std::string_view kLast = "last only";

constexpr std::string_view kPool =
    "auto_pad:s ceil_mode:i count_include_pad:i dilations:I kernel_shape:I pads:I storage_order:i "
    "strides:I";
constexpr std::string_view kReduce = "axes:I keepdims:i noop_with_empty_axes:i";
constexpr std::string_view kSpread =
    "two values of one shape, or one value a channel; constants: one number, or one a channel";
constexpr std::string_view kConstants = "on constants only (shape arithmetic)";
constexpr std::string_view kSpace = "over height, width or both";

// info, inputs (least, most), most outputs, attributes, on values, on constants, may read integers
constexpr OperatorRow kRows[] = {
    {{"Abs", 7, 21, kYes, ""}, 1, 1, 1, "", ImportFunction, FoldUnary},
    {{"Add", 7, 21, kYes, kSpread}, 2, 2, 1, "", ImportArithmetic, FoldBinary},
    {{"And", 7, 21, kFolded, kConstants}, 2, 2, 1, "", nullptr, FoldBinary},
    {{"ArgMax", 7, 21, kYes, "over channels, first maximum"},
     1,
     1,
     1,
     "axis:i keepdims:i select_last_index:i",
     ImportArgMax,
     nullptr},
    {{"AveragePool", 7, 21, kYes,
      "2-d, not dilated; ceil_mode with count_include_pad only where it changes nothing"},
     1,
     1,
     1,
     kPool,
     ImportAveragePool,
     nullptr},
    {{"BatchNormalization", 7, 21, kFolded, "evaluation mode, constant statistics"},
     5,
     5,
     5,
     "epsilon:f momentum:f spatial:i training_mode:i",
     ImportBatchNormalization,
     nullptr},
    {{"Cast", 7, 21, kFolded, "between float types; any on constants and after ArgMax"},
     1,
     1,
     1,
     "saturate:i to:i",
     ImportCast,
     FoldCast,
     true},
    {{"Ceil", 7, 21, kFolded, kConstants}, 1, 1, 1, "", nullptr, FoldUnary},
    {{"Celu", 12, 21, kYes, ""}, 1, 1, 1, "alpha:f", ImportComposed, nullptr},
    {{"Clip", 7, 21, kYes, "constant ends"}, 1, 3, 1, "max:f min:f", ImportClip, nullptr},
    {{"Concat", 7, 21, kYes,
      "along channels; a constant part must be one number all over (it becomes padding)"},
     1,
     -1,
     1,
     "axis:i",
     ImportConcat,
     FoldConcat,
     true},
    {{"Constant", 7, 21, kFolded, "dense numbers"},
     0,
     0,
     1,
     "sparse_value:p value:t value_float:f value_floats:F value_int:i value_ints:I value_string:s "
     "value_strings:S",
     nullptr,
     FoldConstant},
    {{"ConstantOfShape", 9, 21, kFolded, kConstants},
     1,
     1,
     1,
     "value:t",
     nullptr,
     FoldConstantOfShape},
    {{"Conv", 7, 21, kYes, "2-d, constant weights; any groups, dilations and pads"},
     2,
     3,
     1,
     "auto_pad:s dilations:I group:i kernel_shape:I pads:I strides:I",
     ImportConv,
     nullptr},
    {{"Div", 7, 21, kFloat, "folded by a constant; by a value in float only"},
     2,
     2,
     1,
     "",
     ImportArithmetic,
     FoldBinary},
    {{"Dropout", 7, 21, kFolded, "evaluation mode, without its mask"},
     1,
     3,
     2,
     "ratio:f seed:i",
     ImportDropout,
     FoldIdentity},
    {{"Elu", 7, 21, kYes, ""}, 1, 1, 1, "alpha:f", ImportFunction, nullptr},
    {{"Equal", 7, 21, kFolded, kConstants}, 2, 2, 1, "", nullptr, FoldBinary},
    {{"Erf", 9, 21, kYes, ""}, 1, 1, 1, "", ImportFunction, nullptr},
    {{"Exp", 7, 21, kYes, ""}, 1, 1, 1, "", ImportFunction, FoldUnary},
    {{"Expand", 8, 21, kYes, "over height and width of size 1; any on constants"},
     2,
     2,
     1,
     "",
     ImportExpand,
     FoldExpand},
    {{"Flatten", 7, 21, kYes, "axis 0 must stay the batch"},
     1,
     1,
     1,
     "axis:i",
     ImportFlatten,
     FoldReshape,
     true},
    {{"Floor", 7, 21, kFolded, kConstants}, 1, 1, 1, "", nullptr, FoldUnary},
    {{"Gather", 7, 21, kYes, "one index, or indices that a Slice could take; any on constants"},
     2,
     2,
     1,
     "axis:i",
     ImportGather,
     FoldGather,
     true},
    {{"Gelu", 20, 21, kYes, ""}, 1, 1, 1, "approximate:s", ImportFunction, nullptr},
    {{"Gemm", 7, 21, kYes, "constant weights and bias, transA 0"},
     2,
     3,
     1,
     "alpha:f beta:f transA:i transB:i",
     ImportGemm,
     nullptr},
    {{"GlobalAveragePool", 7, 21, kYes, "2-d"}, 1, 1, 1, "", ImportGlobalPool, nullptr},
    {{"GlobalMaxPool", 7, 21, kYes, "2-d"}, 1, 1, 1, "", ImportGlobalPool, nullptr},
    {{"Greater", 7, 21, kFolded, kConstants}, 2, 2, 1, "", nullptr, FoldBinary},
    {{"GreaterOrEqual", 12, 21, kFolded, kConstants}, 2, 2, 1, "", nullptr, FoldBinary},
    {{"HardSigmoid", 7, 21, kYes, ""}, 1, 1, 1, "alpha:f beta:f", ImportFunction, nullptr},
    {{"HardSwish", 14, 21, kYes, ""}, 1, 1, 1, "", ImportFunction, nullptr},
    {{"Identity", 7, 21, kFolded, ""}, 1, 1, 1, "", ImportIdentity, FoldIdentity, true},
    {{"LRN", 7, 21, kFloat, "across channels of a 2-d map"},
     1,
     1,
     1,
     "alpha:f beta:f bias:f size:i",
     ImportLrn,
     nullptr},
    {{"LeakyRelu", 7, 21, kYes, ""}, 1, 1, 1, "alpha:f", ImportFunction, nullptr},
    {{"Less", 7, 21, kFolded, kConstants}, 2, 2, 1, "", nullptr, FoldBinary},
    {{"LessOrEqual", 12, 21, kFolded, kConstants}, 2, 2, 1, "", nullptr, FoldBinary},
    {{"Log", 7, 21, kFolded, kConstants}, 1, 1, 1, "", nullptr, FoldUnary},
    {{"MatMul", 7, 21, kYes, "x * constant [in, out], along channels"},
     2,
     2,
     1,
     "",
     ImportMatMul,
     nullptr},
    {{"Max", 7, 21, kYes, "a value with constant numbers (a clip)"},
     1,
     -1,
     1,
     "",
     ImportMaxMin,
     FoldVariadic},
    {{"MaxPool", 7, 21, kYes, "2-d, without indices, row major"},
     1,
     1,
     2,
     kPool,
     ImportMaxPool,
     nullptr},
    {{"Mean", 7, 21, kYes, kSpread}, 1, -1, 1, "", ImportSum, FoldVariadic},
    {{"Min", 7, 21, kYes, "a value with constant numbers (a clip)"},
     1,
     -1,
     1,
     "",
     ImportMaxMin,
     FoldVariadic},
    {{"Mish", 18, 21, kYes, ""}, 1, 1, 1, "", ImportComposed, nullptr},
    {{"Mod", 10, 21, kFolded, kConstants}, 2, 2, 1, "fmod:i", nullptr, FoldBinary},
    {{"Mul", 7, 21, kYes, kSpread}, 2, 2, 1, "", ImportArithmetic, FoldBinary},
    {{"Neg", 7, 21, kYes, ""}, 1, 1, 1, "", ImportFunction, FoldUnary},
    {{"Not", 7, 21, kFolded, kConstants}, 1, 1, 1, "", nullptr, FoldUnary},
    {{"Or", 7, 21, kFolded, kConstants}, 2, 2, 1, "", nullptr, FoldBinary},
    {{"PRelu", 7, 21, kYes, "constant slope: one number, or one a channel"},
     2,
     2,
     1,
     "",
     ImportPRelu,
     nullptr},
    {{"Pad", 7, 21, kYes, "constant mode, pads of at least 0"},
     1,
     4,
     1,
     "mode:s pads:I value:f",
     ImportPad,
     nullptr},
    {{"Pow", 7, 21, kYes, "constant exponent -1, -0.5, 0.5, 1, 2 or 3"},
     2,
     2,
     1,
     "",
     ImportPow,
     FoldBinary},
    {{"Range", 11, 21, kFolded, kConstants}, 3, 3, 1, "", nullptr, FoldRange},
    {{"Reciprocal", 7, 21, kYes, ""}, 1, 1, 1, "", ImportFunction, FoldUnary},
    {{"ReduceMax", 7, 21, kYes, kSpace}, 1, 2, 1, kReduce, ImportReduce, FoldReduce},
    {{"ReduceMean", 7, 21, kYes, kSpace}, 1, 2, 1, kReduce, ImportReduce, FoldReduce},
    {{"ReduceMin", 7, 21, kFolded, kConstants}, 1, 2, 1, kReduce, nullptr, FoldReduce},
    {{"ReduceProd", 7, 21, kFolded, kConstants}, 1, 2, 1, kReduce, nullptr, FoldReduce},
    {{"ReduceSum", 7, 21, kYes, kSpace}, 1, 2, 1, kReduce, ImportReduce, FoldReduce},
    {{"Relu", 7, 21, kYes, ""}, 1, 1, 1, "", ImportFunction, FoldUnary},
    {{"Reshape", 7, 21, kYes,
      "constant shape, axis 0 stays the batch; flattening, channel shuffle, axes of size 1"},
     2,
     2,
     1,
     "allowzero:i",
     ImportReshape,
     FoldReshape,
     true},
    {{"Resize", 10, 21, kYes, "nearest, whole factors of height and width"},
     1,
     4,
     1,
     "antialias:i axes:I coordinate_transformation_mode:s cubic_coeff_a:f exclude_outside:i "
     "extrapolation_value:f keep_aspect_ratio_policy:s mode:s nearest_mode:s",
     ImportResize,
     nullptr},
    {{"Round", 11, 21, kFolded, kConstants}, 1, 1, 1, "", nullptr, FoldUnary},
    {{"Selu", 7, 21, kYes, ""}, 1, 1, 1, "alpha:f gamma:f", ImportComposed, nullptr},
    {{"Shape", 7, 21, kFolded, "the batch counts as the model's, or 1"},
     1,
     1,
     1,
     "end:i start:i",
     ImportShape,
     FoldShape,
     true},
    {{"Sigmoid", 7, 21, kYes, ""}, 1, 1, 1, "", ImportFunction, nullptr},
    {{"Size", 7, 21, kFolded, "the batch counts as the model's, or 1"},
     1,
     1,
     1,
     "",
     ImportShape,
     FoldShape,
     true},
    {{"Slice", 7, 21, kYes, "of channels, height and width; constant limits, steps of at least 1"},
     1,
     5,
     1,
     "axes:I ends:I starts:I",
     ImportSlice,
     FoldSlice,
     true},
    {{"Softmax", 7, 21, kLast, "over channels"}, 1, 1, 1, "axis:i", ImportSoftmax, nullptr},
    {{"Softplus", 7, 21, kYes, ""}, 1, 1, 1, "", ImportFunction, nullptr},
    {{"Split", 7, 21, kYes, "of channels, height and width; constant sizes"},
     1,
     2,
     -1,
     "axis:i num_outputs:i split:I",
     ImportSplit,
     FoldSplit,
     true},
    {{"Sqrt", 7, 21, kYes, ""}, 1, 1, 1, "", ImportFunction, FoldUnary},
    {{"Squeeze", 7, 21, kFolded, "the batch stays"},
     1,
     2,
     1,
     "axes:I",
     ImportSqueeze,
     FoldSqueeze,
     true},
    {{"Sub", 7, 21, kYes, kSpread}, 2, 2, 1, "", ImportArithmetic, FoldBinary},
    {{"Sum", 7, 21, kYes, kSpread}, 1, -1, 1, "", ImportSum, FoldVariadic},
    {{"Tanh", 7, 21, kYes, ""}, 1, 1, 1, "", ImportFunction, nullptr},
    {{"Transpose", 7, 21, kFolded, "bookkeeping; what needs channels first must find them there"},
     1,
     1,
     1,
     "perm:I",
     ImportTranspose,
     FoldTranspose,
     true},
    {{"Unsqueeze", 7, 21, kFolded, ""}, 1, 2, 1, "axes:I", ImportUnsqueeze, FoldUnsqueeze, true},
    {{"Upsample", 7, 9, kYes, "nearest, whole factors of height and width"},
     1,
     2,
     1,
     "mode:s scales:F",
     ImportResize,
     nullptr},
    {{"Where", 9, 21, kFolded, kConstants}, 3, 3, 1, "", nullptr, FoldWhere},
};

constexpr bool Sorted() {
  for (size_t i = 1; i < std::size(kRows); ++i) {
    if (!(kRows[i - 1].info.name < kRows[i].info.name)) return false;
  }
  return true;
}
static_assert(Sorted(), "the table is searched by name");

bool StartsWith(std::string_view text, std::string_view head) {
  return text.substr(0, head.size()) == head;
}

}  // namespace

std::span<const OperatorRow> OperatorTable() { return kRows; }

const OperatorRow* FindOperator(std::string_view name) {
  const auto* row =
      std::lower_bound(std::begin(kRows), std::end(kRows), name,
                       [](const OperatorRow& r, std::string_view n) { return r.info.name < n; });
  return row != std::end(kRows) && row->info.name == name ? row : nullptr;
}

std::string_view RemedyFor(std::string_view op) {
  if (op == "If" || op == "Loop" || op == "Scan") {
    return "control flow is not: export the network in evaluation mode, with a fixed input size "
           "and no data dependent branches";
  }
  if (StartsWith(op, "Sequence") || StartsWith(op, "SplitToSequence") ||
      StartsWith(op, "ConcatFromSequence") || StartsWith(op, "Optional")) {
    return "sequences and optionals are not: export a network of tensors";
  }
  if (op.find("uantizeLinear") != op.npos || StartsWith(op, "QLinear") || op == "ConvInteger" ||
      op == "MatMulInteger") {
    return "the network is quantised already: import the float network, potlut quantises it";
  }
  if (op == "LogSoftmax") {
    return "its order is that of its input: end the network before it (or with Softmax)";
  }
  if (op == "LSTM" || op == "GRU" || op == "RNN") {
    return "recurrent networks are outside potlut's scope (convolutional networks)";
  }
  return "`potlut ops` lists what is: express it by those, or leave it out of the export";
}

}  // namespace potlut::onnx
