// potlut: runs quantised networks (.plut files) with integers only. C++17 over the C interface,
// header only.
//
// Functions that can fail return a Result. Whoever likes exceptions says .value(), which throws
// potlut::Error where there is none; whoever does not asks .ok() first and reads .error(). (With
// -fno-exceptions a .value() that is not there aborts.)
//
//   potlut::Model model = potlut::Model::Load("model.plut").value();
//   potlut::Session session = potlut::Session::Create(model).value();
//   session.Run(image).value();
//   std::vector<float> scores = session.Floats().value();
//
// A Model is immutable and may be shared between threads; use one Session a thread. Sessions stay
// valid when their model is gone.
#ifndef POTLUT_POTLUT_HPP_
#define POTLUT_POTLUT_HPP_

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "potlut/potlut.h"

namespace potlut {
// Keeps these names apart from the library's own when both meet in one program.
inline namespace cpp_v0 {

class Error : public std::runtime_error {
 public:
  explicit Error(const potlut_error& error)
      : std::runtime_error(error.message), status_(error.status) {}
  potlut_status status() const { return status_; }

 private:
  potlut_status status_;
};

// A T or an Error.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : v_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit by design
  Result(Error error) : v_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  bool ok() const { return v_.index() == 0; }
  explicit operator bool() const { return ok(); }
  const Error& error() const { return *std::get_if<1>(&v_); }  // only where !ok()

  T& value() & { return Check(), *std::get_if<0>(&v_); }
  const T& value() const& { return Check(), *std::get_if<0>(&v_); }
  T value() && { return Check(), std::move(*std::get_if<0>(&v_)); }

 private:
  void Check() const {
    if (ok()) return;
#if defined(__cpp_exceptions)
    throw error();
#else
    std::abort();
#endif
  }
  std::variant<T, Error> v_;
};

// Success or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit by design

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const { return *error_; }  // only where !ok()
  void value() const {
    if (ok()) return;
#if defined(__cpp_exceptions)
    throw *error_;
#else
    std::abort();
#endif
  }

 private:
  std::optional<Error> error_;
};

using TensorInfo = potlut_tensor_info;  // see potlut.h; its pointers live as long as the model

enum class Isa {
  kAuto = POTLUT_ISA_AUTO,
  kPortable = POTLUT_ISA_PORTABLE,
  kAvx2 = POTLUT_ISA_AVX2,
  kAvx512Vnni = POTLUT_ISA_AVX512VNNI,
  kNeon = POTLUT_ISA_NEON,
  kNeonDot = POTLUT_ISA_NEONDOT,
};

// A loaded network; immutable.
class Model {
 public:
  static Result<Model> Load(const std::string& path, Isa isa = Isa::kAuto) {
    potlut_model* model = nullptr;
    potlut_error error;
    if (potlut_model_load_file(path.c_str(), ToC(isa), &model, &error) != POTLUT_OK)
      return Error(error);
    return Model(model);
  }
  // The bytes of a .plut file, not needed after the call.
  static Result<Model> FromMemory(const void* bytes, size_t size, Isa isa = Isa::kAuto) {
    potlut_model* model = nullptr;
    potlut_error error;
    if (potlut_model_load_memory(bytes, size, ToC(isa), &model, &error) != POTLUT_OK)
      return Error(error);
    return Model(model);
  }

  TensorInfo input() const {
    TensorInfo info{};
    (void)potlut_model_input(get(), &info, nullptr);
    return info;
  }
  size_t output_count() const { return potlut_model_output_count(get()); }
  Result<TensorInfo> output(size_t index = 0) const {
    TensorInfo info{};
    potlut_error error;
    if (potlut_model_output(get(), index, &info, &error) != POTLUT_OK) return Error(error);
    return info;
  }
  // Nothing where the model has no such text.
  std::optional<std::string> metadata(const std::string& key) const {
    const char* text = potlut_model_metadata(get(), key.c_str());
    return text == nullptr ? std::nullopt : std::optional<std::string>(text);
  }
  // The name of a class; its number where the model brings no names.
  std::string class_name(size_t index) const {
    const char* name = potlut_model_class_name(get(), index);
    return name == nullptr ? std::to_string(index) : std::string(name);
  }
  size_t class_count() const { return potlut_model_class_count(get()); }
  Isa isa() const { return static_cast<Isa>(potlut_model_isa(get())); }
  size_t arena_size() const { return potlut_model_arena_size(get()); }
  size_t arena_alignment() const { return potlut_model_arena_alignment(get()); }

  const potlut_model* get() const { return model_.get(); }

 private:
  friend class Stream;
  struct Free {
    void operator()(potlut_model* model) const { potlut_model_free(model); }
  };
  explicit Model(potlut_model* model) : model_(model) {}
  static potlut_isa ToC(Isa isa) { return static_cast<potlut_isa>(isa); }

  std::unique_ptr<potlut_model, Free> model_;
};

// A model that arrives in pieces.
class Stream {
 public:
  // `low_bits`: of the low reading of a layered file; 0 for the file as it is.
  static Result<Stream> Create(int32_t low_bits = 0) {
    potlut_stream* stream = nullptr;
    potlut_error error;
    if (potlut_stream_create(low_bits, &stream, &error) != POTLUT_OK) return Error(error);
    return Stream(stream);
  }
  // The next bytes of the file, not needed after the call.
  Result<void> Feed(const void* bytes, size_t size) {
    potlut_error error;
    if (potlut_stream_feed(get(), bytes, size, &error) != POTLUT_OK) return Error(error);
    return {};
  }
  bool complete() const { return potlut_stream_complete(stream_.get()) != 0; }
  uint64_t expected() const { return potlut_stream_expected(stream_.get()); }  // bytes; 0: unknown
  // The model; once.
  Result<Model> Finish(Isa isa = Isa::kAuto) {
    potlut_model* model = nullptr;
    potlut_error error;
    if (potlut_stream_finish(get(), Model::ToC(isa), &model, &error) != POTLUT_OK)
      return Error(error);
    return Model(model);
  }

  potlut_stream* get() { return stream_.get(); }

 private:
  struct Free {
    void operator()(potlut_stream* stream) const { potlut_stream_free(stream); }
  };
  explicit Stream(potlut_stream* stream) : stream_(stream) {}

  std::unique_ptr<potlut_stream, Free> stream_;
};

// Threads that help in the runs of sessions; several sessions may have one in common.
class Pool {
 public:
  // `threads` counts the caller of a run; 0: as many as there are CPUs.
  static Result<Pool> Create(int32_t threads = 0) {
    potlut_pool* pool = nullptr;
    potlut_error error;
    if (potlut_pool_create(threads, &pool, &error) != POTLUT_OK) return Error(error);
    return Pool(pool);
  }
  int32_t threads() const { return potlut_pool_threads(get()); }
  size_t arena_size(const Model& model) const {
    return potlut_model_arena_size_pooled(model.get(), get());
  }

  const potlut_pool* get() const { return pool_.get(); }

 private:
  struct Free {
    void operator()(potlut_pool* pool) const { potlut_pool_free(pool); }
  };
  explicit Pool(potlut_pool* pool) : pool_(pool) {}

  std::unique_ptr<potlut_pool, Free> pool_;
};

// The state of one inference.
class Session {
 public:
  // `arena`: at least model.arena_size() bytes aligned to model.arena_alignment(), outliving the
  // session; or none, and the session allocates.
  static Result<Session> Create(const Model& model, void* arena = nullptr, size_t arena_size = 0) {
    return Make(model, nullptr, arena, arena_size);
  }
  // The same with a pool that helps in its runs; an arena has pool.arena_size(model) bytes then.
  static Result<Session> Create(const Model& model, const Pool& pool, void* arena = nullptr,
                                size_t arena_size = 0) {
    return Make(model, pool.get(), arena, arena_size);
  }

  // Runs one image: height * width * channels bytes of the model's input.
  Result<void> Run(const void* image, size_t size) {
    potlut_error error;
    if (potlut_session_run(session_.get(), image, size, &error) != POTLUT_OK) return Error(error);
    return {};
  }
  // The same of anything with data() and size() over bytes: std::vector, std::array, std::string,
  // std::span.
  template <typename Bytes>
  Result<void> Run(const Bytes& image) {
    static_assert(sizeof(*image.data()) == 1, "an image is made of bytes");
    return Run(image.data(), image.size());
  }

  // Output `index` of the last run: as the real numbers it stands for, and as integers.
  Result<std::vector<float>> Floats(size_t index = 0) const {
    return Read<float>(index, potlut_session_output_float);
  }
  Result<std::vector<int32_t>> Integers(size_t index = 0) const {
    return Read<int32_t>(index, potlut_session_output_int32);
  }

  const potlut_session* get() const { return session_.get(); }

 private:
  struct Free {
    void operator()(potlut_session* session) const { potlut_session_free(session); }
  };
  explicit Session(potlut_session* session) : session_(session) {}

  static Result<Session> Make(const Model& model, const potlut_pool* pool, void* arena,
                              size_t arena_size) {
    potlut_session* session = nullptr;
    potlut_error error;
    if (potlut_session_create_pooled(model.get(), pool, arena, arena_size, &session, &error) !=
        POTLUT_OK)
      return Error(error);
    Session made(session);
    for (size_t i = 0; i < model.output_count(); ++i) {
      TensorInfo info{};
      if (potlut_model_output(model.get(), i, &info, &error) != POTLUT_OK) return Error(error);
      made.counts_.push_back(info.count);
    }
    return made;
  }

  template <typename T, typename F>
  Result<std::vector<T>> Read(size_t index, F read) const {
    // An index that does not exist has a place for one value, so that the library says what is
    // wrong with it.
    std::vector<T> values(index < counts_.size() ? counts_[index] : 1);
    potlut_error error;
    if (read(session_.get(), index, values.data(), values.size(), &error) != POTLUT_OK)
      return Error(error);
    return values;
  }

  std::unique_ptr<potlut_session, Free> session_;
  std::vector<size_t> counts_;  // values of each output
};

}  // namespace cpp_v0
}  // namespace potlut

#endif  // POTLUT_POTLUT_HPP_
