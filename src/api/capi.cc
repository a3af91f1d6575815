// The C interface over models and sessions: nothing is thrown out of here and nothing aborts.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <exception>
#include <iterator>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/parallel.h"
#include "base/text.h"
#include "engine/aligned.h"
#include "engine/engine.h"
#include "engine/thread_pool.h"
#include "pack/plut.h"
#include "pack/stream.h"
#include "potlut/potlut.h"

struct potlut_model {
  std::shared_ptr<const potlut::Model> model;
  std::vector<std::string> classes;
};

struct potlut_session {
  std::shared_ptr<const potlut::Model> model;
  std::unique_ptr<potlut::Session> session;
  bool ran = false;  // whether there are outputs to read
};

struct potlut_pool {
  std::shared_ptr<potlut::ThreadPool> pool;
};

struct potlut_stream {
  potlut::PlutStream stream;
};

namespace {

using potlut::ErrorCode;
using potlut::Expected;
using potlut::Isa;
using potlut::Program;
using potlut::Status;
using potlut::Tensor;
using potlut::UsageError;

static_assert(static_cast<int>(ErrorCode::kFailed) == POTLUT_FAILED);
static_assert(static_cast<int>(ErrorCode::kUsage) == POTLUT_USAGE);
static_assert(static_cast<int>(ErrorCode::kBadInput) == POTLUT_BAD_INPUT);
static_assert(static_cast<int>(ErrorCode::kUnsupported) == POTLUT_UNSUPPORTED);
static_assert(static_cast<int>(ErrorCode::kResourceLimit) == POTLUT_RESOURCE_LIMIT);
static_assert(static_cast<int>(Isa::kAuto) == POTLUT_ISA_AUTO);
static_assert(static_cast<int>(Isa::kPortable) == POTLUT_ISA_PORTABLE);
static_assert(static_cast<int>(Isa::kAvx2) == POTLUT_ISA_AVX2);
static_assert(static_cast<int>(Isa::kAvx512Vnni) == POTLUT_ISA_AVX512VNNI);
static_assert(static_cast<int>(Isa::kNeon) == POTLUT_ISA_NEON);
static_assert(static_cast<int>(Isa::kNeonDot) == POTLUT_ISA_NEONDOT);
static_assert(sizeof(potlut_error) == 512);

potlut_status Report(potlut_status status, std::string_view message, potlut_error* error) {
  if (error == nullptr) return status;
  error->status = status;
  const size_t length = std::min(message.size(), sizeof(error->message) - 1);
  std::memcpy(error->message, message.data(), length);
  error->message[length] = '\0';
  return status;
}

potlut_status ToStatus(ErrorCode code) {
  switch (code) {
    case ErrorCode::kOk:
      return POTLUT_OK;
    case ErrorCode::kUsage:
      return POTLUT_USAGE;
    case ErrorCode::kBadInput:
      return POTLUT_BAD_INPUT;
    case ErrorCode::kUnsupported:
      return POTLUT_UNSUPPORTED;
    case ErrorCode::kResourceLimit:
      return POTLUT_RESOURCE_LIMIT;
    default:  // what the library itself never returns
      return POTLUT_FAILED;
  }
}

// Runs f, a function that returns Status; whatever happens in it becomes a status and a message.
template <typename F>
potlut_status Guard(potlut_error* error, F f) noexcept {
  try {
    const Status status = f();
    return Report(ToStatus(status.code()), status.message(), error);
  } catch (const std::bad_alloc&) {
    return Report(POTLUT_RESOURCE_LIMIT, "out of memory", error);
  } catch (const std::exception& e) {
    return Report(POTLUT_FAILED, e.what(), error);
  } catch (...) {
    return Report(POTLUT_FAILED, "unknown failure", error);
  }
}

Status NotNull(const void* pointer, std::string_view what) {
  if (pointer != nullptr) return {};
  return UsageError(what, " must not be NULL");
}

bool Known(potlut_isa isa) {
  const int value = static_cast<int>(isa);
  return value >= POTLUT_ISA_AUTO && value <= POTLUT_ISA_NEONDOT;
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

Status MakeModel(Expected<Program> program, potlut_isa isa, potlut_model** model) {
  POTLUT_RETURN_IF_ERROR(program.status());
  auto made = std::make_unique<potlut_model>();
  const auto classes = program->metadata.find("classes");
  if (classes != program->metadata.end()) made->classes = Lines(classes->second);
  POTLUT_ASSIGN_OR_RETURN(made->model,
                          potlut::Model::Create(std::move(*program), static_cast<Isa>(isa)));
  *model = made.release();
  return {};
}

Status CheckLoad(const void* source, std::string_view name, potlut_isa isa, potlut_model** model) {
  POTLUT_RETURN_IF_ERROR(NotNull(model, "model"));
  *model = nullptr;
  POTLUT_RETURN_IF_ERROR(NotNull(source, name));
  if (!Known(isa)) return UsageError("isa ", static_cast<int>(isa), " is unknown");
  return {};
}

size_t CountOf(const Tensor& t) { return static_cast<size_t>(t.dims.count()); }

void Describe(const Tensor& t, potlut_tensor_info* info) {
  *info = {};
  info->name = t.name.c_str();
  info->height = t.dims.h;
  info->width = t.dims.w;
  info->channels = t.dims.c;
  info->bits = t.type.bits;
  info->is_signed = t.type.is_signed ? 1 : 0;
  info->count = CountOf(t);
  info->bytes = CountOf(t) * t.type.bytes();
  info->exponent = t.exponent;
  info->factor_count = t.factor.size();
  info->factors = t.factor.empty() ? nullptr : t.factor.data();
}

// Output `index` of a model; it must exist.
Expected<const Tensor*> OutputTensor(const potlut::Model& model, size_t index) {
  const Program& program = model.program();
  if (index >= program.outputs.size()) {
    return UsageError("output ", index, " does not exist: the model has ", program.outputs.size());
  }
  return &program.tensors[static_cast<size_t>(program.outputs[index])];
}

// The tensor behind an output of a session that has run, for a caller with room for `count` values.
Expected<const Tensor*> Readable(const potlut_session* session, size_t index, const void* values,
                                 size_t count) {
  POTLUT_RETURN_IF_ERROR(NotNull(session, "session"));
  POTLUT_RETURN_IF_ERROR(NotNull(values, "values"));
  POTLUT_ASSIGN_OR_RETURN(const Tensor* t, OutputTensor(*session->model, index));
  if (!session->ran) return UsageError("the session has not run yet: there is no output");
  if (count != CountOf(*t)) {
    return UsageError("count is ", count, ", but output ", index, " has ", CountOf(*t), " values");
  }
  return t;
}

// Value i of a tensor's bytes.
int32_t ValueAt(const Tensor& t, const uint8_t* bytes, size_t i) {
  if (t.type.wide()) {
    int32_t v;
    std::memcpy(&v, bytes + i * 4, 4);
    return v;
  }
  return t.type.is_signed ? int32_t{static_cast<int8_t>(bytes[i])} : int32_t{bytes[i]};
}

const Program* ProgramOf(const potlut_model* model) {
  return model == nullptr ? nullptr : &model->model->program();
}

}  // namespace

#define POTLUT_TEXT_OF(x) #x
#define POTLUT_TEXT(x) POTLUT_TEXT_OF(x)

const char* potlut_version(void) {
  return POTLUT_TEXT(POTLUT_VERSION_MAJOR) "." POTLUT_TEXT(POTLUT_VERSION_MINOR) "." POTLUT_TEXT(
      POTLUT_VERSION_PATCH);
}

int potlut_version_number(void) { return POTLUT_VERSION_NUMBER; }

const char* potlut_status_text(potlut_status status) {
  switch (static_cast<int>(status)) {
    case POTLUT_OK:
      return "ok";
    case POTLUT_FAILED:
      return "failed";
    case POTLUT_USAGE:
      return "usage error";
    case POTLUT_BAD_INPUT:
      return "bad input";
    case POTLUT_UNSUPPORTED:
      return "unsupported";
    case POTLUT_RESOURCE_LIMIT:
      return "resource limit";
  }
  return "unknown status";
}

int potlut_isa_available(potlut_isa isa) {
  return Known(isa) && potlut::IsaAvailable(static_cast<Isa>(isa)) ? 1 : 0;
}

const char* potlut_isa_name(potlut_isa isa) {
  // The names are literals.
  return Known(isa) ? potlut::IsaName(static_cast<Isa>(isa)).data() : "unknown";
}

potlut_status potlut_model_load_file(const char* path, potlut_isa isa, potlut_model** model,
                                     potlut_error* error) {
  return Guard(error, [&]() -> Status {
    POTLUT_RETURN_IF_ERROR(CheckLoad(path, "path", isa, model));
    return MakeModel(potlut::LoadProgram(path), isa, model);
  });
}

potlut_status potlut_model_load_memory(const void* bytes, size_t size, potlut_isa isa,
                                       potlut_model** model, potlut_error* error) {
  return Guard(error, [&]() -> Status {
    POTLUT_RETURN_IF_ERROR(CheckLoad(bytes, "bytes", isa, model));
    return MakeModel(potlut::Unpack({static_cast<const uint8_t*>(bytes), size}), isa, model);
  });
}

void potlut_model_free(potlut_model* model) { delete model; }

potlut_status potlut_stream_create(int32_t low_bits, potlut_stream** stream, potlut_error* error) {
  return Guard(error, [&]() -> Status {
    POTLUT_RETURN_IF_ERROR(NotNull(stream, "stream"));
    *stream = nullptr;
    if (low_bits < 0 || low_bits > 8) return UsageError("low_bits is ", low_bits, ", not 0 to 8");
    potlut::StreamOptions options;
    options.low = low_bits > 0;
    options.low_bits = low_bits;
    *stream = std::make_unique<potlut_stream>(potlut_stream{potlut::PlutStream(options)}).release();
    return {};
  });
}

potlut_status potlut_stream_feed(potlut_stream* stream, const void* bytes, size_t size,
                                 potlut_error* error) {
  return Guard(error, [&]() -> Status {
    POTLUT_RETURN_IF_ERROR(NotNull(stream, "stream"));
    if (size == 0) return {};
    POTLUT_RETURN_IF_ERROR(NotNull(bytes, "bytes"));
    return stream->stream.Feed({static_cast<const uint8_t*>(bytes), size});
  });
}

int potlut_stream_complete(const potlut_stream* stream) {
  return stream != nullptr && stream->stream.complete() ? 1 : 0;
}

uint64_t potlut_stream_expected(const potlut_stream* stream) {
  return stream == nullptr ? 0 : stream->stream.expected_bytes();
}

potlut_status potlut_stream_finish(potlut_stream* stream, potlut_isa isa, potlut_model** model,
                                   potlut_error* error) {
  return Guard(error, [&]() -> Status {
    POTLUT_RETURN_IF_ERROR(CheckLoad(stream, "stream", isa, model));
    return MakeModel(stream->stream.Finish(), isa, model);
  });
}

void potlut_stream_free(potlut_stream* stream) { delete stream; }

potlut_isa potlut_model_isa(const potlut_model* model) {
  return model == nullptr ? POTLUT_ISA_AUTO : static_cast<potlut_isa>(model->model->isa());
}

potlut_status potlut_model_input(const potlut_model* model, potlut_tensor_info* info,
                                 potlut_error* error) {
  return Guard(error, [&]() -> Status {
    POTLUT_RETURN_IF_ERROR(NotNull(model, "model"));
    POTLUT_RETURN_IF_ERROR(NotNull(info, "info"));
    const Program& program = model->model->program();
    Describe(program.tensors[static_cast<size_t>(program.input)], info);
    return {};
  });
}

size_t potlut_model_output_count(const potlut_model* model) {
  const Program* program = ProgramOf(model);
  return program == nullptr ? 0 : program->outputs.size();
}

potlut_status potlut_model_output(const potlut_model* model, size_t index, potlut_tensor_info* info,
                                  potlut_error* error) {
  return Guard(error, [&]() -> Status {
    POTLUT_RETURN_IF_ERROR(NotNull(model, "model"));
    POTLUT_RETURN_IF_ERROR(NotNull(info, "info"));
    POTLUT_ASSIGN_OR_RETURN(const Tensor* t, OutputTensor(*model->model, index));
    Describe(*t, info);
    return {};
  });
}

const char* potlut_model_metadata(const potlut_model* model, const char* key) {
  const Program* program = ProgramOf(model);
  if (program == nullptr || key == nullptr) return nullptr;
  for (const auto& [name, text] : program->metadata) {  // a look-up by std::string could throw
    if (name == key) return text.c_str();
  }
  return nullptr;
}

size_t potlut_model_metadata_count(const potlut_model* model) {
  const Program* program = ProgramOf(model);
  return program == nullptr ? 0 : program->metadata.size();
}

const char* potlut_model_metadata_key(const potlut_model* model, size_t index) {
  const Program* program = ProgramOf(model);
  if (program == nullptr || index >= program->metadata.size()) return nullptr;
  return std::next(program->metadata.begin(), static_cast<std::ptrdiff_t>(index))->first.c_str();
}

size_t potlut_model_class_count(const potlut_model* model) {
  return model == nullptr ? 0 : model->classes.size();
}

const char* potlut_model_class_name(const potlut_model* model, size_t index) {
  if (model == nullptr || index >= model->classes.size()) return nullptr;
  return model->classes[index].c_str();
}

size_t potlut_model_arena_size(const potlut_model* model) {
  return potlut_model_arena_size_pooled(model, nullptr);
}

size_t potlut_model_arena_alignment(const potlut_model* model) {
  return model == nullptr ? 0 : potlut::kAlignment;
}

potlut_status potlut_pool_create(int32_t threads, potlut_pool** pool, potlut_error* error) {
  return Guard(error, [&]() -> Status {
    POTLUT_RETURN_IF_ERROR(NotNull(pool, "pool"));
    *pool = nullptr;
    if (threads == 0) threads = std::min(potlut::DefaultThreads(), potlut::ThreadPool::kMaxThreads);
    auto made = std::make_unique<potlut_pool>();
    POTLUT_ASSIGN_OR_RETURN(made->pool, potlut::ThreadPool::Create(threads));
    *pool = made.release();
    return {};
  });
}

int32_t potlut_pool_threads(const potlut_pool* pool) {
  return pool == nullptr ? 0 : pool->pool->threads();
}

void potlut_pool_free(potlut_pool* pool) { delete pool; }

size_t potlut_model_arena_size_pooled(const potlut_model* model, const potlut_pool* pool) {
  size_t bytes = 0;
  Guard(nullptr, [&]() -> Status {
    if (model != nullptr)
      bytes = model->model->arena_bytes(pool == nullptr ? 1 : pool->pool->threads());
    return {};
  });
  return bytes;
}

potlut_status potlut_session_create(const potlut_model* model, void* arena, size_t arena_size,
                                    potlut_session** session, potlut_error* error) {
  return potlut_session_create_pooled(model, nullptr, arena, arena_size, session, error);
}

potlut_status potlut_session_create_pooled(const potlut_model* model, const potlut_pool* pool,
                                           void* arena, size_t arena_size, potlut_session** session,
                                           potlut_error* error) {
  return Guard(error, [&]() -> Status {
    POTLUT_RETURN_IF_ERROR(NotNull(session, "session"));
    *session = nullptr;
    POTLUT_RETURN_IF_ERROR(NotNull(model, "model"));
    if ((arena == nullptr) != (arena_size == 0)) {
      return UsageError("give an arena and its size, or NULL and 0 to have it allocated");
    }
    auto made = std::make_unique<potlut_session>();
    made->model = model->model;
    POTLUT_ASSIGN_OR_RETURN(
        made->session,
        potlut::Session::Create(model->model, {static_cast<std::byte*>(arena), arena_size},
                                pool == nullptr ? nullptr : pool->pool));
    *session = made.release();
    return {};
  });
}

void potlut_session_free(potlut_session* session) { delete session; }

potlut_status potlut_session_run(potlut_session* session, const void* image, size_t size,
                                 potlut_error* error) {
  return Guard(error, [&]() -> Status {
    POTLUT_RETURN_IF_ERROR(NotNull(session, "session"));
    POTLUT_RETURN_IF_ERROR(NotNull(image, "image"));
    POTLUT_RETURN_IF_ERROR(session->session->Run({static_cast<const uint8_t*>(image), size}));
    session->ran = true;
    return {};
  });
}

potlut_status potlut_session_output(const potlut_session* session, size_t index, const void** bytes,
                                    size_t* size, potlut_error* error) {
  return Guard(error, [&]() -> Status {
    POTLUT_RETURN_IF_ERROR(NotNull(session, "session"));
    POTLUT_RETURN_IF_ERROR(NotNull(bytes, "bytes"));
    POTLUT_RETURN_IF_ERROR(NotNull(size, "size"));
    POTLUT_RETURN_IF_ERROR(OutputTensor(*session->model, index).status());
    if (!session->ran) return UsageError("the session has not run yet: there is no output");
    const auto output = session->session->Output(index);
    *bytes = output.data();
    *size = output.size();
    return {};
  });
}

potlut_status potlut_session_output_int32(const potlut_session* session, size_t index,
                                          int32_t* values, size_t count, potlut_error* error) {
  return Guard(error, [&]() -> Status {
    POTLUT_ASSIGN_OR_RETURN(const Tensor* t, Readable(session, index, values, count));
    const auto bytes = session->session->Output(index);
    for (size_t i = 0; i < count; ++i) values[i] = ValueAt(*t, bytes.data(), i);
    return {};
  });
}

potlut_status potlut_session_output_float(const potlut_session* session, size_t index,
                                          float* values, size_t count, potlut_error* error) {
  return Guard(error, [&]() -> Status {
    POTLUT_ASSIGN_OR_RETURN(const Tensor* t, Readable(session, index, values, count));
    const auto bytes = session->session->Output(index);
    const size_t channels = static_cast<size_t>(t->dims.c);
    for (size_t i = 0; i < count; ++i) {
      double v = std::ldexp(static_cast<double>(ValueAt(*t, bytes.data(), i)), t->exponent);
      if (!t->factor.empty()) v *= t->factor[t->factor.size() == 1 ? 0 : i % channels];
      values[i] = static_cast<float>(v);
    }
    return {};
  });
}
