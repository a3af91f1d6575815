// Fuzzes the engine against the reference executor. The first four bytes seed a random program, the
// fifth says how the engine runs it (ways to run convolutions measured or estimated, size of
// shares), and the rest is the image: every instruction set, alone and with helping threads, has to
// give the reference's bits and leave the memory around its arena alone.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "engine/random_net.h"
#include "engine/thread_pool.h"

namespace {

void Check(bool condition) {
  if (!condition) std::abort();
}

void RunOn(const potlut::Program& program, const potlut::ModelOptions& options,
           const std::shared_ptr<potlut::ThreadPool>& pool, const potlut::TensorData& image,
           const std::vector<potlut::TensorData>& expected) {
  using potlut::testing::Guarded;
  const auto model = potlut::Model::Create(program, options);
  Check(model.ok());
  const size_t bytes = (*model)->arena_bytes(pool == nullptr ? 1 : pool->threads());
  Guarded arena(bytes, Guarded::kEnd, potlut::kAlignment);
  const auto session =
      potlut::Session::Create(*model, {reinterpret_cast<std::byte*>(arena.data()), bytes}, pool);
  Check(session.ok());
  Check((*session)->Run(image).ok());
  for (size_t i = 0; i < program.outputs.size(); ++i) {
    const auto got = (*session)->Output(i);
    const potlut::TensorData& want = expected[static_cast<size_t>(program.outputs[i])];
    Check(got.size() == want.size() && std::memcmp(got.data(), want.data(), want.size()) == 0);
  }
  Check(arena.Untouched());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 6) return 0;
  static const std::shared_ptr<potlut::ThreadPool> pool = *potlut::ThreadPool::Create(3);
  uint32_t seed;
  std::memcpy(&seed, data, sizeof(seed));
  potlut::testing::RandomNet net(seed);
  const potlut::Program& program = net.program();
  if (program.nodes.empty()) return 0;
  Check(potlut::Validate(program).ok());
  const potlut::Tensor& input = program.tensors[static_cast<size_t>(program.input)];
  potlut::TensorData image(static_cast<size_t>(input.dims.count()));
  for (size_t i = 0; i < image.size(); ++i) image[i] = data[5 + i % (size - 5)];
  const auto expected = potlut::ReferenceRun(program, image);
  Check(expected.ok());
  for (const potlut::Isa isa : potlut::testing::AvailableIsas()) {
    const potlut::ModelOptions options{
        .isa = isa, .measure = data[4] % 16 == 0, .share_cycles = 1 + data[4] / 16 * 20};
    RunOn(program, options, nullptr, image, *expected);
    RunOn(program, options, pool, image, *expected);
  }
  return 0;
}
