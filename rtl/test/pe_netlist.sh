#!/bin/sh
# The test of the arrays on the netlist that Yosys makes: pe_netlist.sh FOLDER KIND WB AB TB BANKS
set -e
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
cd "$1"
"$here/../synth/synth.sh" net LANES=4 GROUP=2 KIND="$2" WB="$3" AB="$4" TB="$5" BANKS="$6" -lists-in-luts 2>log
# What Yosys writes is not ours to lint.
verilator --cc --exe --build -Wno-lint -Wno-style -Wno-UNOPTFLAT -Wno-TIMESCALEMOD -Wno-SYMRSVDWORD --x-initial fast \
  --top-module pe_array --prefix Vnet --Mdir obj -o test \
  -CFLAGS "-std=c++20 -O1 -DPE_KIND=$2 -DPE_WB=$3 -DPE_AB=$4 -DPE_TB=$5 -DPE_BANKS=$6 -DPE_TOP=Vnet" \
  -CFLAGS '-DPE_HEADER=\"Vnet.h\"' -CFLAGS "-I$here" -LDFLAGS "-lgtest -lgtest_main -lpthread" \
  net.v "$here/cells.sv" "$here/pe_test.cc" >>log 2>&1 || { tail -20 log; exit 1; }
obj/test
