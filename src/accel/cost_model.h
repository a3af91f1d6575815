// What a program costs on the array: cycles, on-chip bits and DRAM bytes, node by node, without
// running it (docs/accelerator.md).
#pragma once

#include <string>
#include <vector>

#include "accel/conv_plan.h"

namespace potlut::accel {

// Bits that live on the chip while a node runs, by class.
struct OnChipBits {
  int64_t codes = 0;        // weight codes of this node, as the array reads them
  int64_t activations = 0;  // tensors alive (those that stay on the chip)
  int64_t tables = 0;       // product tables, both halves
  int64_t sums = 0;         // partial sums
  int64_t all() const { return codes + activations + tables + sums; }
};

// Bytes of one node's weights in several formats. Biases (4 bytes) and shifts (1 byte) of output
// channels are in none of them, since all formats need them.
struct WeightBytes {
  int64_t stored = 0;  // this engine's: table addresses, as DRAM holds and moves them
  int64_t eight = 0;   // a byte a weight
  // What a bit-shift engine's datapath reads of a 4-bit power of two: sign, zero flag, 3 bits of
  // shift. Weights of 8 bits stay at 8.
  int64_t shift_fields = 0;
  int64_t shift_packed = 0;  // the same cut to 4 bits, decoded on the chip
};

struct NodeReport {
  std::string name, op;
  int64_t macs = 0;
  ConvCycles conv;         // of convolutions, all commands
  ConvTile tile;           // of convolutions, the first
  bool runs = true;        // false: more passes than the hardware holds; counted all the same
  int64_t cycles = 0;      // on the chip
  double utilisation = 0;  // macs / (cycles * macs a cycle); 0 where macs are
  OnChipBits on_chip;
  WeightBytes weights;
  int64_t dram_read = 0, dram_written = 0;  // bytes
  int64_t dram_cycles = 0;                  // that moving them takes
};

struct CostReport {
  ArraySpec array;
  std::vector<NodeReport> nodes;
  int64_t macs = 0;
  // A node's DRAM traffic runs beside the node before it: the sum over nodes of the longer of both.
  int64_t cycles = 0;
  double utilisation = 0;
  double utilisation_3x3 = 0;      // over ungrouped 3x3 convolutions with 4-bit codes or fewer
  double utilisation_3x3_all = 0;  // and with those of more, such as a first layer
  OnChipBits peak;                 // the largest of each class over all nodes
  WeightBytes weights;
  int64_t dram_read = 0, dram_written = 0;
  int64_t spilled_tensors = 0;    // that did not fit the chip; the compiler refuses them
  int64_t past_the_hardware = 0;  // nodes that are counted but do not run
};

// Counts for one image of a validated program, its first layer packed (pack_input.h) and additions
// done by the convolutions before them where the compiler does so. Errors: kUsage for an array that
// makes no sense; kUnsupported naming the node that the array cannot run.
Expected<CostReport> CostOnArray(const Program& program, const ArraySpec& array);

}  // namespace potlut::accel
