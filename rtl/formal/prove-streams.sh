#!/bin/sh
# Proves the queues, the register slave and the read master of rtl/shell for every sequence of inputs of any length, by
# property directed reachability, the write master for every sequence of 20 cycles in bursts of four, by bounded model
# checking (ABC, which comes with Yosys, for both), and that each proof can fail: prove-streams.sh
rtl=$(cd "$(dirname "$0")/.." && pwd)
for tool in yosys yosys-abc; do
  command -v $tool >/dev/null || { echo "SKIPPED: $tool is not installed, the handshakes are not proved"; exit 0; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Registers start with any value; the reset of the first cycle is the proof module's.
holds() {  # engine of ABC, module, design, parameters: 0 proved, 1 disproved, 2 neither
  engine=$1
  module=$2
  design=$3
  shift 3
  yosys -q -p "
    read_verilog -sv -formal $rtl/shell/$design.sv $rtl/formal/$module.sv
    hierarchy -check -top $module $*; proc; flatten; memory -nordff; memory_map; opt -full -nodffe -nosdff
    select -assert-min 1 t:\$assert; async2sync; techmap; opt -nodffe -nosdff
    dffunmap; setundef -undriven -anyseq; opt_clean
    aigmap; write_aiger -zinit $work/$module.aig" >"$work/log" 2>&1 || { cat "$work/log"; return 2; }
  yosys-abc -c "read_aiger $work/$module.aig; fold; orpos; scorr; dc2; $engine" >"$work/log" 2>&1
  if grep -q -e "Property proved" -e "No output asserted in 20 frames" "$work/log"; then return 0; fi
  if grep -q "was asserted" "$work/log"; then return 1; fi
  tail -5 "$work/log"
  return 2
}
failed=0
prove() {  # engine, module, design, parameters
  holds "$@"
  [ $? = 0 ] || { echo "$*: NOT PROVED"; failed=1; }
  holds "$@" -chparam BROKEN 1
  [ $? = 1 ] || { echo "$*: a wrong property was taken for a right one"; failed=1; }
}
prove pdr fifo_proof plut_fifo -chparam DEPTH 2
prove pdr fifo_proof plut_fifo -chparam DEPTH 4
prove pdr axil_proof plut_axil
prove pdr axi_read_proof plut_axi_read
prove "bmc3 -F 20" axi_write_proof plut_axi_write -chparam BURST 4
[ $failed = 0 ] && echo "handshakes: proved"
exit $failed
