// MakeKernel: from a node to the kernel that runs it.
#include <new>

#include "base/text.h"
#include "engine/isa.h"
#include "engine/kernel_factory.h"
#include "engine/pick.h"

namespace potlut {

KernelPtr MakeNode(const NodeView& view, const KernelTable& table) {
  struct Maker {
    KernelPtr operator()(const ConvOp&) const {
      return PickConv(view.program, {.conv = &view.node}, table, false);
    }
    KernelPtr operator()(const AddOp& op) const { return MakeAdd(view, op, table); }
    KernelPtr operator()(const MulOp& op) const { return MakeMul(view, op, table); }
    KernelPtr operator()(const MaxPoolOp& op) const { return MakeMaxPool(view, op, table); }
    KernelPtr operator()(const MeanOp& op) const { return MakeMean(view, op, table); }
    KernelPtr operator()(const LookupOp& op) const { return MakeLookup(view, op, table); }
    KernelPtr operator()(const ReshapeOp&) const { return MakeReshape(view); }
    KernelPtr operator()(const ConcatOp&) const { return MakeConcat(view); }
    KernelPtr operator()(const SliceOp& op) const { return MakeSlice(view, op); }
    KernelPtr operator()(const ShuffleOp& op) const { return MakeShuffle(view, op); }
    KernelPtr operator()(const PadOp& op) const { return MakePad(view, op); }
    KernelPtr operator()(const ResizeOp& op) const { return MakeResize(view, op); }
    KernelPtr operator()(const ArgMaxOp&) const { return MakeArgMax(view); }
    const NodeView& view;
    const KernelTable& table;
  };
  return std::visit(Maker{view, table}, view.node.op);
}

Error NoSuchIsa(Isa isa) {
  return Unsupported("instruction set ", IsaName(isa),
                     " is not available on this machine; use auto or portable");
}

Expected<std::unique_ptr<Kernel>> MakeKernel(const Program& program, const Node& node, Isa isa) {
  const KernelTable* table = KernelsOf(isa);
  if (table == nullptr) {
    return NoSuchIsa(isa);
  }
  try {
    return MakeNode(NodeView(program, node), *table);
  } catch (const std::bad_alloc&) {
    return ResourceLimit("node '", node.name, "': not enough memory for its weights");
  }
}

}  // namespace potlut
