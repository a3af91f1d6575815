// Softmax and ranking belong to the application, outside the integer program.
#include "cli/output_values.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "base/text.h"

namespace potlut::cli {

std::vector<int32_t> TopK(OutputKind kind, const OutputValues& output, size_t k) {
  if (kind == OutputKind::kIndex)
    return {static_cast<int32_t>(output.real.empty() ? 0 : output.real[0])};
  std::vector<int32_t> order(output.real.size());
  std::iota(order.begin(), order.end(), 0);
  k = std::min(k, order.size());
  const auto larger = [&](int32_t a, int32_t b) {
    const double va = output.real[static_cast<size_t>(a)], vb = output.real[static_cast<size_t>(b)];
    return va > vb || (va == vb && a < b);
  };
  std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(k), order.end(), larger);
  order.resize(k);
  return order;
}

std::vector<double> Probabilities(OutputKind kind, const OutputValues& output) {
  if (kind == OutputKind::kIndex || output.real.empty()) return {};
  if (kind == OutputKind::kProbabilities) return output.real;
  const double top = *std::max_element(output.real.begin(), output.real.end());
  std::vector<double> result;
  double sum = 0;
  for (const double v : output.real) sum += result.emplace_back(std::exp(v - top));
  for (double& v : result) v /= sum;
  return result;
}

std::string ClassName(const std::vector<std::string>& classes, int32_t index) {
  const auto at = static_cast<size_t>(index);
  return at < classes.size() && !classes[at].empty() ? classes[at] : Cat(index);
}

std::vector<int32_t> StoredIntegers(const Tensor& tensor, std::span<const uint8_t> stored) {
  std::vector<int32_t> values(static_cast<size_t>(tensor.dims.count()));
  if (tensor.type.wide()) {
    std::memcpy(values.data(), stored.data(), values.size() * 4);
  } else {
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = tensor.type.is_signed ? static_cast<int8_t>(stored[i]) : stored[i];
    }
  }
  return values;
}

std::vector<double> Dequantise(const Tensor& tensor, std::span<const uint8_t> stored) {
  const auto integers = StoredIntegers(tensor, stored);
  std::vector<double> real(integers.size());
  const auto channels = static_cast<size_t>(tensor.dims.c);
  const double scale = std::ldexp(1.0, tensor.exponent);
  for (size_t i = 0; i < real.size(); ++i) {
    double factor = scale;
    if (!tensor.factor.empty())
      factor *= tensor.factor[tensor.factor.size() == 1 ? 0 : i % channels];
    real[i] = integers[i] * factor;
  }
  return real;
}

}  // namespace potlut::cli
