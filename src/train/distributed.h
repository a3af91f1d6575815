// Data-parallel training over LibTorch's c10d with the Gloo back end.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "train/workers.h"

namespace potlut::train {

struct RendezvousOptions {
  std::string address;  // tcp://HOST:PORT; empty: the environment's, where it is set
  std::optional<int> rank, world_size;
};

struct Rendezvous {
  std::string host;
  uint16_t port = 0;
  int rank = 0, world_size = 1;
  bool serve = true;  // process 0 serves the store; false: somebody else does
};

// From the options, else from what torchrun sets (MASTER_ADDR, MASTER_PORT, RANK, WORLD_SIZE);
// nothing for a single process. Errors: kUsage naming the option or variable.
Expected<std::optional<Rendezvous>> ResolveRendezvous(const RendezvousOptions& options);

// Waits for all processes, at most five minutes. Errors: kFailed where they do not come;
// kUnsupported where LibTorch was built without Gloo.
Expected<std::unique_ptr<Workers>> Join(const Rendezvous& rendezvous);

}  // namespace potlut::train
