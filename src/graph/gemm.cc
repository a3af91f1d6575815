// Dense products of matrices for Hessians.
#include <oneapi/dnnl/dnnl.h>

#include <algorithm>

#include "graph/executor.h"
#include "graph/team.h"

namespace potlut::graph {

void GemmTransposedA(int64_t m, int64_t n, int64_t k, const float* a, const float* b, float* c,
                     bool accumulate) {
  if (m <= 0 || n <= 0) return;
  if (k <= 0) {  // an empty sum
    if (!accumulate) std::fill(c, c + m * n, 0.0F);
    return;
  }
  SetTeamThreads(1);
  // dnnl_sgemm is row-major; A is stored [k][m], that is transposed, with rows of m values.
  dnnl_sgemm('T', 'N', m, n, k, 1.0F, a, m, b, n, accumulate ? 1.0F : 0.0F, c, n);
}

}  // namespace potlut::graph
