// The bar is redrawn in place at most ten times a second.
#include "cli/progress_bar.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "cli/console.h"
#include "cli/interrupt.h"
#include "cli/table.h"

namespace potlut::cli {
namespace {

using namespace std::chrono_literals;

constexpr int kCells = 20;

int ErrorWidth() {
  winsize size = {};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

std::string FormatDuration(double seconds) {
  const auto whole = static_cast<int64_t>(std::clamp(seconds + 0.5, 0.0, 1e9));
  const int64_t hours = whole / 3600, minutes = whole / 60 % 60, rest = whole % 60;
  if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, minutes, rest);
  return fmt::format("{}:{:02}", minutes, rest);
}

void ProgressBar::Begin(std::string_view task, int64_t total) {
  const std::lock_guard lock(mutex_);
  Clear();
  task_ = Printable(task);
  detail_.clear();
  total_ = std::max<int64_t>(total, 0);
  done_ = 0;
  begin_ = Clock::now();
  next_ = begin_ + (terminal_ ? Clock::duration(500ms) : std::max<Clock::duration>(2s, quiet_ / 5));
}

void ProgressBar::Update(int64_t done, std::string_view detail) {
  const std::lock_guard lock(mutex_);
  done_ = std::clamp<int64_t>(done, 0, total_);
  const auto now = Clock::now();
  if (now < next_) return;
  detail_ = Printable(detail);
  next_ = now + (terminal_ ? Clock::duration(100ms) : Clock::duration(quiet_));
  Draw(now);
}

void ProgressBar::End() {
  const std::lock_guard lock(mutex_);
  Clear();
  next_ = Clock::time_point::max();
}

bool ProgressBar::cancelled() const { return Interrupted(); }

void ProgressBar::Draw(Clock::time_point now) {
  const double seconds = std::chrono::duration<double>(now - begin_).count();
  const double share = total_ > 0 ? static_cast<double>(done_) / static_cast<double>(total_) : 0;
  const double rate = seconds > 0 ? static_cast<double>(done_) / seconds : 0;
  std::string tail = fmt::format("{:3.0f} %", 100 * share);
  if (rate > 0) {
    tail += rate >= 1 ? fmt::format("  {:.1f}/s", rate) : fmt::format("  {:.1f} s each", 1 / rate);
    tail += "  " + FormatDuration(static_cast<double>(total_ - done_) / rate) + " left";
  }
  if (!detail_.empty()) tail += "  " + detail_;
  std::string line;
  if (terminal_) {
    const auto full = static_cast<size_t>(share * kCells);
    line = fmt::format("{} [{}{}] {}", task_, std::string(full, '#'),
                       std::string(kCells - full, '.'), tail);
    const auto room = static_cast<size_t>(ErrorWidth()) - 1;
    while (DisplayWidth(line) > room) line.pop_back();
    line = "\r\x1b[K" + line;
  } else {
    line = fmt::format("potlut: {} {}\n", task_, tail);
  }
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fflush(stderr);
  drawn_ = true;
}

void ProgressBar::Clear() {
  if (terminal_ && drawn_) std::fputs("\r\x1b[K", stderr);
  drawn_ = false;
}

}  // namespace potlut::cli
