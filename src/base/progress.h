// How long work tells whoever waits for it how far it is, and learns that it should stop.
#pragma once

#include <cstdint>
#include <string_view>

namespace potlut {

// The base class is silent and never cancels; the command line derives a bar from it.
class Progress {
 public:
  virtual ~Progress() = default;
  // A task of `total` steps begins (ends the one before).
  virtual void Begin(std::string_view task, int64_t total) {
    (void)task;
    (void)total;
  }
  // `done` steps of the task are done; `detail` says what is at work now (a layer's name, say).
  virtual void Update(int64_t done, std::string_view detail) {
    (void)done;
    (void)detail;
  }
  virtual void End() {}
  // True once the user asked to stop: return ErrorCode::kInterrupted soon.
  virtual bool cancelled() const { return false; }
};

}  // namespace potlut
