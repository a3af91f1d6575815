// Times the tables' peak loops.
#include "engine/peak.h"

#include <algorithm>
#include <chrono>

#include "engine/isa.h"

namespace potlut {

double MeasurePeak(Isa isa) {
  const KernelTable* table = KernelsOf(isa);
  if (table == nullptr) return 0;
  double best = 0;
  for (int i = 0; i < 20; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const int64_t macs = table->peak(20000);
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
    if (time.count() > 0) best = std::max(best, static_cast<double>(macs) / time.count());
  }
  return best;
}

}  // namespace potlut
