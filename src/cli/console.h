// The terminal: data to stdout, talk to stderr, and what each of them is.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "base/status.h"

namespace potlut::cli {

// Text from files and names, safe to print: control characters become '?'.
std::string Printable(std::string_view text);

class Console {
 public:
  Console();

  // Data, to stdout.
  void Out(std::string_view text);
  // Talk, to stderr: "potlut: ..." and a line end.
  void Note(std::string_view text);
  void Warn(std::string_view text);
  void ShowError(const Error& error);

  bool out_is_terminal() const { return out_is_terminal_; }
  bool error_is_terminal() const { return error_is_terminal_; }
  bool colour() const { return colour_; }  // on stdout: a terminal, and NO_COLOR is not set
  // Columns of the terminal (COLUMNS, else what it says); 0: none, do not cut.
  int width() const { return width_; }

  // Flushes stdout. Errors: kFailed where it could not be written (a full disk, say).
  Status Finish();

 private:
  bool out_is_terminal_ = false, error_is_terminal_ = false, colour_ = false;
  int width_ = 0;
};

}  // namespace potlut::cli
