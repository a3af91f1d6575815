// Errors are values: Status and Expected<T> carry a code and a message for a person.
#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace potlut {

// Codes double as the exit codes of the command line programs.
enum class ErrorCode {
  kOk = 0,
  kFailed = 1,         // the operation could not be done (I/O error, internal failure)
  kUsage = 2,          // the caller asked for something that makes no sense
  kBadInput = 3,       // a file, image, graph or stream is malformed or hostile
  kUnsupported = 4,    // well formed, but outside what this version does
  kGateMissed = 5,     // a threshold that the caller set was not reached
  kResourceLimit = 6,  // would need more memory, time or space than allowed
  kInterrupted = 130,  // the user asked to stop
};

// A failure: what went wrong, where (file, node, option) and what to do about it, in one message.
struct Error {
  ErrorCode code = ErrorCode::kFailed;
  std::string message;
};

// Success or an Error. Cheap where it is success.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::move(error)) {}  // NOLINT: implicit by design
  Status(ErrorCode code, std::string message) : error_(Error{code, std::move(message)}) {}

  bool ok() const { return !error_.has_value(); }
  const Error& error() const { return *error_; }
  ErrorCode code() const { return ok() ? ErrorCode::kOk : error_->code; }
  const std::string& message() const {
    static const std::string kNone;
    return ok() ? kNone : error_->message;
  }

 private:
  std::optional<Error> error_;
};

// A T or an Error.
template <typename T>
class [[nodiscard]] Expected {
 public:
  Expected(T value) : v_(std::in_place_index<0>, std::move(value)) {}             // NOLINT
  Expected(Error error) : v_(std::in_place_index<1>, std::move(error)) {}         // NOLINT
  Expected(const Status& status) : v_(std::in_place_index<1>, status.error()) {}  // NOLINT

  bool ok() const { return v_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() & { return std::get<0>(v_); }
  const T& value() const& { return std::get<0>(v_); }
  T&& value() && { return std::get<0>(std::move(v_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Error& error() const { return std::get<1>(v_); }
  Status status() const { return ok() ? Status() : Status(error()); }

 private:
  std::variant<T, Error> v_;
};

}  // namespace potlut

#define POTLUT_CONCAT_INNER(a, b) a##b
#define POTLUT_CONCAT(a, b) POTLUT_CONCAT_INNER(a, b)

// Returns from the enclosing function where `expr` (a Status) failed.
#define POTLUT_RETURN_IF_ERROR(expr)                        \
  do {                                                      \
    if (::potlut::Status status_ = (expr); !status_.ok()) { \
      return status_.error();                               \
    }                                                       \
  } while (false)

// `lhs` is a declaration or an lvalue; `expr` an Expected<T>. Returns the error where there is one.
#define POTLUT_ASSIGN_OR_RETURN(lhs, expr) \
  POTLUT_ASSIGN_OR_RETURN_INNER(POTLUT_CONCAT(expected_, __LINE__), lhs, expr)
#define POTLUT_ASSIGN_OR_RETURN_INNER(tmp, lhs, expr) \
  auto tmp = (expr);                                  \
  if (!tmp.ok()) return tmp.error();                  \
  lhs = std::move(tmp).value()
