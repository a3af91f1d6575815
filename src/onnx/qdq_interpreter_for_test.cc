// One function an operator, each a plain loop.
#include "onnx/qdq_interpreter_for_test.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace potlut::onnx {
namespace {

using Value = QdqValue;
using Dims = std::vector<int64_t>;

int64_t Count(const Dims& dims) {
  int64_t count = 1;
  for (const int64_t d : dims) count *= d;
  return count;
}

Dims Strides(const Dims& dims) {
  Dims strides(dims.size(), 1);
  for (size_t i = dims.size(); i-- > 1;) strides[i - 1] = strides[i] * dims[i];
  return strides;
}

template <typename T>
void Append(const std::string& raw, std::vector<double>& data) {
  for (size_t i = 0; i + sizeof(T) <= raw.size(); i += sizeof(T)) {
    T v;
    std::memcpy(&v, raw.data() + i, sizeof(T));
    data.push_back(static_cast<double>(v));
  }
}

Value Constant(const pb::TensorProto& tensor) {
  Value value;
  value.dims.assign(tensor.dims().begin(), tensor.dims().end());
  const std::string& raw = tensor.raw_data();
  switch (tensor.data_type()) {
    case pb::TensorProto::FLOAT:
      Append<float>(raw, value.data);
      break;
    case pb::TensorProto::UINT8:
      Append<uint8_t>(raw, value.data);
      break;
    case pb::TensorProto::INT8:
      Append<int8_t>(raw, value.data);
      break;
    case pb::TensorProto::INT32:
      Append<int32_t>(raw, value.data);
      break;
    case pb::TensorProto::INT64:
      Append<int64_t>(raw, value.data);
      break;
    default:
      ADD_FAILURE() << tensor.name() << " has type " << tensor.data_type();
  }
  EXPECT_EQ(static_cast<int64_t>(value.data.size()), Count(value.dims)) << tensor.name();
  return value;
}

class Interpreter {
 public:
  explicit Interpreter(std::map<std::string, Value>& values) : values_(values) {}

  Value Run(const pb::NodeProto& node) {
    node_ = &node;
    const std::string& op = node.op_type();
    const Value& x = In(0);
    if (op == "Identity" || op == "Cast") return x;
    if (op == "Transpose") return Transpose(x, Ints("perm"));
    if (op == "Flatten") return {{x.dims[0], Count(x.dims) / x.dims[0]}, x.data};
    if (op == "Reshape") return Reshape(x);
    if (op == "DequantizeLinear") return Linear(x, false);
    if (op == "QuantizeLinear") return Linear(x, true);
    if (op == "Add" || op == "Mul") return Binary(x, In(1), op == "Mul");
    if (op == "Clip") return Clip(x);
    if (op == "Conv") return Conv(x);
    if (op == "Gemm") return Gemm(x);
    if (op == "MaxPool" || op == "AveragePool" || op == "GlobalAveragePool") return Pool(x);
    if (op == "Gather") return Gather(x, In(1));
    if (op == "Concat") return Concat();
    if (op == "Slice" || op == "Pad" || op == "Resize") return Pick(x);
    if (op == "ArgMax") return ArgMax(x);
    ADD_FAILURE() << "the export wrote " << op;
    return x;
  }

 private:
  const Value& In(int i) const { return values_.at(node_->input(i)); }
  const pb::AttributeProto* Find(const char* name) const {
    for (const auto& attribute : node_->attribute()) {
      if (attribute.name() == name) return &attribute;
    }
    return nullptr;
  }
  Dims Ints(const char* name) const {
    const auto* found = Find(name);
    return found == nullptr ? Dims() : Dims(found->ints().begin(), found->ints().end());
  }
  int64_t Int(const char* name, int64_t otherwise) const {
    const auto* found = Find(name);
    return found == nullptr ? otherwise : found->i();
  }
  Dims Whole(int i) const {
    Dims whole;
    for (const double v : In(i).data) whole.push_back(static_cast<int64_t>(v));
    return whole;
  }

  // Output `dims`, each element from the input's element at source(position); -1 is `otherwise`.
  template <typename Source>
  static Value Move(const Value& x, const Dims& dims, double otherwise, Source source) {
    Value y{dims, std::vector<double>(static_cast<size_t>(Count(dims)))};
    const Dims from = Strides(x.dims), to = Strides(dims);
    for (size_t i = 0; i < y.data.size(); ++i) {
      Dims position(dims.size());
      for (size_t k = 0; k < dims.size(); ++k)
        position[k] = static_cast<int64_t>(i) / to[k] % dims[k];
      position = source(position);
      int64_t at = 0;
      for (size_t k = 0; k < position.size() && at >= 0; ++k)
        at = position[k] < 0 || position[k] >= x.dims[k] ? -1 : at + position[k] * from[k];
      y.data[i] = at < 0 ? otherwise : x.data[static_cast<size_t>(at)];
    }
    return y;
  }
  static Value Transpose(const Value& x, const Dims& order) {
    Dims dims;
    for (const int64_t k : order) dims.push_back(x.dims[static_cast<size_t>(k)]);
    return Move(x, dims, 0, [&](const Dims& p) {
      Dims from(p.size());
      for (size_t k = 0; k < p.size(); ++k) from[static_cast<size_t>(order[k])] = p[k];
      return from;
    });
  }
  Value Reshape(const Value& x) const {
    Dims dims = Whole(1);
    if (dims[0] == 0) dims[0] = x.dims[0];
    EXPECT_EQ(Count(dims), Count(x.dims)) << node_->name();
    return {dims, x.data};
  }
  Value Pick(const Value& x) const {
    if (node_->op_type() == "Resize") {
      Dims dims = x.dims;
      const std::vector<double>& factors = In(2).data;
      for (size_t k = 0; k < 4; ++k) dims[k] *= static_cast<int64_t>(factors[k]);
      return Move(x, dims, 0, [&](Dims p) {
        for (size_t k = 0; k < 4; ++k) p[k] /= static_cast<int64_t>(factors[k]);
        return p;
      });
    }
    Dims dims = x.dims;
    if (node_->op_type() == "Pad") {
      const Dims pads = Whole(1);
      for (size_t k = 0; k < 4; ++k) dims[k] += pads[k] + pads[k + 4];
      return Move(x, dims, In(2).data[0], [&](Dims p) {
        for (size_t k = 0; k < 4; ++k) p[k] -= pads[k];
        return p;
      });
    }
    const Dims starts = Whole(1), ends = Whole(2), axes = Whole(3), steps = Whole(4);
    for (size_t k = 0; k < axes.size(); ++k)
      dims[static_cast<size_t>(axes[k])] = (ends[k] - starts[k] + steps[k] - 1) / steps[k];
    return Move(x, dims, 0, [&](Dims p) {
      for (size_t k = 0; k < axes.size(); ++k) {
        int64_t& at = p[static_cast<size_t>(axes[k])];
        at = starts[k] + at * steps[k];
      }
      return p;
    });
  }

  // Both directions; uint8 is what quantised values are.
  Value Linear(const Value& x, bool quantise) const {
    const Value &scale = In(1), &zero = In(2);
    const auto axis = static_cast<size_t>(Int("axis", 1));
    const int64_t inner = scale.dims.empty() ? 1 : Strides(x.dims)[axis];
    Value y = x;
    for (size_t i = 0; i < y.data.size(); ++i) {
      const size_t c = scale.dims.empty() ? 0 : i / static_cast<size_t>(inner) % scale.data.size();
      y.data[i] = quantise ? std::clamp(std::nearbyint(x.data[i] / scale.data[c]) + zero.data[c],
                                        0.0, 255.0)
                           : (x.data[i] - zero.data[c]) * scale.data[c];
    }
    return y;
  }
  static Value Binary(const Value& a, const Value& b, bool multiply) {
    // b is spread over a: 1 where it differs, missing dimensions in front are 1.
    Dims wide = b.dims;
    wide.insert(wide.begin(), a.dims.size() - b.dims.size(), 1);
    const Value second = Move({wide, b.data}, a.dims, 0, [&](Dims p) {
      for (size_t k = 0; k < p.size(); ++k) p[k] = wide[k] == 1 ? 0 : p[k];
      return p;
    });
    Value y = a;
    for (size_t i = 0; i < y.data.size(); ++i)
      y.data[i] = multiply ? a.data[i] * second.data[i] : a.data[i] + second.data[i];
    return y;
  }
  Value Clip(const Value& x) const {
    Value y = x;
    for (double& v : y.data) v = std::clamp(v, In(1).data[0], In(2).data[0]);
    return y;
  }

  // Calls under(y, i, c, ky, kx, index of x or -1) for each output element i and tap.
  template <typename Under>
  Value Slide(const Value& x, int64_t channels, const Dims& kernel, Under under) const {
    const Dims strides = Ints("strides"), pads = Ints("pads");
    Dims dilations = Ints("dilations");
    if (dilations.empty()) dilations = {1, 1};
    const int64_t h = x.dims[2], w = x.dims[3];
    const int64_t out_h =
        (h + pads[0] + pads[2] - dilations[0] * (kernel[0] - 1) - 1) / strides[0] + 1;
    const int64_t out_w =
        (w + pads[1] + pads[3] - dilations[1] * (kernel[1] - 1) - 1) / strides[1] + 1;
    Value y{{1, channels, out_h, out_w},
            std::vector<double>(static_cast<size_t>(channels * out_h * out_w))};
    for (int64_t i = 0; i < channels * out_h * out_w; ++i) {
      const int64_t c = i / (out_h * out_w), oy = i / out_w % out_h, ox = i % out_w;
      for (int64_t k = 0; k < kernel[0] * kernel[1]; ++k) {
        const int64_t iy = oy * strides[0] - pads[0] + k / kernel[1] * dilations[0];
        const int64_t ix = ox * strides[1] - pads[1] + k % kernel[1] * dilations[1];
        const bool inside = iy >= 0 && iy < h && ix >= 0 && ix < w;
        under(y.data[static_cast<size_t>(i)], c, k, inside ? iy * w + ix : -1);
      }
    }
    return y;
  }
  Value Conv(const Value& x) const {
    const Value &weights = In(1), &bias = In(2);
    const int64_t groups = Int("group", 1), out = weights.dims[0], in = weights.dims[1];
    const int64_t map = x.dims[2] * x.dims[3], taps = weights.dims[2] * weights.dims[3];
    Value y =
        Slide(x, out, Ints("kernel_shape"), [&](double& sum, int64_t c, int64_t k, int64_t at) {
          if (at < 0) return;
          const int64_t first = c / (out / groups) * in;
          for (int64_t i = 0; i < in; ++i)
            sum += weights.data[static_cast<size_t>((c * in + i) * taps + k)] *
                   x.data[static_cast<size_t>((first + i) * map + at)];
        });
    const size_t each = y.data.size() / bias.data.size();
    for (size_t i = 0; i < y.data.size(); ++i) y.data[i] += bias.data[i / each];
    return y;
  }
  Value Pool(const Value& x) const {
    const std::string& op = node_->op_type();
    const int64_t map = x.dims[2] * x.dims[3];
    if (op == "GlobalAveragePool") {
      Value y{{1, x.dims[1], 1, 1}, std::vector<double>(static_cast<size_t>(x.dims[1]))};
      for (size_t i = 0; i < x.data.size(); ++i)
        y.data[i / static_cast<size_t>(map)] += x.data[i] / static_cast<double>(map);
      return y;
    }
    const bool max = op == "MaxPool";
    const Dims kernel = Ints("kernel_shape");
    const auto count = static_cast<double>(kernel[0] * kernel[1]);
    if (!max) {
      EXPECT_EQ(Int("count_include_pad", 0), 1) << node_->name();
    }
    return Slide(x, x.dims[1], kernel, [&](double& sum, int64_t c, int64_t, int64_t at) {
      if (at < 0) return;
      const double v = x.data[static_cast<size_t>(c * map + at)];
      sum = max ? std::max(sum, v) : sum + v / count;  // bytes: none is below 0
    });
  }
  Value Gemm(const Value& x) const {
    const Value &weights = In(1), &bias = In(2);
    EXPECT_EQ(Int("transB", 0), 1);
    const auto out = bias.data.size(), in = x.data.size();
    Value y{{1, static_cast<int64_t>(out)}, bias.data};
    for (size_t o = 0; o < out; ++o) {
      for (size_t i = 0; i < in; ++i) y.data[o] += weights.data[o * in + i] * x.data[i];
    }
    return y;
  }
  static Value Gather(const Value& table, const Value& index) {
    Value y = index;
    for (double& v : y.data) v = table.data.at(static_cast<size_t>(v));
    return y;
  }
  Value Concat() const {
    Value y = In(0);
    for (int i = 1; i < node_->input_size(); ++i) {
      y.dims[1] += In(i).dims[1];
      y.data.insert(y.data.end(), In(i).data.begin(), In(i).data.end());
    }
    return y;
  }
  static Value ArgMax(const Value& x) {
    const int64_t map = x.dims[2] * x.dims[3];
    Value y{{1, 1, x.dims[2], x.dims[3]}, std::vector<double>(static_cast<size_t>(map))};
    for (int64_t p = 0; p < map; ++p) {
      int64_t best = 0;
      for (int64_t c = 1; c < x.dims[1]; ++c) {
        if (x.data[static_cast<size_t>(c * map + p)] > x.data[static_cast<size_t>(best * map + p)])
          best = c;
      }
      y.data[static_cast<size_t>(p)] = static_cast<double>(best);
    }
    return y;
  }

  std::map<std::string, Value>& values_;
  const pb::NodeProto* node_ = nullptr;
};

}  // namespace

std::map<std::string, QdqValue> RunQdq(
    const pb::ModelProto& model, const QdqValue& input,
    const std::function<void(const std::string& name, QdqValue& value)>& seen) {
  std::map<std::string, QdqValue> values;
  for (const auto& tensor : model.graph().initializer()) values[tensor.name()] = Constant(tensor);
  values[model.graph().input(0).name()] = input;
  Interpreter interpreter(values);
  for (const auto& node : model.graph().node()) {
    QdqValue value = interpreter.Run(node);
    if (testing::Test::HasFailure()) return values;
    seen(node.output(0), value);
    values[node.output(0)] = std::move(value);
  }
  return values;
}

}  // namespace potlut::onnx
