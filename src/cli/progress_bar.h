// Shows how far long work is, on stderr.
#pragma once

#include <chrono>
#include <mutex>
#include <string>

#include "base/progress.h"

namespace potlut::cli {

// On a terminal a bar with percentage, what is at work, rate and time left; elsewhere a plain line
// every `quiet`. Says nothing about work that takes less than two seconds (half a second on a
// terminal). Thread safe.
class ProgressBar : public Progress {
 public:
  explicit ProgressBar(bool terminal, std::chrono::seconds quiet = std::chrono::seconds(10))
      : terminal_(terminal), quiet_(quiet) {}
  ~ProgressBar() override { End(); }

  void Begin(std::string_view task, int64_t total) override;
  void Update(int64_t done, std::string_view detail) override;
  void End() override;
  bool cancelled() const override;  // Ctrl-C

 private:
  using Clock = std::chrono::steady_clock;
  void Draw(Clock::time_point now);
  void Clear();

  const bool terminal_;
  const std::chrono::seconds quiet_;
  std::mutex mutex_;
  std::string task_, detail_;
  int64_t total_ = 0, done_ = 0;
  Clock::time_point begin_, next_;
  bool drawn_ = false;
};

// "0:07", "12:30", "1:02:03".
std::string FormatDuration(double seconds);

}  // namespace potlut::cli
