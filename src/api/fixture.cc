// Writes what the interface's tests read: a small model, a picture of its size, and what the model
// says of it.
//
// The model names a picture's main colour: 1x1 mean of the picture, then a dense layer with one
// class a colour.
#include <cstdio>
#include <filesystem>
#include <string>

#include "base/file.h"
#include "pack/plut.h"
#include "program/validate.h"

namespace potlut {
namespace {

constexpr int32_t kHeight = 6, kWidth = 5;

Program MainColour() {
  Program p;
  p.tensors = {{"image", {kHeight, kWidth, 3}, {8, false}, 0, {}},
               {"centred", {kHeight, kWidth, 3}, {8, true}, -5, {}},
               {"mean", {1, 1, 3}, {8, true}, -4, {16.0 / 15.0}},
               {"logits", {1, 1, 4}, {32, true}, -6, {1.0, 1.0, 1.0, 0.5}},
               {"best", {1, 1, 1}, {32, true}, 0, {}}};
  LookupOp centre{true, {}};
  for (int c = 0; c < 3; ++c) {
    for (int i = 0; i < 256; ++i) centre.table.push_back(static_cast<int16_t>(i - 128));
  }
  MeanOp mean;
  mean.window.kernel_h = kHeight;
  mean.window.kernel_w = kWidth;
  mean.shift = 5;  // of 30 values: what is left of 1/30 is the factor
  mean.lo = -128;
  mean.hi = 127;
  ConvOp dense;
  dense.alphabet = *MakeAlphabet(AlphabetKind::kPot, 3);  // -4 -2 -1 0 1 2 4
  dense.codes = {6, 2, 2, 2, 6, 2,
                 2, 2, 6, 2, 2, 2};  // 4 for the colour, -1 for others; "dark": all -1
  dense.bias = {0, 0, 0, 100};
  dense.shift = {0, 0, 0, 0};
  dense.lo = INT32_MIN;
  dense.hi = INT32_MAX;
  p.nodes = {{"centre", centre, {0}, 1},
             {"mean", mean, {1}, 2},
             {"dense", dense, {2}, 3},
             {"argmax", ArgMaxOp{}, {3}, 4}};
  p.outputs = {3, 4, 2};
  p.metadata = {{"classes", "red\ngreen\nblue\ndark"}, {"source.name", "main colour"}};
  return p;
}

int Write(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  std::string picture = "P6\n" + std::to_string(kWidth) + " " + std::to_string(kHeight) + "\n255\n";
  for (int i = 0; i < kHeight * kWidth; ++i) {
    picture += static_cast<char>(200 + i);
    picture += static_cast<char>(40 + i);
    picture += static_cast<char>(90 - i);
  }
  Status status = SaveProgram(folder + "/model.plut", MainColour());
  if (status.ok()) status = WriteFileAtomic(folder + "/picture.ppm", picture);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.message().c_str());
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace potlut

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: potlut_api_fixture FOLDER\n");
    return 2;
  }
  return potlut::Write(argv[1]);
}
