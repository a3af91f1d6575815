// potlut accel simulate: images through the accelerator, every tensor compared with the reference
// executor, and what the registers counted.
#include <algorithm>
#include <memory>
#include <random>

#include "accel/compile.h"
#include "accel/driver.h"
#include "accel/model_device.h"
#include "accel/rtl_device.h"
#include "base/text.h"
#include "cli/commands/accel.h"
#include "cli/json.h"
#include "cli/model_options.h"
#include "cli/plut_file.h"
#include "cli/preprocess.h"
#include "cli/progress_bar.h"
#include "cli/run_all.h"
#include "cli/table.h"
#include "cli/units.h"
#include "program/reference.h"

namespace potlut::cli {
namespace {

struct Options {
  std::string model, image, backend = "auto";
  DataOptions data;
  ArrayOptions array;
  bool fuse = true;
};

struct Result {
  std::string backend;
  accel::Geometry geometry;
  accel::Image image;  // that was timed
  accel::RunCounters counters;
  std::vector<int64_t> layer_cycles;
  int64_t images = 0, compared = 0, different = 0, hidden = 0;
  std::string first_difference;

  double Utilisation() const {
    int64_t macs = 0;
    for (const accel::ImageLayer& layer : image.layers) macs += layer.macs;
    return Share(macs, counters.cycles);
  }
  double Share(int64_t macs, int64_t cycles) const {
    if (cycles <= 0) return 0;
    return static_cast<double>(macs) /
           (static_cast<double>(cycles) * static_cast<double>(geometry.macs_per_cycle()));
  }
  double PerSecond(double clock) const {
    return counters.cycles > 0 ? clock * 1e6 / static_cast<double>(counters.cycles) : 0;
  }
};

// The pixels that are asked for: of --image or --data, else drawn by chance.
Expected<std::vector<std::vector<uint8_t>>> Images(Shell& shell, const Options& options,
                                                   const Program& program) {
  const Dims dims = program.tensors[static_cast<size_t>(program.input)].dims;
  const int64_t wanted = std::max<int64_t>(1, options.data.images);
  std::vector<std::vector<uint8_t>> images;
  if (options.image.empty() && options.data.data.empty()) {
    std::mt19937 rng(static_cast<unsigned>(shell.common.seed.value_or(1)));
    for (int64_t i = 0; i < wanted; ++i) {
      images.emplace_back(static_cast<size_t>(dims.count()));
      for (uint8_t& v : images.back()) v = static_cast<uint8_t>(rng());
    }
    return images;
  }
  POTLUT_ASSIGN_OR_RETURN(const int32_t resize, ReadResize(program));
  DataOptions data = options.data;
  if (!options.image.empty()) data.data = options.image;
  POTLUT_ASSIGN_OR_RETURN(const auto source, OpenData(data, {dims.h, dims.w, dims.c, resize}));
  for (const int64_t index : SpreadIndices(source->size(), wanted)) {
    POTLUT_ASSIGN_OR_RETURN(data::Sample sample, source->Get(index));
    images.push_back(std::move(sample.image.pixels));
  }
  return images;
}

Expected<std::unique_ptr<accel::Device>> MakeDevice(const std::string& backend,
                                                    const accel::ArraySpec& array,
                                                    uint64_t dram_bytes) {
  if (backend == "rtl") return accel::MakeRtlDevice({.table = array.table}, dram_bytes);
  return accel::MakeModelDevice(array, dram_bytes);
}

// Runs all images on the traced commands and compares whatever they store.
Status Compare(const Program& program, const accel::Image& traced,
               const std::vector<std::vector<uint8_t>>& images, accel::Device& device,
               Progress& progress, Result& result) {
  POTLUT_ASSIGN_OR_RETURN(accel::Driver driver, accel::Driver::Open(traced, device));
  progress.Begin("images", static_cast<int64_t>(images.size()));
  for (const auto& image : images) {
    if (progress.cancelled()) return {potlut::ErrorCode::kInterrupted, "interrupted"};
    POTLUT_RETURN_IF_ERROR(driver.Run(image));
    POTLUT_ASSIGN_OR_RETURN(const auto reference, ReferenceRun(program, image));
    for (const auto* tensors : {&traced.traced, &traced.outputs}) {
      for (const accel::ImageTensor& tensor : *tensors) {
        POTLUT_ASSIGN_OR_RETURN(const auto values, driver.Fetch(tensor));
        ++result.compared;
        if (values == reference[static_cast<size_t>(tensor.tensor)]) continue;
        if (result.different++ == 0) result.first_difference = tensor.name;
      }
    }
    progress.Update(++result.images, "");
  }
  return {};
}

Expected<Result> Simulate(Shell& shell, const Options& options, const Program& program) {
  Result result;
  result.backend = options.backend;
  if (result.backend == "auto") {
    result.backend = accel::HasRtlDevice() ? "rtl" : "model";
    if (result.backend == "model")
      shell.console.Note("this build has no Verilated RTL; the functional model runs instead");
  }
  POTLUT_ASSIGN_OR_RETURN(accel::ArraySpec array, ResolveArray(options.array));
  if (result.backend == "rtl") {  // its size is what it was made with
    POTLUT_ASSIGN_OR_RETURN(const auto device,
                            accel::MakeRtlDevice({.table = array.table}, 1 << 16));
    POTLUT_ASSIGN_OR_RETURN(static_cast<accel::Geometry&>(array), accel::GeometryOf(*device));
    array.group = std::min(array.group, array.lanes);
  }
  result.geometry = array;
  POTLUT_ASSIGN_OR_RETURN(const auto images, Images(shell, options, program));
  POTLUT_ASSIGN_OR_RETURN(const accel::Image traced,
                          accel::Compile(program, array, {options.fuse, true}));
  POTLUT_ASSIGN_OR_RETURN(result.image, accel::Compile(program, array, {options.fuse, false}));
  for (const Node& node : program.nodes) {
    const auto is = [&](const accel::ImageTensor& t) { return t.tensor == node.output; };
    const bool stored = std::any_of(traced.traced.begin(), traced.traced.end(), is) ||
                        std::any_of(traced.outputs.begin(), traced.outputs.end(), is);
    result.hidden += !stored && !std::holds_alternative<ReshapeOp>(node.op);
  }
  ProgressBar progress(shell.console.error_is_terminal());
  POTLUT_ASSIGN_OR_RETURN(const auto device, MakeDevice(result.backend, array, traced.dram_bytes));
  POTLUT_RETURN_IF_ERROR(Compare(program, traced, images, *device, progress, result));
  // Once more without the stores that only comparison needs, for the counters.
  POTLUT_ASSIGN_OR_RETURN(accel::Driver driver, accel::Driver::Open(result.image, *device));
  POTLUT_RETURN_IF_ERROR(driver.Run(images[0]));
  result.counters = driver.counters();
  result.layer_cycles = driver.LayerCycles();
  const accel::ImageTensor& last = result.image.outputs[0];
  POTLUT_ASSIGN_OR_RETURN(const auto values, driver.Fetch(last));
  POTLUT_ASSIGN_OR_RETURN(const auto reference, ReferenceRun(program, images[0]));
  ++result.compared;
  if (values != reference[static_cast<size_t>(last.tensor)] && result.different++ == 0)
    result.first_difference = last.name;
  return result;
}

void PrintText(Shell& shell, const Options& options, const Result& result) {
  using Kind = Table::Kind;
  Table table({{"layer", Kind::kText},
               {"op", Kind::kText},
               {"MACs"},
               {"cycles"},
               {"used"},
               {"bytes read"},
               {"written"}});
  const auto number = [](int64_t n) { return n > 0 ? FormatCount(n) : std::string(); };
  for (size_t i = 0; i < result.image.layers.size(); ++i) {
    const accel::ImageLayer& layer = result.image.layers[i];
    const int64_t cycles = i < result.layer_cycles.size() ? result.layer_cycles[i] : 0;
    table.Row({layer.name, layer.op, number(layer.macs), number(cycles),
               layer.macs > 0 && cycles > 0 ? FormatPercent(result.Share(layer.macs, cycles)) : "",
               number(layer.read_bytes), number(layer.written_bytes)});
  }
  int64_t macs = 0;
  for (const accel::ImageLayer& layer : result.image.layers) macs += layer.macs;
  table.Rule();
  table.Row({"in all, commands too", "", FormatCount(macs), FormatCount(result.counters.cycles),
             FormatPercent(result.Utilisation()), FormatCount(result.counters.read_bytes),
             FormatCount(result.counters.written_bytes)});
  shell.console.Out(table.Render(shell.console.width(), shell.console.colour()));
  shell.console.Out(fmt::format(
      "\n{}: {} lanes, {} tables; {} cycles{}, of them {} with a vector of codes\n"
      "{:.1f} images a second at {:g} MHz (stated)\n"
      "{} images, {} tensors compared with the reference: {}{}\n",
      result.backend, result.geometry.lanes, accel::TableKindName(result.geometry.table),
      FormatCount(result.counters.cycles), result.backend == "model" ? " (estimated)" : "",
      FormatCount(result.counters.use_cycles), result.PerSecond(options.array.clock),
      options.array.clock, result.images, FormatCount(result.compared),
      result.different == 0 ? "all equal" : Cat(result.different, " differ"),
      result.hidden > 0
          ? Cat("; ", result.hidden, " a run stand nowhere, being summed in the drain (--no-fuse)")
          : ""));
}

void PrintAsJson(Shell& shell, const Options& options, const Result& result) {
  Json layers = Json::array();
  for (size_t i = 0; i < result.image.layers.size(); ++i) {
    const accel::ImageLayer& layer = result.image.layers[i];
    Json json = {{"name", layer.name},
                 {"op", layer.op},
                 {"macs", layer.macs},
                 {"read_bytes", layer.read_bytes},
                 {"written_bytes", layer.written_bytes}};
    if (i < result.layer_cycles.size()) {
      json["cycles"] = result.layer_cycles[i];
      json["utilisation"] = result.Share(layer.macs, result.layer_cycles[i]);
    }
    layers.push_back(std::move(json));
  }
  PrintJson(shell.console, {{"model", options.model},
                            {"backend", result.backend},
                            {"tables", accel::TableKindName(result.geometry.table)},
                            {"lanes", result.geometry.lanes},
                            {"images", result.images},
                            {"tensors_compared", result.compared},
                            {"tensors_different", result.different},
                            {"tensors_fused", result.hidden},
                            {"cycles", result.counters.cycles},
                            {"use_cycles", result.counters.use_cycles},
                            {"fill_wait", result.counters.fill_wait},
                            {"drain_wait", result.counters.drain_wait},
                            {"vector_cycles", result.counters.vector_cycles},
                            {"read_bytes", result.counters.read_bytes},
                            {"written_bytes", result.counters.written_bytes},
                            {"utilisation", result.Utilisation()},
                            {"clock_mhz", options.array.clock},
                            {"images_per_second", result.PerSecond(options.array.clock)},
                            {"layers", std::move(layers)}});
}

Status Run(Shell& shell, const Options& options) {
  POTLUT_ASSIGN_OR_RETURN(const PlutFile file, ReadPlut(options.model));
  const auto result = Simulate(shell, options, file.program);
  if (!result.ok()) {
    return Error{result.error().code, Cat(options.model, ": ", result.error().message)};
  }
  if (shell.common.json) {
    PrintAsJson(shell, options, *result);
  } else {
    PrintText(shell, options, *result);
  }
  if (result->different == 0) return {};
  return Failed(options.model, ": ", result->different, " of ", result->compared,
                " tensors differ from the reference, the first '", result->first_difference, "'");
}

}  // namespace

void AddAccelSimulate(CLI::App& accel, Shell& shell) {
  auto options = std::make_shared<Options>();
  CLI::App& command = *accel.add_subcommand(
      "simulate", "run images, compare every tensor, print cycles and traffic");
  command.add_option("model", options->model, ".plut; - reads stdin")
      ->required()
      ->type_name("MODEL");
  CLI::Option* image =
      command.add_option("--image", options->image, "one image")->type_name("FILE");
  command.add_option("--data", options->data.data, "images; without, they are drawn by chance")
      ->type_name("DATA")
      ->excludes(image);
  command.add_option("--split", options->data.split, "train or test")
      ->check(CLI::IsMember({"train", "test"}).description(""))
      ->type_name("NAME");
  command.add_option("--images", options->data.images, "how many (1)")
      ->type_name("N")
      ->check(Within<int64_t>(1, 1000000));
  command.add_option("--backend", options->backend, "rtl, model, or auto: rtl where it is built")
      ->type_name("NAME")
      ->check(CLI::IsMember({"auto", "rtl", "model"}).description(""));
  AddArrayOptions(command, options->array);
  command.add_flag("!--no-fuse", options->fuse,
                   "additions as commands of their own, so that every tensor is seen");
  AddSeed(command, shell, "of the images that are drawn by chance");
  AddJson(command, shell);
  command.footer(kDataHelp);
  command.callback(
      [&shell, options] { shell.action = [&shell, options] { return Run(shell, *options); }; });
}

}  // namespace potlut::cli
