// Sizes around the vectors of the operators on values, and windows past what 16 bits hold.
#include <gtest/gtest.h>

#include "engine/testing.h"

namespace potlut {
namespace {

using namespace testing;  // NOLINT: test helpers

TEST(ValuesTest, MeansOfLargeWindows) {
  unsigned seed = 1;
  // 257 bytes of 255 fit 16 bits, 258 do not.
  for (const auto& [h, w] : {std::pair{1, 256}, {257, 1}, {129, 2}, {17, 17}, {16, 16}}) {
    for (const int32_t c : {1, 31, 65}) {
      for (const bool is_signed : {false, true}) {
        for (int i = 0; i < 4; ++i) {
          SCOPED_TRACE("seed " + std::to_string(seed));
          Rng rng(seed++);
          Builder b({h, w, c});
          const int32_t x = AddLookup(rng, b, 0, {8, is_signed});
          MeanOp op;
          op.window.kernel_h = h;
          op.window.kernel_w = w;
          const TensorType out = i == 0 ? TensorType{32, true} : PickType(rng);
          op.shift = Pick(rng, 0, 10);
          PickClamp(rng, out, op.lo, op.hi);
          b.Add(op, {x}, {1, 1, c}, out);
          ExpectKernelsEqualReference(rng, b.program());
          if (::testing::Test::HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST(ValuesTest, LookupsOfAllTypesAndSizes) {
  unsigned seed = 100;
  for (const int32_t channels : {1, 2, 3, 4, 5}) {
    for (const int32_t pixels : {1, 15, 63, 64, 65, 127, 128, 200}) {
      for (uint8_t bits = 2; bits <= 8; ++bits) {
        for (const bool is_signed : {false, true}) {
          SCOPED_TRACE("seed " + std::to_string(seed));
          Rng rng(seed++);
          Builder b({1, pixels, channels});
          const int32_t x = AddLookup(rng, b, 0, {bits, is_signed});
          AddLookup(rng, b, x, PickType(rng), rng() % 3 != 0);
          ExpectKernelsEqualReference(rng, b.program());
          if (::testing::Test::HasFatalFailure()) return;
        }
      }
    }
  }
}

// Many pairs of bytes of all types, at every shift.
TEST(ValuesTest, ProductsAndSumsAtEveryShift) {
  unsigned seed = 1000;
  for (int i = 0; i < 4; ++i) {
    for (int32_t shift = 0; shift <= 17; ++shift) {
      SCOPED_TRACE("seed " + std::to_string(seed));
      Rng rng(seed++);
      Builder b({256, 256, 1});
      LookupOp row{false, {}};  // bytes as numbers of the type
      const TensorType ta{8, i % 2 != 0}, tb{8, i / 2 != 0};
      for (int32_t v = 0; v < 256; ++v) row.table.push_back(static_cast<int16_t>(ta.lo() + v));
      const int32_t x = b.Add(row, {0}, {256, 256, 1}, ta);
      row.table.clear();
      for (int32_t v = 0; v < 256; ++v) row.table.push_back(static_cast<int16_t>(tb.lo() + v));
      const int32_t y = b.Add(row, {0}, {256, 256, 1}, tb);
      const TensorType out = PickType(rng);
      if (rng() % 2 == 0) {
        MulOp op{shift, 0, 0};
        PickClamp(rng, out, op.lo, op.hi);
        b.Add(op, {x, y}, {256, 256, 1}, out);
      } else {
        AddOp op{Pick(rng, 0, 9), Pick(rng, 0, 9), shift, 0, 0};
        PickClamp(rng, out, op.lo, op.hi);
        b.Add(op, {x, y}, {256, 256, 1}, out);
      }
      ExpectKernelsEqualReference(rng, b.program());
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace potlut
