#!/bin/sh
# Synthesises an array for UltraScale+ with Yosys: synth.sh OUT [NAME=VALUE ...] [-dsp] [-lists-in-luts]
# OUT.json and OUT.v are the netlist, lanes and generators as modules of their own. Parameters are those of rtl/pe/pe_array.sv.
set -e
rtl=$(dirname "$0")/..
out=$1
shift
params= dsp=-nodsp gens= defines=
for word in "$@"; do
  case $word in
    -dsp) dsp= ;;
    -lists-in-luts) defines=-DPOTLUT_LISTS_IN_LUTS ;;
    KIND=[016]) gens='*fill_gen*' params="$params -chparam KIND ${word#*=}" ;;
    *) params="$params -chparam ${word%=*} ${word#*=}" ;;
  esac
done
yosys -q -l "$out.log" -p "
  read_verilog -lib +/xilinx/cells_sim.v; read_verilog -lib +/xilinx/cells_xtra.v
  read_verilog -sv -DPOTLUT_PRIMITIVES $defines $rtl/pe/pe_pkg.sv \
    $(ls "$rtl"/prim/*.sv "$rtl"/pe/*.sv | grep -v pe_pkg | tr '\n' ' ')
  hierarchy -check -top pe_array $params; rename -top pe_array; proc
  setattr -mod -set keep_hierarchy 1 *lane_* $gens
  flatten
  synth_xilinx -family xcup $dsp -noiopad -noclkbuf -top pe_array
  opt_clean -purge
  write_json $out.json; write_verilog -noattr $out.v
  tee -q -o $out.stat stat"
