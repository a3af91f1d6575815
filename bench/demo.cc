// potlut-demo: quantises the shipped ResNet-20, packs it, runs it on the shipped images and prints
// one table.
#include <algorithm>
#include <exception>
#include <filesystem>

#include "base/text.h"
#include "cli/console.h"
#include "cli/interrupt.h"
#include "cli/progress_bar.h"
#include "cli/table.h"
#include "cli/units.h"
#include "demo_measure.h"
#include "engine/engine.h"
#include "graph/simplify.h"
#include "onnx/import.h"
#include "pack/plut.h"
#include "quant/quantize.h"

namespace potlut::bench {
namespace {

// Of models/README.md: how the shipped network wants its images.
const cli::Normalisation kNormalisation{{125.3, 123.0, 113.9}, {63.0, 62.1, 66.7}};

// A column of the table.
struct Column {
  std::string title;
  bool is_float = false;
  Measured measured;
};

double ShareEqual(const std::vector<int32_t>& a, const std::vector<int32_t>& b) {
  double equal = 0;
  for (size_t i = 0; i < a.size(); ++i) equal += a[i] == b[i] ? 1 : 0;
  return equal / static_cast<double>(a.size());
}

std::string BitsEach(int64_t bytes, int64_t weights) {
  return fmt::format("{:.2f}", 8.0 * static_cast<double>(bytes) /
                                   static_cast<double>(std::max<int64_t>(weights, 1)));
}

// The first column is the float network's.
std::string Render(const std::vector<Column>& columns, const std::vector<int32_t>& labels,
                   int width, bool colour) {
  std::vector<cli::Table::Column> heads{{"ResNet-20 on CIFAR-10", cli::Table::Kind::kText}};
  for (const Column& column : columns) heads.push_back({column.title});
  cli::Table table(heads);
  const Measured& reference = columns[0].measured;
  const int64_t weights = columns[1].measured.weights;
  const auto row = [&](const std::string& name, bool has_float, const auto& cell) {
    std::vector<std::string> cells{name};
    for (const Column& column : columns) {
      cells.push_back(column.is_float && !has_float ? "" : cell(column.measured));
    }
    table.Row(std::move(cells));
  };
  row(fmt::format("top-1, {} test images", cli::FormatCount(static_cast<int64_t>(labels.size()))),
      true, [&](const Measured& m) { return cli::FormatPercent(ShareEqual(m.answers, labels)); });
  row("same answer as float32", false, [&](const Measured& m) {
    return cli::FormatPercent(ShareEqual(m.answers, reference.answers));
  });
  row("weight codes, bytes", false,
      [&](const Measured& m) { return cli::FormatCount(m.code_bytes); });
  row("  bits a weight", false,
      [&](const Measured& m) { return BitsEach(m.code_bytes, m.weights); });
  row("whole file, bytes", true, [&](const Measured& m) { return cli::FormatCount(m.file_bytes); });
  row("  bits a weight", true, [&](const Measured& m) { return BitsEach(m.file_bytes, weights); });
  row("one image, one thread", true,
      [&](const Measured& m) { return cli::FormatMicroseconds(m.microseconds); });
  table.Rule();
  row("reference executor: one image", false,
      [&](const Measured& m) { return cli::FormatMicroseconds(m.reference_microseconds); });
  row("  look-ups", false, [&](const Measured& m) { return cli::FormatCount(m.counts.lookups); });
  row("  additions", false,
      [&](const Measured& m) { return cli::FormatCount(m.counts.additions); });
  row("  shifts (requantisation)", false,
      [&](const Measured& m) { return cli::FormatCount(m.counts.shifts); });
  row("  multiplications", false,
      [&](const Measured& m) { return cli::FormatCount(m.counts.multiplications); });
  row("  bits equal to the engine's", false,
      [&](const Measured& m) { return fmt::format("{} of {} images", m.equal, m.compared); });
  return table.Render(width, colour);
}

// Quantises with the default recipe (pot 4, 8-bit activations) and writes the file.
Status MakePlut(const std::string& onnx, const data::Source& calibration, const std::string& plut,
                Progress& progress) {
  POTLUT_ASSIGN_OR_RETURN(const graph::Graph imported, onnx::ImportFile(onnx));
  POTLUT_ASSIGN_OR_RETURN(const graph::Graph graph, graph::Simplify(imported));
  quant::Recipe recipe;
  recipe.mean = kNormalisation.mean;
  recipe.stddev = kNormalisation.stddev;
  const quant::ImageSource images = [&](int64_t i) -> Expected<std::vector<uint8_t>> {
    POTLUT_ASSIGN_OR_RETURN(data::Sample sample, calibration.Get(i));
    return std::move(sample.image.pixels);
  };
  POTLUT_ASSIGN_OR_RETURN(const Program program,
                          quant::Quantize(graph, recipe, images, calibration.size(), 0, &progress));
  return SaveProgram(plut, program);
}

Status Run(cli::Console& console, const std::string& folder, const std::string& plut) {
  const std::string onnx = folder + "/resnet20-cifar10.onnx";
  POTLUT_ASSIGN_OR_RETURN(
      const auto calibration,
      data::Open("cifar10:" + folder + "/cifar10-calibration-256.bin", data::Split::kTrain, {}));
  POTLUT_ASSIGN_OR_RETURN(
      const auto images,
      data::Open("cifar10:" + folder + "/cifar10-test-1000.bin", data::Split::kTest, {}));
  std::vector<int32_t> labels;
  for (int64_t i = 0; i < images->size(); ++i) {
    POTLUT_ASSIGN_OR_RETURN(const data::Sample sample, images->Get(i));
    labels.push_back(sample.label);
  }
  cli::ProgressBar progress(console.error_is_terminal());

  console.Note(Cat("quantising ", onnx, " with ", calibration->size(), " training images"));
  POTLUT_RETURN_IF_ERROR(MakePlut(onnx, *calibration, plut, progress));

  // What was made now, and what is shipped ready for use.
  std::vector<std::pair<std::string, std::string>> files{{"pot 4 (made now)", plut}};
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".plut")
      files.emplace_back(entry.path().stem().string(), entry.path().string());
  }
  std::sort(files.begin() + 1, files.end());

  console.Note(Cat("running ", images->size(), " test images"));
  std::vector<Column> columns(1);
  POTLUT_ASSIGN_OR_RETURN(Measured measured, MeasureOnnx(onnx, kNormalisation, *images, progress));
  columns[0] = {"float32", true, std::move(measured)};
  for (const auto& [title, path] : files) {
    POTLUT_ASSIGN_OR_RETURN(Measured of_plut, MeasurePlut(path, *images, progress));
    columns.push_back({title, false, std::move(of_plut)});
  }
  progress.End();
  console.Out(Render(columns, labels, console.width(), console.colour()));
  console.Out(fmt::format("float32 ran on oneDNN, the others on potlut's engine ({}).\n",
                          IsaName(BestIsa())));
  console.Note(Cat("wrote ", plut, "; try: potlut inspect ", plut));
  for (const Column& column : columns) {
    if (column.measured.equal != column.measured.compared) {
      return Failed(column.title,
                    ": the engine's bits differ from the reference executor's; please report this");
    }
  }
  return console.Finish();
}

}  // namespace
}  // namespace potlut::bench

int main(int argc, char** argv) try {
  potlut::cli::Console console;
  if (argc != 3) {
    console.Note("usage: potlut-demo FOLDER-of-models OUTPUT.plut");
    return static_cast<int>(potlut::ErrorCode::kUsage);
  }
  potlut::cli::CatchInterrupt();
  const potlut::Status status = potlut::bench::Run(console, argv[1], argv[2]);
  if (!status.ok()) console.ShowError(status.error());
  return static_cast<int>(status.code());
} catch (const std::exception& error) {
  std::fprintf(stderr, "potlut-demo: %s\n", error.what());
  return 1;
}
