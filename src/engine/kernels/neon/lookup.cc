// Look-ups in one table of 256 bytes with tbl and tbx, which read 64 entries each: an index past
// them gives 0 or leaves what is there.
#include <arm_neon.h>

#include "engine/kernels/neon/tables.h"

namespace potlut {
namespace {

struct Quarter {
  explicit Quarter(const uint8_t* table)
      : entries{
            {vld1q_u8(table), vld1q_u8(table + 16), vld1q_u8(table + 32), vld1q_u8(table + 48)}} {}
  uint8x16x4_t entries;
};

void SmallLookup(const uint8_t* table, const uint8_t* in, int64_t vectors, uint8_t* out) {
  const Quarter first(table);
  for (int64_t i = 0; i < vectors; ++i, in += 16, out += 16) {
    vst1q_u8(out, vqtbl4q_u8(first.entries, vld1q_u8(in)));
  }
}

void WholeLookup(const uint8_t* table, const uint8_t* in, int64_t vectors, uint8_t* out) {
  const Quarter a(table), b(table + 64), c(table + 128), d(table + 192);
  const uint8x16_t quarter = vdupq_n_u8(64);
  for (int64_t i = 0; i < vectors; ++i, in += 16, out += 16) {
    uint8x16_t x = vld1q_u8(in);
    uint8x16_t y = vqtbl4q_u8(a.entries, x);
    x = vsubq_u8(x, quarter);
    y = vqtbx4q_u8(y, b.entries, x);
    x = vsubq_u8(x, quarter);
    y = vqtbx4q_u8(y, c.entries, x);
    x = vsubq_u8(x, quarter);
    vst1q_u8(out, vqtbx4q_u8(y, d.entries, x));
  }
}

}  // namespace

void NeonLookup(const LookupParams& p, const uint8_t* in, int64_t bytes, uint8_t* out) {
  const int64_t vectors = bytes / 16;
  const bool small = p.low_end <= 4 && p.high_begin == 8;  // unsigned, up to 6 bits
  small ? SmallLookup(p.tables, in, vectors, out) : WholeLookup(p.tables, in, vectors, out);
  for (int64_t i = 16 * vectors; i < bytes; ++i) out[i] = p.tables[in[i]];
}

}  // namespace potlut
