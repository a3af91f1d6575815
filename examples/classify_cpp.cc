// Classifies a picture: classify_cpp MODEL.plut IMAGE.ppm (binary PPM of the model's size).
#include <algorithm>
#include <numeric>
#include <potlut/potlut.hpp>

#include "ppm.h"

int main(int argc, char** argv) try {
  if (argc != 3) throw std::runtime_error("usage: classify_cpp MODEL.plut IMAGE.ppm");
  const potlut::Model model = potlut::Model::Load(argv[1]).value();
  potlut::Session session = potlut::Session::Create(model).value();

  const potlut::TensorInfo in = model.input();
  const std::unique_ptr<unsigned char, decltype(&std::free)> image(
      in.channels == 3 ? ReadPpm(argv[2], in.width, in.height) : nullptr, std::free);
  if (!image)
    throw std::runtime_error("the image must be a binary PPM of the size the model reads");
  session.Run(image.get(), in.bytes).value();
  const std::vector<float> scores = session.Floats().value();

  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  for (size_t i = 0; i < std::min<size_t>(5, order.size()); ++i) {
    std::printf("%9.4f  %s\n", static_cast<double>(scores[order[i]]),
                model.class_name(order[i]).c_str());
  }
  return 0;
} catch (const std::exception& e) {  // potlut::Error is one
  std::fprintf(stderr, "classify_cpp: %s\n", e.what());
  return 1;
}
