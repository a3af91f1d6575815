// What stdout and stderr are is asked once, at the start.
#include "cli/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/text.h"

namespace potlut::cli {
namespace {

int TerminalWidth(bool out_is_terminal) {
  if (const char* columns = std::getenv("COLUMNS"); columns != nullptr) {
    int width = 0;
    std::from_chars(columns, columns + std::strlen(columns), width);
    if (width > 0) return width;
  }
  winsize size = {};
  if (out_is_terminal && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) return size.ws_col;
  return 0;
}

void ToError(const std::string& line) { std::fwrite(line.data(), 1, line.size(), stderr); }

}  // namespace

std::string Printable(std::string_view text) {
  std::string safe(text);
  for (char& c : safe) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n') || byte == 0x7F) c = '?';
  }
  return safe;
}

Console::Console()
    : out_is_terminal_(::isatty(STDOUT_FILENO) != 0),
      error_is_terminal_(::isatty(STDERR_FILENO) != 0) {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::strcmp(term, "dumb") == 0;
  colour_ = out_is_terminal_ && !dumb && (no_colour == nullptr || *no_colour == '\0');
  width_ = TerminalWidth(out_is_terminal_);
}

void Console::Out(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void Console::Note(std::string_view text) { ToError(Cat("potlut: ", Printable(text), "\n")); }
void Console::Warn(std::string_view text) {
  ToError(Cat("potlut: warning: ", Printable(text), "\n"));
}

void Console::ShowError(const Error& error) {
  if (error.code == ErrorCode::kInterrupted) {
    Note("interrupted");
  } else {
    ToError(Cat("potlut: error: ", Printable(error.message), "\n"));
  }
}

Status Console::Finish() {
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    return Failed("standard output could not be written: ", std::string_view(std::strerror(errno)));
  }
  return {};
}

}  // namespace potlut::cli
