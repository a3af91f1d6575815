// Random nodes, and the check that a kernel equals the reference executor on them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/guarded.h"
#include "engine/isa.h"
#include "engine/pick.h"
#include "program/reference.h"
#include "program/testing.h"
#include "program/validate.h"

namespace potlut::testing {

using Rng = std::mt19937;

// Uniform in [lo, hi], the same with every standard library.
inline int32_t Pick(Rng& rng, int64_t lo, int64_t hi) {
  return static_cast<int32_t>(lo +
                              static_cast<int64_t>(rng() % static_cast<uint64_t>(hi - lo + 1)));
}

inline TensorType PickType(Rng& rng) {
  return {static_cast<uint8_t>(Pick(rng, 2, 8)), rng() % 2 == 0};
}

inline std::vector<Isa> AvailableIsas() {
  std::vector<Isa> isas;
  for (const Isa isa : AllIsas()) {
    if (IsaAvailable(isa)) isas.push_back(isa);
  }
  return isas;
}

// Bytes of a tensor as its type allows: spread, or at the ends of the type.
inline TensorData PickData(Rng& rng, const Tensor& t) {
  const int64_t lo = t.type.lo(), hi = t.type.hi();
  const size_t count = static_cast<size_t>(t.dims.count());
  TensorData data(count * t.type.bytes());
  const int mode = Pick(rng, 0, 4);  // all low, all high, ends, spread, spread
  for (size_t i = 0; i < count; ++i) {
    int32_t v = Pick(rng, lo, hi);
    if (mode == 0 || (mode == 2 && v % 2 == 0)) v = static_cast<int32_t>(lo);
    if (mode == 1 || (mode == 2 && v % 2 != 0)) v = static_cast<int32_t>(hi);
    if (t.type.wide()) {
      std::memcpy(&data[i * 4], &v, 4);
    } else {
      data[i] = static_cast<uint8_t>(v);
    }
  }
  return data;
}

// Some clamp within the type, often its whole range.
inline void PickClamp(Rng& rng, TensorType type, int32_t& lo, int32_t& hi) {
  lo = type.lo();
  hi = type.hi();
  if (rng() % 3 == 0) {
    const int32_t a = Pick(rng, type.lo(), type.hi()), b = Pick(rng, type.lo(), type.hi());
    lo = std::min(a, b);
    hi = std::max(a, b);
  }
}

// The largest |v| for which rshift(v, n) stays in 32 bits.
inline int64_t ShiftRoom(int n) {
  return n > 0 ? INT32_MAX - (int64_t{1} << (n - 1)) : INT32_MAX >> -n;
}

// Every kind of alphabet; fitted ones at random.
inline Alphabet PickAlphabet(Rng& rng, bool pairs) {
  switch (rng() % (pairs ? 5 : 4)) {
    case 0:
      return *MakeAlphabet(AlphabetKind::kPot, Pick(rng, 2, 4));
    case 1:
      return *MakeAlphabet(AlphabetKind::kApot, Pick(rng, 3, 5));
    case 2: {
      const int bits = Pick(rng, 2, 6);
      return *MakeAlphabet(AlphabetKind::kUniform, bits == 6 ? 8 : bits);
    }
    case 3: {
      Alphabet a{AlphabetKind::kCustom, Pick(rng, 2, 5), {0}};
      while (a.codes() < 1 << a.bits) {
        a.levels.push_back(static_cast<int8_t>(Pick(rng, -127, 127)));
        std::sort(a.levels.begin(), a.levels.end());
        a.levels.erase(std::unique(a.levels.begin(), a.levels.end()), a.levels.end());
      }
      return a;
    }
    default: {
      Alphabet a{AlphabetKind::kPair, Pick(rng, 5, 8), {}};
      std::vector<std::pair<int8_t, int8_t>> levels{{0, 0}};
      while (levels.size() < size_t{1} << a.bits) {
        levels.push_back(
            {static_cast<int8_t>(Pick(rng, -127, 127)), static_cast<int8_t>(Pick(rng, -127, 127))});
        std::sort(levels.begin(), levels.end());
        levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
      }
      for (const auto& [first, second] : levels) {
        a.levels.push_back(first);
        a.levels.push_back(second);
      }
      return a;
    }
  }
}

// Biases and shifts, each channel at random: outputs that are spread over the type, or sums at the
// edge of 32 bits.
inline void PickRequant(Rng& rng, ConvOp& conv, int32_t in_per_group, TensorType in,
                        TensorType out) {
  std::fill(conv.bias.begin(), conv.bias.end(), 0);
  for (size_t o = 0; o < conv.bias.size(); ++o) {
    const int64_t bound = AccumulatorBound(conv, in_per_group, in, static_cast<int32_t>(o));
    int n = Pick(rng, -15, 31);
    if (rng() % 2 == 0) {  // spread
      n = 1;
      while (n < 24 && bound >> n > 2 * int64_t{out.hi()}) ++n;
    }
    while (n < 1 && ShiftRoom(n) < bound) ++n;
    const int64_t room = std::max<int64_t>(ShiftRoom(n) - bound, 0);
    int64_t bias = rng() % 2 == 0
                       ? Pick(rng, -std::min<int64_t>(room, 300), std::min<int64_t>(room, 300))
                       : Pick(rng, -room, room);
    if (rng() % 8 == 0) bias = bias < 0 ? -room : room;
    conv.bias[o] = static_cast<int32_t>(bias);
    conv.shift[o] = static_cast<int8_t>(n);
  }
  PickClamp(rng, out, conv.lo, conv.hi);
}

// Runs `kernel` in watched memory, in one share and then in several, and compares its outputs (one
// that is empty is not wanted).
inline void ExpectKernelGives(Rng& rng, const Kernel& kernel, const std::vector<TensorData>& inputs,
                              const std::vector<TensorData>& expected) {
  for (const Guarded::Side side : {Guarded::kStart, Guarded::kEnd}) {
    std::vector<std::unique_ptr<Guarded>> in, out;
    std::vector<const void*> in_data;
    std::vector<void*> out_data;
    for (const TensorData& data : inputs) {
      in.push_back(std::make_unique<Guarded>(data.size(), side));
      std::memcpy(in.back()->data(), data.data(), data.size());
      in_data.push_back(in.back()->data());
    }
    for (const TensorData& data : expected) {
      out.push_back(std::make_unique<Guarded>(data.size(), side));
      out_data.push_back(data.empty() ? nullptr : out.back()->data());
    }
    Guarded scratch(kernel.scratch_bytes(), side, 64);
    // One after the other in any order: shares must not read what others write.
    const int32_t shares = side == Guarded::kStart ? 1 : Pick(rng, 1, 8);
    for (int32_t i = shares - 1; i >= 0; --i) {
      kernel.Run(in_data.data(), out_data.data(), scratch.data(), {i, shares});
    }
    ASSERT_TRUE(scratch.Untouched()) << kernel.name() << " wrote outside its scratch";
    for (size_t i = 0; i < inputs.size(); ++i) {
      ASSERT_TRUE(in[i]->Untouched() &&
                  std::memcmp(in[i]->data(), inputs[i].data(), inputs[i].size()) == 0)
          << kernel.name() << " wrote to its input";
    }
    for (size_t o = 0; o < expected.size(); ++o) {
      ASSERT_TRUE(out[o]->Untouched()) << kernel.name() << " wrote outside";
      if (expected[o].empty()) continue;
      const TensorData got(out[o]->data(), out[o]->data() + expected[o].size());
      if (got == expected[o]) continue;
      const size_t at = static_cast<size_t>(
          std::mismatch(got.begin(), got.end(), expected[o].begin()).first - got.begin());
      FAIL() << kernel.name() << " in " << shares << " share(s) differs from the reference at byte "
             << at << " of output " << o << " of " << got.size() << ": " << int{got[at]}
             << " instead of " << int{expected[o][at]};
    }
  }
}

// Runs the last node of `program` on random inputs with the reference executor and with the kernels
// of every instruction set, in watched memory.
inline void ExpectKernelsEqualReference(Rng& rng, const Program& program) {
  const Status valid = Validate(program);
  ASSERT_TRUE(valid.ok()) << valid.message();
  const Node& node = program.nodes.back();
  std::vector<TensorData> inputs;
  for (const int32_t i : node.inputs)
    inputs.push_back(PickData(rng, program.tensors[static_cast<size_t>(i)]));
  std::vector<const TensorData*> pointers;
  for (const TensorData& data : inputs) pointers.push_back(&data);
  const auto expected = ReferenceRunNode(program, node, pointers);
  ASSERT_TRUE(expected.ok()) << expected.error().message;

  for (const Isa isa : AvailableIsas()) {
    const auto kernel = MakeKernel(program, node, isa);
    ASSERT_TRUE(kernel.ok()) << kernel.error().message;
    ExpectKernelGives(rng, **kernel, inputs, {*expected});
  }
}

// The same for a convolution and what is fused into it, by every way that fits.
inline void ExpectWaysEqualReference(Rng& rng, const Program& program, const FusedConv& fused) {
  const Status valid = Validate(program);
  ASSERT_TRUE(valid.ok()) << valid.message();
  const auto data = [&](int32_t t) {
    return PickData(rng, program.tensors[static_cast<size_t>(t)]);
  };
  std::vector<TensorData> inputs{data(fused.input())};
  TensorData first = *ReferenceRunNode(program, *fused.conv, std::vector{&inputs[0]});
  if (fused.add != nullptr) {
    inputs.push_back(data(fused.residual()));
    std::vector<const TensorData*> two{&first, &inputs[1]};
    if (fused.add->inputs[0] != fused.conv->output) std::swap(two[0], two[1]);
    first = *ReferenceRunNode(program, *fused.add, two);
  }
  std::vector<TensorData> expected{first};
  if (fused.lookup != nullptr) {
    expected.push_back(*ReferenceRunNode(program, *fused.lookup, std::vector{&first}));
    if (!fused.keep_first) expected[0].clear();
  }
  for (const Isa isa : AvailableIsas()) {
    const KernelTable& table = *KernelsOf(isa);
    for (const ConvWay& way : ConvWays()) {
      if (!way.fits(program, fused, table)) continue;
      EXPECT_GT(way.cycles(program, fused, table), 0);
      const KernelPtr kernel = way.make(program, fused, table);
      ASSERT_EQ(kernel->outputs(), static_cast<int>(expected.size()));
      ExpectKernelGives(rng, *kernel, inputs, expected);
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

// Appends to a program whose last node is a convolution of bytes an addition, a change of scale or
// both, at random.
inline FusedConv AppendTail(Rng& rng, Builder& b) {
  Program& p = b.program();
  const size_t conv = p.nodes.size() - 1;
  int32_t last = p.nodes[conv].output;
  const Tensor map = p.tensors[static_cast<size_t>(last)];
  size_t add = 0, lookup = 0;
  if (map.type.wide()) return {.conv = &p.nodes[conv]};
  if (rng() % 2 == 0) {
    // Any other map of these dims.
    ConvOp twin = std::get<ConvOp>(p.nodes[conv].op);
    const TensorType type = PickType(rng);
    twin.lo = type.lo();
    twin.hi = type.hi();
    const int32_t residual = b.Add(twin, {p.nodes[conv].inputs[0]}, map.dims, type);
    const TensorType out = PickType(rng);
    AddOp op{Pick(rng, 0, 15), Pick(rng, 0, 15), Pick(rng, -6, 16), 0, 0};
    PickClamp(rng, out, op.lo, op.hi);
    add = p.nodes.size();
    last = rng() % 2 == 0 ? b.Add(op, {last, residual}, map.dims, out)
                          : b.Add(op, {residual, last}, map.dims, out);
  }
  if (rng() % 2 == 0) {
    const TensorType in = p.tensors[static_cast<size_t>(last)].type, out = PickType(rng);
    int32_t lo, hi;
    PickClamp(rng, out, lo, hi);
    const int right = Pick(rng, 0, 8);
    LookupOp op;
    for (int32_t x = in.lo(); x <= in.hi(); ++x)
      op.table.push_back(static_cast<int16_t>(std::clamp(RoundShift(x, right), lo, hi)));
    lookup = p.nodes.size();
    b.Add(op, {last}, map.dims, out);
  }
  FusedConv fused{&p.nodes[conv], add > 0 ? &p.nodes[add] : nullptr,
                  lookup > 0 ? &p.nodes[lookup] : nullptr};
  fused.keep_first = fused.lookup == nullptr || rng() % 2 == 0;
  return fused;
}

// Appends a look-up that turns tensor `from` (8 bits) into one of `type`, spread over its range.
inline int32_t AddLookup(Rng& rng, Builder& b, int32_t from, TensorType type,
                         bool per_channel = false) {
  const Tensor t = b.program().tensors[static_cast<size_t>(from)];
  LookupOp op{per_channel, {}};
  const int64_t entries = (int64_t{1} << t.type.bits) * (per_channel ? t.dims.c : 1);
  for (int64_t i = 0; i < entries; ++i)
    op.table.push_back(static_cast<int16_t>(Pick(rng, type.lo(), type.hi())));
  return b.Add(op, {from}, t.dims, type);
}

}  // namespace potlut::testing
