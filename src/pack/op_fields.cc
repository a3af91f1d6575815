// Operators by id.
#include "pack/op_fields.h"

#include <utility>

namespace potlut {
namespace {

struct IdOf {
  OpId operator()(const ConvOp&) const { return OpId::kConv; }
  OpId operator()(const AddOp&) const { return OpId::kAdd; }
  OpId operator()(const MulOp&) const { return OpId::kMul; }
  OpId operator()(const MaxPoolOp&) const { return OpId::kMaxPool; }
  OpId operator()(const MeanOp&) const { return OpId::kMean; }
  OpId operator()(const LookupOp&) const { return OpId::kLookup; }
  OpId operator()(const ReshapeOp&) const { return OpId::kReshape; }
  OpId operator()(const ConcatOp&) const { return OpId::kConcat; }
  OpId operator()(const SliceOp&) const { return OpId::kSlice; }
  OpId operator()(const ShuffleOp&) const { return OpId::kShuffle; }
  OpId operator()(const PadOp&) const { return OpId::kPad; }
  OpId operator()(const ResizeOp&) const { return OpId::kResize; }
  OpId operator()(const ArgMaxOp&) const { return OpId::kArgMax; }
};

}  // namespace

OpId OpIdOf(const Op& op) { return std::visit(IdOf{}, op); }

Op MakeOp(OpId id) {
  switch (id) {
    case OpId::kConv:
      return ConvOp{};
    case OpId::kAdd:
      return AddOp{};
    case OpId::kMul:
      return MulOp{};
    case OpId::kMaxPool:
      return MaxPoolOp{};
    case OpId::kMean:
      return MeanOp{};
    case OpId::kLookup:
      return LookupOp{};
    case OpId::kReshape:
      return ReshapeOp{};
    case OpId::kConcat:
      return ConcatOp{};
    case OpId::kSlice:
      return SliceOp{};
    case OpId::kShuffle:
      return ShuffleOp{};
    case OpId::kPad:
      return PadOp{};
    case OpId::kResize:
      return ResizeOp{};
    case OpId::kArgMax:
      break;
  }
  return ArgMaxOp{};
}

size_t FixedInputs(OpId id) {
  if (id == OpId::kConcat) return 0;
  return id == OpId::kAdd || id == OpId::kMul ? 2 : 1;
}

}  // namespace potlut
