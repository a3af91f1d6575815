// Nodes of a program as ONNX nodes, one after the other.
#include "onnx/export_qdq.h"

#include <algorithm>
#include <climits>
#include <cmath>
#include <exception>
#include <new>
#include <span>

#include "base/file.h"
#include "base/text.h"
#include "onnx/lookup_fit.h"
#include "onnx/qdq_writer.h"
#include "program/validate.h"

namespace potlut::onnx {
namespace {

using Type = pb::TensorProto;
using Names = QdqWriter::Names;

int32_t ZeroPoint(TensorType type) { return type.is_signed ? 128 : 0; }

// Wider than any number of channels that shares one scale.
bool IsDense(const ConvOp& conv, Dims in, Dims out) {
  const Window& w = conv.window;
  return conv.groups == 1 && out.h == 1 && out.w == 1 && w.kernel_h == in.h && w.kernel_w == in.w &&
         w.dilation_h == 1 && w.dilation_w == 1 && w.pad_top == 0 && w.pad_left == 0 &&
         w.pad_bottom == 0 && w.pad_right == 0;
}

class QdqExporter : private QdqWriter {
 public:
  QdqExporter(const Program& program, ModelWriter& writer)
      : QdqWriter(writer), program_(program), values_(program.tensors.size()) {}

  Status Run() {
    for (const int32_t o : program_.outputs) {
      if (Value(o).output.empty()) Value(o).output = writer_.MakeName(SafeName(TensorAt(o).name));
    }
    const Tensor& input = TensorAt(program_.input);
    const std::string image = writer_.MakeName(SafeName(input.name));
    ModelWriter::Describe(*writer_.graph().add_input(), image, Type::UINT8,
                          {input.dims.h, input.dims.w, input.dims.c});
    Value(program_.input).scale = std::ldexp(1.0, input.exponent);
    Value(program_.input).stored = writer_.MakeName(image + "/planes");
    writer_.Node("Transpose", Value(program_.input).stored, {image}).Ints("perm", {0, 3, 1, 2});
    for (const Node& node : program_.nodes) {
      node_ = &node;
      const Tensor& out = Out();
      Value(node.output).scale = std::ldexp(1.0, out.exponent);
      const bool named = out.type.wide() && !Value(node.output).output.empty();
      const std::string base = SafeName(out.name);
      Value(node.output).stored = named
                                      ? Value(node.output).output
                                      : writer_.MakeName(out.type.wide() ? base : base + "/bytes");
      POTLUT_RETURN_IF_ERROR(std::visit([&](const auto& op) { return Write(op); }, node.op));
      if (!error_.ok()) return error_;
    }
    WriteOutputs();
    return error_;
  }

 private:
  struct Exported {
    std::string stored;  // uint8 [N, C, H, W]; wide: float [N, C, H, W]
    std::string output;  // the name as an output of the graph, where it is one
    std::string dense;   // wide: [N, C], where it was computed so
    double scale = 1;    // real value of one step
    bool index = false;  // of an argmax: int64
  };

  const Tensor& TensorAt(int32_t t) const { return program_.tensors[static_cast<size_t>(t)]; }
  Exported& Value(int32_t t) { return values_[static_cast<size_t>(t)]; }
  const Tensor& In(size_t i = 0) const { return TensorAt(node_->inputs[i]); }
  const Tensor& Out() const { return TensorAt(node_->output); }
  Exported& ValueIn(size_t i = 0) { return Value(node_->inputs[i]); }
  Exported& ValueOut() { return Value(node_->output); }

  // Input i as real numbers, one step being `scale`, `raise` steps more.
  std::string Real(size_t i, double scale, int32_t raise = 0) {
    return PartNode(
        "DequantizeLinear", Cat("real", i),
        {ValueIn(i).stored, Constant<float>(Cat("scale", i), Type::FLOAT, {}, {AsFloat(scale)}),
         Byte(Cat("zero", i), ZeroPoint(In(i).type) - raise)});
  }
  // Writes the output's bytes from real numbers, one step being `scale`, that are `raise` steps
  // more than the output's values.
  void Quantise(const std::string& real, double scale, int32_t lo, int32_t hi, int32_t raise = 0) {
    const int32_t zero = ZeroPoint(Out().type);
    const bool clip = lo + zero > 0 || hi + zero < 255;
    const std::string bytes = clip ? Part("unclipped") : ValueOut().stored;
    writer_.Node("QuantizeLinear", bytes,
                 {real, Constant<float>("scale", Type::FLOAT, {}, {AsFloat(scale)}),
                  Byte("zero", zero - raise)});
    if (!clip) return;
    writer_.Node("Clip", ValueOut().stored,
                 {bytes, Byte("low", lo + zero), Byte("high", hi + zero)});
  }
  // The factor of the scale with which ties of a sum that is shifted by `shift` round up, where no
  // rounded value is negative: values (at most 255.5) grow by less than a quarter of 2^-shift.
  static double Nudge(int32_t shift) {
    return shift > 0 && shift <= 13 ? 1 - std::ldexp(1.0, -(shift + 10)) : 1;
  }
  // What a signed output is raised by before it is rounded, so that nothing that matters is
  // negative: its zero point.
  int32_t Raise(int32_t lo) const { return lo >= 0 ? 0 : ZeroPoint(Out().type); }
  // A wide output, [N, C, H, W] or (dense) [N, C], within its bounds.
  void Bound(const std::string& real, int32_t lo, int32_t hi, const std::string& name) {
    if (lo == INT32_MIN && hi == INT32_MAX) {
      writer_.Node("Identity", name, {real});
      return;
    }
    const double scale = ValueOut().scale;
    writer_.Node("Clip", name,
                 {real, Constant<float>("low", Type::FLOAT, {}, {AsFloat(lo * scale)}),
                  Constant<float>("high", Type::FLOAT, {}, {AsFloat(hi * scale)})});
  }

  // Levels [out][in/groups][h][w], or [out][h][w][in] of `window` 1x1 where `flat` does not matter.
  std::vector<int8_t> Levels(const ConvOp& op) const {
    const auto in = static_cast<size_t>(In().dims.c / op.groups);
    const std::vector<int8_t> levels = ExpandWeights(op, static_cast<int32_t>(in));
    const size_t taps =
        static_cast<size_t>(op.window.kernel_h) * static_cast<size_t>(op.window.kernel_w);
    std::vector<int8_t> planes(levels.size());
    for (size_t o = 0; o < op.bias.size(); ++o) {
      for (size_t t = 0; t < taps; ++t) {
        for (size_t i = 0; i < in; ++i)
          planes[(o * in + i) * taps + t] = levels[(o * taps + t) * in + i];
      }
    }
    return planes;
  }

  Status Write(const ConvOp& op) {
    const auto channels = static_cast<int64_t>(op.bias.size());
    const Window& w = op.window;
    const double x_scale = ValueIn().scale, y_scale = ValueOut().scale;
    const bool wide = Out().type.wide();
    const bool dense = wide && IsDense(op, In().dims, Out().dims);
    std::vector<float> scales, bias_scales;
    std::vector<int32_t> bias_sums = op.bias;
    const bool fits = std::all_of(op.shift.begin(), op.shift.end(),
                                  [](int8_t shift) { return shift >= 0 && shift <= 15; }) &&
                      std::all_of(op.bias.begin(), op.bias.end(), [](int32_t bias) {
                        return bias >= -(1 << 29) && bias <= 1 << 29;
                      });
    const int32_t raise = !wide && fits ? Raise(op.lo) : 0;
    for (size_t o = 0; o < op.bias.size(); ++o) {
      const int shift = op.shift[o];
      bias_sums[o] += raise << std::max(shift, 0);
      const double nudge = wide || (op.lo < 0 && raise == 0) ? 1 : 1 / Nudge(shift);
      scales.push_back(AsFloat(std::ldexp(nudge * y_scale / x_scale, -shift)));
      bias_scales.push_back(AsFloat(std::ldexp(nudge * y_scale, -shift)));
    }
    std::vector<int64_t> dims = {channels, In().dims.c / op.groups, w.kernel_h, w.kernel_w};
    if (dense) dims = {channels, In().dims.count()};
    const std::string weights = Part("weights");
    writer_
        .Node("DequantizeLinear", weights,
              {Constant("levels", Type::INT8, dims, Levels(op)),
               Constant("weight_scales", Type::FLOAT, {channels}, scales),
               Constant("weight_zeros", Type::INT8, {channels},
                        std::vector<int8_t>(op.bias.size(), 0))})
        .Int("axis", 0);
    const std::string bias = Part("bias");
    writer_
        .Node("DequantizeLinear", bias,
              {Constant("bias_sums", Type::INT32, {channels}, bias_sums),
               Constant("bias_scales", Type::FLOAT, {channels}, bias_scales),
               Constant("bias_zeros", Type::INT32, {channels},
                        std::vector<int32_t>(op.bias.size(), 0))})
        .Int("axis", 0);
    if (dense) return WriteGemm(op, weights, bias);
    const std::string x = Real(0, x_scale);
    const std::string real = Part("sums");
    writer_.Node("Conv", real, {x, weights, bias})
        .Ints("kernel_shape", {w.kernel_h, w.kernel_w})
        .Ints("strides", {w.stride_h, w.stride_w})
        .Ints("dilations", {w.dilation_h, w.dilation_w})
        .Ints("pads", {w.pad_top, w.pad_left, w.pad_bottom, w.pad_right})
        .Int("group", op.groups);
    if (wide) {
      Bound(real, op.lo, op.hi, ValueOut().stored);
    } else {
      Quantise(real, y_scale, op.lo, op.hi, raise);
    }
    return {};
  }

  Status WriteGemm(const ConvOp& op, const std::string& weights, const std::string& bias) {
    const std::string flat = Part("flat");
    writer_.Node("Flatten", flat, {ValueIn().stored}).Int("axis", 1);
    const std::string x =
        PartNode("DequantizeLinear", "real",
                 {flat, Constant<float>("scale", Type::FLOAT, {}, {AsFloat(ValueIn().scale)}),
                  Byte("zero", ZeroPoint(In().type))});
    const bool bounded = op.lo != INT32_MIN || op.hi != INT32_MAX;
    const std::string name = ValueOut().stored;
    const bool read = IsRead(node_->output);
    ValueOut().dense = read || bounded ? Part("dense") : name;
    const std::string sums = bounded ? Part("sums") : ValueOut().dense;
    writer_.Node("Gemm", sums, {x, weights, bias}).Int("transB", 1);
    if (bounded) {
      if (!read) ValueOut().dense = name;
      Bound(sums, op.lo, op.hi, ValueOut().dense);
    }
    if (!read) return {};
    // As a map for what reads it; the output of the graph stays [N, C].
    ValueOut().stored = Part("map");
    writer_.Node(
        "Reshape", ValueOut().stored,
        {ValueOut().dense, Constant<int64_t>("shape", Type::INT64, {4}, {0, Out().dims.c, 1, 1})});
    return {};
  }
  bool IsRead(int32_t tensor) const {
    return std::any_of(program_.nodes.begin(), program_.nodes.end(), [&](const Node& node) {
      return std::find(node.inputs.begin(), node.inputs.end(), tensor) != node.inputs.end();
    });
  }

  Status Write(const AddOp& op) {
    const double scale = ValueOut().scale;
    const int up_a = op.shift_a - op.shift, up_b = op.shift_b - op.shift;
    // The raise comes from the operands' zero points, as far as they go.
    const int32_t raise = Raise(op.lo);
    const double most_a = std::ldexp(ZeroPoint(In(0).type), up_a);
    const double from_a = std::min<double>(raise, most_a), from_b = raise - from_a;
    const double raise_a = std::ldexp(from_a, -up_a), raise_b = std::ldexp(from_b, -up_b);
    const bool can = raise_b <= ZeroPoint(In(1).type) && raise_a == std::floor(raise_a) &&
                     raise_b == std::floor(raise_b);
    const std::string a = Real(0, std::ldexp(scale, up_a), can ? static_cast<int32_t>(raise_a) : 0);
    const std::string b = Real(1, std::ldexp(scale, up_b), can ? static_cast<int32_t>(raise_b) : 0);
    const double nudge = op.lo >= 0 || can ? Nudge(op.shift) : 1;
    Quantise(PartNode("Add", "sum", {a, b}), scale * nudge, op.lo, op.hi, can ? raise : 0);
    return {};
  }
  Status Write(const MulOp& op) {
    ValueOut().scale = std::ldexp(ValueIn(0).scale * ValueIn(1).scale, op.shift);
    const std::string a = Real(0, ValueIn(0).scale), b = Real(1, ValueIn(1).scale);
    Quantise(PartNode("Mul", "product", {a, b}),
             ValueOut().scale * (op.lo >= 0 ? Nudge(op.shift) : 1), op.lo, op.hi);
    return {};
  }

  void SetWindow(NodeWriter node, const Window& w) {
    node.Ints("kernel_shape", {w.kernel_h, w.kernel_w})
        .Ints("strides", {w.stride_h, w.stride_w})
        .Ints("pads", {w.pad_top, w.pad_left, w.pad_bottom, w.pad_right});
  }
  Status Write(const MaxPoolOp& op) {
    ValueOut().scale = ValueIn().scale;
    SetWindow(writer_.Node("MaxPool", ValueOut().stored, {ValueIn().stored}), op.window);
    return {};
  }
  Status Write(const MeanOp& op) {
    const Window& w = op.window;
    const double count = static_cast<double>(w.kernel_h) * w.kernel_w;
    const double scale = std::ldexp(ValueIn().scale, op.shift) / count;
    ValueOut().scale = scale;
    const std::string x = Real(0, ValueIn().scale);
    const std::string mean = Part("mean");
    const bool whole = w.kernel_h == In().dims.h && w.kernel_w == In().dims.w && w.pad_top == 0 &&
                       w.pad_left == 0 && w.pad_bottom == 0 && w.pad_right == 0;
    if (whole) {
      writer_.Node("GlobalAveragePool", mean, {x});
    } else {
      NodeWriter pool = writer_.Node("AveragePool", mean, {x});
      SetWindow(pool, w);
      pool.Int("count_include_pad", 1);
    }
    Quantise(mean, scale * (op.lo >= 0 ? Nudge(op.shift) : 1), op.lo, op.hi);
    return {};
  }

  Status Write(const LookupOp& op) {
    const TensorType in = In().type, out = Out().type;
    const size_t entries = size_t{1} << in.bits;
    const size_t tables = op.table.size() / entries;
    const auto table = [&](size_t c) {
      return std::span<const int16_t>(op.table).subspan(c * entries, entries);
    };
    const double scale = ValueOut().scale;
    if (tables == 1) {
      if (const auto slope = FitSlope(table(0), in.lo(), out.lo(), out.hi())) {
        Quantise(Real(0, *slope * scale), scale, out.lo(), out.hi());
        return {};
      }
    }
    std::vector<float> slopes, offsets;
    for (size_t c = 0; c < tables; ++c) {
      const auto line = FitLine(table(c), in.lo(), out.lo(), out.hi());
      if (!line) return WriteGather(op);
      slopes.push_back(static_cast<float>(line->slope));
      offsets.push_back(static_cast<float>(line->offset));
    }
    // In steps of the output, whose scale is then only said: the slope need not be a power of two.
    const auto n = static_cast<int64_t>(tables);
    const std::string product =
        PartNode("Mul", "scaled", {Real(0, 1), Constant("slope", Type::FLOAT, {n, 1, 1}, slopes)});
    Quantise(
        PartNode("Add", "moved", {product, Constant("offset", Type::FLOAT, {n, 1, 1}, offsets)}), 1,
        out.lo(), out.hi());
    return {};
  }
  Status WriteGather(const LookupOp& op) {
    const TensorType in = In().type;
    const int32_t zero_in = ZeroPoint(in), zero_out = ZeroPoint(Out().type);
    const auto entries = int32_t{1} << in.bits;
    const size_t tables = op.table.size() / static_cast<size_t>(entries);
    std::vector<uint8_t> bytes;
    for (const int16_t y : op.table) bytes.push_back(static_cast<uint8_t>(y + zero_out));
    const std::string wide = Part("index");
    writer_.Node("Cast", wide, {ValueIn().stored}).Int("to", Type::INT32);
    std::vector<int32_t> offsets;
    for (size_t c = 0; c < tables; ++c)
      offsets.push_back(static_cast<int32_t>(c) * entries - in.lo() - zero_in);
    std::string index = wide;
    if (tables > 1 || offsets[0] != 0) {
      index = PartNode(
          "Add", "entry",
          {wide, Constant("first", Type::INT32, {static_cast<int64_t>(tables), 1, 1}, offsets)});
    }
    writer_
        .Node("Gather", ValueOut().stored,
              {Constant("table", Type::UINT8, {static_cast<int64_t>(bytes.size())}, bytes), index})
        .Int("axis", 0);
    return {};
  }

  // What moves integers moves the bytes (wide: the real numbers).
  Status Write(const ReshapeOp&) {
    Keep();
    const Dims d = Out().dims;
    const std::string last = Part("last");
    writer_.Node("Transpose", last, {ValueIn().stored}).Ints("perm", {0, 2, 3, 1});
    const std::string reshaped =
        PartNode("Reshape", "reshaped",
                 {last, Constant<int64_t>("shape", Type::INT64, {4}, {0, d.h, d.w, d.c})});
    writer_.Node("Transpose", ValueOut().stored, {reshaped}).Ints("perm", {0, 3, 1, 2});
    return {};
  }
  Status Write(const ConcatOp&) {
    Keep();
    Names inputs;
    for (size_t i = 0; i < node_->inputs.size(); ++i) {
      inputs.push_back(ValueIn(i).stored);
      if (ValueIn(i).index != ValueOut().index) {
        return Unsupported("node '", node_->name,
                           "' joins indices and sums, which ONNX has no one type for");
      }
    }
    writer_.Node("Concat", ValueOut().stored, inputs).Int("axis", 1);
    return {};
  }
  Status Write(const SliceOp& op) {
    Keep();
    const Dims d = Out().dims;
    const int32_t count[3] = {d.h, d.w, d.c};
    std::vector<int64_t> starts, ends, steps;
    for (int k = 0; k < 3; ++k) {
      starts.push_back(op.start[k]);
      ends.push_back(op.start[k] + int64_t{count[k] - 1} * op.step[k] + 1);
      steps.push_back(op.step[k]);
    }
    writer_.Node("Slice", ValueOut().stored,
                 {ValueIn().stored, Constant("starts", Type::INT64, {3}, starts),
                  Constant("ends", Type::INT64, {3}, ends),
                  Constant<int64_t>("axes", Type::INT64, {3}, {2, 3, 1}),
                  Constant("steps", Type::INT64, {3}, steps)});
    return {};
  }
  Status Write(const ShuffleOp& op) {
    Keep();
    const Dims d = Out().dims;
    const std::string groups =
        PartNode("Reshape", "groups",
                 {ValueIn().stored, Constant<int64_t>("group_shape", Type::INT64, {5},
                                                      {0, op.groups, d.c / op.groups, d.h, d.w})});
    const std::string turned = Part("turned");
    writer_.Node("Transpose", turned, {groups}).Ints("perm", {0, 2, 1, 3, 4});
    writer_.Node("Reshape", ValueOut().stored,
                 {turned, Constant<int64_t>("shape", Type::INT64, {4}, {0, d.c, d.h, d.w})});
    return {};
  }
  Status Write(const PadOp& op) {
    Keep();
    const std::vector<int64_t> pads = {0, op.before[2], op.before[0], op.before[1],
                                       0, op.after[2],  op.after[0],  op.after[1]};
    const std::string value = ValueOut().index    ? Constant<int64_t>("value", Type::INT64, {}, {0})
                              : Out().type.wide() ? Constant<float>("value", Type::FLOAT, {}, {0})
                                                  : Byte("value", ZeroPoint(Out().type));
    writer_.Node("Pad", ValueOut().stored,
                 {ValueIn().stored, Constant("pads", Type::INT64, {8}, pads), value});
    return {};
  }
  Status Write(const ResizeOp& op) {
    Keep();
    writer_
        .Node("Resize", ValueOut().stored,
              {ValueIn().stored, "",
               Constant<float>(
                   "factors", Type::FLOAT, {4},
                   {1, 1, static_cast<float>(op.scale_h), static_cast<float>(op.scale_w)})})
        .Text("mode", "nearest")
        .Text("coordinate_transformation_mode", "asymmetric")
        .Text("nearest_mode", "floor");
    return {};
  }
  Status Write(const ArgMaxOp&) {
    ValueOut().index = true;
    writer_.Node("ArgMax", ValueOut().stored, {ValueIn().stored}).Int("axis", 1).Int("keepdims", 1);
    return {};
  }
  // The output means what the first input means.
  void Keep() {
    ValueOut().scale = ValueIn().scale;
    ValueOut().index = ValueIn().index;
  }

  void WriteOutputs() {
    node_ = nullptr;
    std::vector<bool> written(values_.size(), false);
    for (const int32_t o : program_.outputs) {
      const Tensor& tensor = TensorAt(o);
      Exported& value = Value(o);
      std::string name = value.output;
      if (written[static_cast<size_t>(o)]) {
        name = writer_.MakeName(name);
        writer_.Node("Identity", name, {value.output});
      } else if (!tensor.type.wide()) {
        writer_.Node(
            "DequantizeLinear", name,
            {value.stored, Constant<float>("scale", Type::FLOAT, {}, {AsFloat(value.scale)}),
             Byte("zero", ZeroPoint(tensor.type))});
      } else if (const std::string& last = value.dense.empty() ? value.stored : value.dense;
                 last != name) {
        writer_.Node("Identity", name, {last});
      }
      written[static_cast<size_t>(o)] = true;
      std::vector<int64_t> sides = {tensor.dims.c, tensor.dims.h, tensor.dims.w};
      if (!value.dense.empty()) sides = {tensor.dims.c};
      ModelWriter::Describe(*writer_.graph().add_output(), name,
                            value.index ? Type::INT64 : Type::FLOAT, sides);
    }
  }

  const Program& program_;
  std::vector<Exported> values_;
};

Expected<std::string> Export(const Program& program, const QdqOptions& options) {
  POTLUT_RETURN_IF_ERROR(Validate(program));
  ModelWriter writer;
  const auto source = program.metadata.find("source.name");
  std::string name = options.graph_name;
  if (name.empty() && source != program.metadata.end()) name = source->second;
  writer.graph().set_name(name.empty() ? "network" : SafeName(name));
  writer.proto().set_producer_version(options.producer_version);
  for (const auto& [key, value] : program.metadata) {
    pb::StringStringEntryProto& entry = *writer.proto().add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
  }
  POTLUT_RETURN_IF_ERROR(QdqExporter(program, writer).Run());
  const size_t size = writer.proto().ByteSizeLong();
  if (size > size_t{INT_MAX}) {
    return ResourceLimit("the network needs ", size,
                         " bytes as ONNX; a message ends at 2 GiB, and weights in files of their "
                         "own are not written");
  }
  std::string bytes;
  if (!writer.proto().SerializeToString(&bytes)) return Failed("the message could not be written");
  return bytes;
}

}  // namespace

Expected<std::string> ExportQdq(const Program& program, const QdqOptions& options) {
  try {
    return Export(program, options);
  } catch (const std::bad_alloc&) {
    return ResourceLimit("exporting the network: out of memory");
  } catch (const std::exception& error) {
    return Failed("exporting the network: ", std::string_view(error.what()));
  }
}

Status SaveQdq(const std::string& path, const Program& program, const QdqOptions& options) {
  const auto bytes = ExportQdq(program, options);
  if (!bytes.ok()) return Error{bytes.error().code, Cat(path, ": ", bytes.error().message)};
  return WriteFileAtomic(path, *bytes);
}

}  // namespace potlut::onnx
