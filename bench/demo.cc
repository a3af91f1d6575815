// potlut-demo: quantises the shipped ResNet-20, packs it, runs it on the shipped images and prints
// one table.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "demo_measure.h"
#include "graph/simplify.h"
#include "onnx/import.h"
#include "quant/quantize.h"
#include "table.h"

namespace potlut::bench {
namespace {

// Of models/README.md: how the shipped network wants its images.
const Normalisation kNormalisation{{125.3, 123.0, 113.9}, {63.0, 62.1, 66.7}};
constexpr int kReferenceImages = 5;

void Say(const std::string& text) { std::fprintf(stderr, "potlut-demo: %s\n", text.c_str()); }

// One line on the terminal, written over again; nothing where there is no terminal.
class Bar : public Progress {
 public:
  void Begin(std::string_view task, int64_t total) override {
    task_ = task;
    total_ = total;
  }
  void Update(int64_t done, std::string_view detail) override {
    if (!terminal_) return;
    std::fprintf(stderr, "\r\033[K%s", Cat(task_, " ", done, "/", total_, "  ", detail).c_str());
  }
  void End() override {
    if (terminal_) std::fprintf(stderr, "\r\033[K");
  }

 private:
  const bool terminal_ = isatty(STDERR_FILENO) != 0;
  std::string task_;
  int64_t total_ = 0;
};

// One network, measured: a column of the table. Cells that make no sense for it stay empty.
struct Column {
  std::string title;
  std::string top1, agree, code_bytes, code_bits, file_bytes, file_bits, latency, reference_latency,
      lookups, additions, shifts, multiplications, equal;
};

std::string Percent(double value) { return Fixed(value, 2) + " %"; }

std::string BitsEach(int64_t bytes, int64_t weights) {
  return weights == 0 ? ""
                      : Fixed(8.0 * static_cast<double>(bytes) / static_cast<double>(weights), 2);
}

Expected<Column> MeasureFloat(const graph::Graph& graph, size_t file_bytes, int64_t weights,
                              const Images& images, const std::vector<int32_t>& answers) {
  Column column;
  column.title = "float32";
  column.top1 = Percent(Top1(answers, images.labels));
  column.file_bytes = Thousands(static_cast<int64_t>(file_bytes));
  column.file_bits = BitsEach(static_cast<int64_t>(file_bytes), weights);
  POTLUT_ASSIGN_OR_RETURN(const double latency, FloatLatency(graph, kNormalisation, images));
  column.latency = Duration(latency);
  return column;
}

// `file` holds the packed program: everything is measured on what is read back from it.
Expected<Column> MeasureProgram(const std::string& title, std::span<const uint8_t> file,
                                const Images& images, const std::vector<int32_t>& float_answers,
                                int64_t& weights) {
  std::vector<LayerBytes> layers;
  POTLUT_ASSIGN_OR_RETURN(Program program, Unpack(file, {}, &layers));
  POTLUT_ASSIGN_OR_RETURN(const std::shared_ptr<const Model> model,
                          Model::Create(std::move(program)));
  POTLUT_ASSIGN_OR_RETURN(const std::vector<int32_t> answers, EngineAnswers(model, images));
  POTLUT_ASSIGN_OR_RETURN(const double latency, EngineLatency(model, images));
  POTLUT_ASSIGN_OR_RETURN(const ReferenceResult reference,
                          RunReference(model, images, kReferenceImages));

  int64_t code_bytes = 0;
  weights = 0;
  for (const LayerBytes& layer : layers) {
    code_bytes += layer.stage1_bytes;
    weights += layer.weights;
  }
  const auto file_bytes = static_cast<int64_t>(file.size());
  Column column;
  column.title = title;
  column.top1 = Percent(Top1(answers, images.labels));
  column.agree = Percent(Top1(answers, float_answers));
  column.code_bytes = Thousands(code_bytes);
  column.code_bits = BitsEach(code_bytes, weights);
  column.file_bytes = Thousands(file_bytes);
  column.file_bits = BitsEach(file_bytes, weights);
  column.latency = Duration(latency);
  column.reference_latency = Duration(reference.nanoseconds);
  column.lookups = Thousands(reference.counts.lookups);
  column.additions = Thousands(reference.counts.additions);
  column.shifts = Thousands(reference.counts.shifts);
  column.multiplications = Thousands(reference.counts.multiplications);
  column.equal = Cat(reference.equal, " of ", reference.count, " images");
  if (reference.equal != reference.count) {
    return Failed(title,
                  ": the engine and the reference executor returned different bits: ", column.equal,
                  " agree; please report this");
  }
  return column;
}

void Print(const std::vector<Column>& columns, size_t images, std::string_view isa) {
  std::vector<std::string> head{"ResNet-20 on CIFAR-10"};
  for (const Column& column : columns) head.push_back(column.title);
  Table table(head);
  const auto row = [&](const std::string& name, std::string Column::*cell) {
    std::vector<std::string> cells{name};
    for (const Column& column : columns) cells.push_back(column.*cell);
    table.Add(std::move(cells));
  };
  row(Cat("top-1, ", Thousands(static_cast<int64_t>(images)), " test images"), &Column::top1);
  row("same answer as float32", &Column::agree);
  row("weight codes, bytes", &Column::code_bytes);
  row("  bits a weight", &Column::code_bits);
  row("whole file, bytes", &Column::file_bytes);
  row("  bits a weight", &Column::file_bits);
  row("one image, one thread", &Column::latency);
  row("reference executor: one image", &Column::reference_latency);
  row("  look-ups", &Column::lookups);
  row("  additions", &Column::additions);
  row("  shifts (requantisation)", &Column::shifts);
  row("  multiplications", &Column::multiplications);
  row("  the engine returns the same bits", &Column::equal);
  std::printf("%s\n", table.Text().c_str());
  std::printf("float32 runs on oneDNN, the others on potlut's engine (%s). %s\n",
              std::string(isa).c_str(), "Codes are the weights alone; a file holds all else too.");
}

Status Run(const std::string& folder) {
  POTLUT_ASSIGN_OR_RETURN(const auto float_file, ReadFile(folder + "/resnet20-cifar10.onnx"));
  POTLUT_ASSIGN_OR_RETURN(const graph::Graph imported, onnx::Import(float_file, ""));
  POTLUT_ASSIGN_OR_RETURN(const graph::Graph graph, graph::Simplify(imported));
  const auto read = [&](const std::string& name, data::Split split) -> Expected<Images> {
    POTLUT_ASSIGN_OR_RETURN(const auto source,
                            data::Open("cifar10:" + folder + "/" + name, split, {}));
    return ReadImages(*source);
  };
  POTLUT_ASSIGN_OR_RETURN(const Images images, read("cifar10-test-1000.bin", data::Split::kTest));
  POTLUT_ASSIGN_OR_RETURN(const Images calibration,
                          read("cifar10-calibration-256.bin", data::Split::kTrain));

  Say(Cat("running the float network on ", images.pixels.size(), " test images"));
  POTLUT_ASSIGN_OR_RETURN(const auto float_answers, FloatAnswers(graph, kNormalisation, images));

  quant::Recipe recipe;  // pot 4, 8-bit activations
  recipe.mean = kNormalisation.mean;
  recipe.stddev = kNormalisation.stddev;
  const quant::ImageSource source = [&](int64_t i) -> Expected<std::vector<uint8_t>> {
    return calibration.pixels[static_cast<size_t>(i)];
  };
  Say(Cat("quantising to power-of-two weights with ", calibration.pixels.size(),
          " calibration images"));
  Bar bar;
  POTLUT_ASSIGN_OR_RETURN(
      const Program program,
      quant::Quantize(graph, recipe, source, static_cast<int64_t>(calibration.pixels.size()), 0,
                      &bar));
  POTLUT_ASSIGN_OR_RETURN(const auto packed, Pack(program));

  Say("running the packed program on the same images");
  int64_t weights = 0;
  POTLUT_ASSIGN_OR_RETURN(const Column quantised, MeasureProgram("pot 4 (made now)", packed, images,
                                                                 float_answers, weights));
  POTLUT_ASSIGN_OR_RETURN(const Column of_float,
                          MeasureFloat(graph, float_file.size(), weights, images, float_answers));
  std::vector<Column> columns{of_float, quantised};

  // Whatever is shipped ready for use beside the float network.
  std::vector<std::filesystem::path> shipped;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".plut") shipped.push_back(entry.path());
  }
  std::sort(shipped.begin(), shipped.end());
  for (const auto& path : shipped) {
    POTLUT_ASSIGN_OR_RETURN(const auto file, ReadFile(path.string()));
    POTLUT_ASSIGN_OR_RETURN(Column column, MeasureProgram(path.filename().string(), file, images,
                                                          float_answers, weights));
    columns.push_back(std::move(column));
  }
  Print(columns, images.pixels.size(), IsaName(BestIsa()));
  return {};
}

}  // namespace
}  // namespace potlut::bench

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s FOLDER-of-models\n", argv[0]);
    return static_cast<int>(potlut::ErrorCode::kUsage);
  }
  const potlut::Status status = potlut::bench::Run(argv[1]);
  if (!status.ok()) potlut::bench::Say(status.message());
  return static_cast<int>(status.code());
} catch (const std::exception& error) {
  std::fprintf(stderr, "potlut-demo: %s\n", error.what());
  return 1;
}
