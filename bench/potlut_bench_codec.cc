// potlut-bench-codec: what .plut files take and how quickly they open. Prints sizes of networks
// beside their order-0 entropy and general compressors, what a delta takes, the speed of each coder
// by instruction set, and the time to open a ResNet-18.
//
// usage: potlut-bench-codec MODELS SHARED [FILE.plut...]: with files, these instead of the networks
// that MODELS, SHARED and the zoo have.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <exception>
#include <filesystem>
#include <functional>
#include <map>
#include <random>

#include "base/file.h"
#include "base/parallel.h"
#include "base/text.h"
#include "cli/console.h"
#include "cli/interrupt.h"
#include "cli/progress_bar.h"
#include "cli/table.h"
#include "cli/units.h"
#include "codec_deltas.h"
#include "codec_networks.h"
#include "codec_rivals.h"
#include "engine/engine.h"
#include "pack/ans2.h"
#include "pack/bits.h"
#include "pack/coder.h"
#include "pack/plut.h"

namespace potlut::bench {
namespace {

constexpr int64_t kLargeLayer = 4096;  // weights; smaller layers are not held to half a percent

double Seconds(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// The least of as many runs as fit into a fifth of a second, three at least.
double Fastest(const std::function<void()>& work) {
  double best = 1e9, all = 0;
  for (int i = 0; i < 3 || (all < 0.2 && i < 200); ++i) {
    const double seconds = Seconds(work);
    best = std::min(best, seconds);
    all += seconds;
  }
  return best;
}

PackOptions With(Effort effort) {
  PackOptions options;
  options.effort = effort;
  return options;
}

struct Speed {
  int64_t weights = 0;
  double seconds = 0;
};

struct Measured {
  std::string name;
  int64_t weights = 0, float_bytes = 0, stage1 = 0, fast = 0, small = 0, file = 0;
  double entropy = 0;     // bytes
  double worst_over = 0;  // share above its entropy, of layers above kLargeLayer weights
  std::vector<int64_t> rivals_stage1, rivals_int8;
  DeltaCost delta;
};

std::vector<const ConvOp*> LayersOf(const Program& program) {
  std::vector<const ConvOp*> layers;
  for (const Node& node : program.nodes) {
    if (const auto* conv = std::get_if<ConvOp>(&node.op)) layers.push_back(conv);
  }
  return layers;
}

Status MeasureSizes(const Program& program, Measured& m) {
  for (const Node& node : program.nodes) {
    const auto* conv = std::get_if<ConvOp>(&node.op);
    if (conv == nullptr) continue;
    const int64_t weights = CostOf(program, node).weights;
    m.weights += weights;
    m.float_bytes += 4 * (weights + static_cast<int64_t>(conv->bias.size()));
  }
  std::vector<LayerBytes> layers;
  POTLUT_ASSIGN_OR_RETURN(const auto fast, Pack(program, With(Effort::kFast), &layers));
  for (const LayerBytes& layer : layers) {
    const auto codes = static_cast<double>(
        std::get<ConvOp>(program.nodes[static_cast<size_t>(layer.node)].op).codes.size());
    const double entropy = layer.entropy_bits * codes / 8;
    m.stage1 += layer.stage1_bytes;
    m.fast += layer.stage2_bytes;
    m.entropy += entropy;
    if (layer.weights > kLargeLayer)
      m.worst_over = std::max(m.worst_over, static_cast<double>(layer.stage2_bytes) / entropy - 1);
  }
  POTLUT_ASSIGN_OR_RETURN(const auto small, Pack(program, With(Effort::kSmall), &layers));
  for (const LayerBytes& layer : layers) m.small += layer.stage2_bytes;
  m.file = static_cast<int64_t>(small.size());
  return {};
}

// All layers' codes, packed and as one byte each, by every rival.
Status MeasureRivals(const Program& program, Measured& m) {
  std::array<std::vector<uint8_t>, 2> forms;
  for (const ConvOp* conv : LayersOf(program)) {
    const auto packed = PackCodes(conv->codes, conv->alphabet.bits);
    forms[0].insert(forms[0].end(), packed.begin(), packed.end());
    forms[1].insert(forms[1].end(), conv->codes.begin(), conv->codes.end());
  }
  const auto rivals = Rivals();
  std::vector<int64_t> sizes(2 * rivals.size());
  std::vector<Status> statuses(sizes.size());
  ParallelFor(static_cast<int64_t>(sizes.size()), DefaultThreads(), [&](int64_t i) {
    const auto k = static_cast<size_t>(i);
    const auto size = rivals[k / 2].compressed_size(forms[k % 2]);
    if (size.ok()) {
      sizes[k] = static_cast<int64_t>(*size);
    } else {
      statuses[k] = size.error();
    }
  });
  for (const Status& status : statuses) POTLUT_RETURN_IF_ERROR(status);
  for (size_t k = 0; k < sizes.size(); ++k)
    (k % 2 == 0 ? m.rivals_stage1 : m.rivals_int8).push_back(sizes[k]);
  return {};
}

// Decodes every layer of 4,096 codes or more as the effort has it coded, one thread.
Status MeasureDecoders(const Program& program, Effort effort, std::map<CoderId, Speed>& speeds) {
  CodeBudget budget;
  for (const ConvOp* conv : LayersOf(program)) {
    if (static_cast<int64_t>(conv->codes.size()) < kLargeLayer) continue;
    const CodedLayer coded = EncodeCodes2(*conv, conv->alphabet, conv->codes, With(effort), budget);
    std::vector<uint8_t> codes(conv->codes.size());
    Status status;
    const double seconds = Fastest([&] {
      status = DecodeCodes(2, static_cast<uint8_t>(coded.coder), coded.block, *conv, conv->alphabet,
                           codes);
    });
    POTLUT_RETURN_IF_ERROR(status);
    Speed& speed = speeds[coded.coder];
    speed.weights += static_cast<int64_t>(conv->codes.size()) * (conv->alphabet.is_pair() ? 2 : 1);
    speed.seconds += seconds;
  }
  return {};
}

std::string Share(double share) { return fmt::format("{:+.2f} %", 100 * share); }

std::string RenderSizes(const std::vector<Measured>& networks, int width, bool colour) {
  cli::Table table({{"codes, bytes", cli::Table::Kind::kText},
                    {"weights"},
                    {"stage 1"},
                    {"entropy"},
                    {"fast"},
                    {"of entropy"},
                    {"worst layer"},
                    {"small"},
                    {"of entropy"},
                    {"whole file"},
                    {"float32 is"}});
  for (const Measured& m : networks) {
    const auto bytes = [](double v) { return cli::FormatCount(std::llround(v)); };
    table.Row(
        {m.name, cli::FormatCount(m.weights), cli::FormatCount(m.stage1), bytes(m.entropy),
         cli::FormatCount(m.fast), Share(static_cast<double>(m.fast) / m.entropy - 1),
         m.worst_over > 0 ? Share(m.worst_over) : "", cli::FormatCount(m.small),
         Share(static_cast<double>(m.small) / m.entropy - 1), cli::FormatCount(m.file),
         fmt::format("{:.1f}x", static_cast<double>(m.float_bytes) / static_cast<double>(m.file))});
  }
  return table.Render(width, colour);
}

std::string RenderRivals(const std::vector<Measured>& networks, int width, bool colour) {
  std::vector<cli::Table::Column> columns{{"codes, bytes", cli::Table::Kind::kText}, {"small"}};
  for (const Rival& rival : Rivals()) columns.push_back({Cat(rival.name)});
  for (const Rival& rival : Rivals()) columns.push_back({Cat(rival.name, ", int8")});
  columns.push_back({"best of them"});
  cli::Table table(columns);
  for (const Measured& m : networks) {
    std::vector<std::string> cells{m.name, cli::FormatCount(m.small)};
    int64_t best = INT64_MAX;
    for (const auto* sizes : {&m.rivals_stage1, &m.rivals_int8}) {
      for (const int64_t size : *sizes) {
        cells.push_back(cli::FormatCount(size));
        best = std::min(best, size);
      }
    }
    cells.push_back(Share(static_cast<double>(best) / static_cast<double>(m.small) - 1));
    table.Row(std::move(cells));
  }
  return table.Render(width, colour);
}

std::string RenderDeltas(const std::vector<Measured>& networks, int width, bool colour) {
  cli::Table table({{"delta, 1 % of the codes moved", cli::Table::Kind::kText},
                    {"weights"},
                    {"codes moved"},
                    {"bytes"},
                    {"bits a weight"}});
  for (const Measured& m : networks) {
    table.Row({m.name, cli::FormatCount(m.delta.weights), cli::FormatCount(m.delta.moved),
               cli::FormatCount(m.delta.bytes),
               fmt::format("{:.3f}", 8 * static_cast<double>(m.delta.bytes) /
                                         static_cast<double>(m.delta.weights))});
  }
  return table.Render(width, colour);
}

// A million normal weights, as pot of so many bits has them at its best scale.
ConvOp MillionWeights(int bits) {
  ConvOp conv;
  conv.alphabet = MakeAlphabet(AlphabetKind::kPot, bits).value();
  conv.window.kernel_h = conv.window.kernel_w = 3;
  const double deviation = bits == 3 ? 1.6 : 16;
  std::mt19937_64 random(1);
  for (int i = 0; i < 1000 * 1000; ++i) {
    double value = -6;
    for (int k = 0; k < 12; ++k) value += static_cast<double>(random() >> 11) * 0x1p-53;
    value *= deviation;
    size_t nearest = 0;
    for (size_t k = 1; k < conv.alphabet.levels.size(); ++k) {
      if (std::abs(value - conv.alphabet.levels[k]) <
          std::abs(value - conv.alphabet.levels[nearest]))
        nearest = k;
    }
    conv.codes.push_back(static_cast<uint8_t>(nearest));
  }
  return conv;
}

std::string PerSecond(double weights, double seconds) {
  return fmt::format("{:.0f} M", weights / seconds / 1e6);
}

Expected<std::string> RenderAnsSpeeds(int width, bool colour) {
  constexpr AnsIsa kIsas[] = {AnsIsa::kPortable, AnsIsa::kAvx2, AnsIsa::kAvx512};
  std::vector<cli::Table::Column> columns{{"rANS, 1 M weights, one core", cli::Table::Kind::kText}};
  for (const AnsIsa isa : kIsas) columns.push_back({std::string(AnsIsaName(isa))});
  cli::Table table(columns);
  for (const int bits : {3, 4}) {
    const ConvOp conv = MillionWeights(bits);
    const int alphabet = conv.alphabet.codes();
    struct Coder {
      const char* name;
      decltype(&AnsEncode) encode;
      decltype(&AnsDecode) decode;
    };
    for (const Coder& coder :
         {Coder{"ans", AnsEncode, AnsDecode}, Coder{"ans2", Ans2Encode, Ans2Decode}}) {
      std::vector<std::string> cells{Cat(coder.name, ", pot ", bits)};
      const auto block = coder.encode(conv.codes, bits, alphabet);
      std::vector<uint8_t> codes(conv.codes.size());
      for (const AnsIsa isa : kIsas) {
        if (!AnsIsaAvailable(isa)) {
          cells.push_back("");
          continue;
        }
        Status status;
        const double seconds =
            Fastest([&] { status = coder.decode(block, bits, alphabet, codes, isa); });
        POTLUT_RETURN_IF_ERROR(status);
        if (codes != conv.codes) return Failed(coder.name, " decodes other codes");
        cells.push_back(PerSecond(static_cast<double>(codes.size()), seconds) + "/s");
      }
      table.Row(std::move(cells));
    }
  }
  return table.Render(width, colour);
}

// Both efforts; on disk, so that reading is counted, too.
Expected<std::string> RenderOpening(Progress& progress, int width, bool colour) {
  cli::Table table({{"open, one thread", cli::Table::Kind::kText},
                    {"file"},
                    {"weights"},
                    {"read, decode, check"},
                    {"and make it run"}});
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / Cat("potlut-bench-codec-", ::getpid());
  std::filesystem::create_directories(folder);
  struct Remover {
    std::filesystem::path path;
    ~Remover() {
      std::error_code ignored;
      std::filesystem::remove_all(path, ignored);
    }
  } const remover{folder};
  for (const int bits : {3, 4}) {
    POTLUT_ASSIGN_OR_RETURN(const Program program, QuantisedZoo("resnet18", bits, progress));
    int64_t weights = 0;
    for (const Node& node : program.nodes) weights += CostOf(program, node).weights;
    for (const Effort effort : {Effort::kFast, Effort::kSmall}) {
      const std::string path = folder / "model.plut";
      POTLUT_RETURN_IF_ERROR(SaveProgram(path, program, With(effort)));
      Status status;
      const double open = Fastest([&] { status = LoadProgram(path).status(); });
      POTLUT_RETURN_IF_ERROR(status);
      const double ready = Fastest([&] {
        auto loaded = LoadProgram(path);
        status = loaded.ok() ? Model::Create(std::move(*loaded)).status() : loaded.status();
      });
      POTLUT_RETURN_IF_ERROR(status);
      table.Row({fmt::format("ResNet-18, pot {}, effort {}", bits, EffortName(effort)),
                 cli::FormatCount(static_cast<int64_t>(std::filesystem::file_size(path))),
                 cli::FormatCount(weights), cli::FormatMicroseconds(1e6 * open),
                 cli::FormatMicroseconds(1e6 * ready)});
    }
  }
  return table.Render(width, colour);
}

Status Run(cli::Console& console, const std::vector<std::string>& arguments) {
  cli::ProgressBar progress(console.error_is_terminal());
  std::vector<Network> networks;
  for (size_t i = 2; i < arguments.size(); ++i) networks.push_back(FromFile(arguments[i]));
  if (networks.empty()) networks = KnownNetworks(arguments[0], arguments[1]);
  const int width = console.width();
  const bool colour = console.colour();

  std::vector<Measured> sizes;
  std::map<CoderId, Speed> speeds;
  for (const Network& network : networks) {
    console.Note(network.name);
    POTLUT_ASSIGN_OR_RETURN(const Program program, network.make(progress));
    progress.End();
    Measured m;
    m.name = network.name;
    POTLUT_RETURN_IF_ERROR(MeasureSizes(program, m));
    POTLUT_RETURN_IF_ERROR(MeasureRivals(program, m));
    POTLUT_ASSIGN_OR_RETURN(m.delta, MeasureDelta(program, 1));
    for (const Effort effort : {Effort::kFast, Effort::kSmall})
      POTLUT_RETURN_IF_ERROR(MeasureDecoders(program, effort, speeds));
    sizes.push_back(std::move(m));
    if (progress.cancelled()) return Error{ErrorCode::kInterrupted, "interrupted"};
  }
  console.Out(RenderSizes(sizes, width, colour));
  console.Out("\n" + RenderRivals(sizes, width, colour));
  console.Out("\n" + RenderDeltas(sizes, width, colour));
  POTLUT_ASSIGN_OR_RETURN(const std::string ans, RenderAnsSpeeds(width, colour));
  console.Out("\n" + ans);
  cli::Table coders({{"decoding these layers, one core", cli::Table::Kind::kText},
                     {"weights"},
                     {"weights a second"}});
  for (const auto& [coder, speed] : speeds) {
    coders.Row({std::string(CoderName(coder)), cli::FormatCount(speed.weights),
                PerSecond(static_cast<double>(speed.weights), speed.seconds)});
  }
  console.Out("\n" + coders.Render(width, colour));
  POTLUT_ASSIGN_OR_RETURN(const std::string opening, RenderOpening(progress, width, colour));
  progress.End();
  console.Out("\n" + opening);
  return console.Finish();
}

}  // namespace
}  // namespace potlut::bench

int main(int argc, char** argv) try {
  potlut::cli::Console console;
  if (argc < 3) {
    console.Note("usage: potlut-bench-codec MODELS SHARED [FILE.plut...]");
    return static_cast<int>(potlut::ErrorCode::kUsage);
  }
  potlut::cli::CatchInterrupt();
  const potlut::Status status =
      potlut::bench::Run(console, std::vector<std::string>(argv + 1, argv + argc));
  if (!status.ok()) console.ShowError(status.error());
  return static_cast<int>(status.code());
} catch (const std::exception& error) {
  std::fprintf(stderr, "potlut-bench-codec: %s\n", error.what());
  return 1;
}
