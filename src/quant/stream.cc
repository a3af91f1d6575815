// Two networks side by side, chunk by chunk.
#include "quant/stream.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/parallel.h"
#include "base/text.h"

namespace potlut::quant {
namespace {

// Activations kept between visits; past this, chunks start over from their images.
constexpr size_t kKeepBytes = size_t{1536} << 20;

struct AlignedFree {
  void operator()(void* p) const { std::free(p); }
};
using Scratch = std::unique_ptr<void, AlignedFree>;

Scratch MakeScratch(size_t bytes) {
  return Scratch(std::aligned_alloc(64, (bytes + 127) / 64 * 64));
}

}  // namespace

int32_t StoredValue(const std::vector<uint8_t>& stored, size_t i, TensorType type) {
  if (type.wide()) {
    int32_t v;
    std::memcpy(&v, stored.data() + i * 4, 4);
    return v;
  }
  return type.is_signed ? int32_t{static_cast<int8_t>(stored[i])} : int32_t{stored[i]};
}

size_t Chunk::bytes() const {
  size_t sum = 0;
  for (const auto& [value, data] : floats) sum += data.size() * sizeof(float);
  for (const auto& [tensor, data] : integers) sum += data.size();
  return sum;
}

Stream::Stream(const graph::Graph& graph, const Plan& plan, const ImageSource& images,
               std::vector<int64_t> chosen, Progress* progress)
    : graph_(graph),
      plan_(plan),
      images_(images),
      chosen_(std::move(chosen)),
      progress_(progress),
      consumers_(graph::Consumers(graph)),
      steps_(plan.nodes.size()),
      last_reader_(plan.tensors.size(), 0) {
  for (size_t i = 0; i < plan.nodes.size(); ++i) {
    for (const int32_t t : plan.nodes[i].inputs) last_reader_[static_cast<size_t>(t)] = i;
  }
  for (const int32_t t : plan.outputs) last_reader_[static_cast<size_t>(t)] = SIZE_MAX;
}

Expected<std::unique_ptr<Stream>> Stream::Create(const graph::Graph& graph, const Plan& plan,
                                                 const ImageSource& images,
                                                 std::vector<int64_t> chosen, int threads,
                                                 Progress* progress) {
  std::unique_ptr<Stream> stream(new Stream(graph, plan, images, std::move(chosen), progress));
  int64_t largest = 1;
  for (const graph::Node& node : graph.nodes) largest = std::max(largest, node.shape.count());
  // Batches large enough for the float kernels, small enough for the caches.
  // Not by the number of threads: the sums' order must not depend on it.
  stream->batch_ = static_cast<int32_t>(std::clamp<int64_t>((int64_t{1} << 20) / largest, 1, 16));
  const auto chunks = (stream->images() + stream->batch_ - 1) / stream->batch_;
  for (int64_t slot = 0; slot < std::min<int64_t>(threads, chunks); ++slot) {
    POTLUT_ASSIGN_OR_RETURN(auto executor, graph::Executor::Create(graph, stream->batch_, 1));
    stream->executors_.push_back(std::move(executor));
  }
  stream->kept_.resize(static_cast<size_t>(chunks));
  return stream;
}

Expected<Chunk> Stream::Start(int64_t first) const {
  const graph::Shape shape = graph_.input_shape();
  const auto size = static_cast<size_t>(shape.count());
  Chunk chunk;
  chunk.first = first;
  chunk.count = static_cast<int32_t>(std::min<int64_t>(batch_, images() - first));
  auto& raw = chunk.integers[plan_.input];
  raw.resize(size * static_cast<size_t>(chunk.count));
  graph::Values& input = chunk.floats[0];
  input.assign(size * static_cast<size_t>(batch_),
               0.0F);  // images that are missing from the last chunk are zeros
  const auto channels = static_cast<size_t>(shape.c);
  for (int64_t i = 0; i < chunk.count; ++i) {
    const int64_t index = chosen_[static_cast<size_t>(first + i)];
    POTLUT_ASSIGN_OR_RETURN(const std::vector<uint8_t> image, images_(index));
    if (image.size() != size) {
      return BadInput("calibration image ", index, " has ", image.size(),
                      " values; the network wants ", shape.h, "x", shape.w, "x", shape.c);
    }
    const size_t base = static_cast<size_t>(i) * size;
    std::copy(image.begin(), image.end(), raw.begin() + static_cast<ptrdiff_t>(base));
    for (size_t p = 0; p < size; ++p) {
      const size_t c = p % channels;
      input[base + p] = static_cast<float>((image[p] - plan_.mean[c]) / plan_.stddev[c]);
    }
  }
  return chunk;
}

void Stream::DropFloats(Chunk& chunk, int32_t until) const {
  for (auto it = chunk.floats.begin(); it != chunk.floats.end();) {
    const auto& readers = consumers_[static_cast<size_t>(it->first)];
    const bool needed =
        it->first == until || std::any_of(readers.begin(), readers.end(),
                                          [&](int32_t r) { return r >= chunk.next_float; });
    it = needed ? std::next(it) : chunk.floats.erase(it);
  }
}

Status Stream::RunFloat(Chunk& chunk, int32_t until, int slot) const {
  for (; chunk.next_float <= until; ++chunk.next_float) {
    const graph::Node& node = graph_.nodes[static_cast<size_t>(chunk.next_float)];
    std::vector<const graph::Values*> inputs;
    for (const int32_t i : node.inputs) inputs.push_back(&chunk.floats.at(i));
    graph::Values out;
    POTLUT_RETURN_IF_ERROR(
        executors_[static_cast<size_t>(slot)]->RunNode(chunk.next_float, inputs, out));
    DropFloats(chunk, until);
    chunk.floats[chunk.next_float] = std::move(out);
  }
  DropFloats(chunk, until);
  return {};
}

Status Stream::Waves(const std::function<Status(int64_t, int)>& run, const Reduce& reduce) {
  const auto chunks = static_cast<int64_t>(kept_.size());
  std::vector<Status> statuses(executors_.size());
  for (int64_t wave = 0; wave < chunks; wave += slots()) {
    if (progress_ != nullptr && progress_->cancelled()) {
      return {ErrorCode::kInterrupted, "interrupted; nothing was written"};
    }
    const int64_t count = std::min<int64_t>(slots(), chunks - wave);
    ParallelFor(count, slots(), [&](int64_t i) {
      try {
        statuses[static_cast<size_t>(i)] = run(wave + i, static_cast<int>(i));
      } catch (const std::bad_alloc&) {  // must not leave the thread
        statuses[static_cast<size_t>(i)] =
            ResourceLimit("not enough memory to calibrate this network; use fewer threads");
      }
    });
    for (int64_t i = 0; i < count; ++i) {
      POTLUT_RETURN_IF_ERROR(statuses[static_cast<size_t>(i)]);
      reduce(static_cast<int>(i));
    }
  }
  return {};
}

Status Stream::VisitFloat(const std::function<Status(const Chunk&, int32_t, int)>& visit) {
  int64_t done = 0;
  return Waves(
      [&](int64_t index, int slot) -> Status {
        POTLUT_ASSIGN_OR_RETURN(Chunk chunk, Start(index * batch_));
        POTLUT_RETURN_IF_ERROR(visit(chunk, 0, slot));
        for (int32_t i = 1; i < static_cast<int32_t>(graph_.nodes.size()); ++i) {
          POTLUT_RETURN_IF_ERROR(RunFloat(chunk, i, slot));
          POTLUT_RETURN_IF_ERROR(visit(chunk, i, slot));
        }
        return {};
      },
      [&](int) {
        done = std::min<int64_t>(done + batch_, images());
        if (progress_ != nullptr) progress_->Update(done, "ranges");
      });
}

Status Stream::Prepare(const Lowering& lowering, Program& program, size_t position) {
  const auto [first, last] = lowering.nodes(position);
  if (plan_of_.empty()) plan_of_[lowering.tensor(plan_.input)] = plan_.input;
  for (size_t n = first; n < last; ++n) {
    const Node& node = program.nodes[n];
    const Tensor& out = program.tensors[static_cast<size_t>(node.output)];
    POTLUT_ASSIGN_OR_RETURN(auto kernel, MakeKernel(program, node));
    const bool own = n + 1 == last;  // the last one writes the plan node's tensor
    const int32_t plan_output = own ? plan_.nodes[position].output : -1;
    const size_t bytes = static_cast<size_t>(out.dims.count()) * out.type.bytes();
    if (own) plan_of_[node.output] = plan_output;
    steps_[position].push_back({std::move(kernel), node.inputs, node.output, bytes, plan_output});
  }
  return {};
}

Status Stream::RunIntegers(Chunk& chunk, size_t until) const {
  for (; chunk.next_plan < until; ++chunk.next_plan) {
    const PlanNode& node = plan_.nodes[chunk.next_plan];
    std::map<int32_t, std::vector<uint8_t>> inner;  // by program tensor
    for (const Step& step : steps_[chunk.next_plan]) {
      std::vector<const uint8_t*> inputs;
      std::vector<size_t> strides;
      for (const int32_t t : step.inputs) {
        const auto own = inner.find(t);
        const std::vector<uint8_t>& data =
            own != inner.end() ? own->second : chunk.integers.at(plan_of_.at(t));
        inputs.push_back(data.data());
        strides.push_back(data.size() / static_cast<size_t>(chunk.count));
      }
      std::vector<uint8_t> out(step.output_bytes * static_cast<size_t>(chunk.count));
      const Scratch scratch = MakeScratch(step.kernel->scratch_bytes());
      std::vector<const void*> at(inputs.size());
      for (int64_t i = 0; i < chunk.count; ++i) {
        for (size_t k = 0; k < inputs.size(); ++k)
          at[k] = inputs[k] + static_cast<size_t>(i) * strides[k];
        step.kernel->Run(at.data(), out.data() + static_cast<size_t>(i) * step.output_bytes,
                         scratch.get());
      }
      if (step.plan_output >= 0) {
        chunk.integers[step.plan_output] = std::move(out);
      } else {
        inner[step.output] = std::move(out);
      }
    }
    for (const int32_t t : node.inputs) {
      if (last_reader_[static_cast<size_t>(t)] <= chunk.next_plan) chunk.integers.erase(t);
    }
  }
  return {};
}

Status Stream::Visit(size_t position, int32_t float_until, const Map& map, const Reduce& reduce) {
  std::vector<int64_t> index_of(executors_.size());
  std::vector<Chunk> running(executors_.size());
  return Waves(
      [&](int64_t index, int slot) -> Status {
        std::optional<Chunk>& kept = kept_[static_cast<size_t>(index)];
        Chunk chunk;
        if (kept) {
          kept_bytes_ -= kept->bytes();
          chunk = std::move(*kept);
          kept.reset();
        }
        if (chunk.count == 0 || chunk.next_plan > position || chunk.next_float > float_until + 1) {
          POTLUT_ASSIGN_OR_RETURN(chunk, Start(index * batch_));
        }
        POTLUT_RETURN_IF_ERROR(RunFloat(chunk, float_until, slot));
        POTLUT_RETURN_IF_ERROR(RunIntegers(chunk, position));
        POTLUT_RETURN_IF_ERROR(map(chunk, slot));
        index_of[static_cast<size_t>(slot)] = index;
        running[static_cast<size_t>(slot)] = std::move(chunk);
        return {};
      },
      [&](int slot) {
        reduce(slot);
        Chunk& chunk = running[static_cast<size_t>(slot)];
        const size_t bytes = chunk.bytes();
        if (kept_bytes_ + bytes <= kKeepBytes) {
          kept_bytes_ += bytes;
          kept_[static_cast<size_t>(index_of[static_cast<size_t>(slot)])] = std::move(chunk);
        }
        chunk = Chunk();
      });
}

}  // namespace potlut::quant
