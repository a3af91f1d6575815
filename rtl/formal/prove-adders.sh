#!/bin/sh
# Proves with Yosys' SAT solver that the adders made of cells equal their behavioural twins for every input, and that the
# proof can fail: prove-adders.sh
rtl=$(cd "$(dirname "$0")/.." && pwd)
prove() {  # module, parameters
  module=$1
  shift
  yosys -q -p "
    read_verilog +/xilinx/cells_sim.v
    read_verilog -sv -formal $rtl/prim/tadd.sv $rtl/prim/badd.sv $rtl/prim/sadd.sv $rtl/prim/stadd.sv $rtl/formal/$module.sv
    hierarchy -check -top $module $*; proc; flatten; opt -full; techmap; opt; abc -g AND,XOR,MUX; opt_clean
    select -assert-min 1 t:\$assert
    sat -verify -prove-asserts -timeout 120" 2>/dev/null >/dev/null
}
failed=0
for width in 8 15 24; do
  for gate in 0 1; do
    for invert in 0 $((3 << (width - 2))); do
      prove tadd_equal -chparam W $width -chparam GATE_A $gate -chparam INVERT_B $invert ||
        { echo "tadd W=$width GATE_A=$gate INVERT_B=$invert: NOT PROVED"; failed=1; }
    done
  done
  prove badd_equal -chparam W $width || { echo "badd W=$width: NOT PROVED"; failed=1; }
done
for widths in "15 14 14" "13 12 12" "16 14 16" "17 14 14"; do
  set -- $widths
  prove sadd_equal -chparam W "$1" -chparam AW "$2" -chparam BW "$3" || { echo "sadd, stadd $widths: NOT PROVED"; failed=1; }
done
prove sadd_equal -chparam BROKEN 1 && { echo "a wrong signed adder was taken for a right one"; failed=1; }
prove tadd_equal -chparam W 8 -chparam BROKEN 1 && { echo "a wrong adder was taken for a right one"; failed=1; }
[ $failed = 0 ] && echo "adders: proved"
exit $failed
