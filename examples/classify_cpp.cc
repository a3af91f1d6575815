// Classifies a picture: classify_cpp MODEL.plut IMAGE.ppm (binary PPM of the model's size).
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <numeric>
#include <potlut/potlut.hpp>

std::vector<char> ReadPpm(const char* path, const potlut::TensorInfo& want) {
  std::ifstream file(path, std::ios::binary);
  std::string magic;
  int width = 0, height = 0, most = 0;
  file >> magic >> width >> height >> most;
  std::vector<char> image(want.bytes);
  if (magic != "P6" || most != 255 || width != want.width || height != want.height ||
      want.channels != 3 ||
      !file.ignore(1).read(image.data(), static_cast<std::streamsize>(image.size()))) {
    throw std::runtime_error(
        "the image must be a binary PPM (P6, 8 bits) of the size that the model reads");
  }
  return image;
}

int main(int argc, char** argv) try {
  if (argc != 3) throw std::runtime_error("usage: classify_cpp MODEL.plut IMAGE.ppm");
  const potlut::Model model = potlut::Model::Load(argv[1]).value();
  potlut::Session session = potlut::Session::Create(model).value();
  session.Run(ReadPpm(argv[2], model.input())).value();
  const std::vector<float> scores = session.Floats().value();

  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  for (size_t i = 0; i < 5 && i < order.size(); ++i) {
    std::printf("%9.4f  %s\n", static_cast<double>(scores[order[i]]),
                model.class_name(order[i]).c_str());
  }
  return 0;
} catch (const std::exception& e) {  // potlut::Error is one
  std::fprintf(stderr, "classify_cpp: %s\n", e.what());
  return 1;
}
