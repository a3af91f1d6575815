// potlut-bench: the 3x3 layers of ResNet-20 by the reference executor in three ways (look-up,
// shifts, multiplication; single thread, scalar code), and by the engine's kernels beside them. All
// return equal bits, which is checked first.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <random>

#include "base/text.h"
#include "cli/table.h"
#include "cli/units.h"
#include "engine/engine.h"
#include "program/reference.h"
#include "program/testing.h"
#include "program/validate.h"

namespace potlut::bench {
namespace {

constexpr unsigned kSeed = 20;

// One 3x3 convolution with random weights on a random image.
struct Layer {
  std::string name;
  Program program;
  TensorData input;
  int64_t macs = 0;
};

Layer MakeLayer(const Dims& dims) {
  std::mt19937 rng(kSeed);
  const Alphabet alphabet = MakeAlphabet(AlphabetKind::kPot, 4).value();
  Window window;
  window.kernel_h = window.kernel_w = 3;
  window.pad_top = window.pad_left = window.pad_bottom = window.pad_right = 1;
  const TensorType type{8, false};
  testing::Builder builder(dims);
  builder.Add(testing::RandomConv(rng, window, dims.c, dims.c, 1, alphabet, type), {0}, dims, type);
  Layer layer{Cat(dims.c, " channels, ", dims.h, "x", dims.w), builder.program(), {}, 0};
  layer.input.resize(static_cast<size_t>(dims.count()));
  for (uint8_t& byte : layer.input) byte = static_cast<uint8_t>(rng());
  layer.macs = dims.count() * 9 * dims.c;
  return layer;
}

// A way to run a layer; `run` returns the output's bytes.
struct Way {
  std::string name;
  std::function<std::function<const TensorData&()>(const Layer&)> make;
};

[[noreturn]] void Die(const std::string& message) {
  std::cerr << "potlut-bench: " << message << "\n";
  std::exit(1);
}

Way ReferenceWay(const std::string& name, ProductMethod method) {
  return {Cat("reference, ", name), [method](const Layer& layer) {
            auto output = std::make_shared<TensorData>();
            return [&layer, method, output]() -> const TensorData& {
              const TensorData* const inputs[] = {&layer.input};
              auto result = ReferenceRunNode(layer.program, layer.program.nodes[0], inputs,
                                             {method, nullptr});
              if (!result.ok()) Die(result.error().message);
              *output = std::move(*result);
              return *output;
            };
          }};
}

// Scratch memory of a kernel, aligned as it wants it.
struct Aligned {
  explicit Aligned(size_t bytes) : data(std::aligned_alloc(64, (bytes + 64) / 64 * 64)) {}
  Aligned(const Aligned&) = delete;
  Aligned& operator=(const Aligned&) = delete;
  ~Aligned() { std::free(data); }
  void* data;
};

Way EngineWay(Isa isa) {
  return {Cat("engine, ", IsaName(isa)), [isa](const Layer& layer) {
            auto made = MakeKernel(layer.program, layer.program.nodes[0], isa);
            if (!made.ok()) Die(made.error().message);
            const std::shared_ptr<const Kernel> kernel = std::move(*made);
            auto scratch = std::make_shared<Aligned>(kernel->scratch_bytes());
            auto output = std::make_shared<TensorData>(layer.input.size());
            return [&layer, kernel, scratch, output]() -> const TensorData& {
              const void* const inputs[] = {layer.input.data()};
              kernel->Run(inputs, output->data(), scratch->data);
              return *output;
            };
          }};
}

// Talks to stderr as the benchmarks go by, and keeps the times.
class Collector : public benchmark::ConsoleReporter {
 public:
  Collector() : ConsoleReporter(OO_None) {}
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.error_occurred || run.run_type != Run::RT_Iteration) continue;
      const double time =
          run.GetAdjustedCPUTime() * 1e9 / benchmark::GetTimeUnitMultiplier(run.time_unit);
      const auto [it, first] = times_.try_emplace(run.run_name.function_name, time);
      if (!first) it->second = std::min(it->second, time);
    }
    ConsoleReporter::ReportRuns(runs);
  }
  // Nanoseconds of CPU time, the best of the repetitions; 0 where it was not run.
  double Time(const std::string& name) const {
    const auto it = times_.find(name);
    return it == times_.end() ? 0 : it->second;
  }

 private:
  std::map<std::string, double> times_;
};

std::string BenchmarkName(const Layer& layer, const Way& way) {
  return Cat(layer.name, "/", way.name);
}

void Print(const std::vector<Layer>& layers, const std::vector<Way>& ways,
           const Collector& collector) {
  std::vector<cli::Table::Column> heads{{"3x3, pot 4, 8-bit activations", cli::Table::Kind::kText}};
  for (const Layer& layer : layers) {
    heads.push_back({layer.name});
    heads.push_back({"MAC/ns"});
    heads.push_back({"speed"});
  }
  cli::Table table(heads);
  for (const Way& way : ways) {
    std::vector<std::string> row{way.name};
    for (const Layer& layer : layers) {
      const double time = collector.Time(BenchmarkName(layer, way));
      const double base = collector.Time(BenchmarkName(layer, ways[0]));
      row.push_back(time > 0 ? cli::FormatMicroseconds(time / 1e3) : "");
      row.push_back(time > 0 ? fmt::format("{:.2f}", static_cast<double>(layer.macs) / time) : "");
      row.push_back(time > 0 && base > 0 ? fmt::format("{:.2f}x", base / time) : "");
    }
    table.Row(std::move(row));
  }
  std::cout << table.Render(0, false) << "speed: against " << ways[0].name
            << " in the same column. CPU time, one thread.\n";
}

int Main(int argc, char** argv) {
  std::vector<Layer> layers;
  for (const Dims& dims : {Dims{32, 32, 16}, Dims{16, 16, 32}, Dims{8, 8, 64}}) {
    layers.push_back(MakeLayer(dims));
    if (const Status status = Validate(layers.back().program); !status.ok()) Die(status.message());
  }
  std::vector<Way> ways{ReferenceWay("multiplication", ProductMethod::kMultiply),
                        ReferenceWay("shifts", ProductMethod::kShift),
                        ReferenceWay("product table", ProductMethod::kTable)};
  for (const Isa isa : AllIsas()) {
    if (IsaAvailable(isa)) ways.push_back(EngineWay(isa));
  }
  for (const Layer& layer : layers) {
    const TensorData expected = ways[0].make(layer)();
    for (const Way& way : ways) {
      if (way.make(layer)() != expected)
        Die(Cat(way.name, " differs from ", ways[0].name, ": ", layer.name));
      benchmark::RegisterBenchmark(
          BenchmarkName(layer, way).c_str(), [&layer, &way](benchmark::State& state) {
            const auto run = way.make(layer);
            for (auto _ : state) benchmark::DoNotOptimize(run().data());
            state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * layer.macs);
          });
    }
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  Collector collector;
  collector.SetOutputStream(&std::cerr);
  collector.SetErrorStream(&std::cerr);
  benchmark::RunSpecifiedBenchmarks(&collector);
  Print(layers, ways, collector);
  return 0;
}

}  // namespace
}  // namespace potlut::bench

int main(int argc, char** argv) { return potlut::bench::Main(argc, argv); }
