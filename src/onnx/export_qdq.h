// ONNX out, quantised: an integer program as a network of QuantizeLinear and DequantizeLinear,
// which runtimes with int8 kernels fuse into integer operators.
#pragma once

#include <string>

#include "program/program.h"

namespace potlut::onnx {

struct QdqOptions {
  std::string graph_name;        // empty: the metadata's "source.name", else "network"
  std::string producer_version;  // beside the producer "potlut"
};

// The bytes of a model of opset 13, IR version 7, of a program that passes Validate.
//
// The input is the program's: uint8 [N, H, W, C], the raw image. Inside, values are uint8
// [N, C, H, W]: unsigned ones with zero point 0, signed ones with zero point 128, since ONNX
// Runtime fuses a convolution only where it reads and writes one type, and is fastest with unsigned
// activations. Scales are powers of two wherever the program's are (means divide by their count).
// Weights are int8 levels with a scale a channel, biases int32 with the scale input x weight. What
// is narrower than a byte, or a fused activation's bound, is a Clip on the bytes. A look-up that
// multiplies and adds is written so, any other as Gather. Outputs are real numbers (float32), an
// argmax int64 [N, 1, H, W]; dense outputs [N, C].
//
// The one thing that ONNX cannot say is how ties round: QuantizeLinear rounds a half to even, the
// program up. So scales of sums are off a power of two by so little that nothing but ties changes,
// and those of positive values round up; signed outputs of convolutions and additions are raised by
// 128 before they are rounded (in the bias, in the operands' zero points), and so never negative
// there. What is left are signed products and means, and sums whose operands' zero points do not
// reach: there a tie may differ by one.
//
// Errors: those of Validate; kUnsupported, naming the node, where a scale is no float or pads
// exceed what the operator allows; kResourceLimit past the 2 GiB at which a message ends.
Expected<std::string> ExportQdq(const Program& program, const QdqOptions& options = {});

// The same into a file, which is replaced wholly or not at all. Errors also: kFailed where it
// cannot be written.
Status SaveQdq(const std::string& path, const Program& program, const QdqOptions& options = {});

}  // namespace potlut::onnx
