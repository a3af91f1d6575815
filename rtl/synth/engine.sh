#!/bin/sh
# Synthesises the accelerator around its array (a black box) for UltraScale+ with Yosys: engine.sh OUT [NAME=VALUE ...]
# OUT.json is the netlist. Parameters are those of rtl/shell/plut_top.sv. These are synth_xilinx's steps without `share`, whose
# search for what could be shared does not end here.
set -e
rtl=$(dirname "$0")/..
out=$1
shift
params=
for word in "$@"; do params="$params -chparam ${word%=*} ${word#*=}"; done
yosys -q -l "$out.log" -p "
  read_verilog -lib +/xilinx/cells_sim.v; read_verilog -lib +/xilinx/cells_xtra.v
  read_verilog -sv $rtl/core/plut_pkg.sv $rtl/pe/pe_pkg.sv \
    $(ls "$rtl"/core/*.sv "$rtl"/shell/*.sv | grep -v -e _pkg.sv -e array | tr '\n' ' ')
  read_verilog -sv -lib $rtl/core/plut_array.sv
  hierarchy -check -top plut_top $params; rename -top plut_top; proc
  synth_xilinx -family xcup -uram -nodsp -noiopad -noclkbuf -top plut_top -run begin:map_dsp
  techmap -map +/cmp2lut.v -map +/cmp2lcu.v -D LUT_WIDTH=6; alumacc; opt; memory -nomap; opt_clean
  synth_xilinx -family xcup -uram -nodsp -noiopad -noclkbuf -top plut_top -run map_memory:
  opt_clean -purge
  write_json $out.json
  tee -q -o $out.stat stat"
