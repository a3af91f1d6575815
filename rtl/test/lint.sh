#!/bin/sh
# Verilator's lint of the whole accelerator without a warning, and Yosys reading it: lint.sh SOURCE_DIR.
set -eu
cd "$1/rtl"
for tool in verilator yosys; do
  if ! command -v "$tool" > /dev/null; then
    echo "SKIPPED: $tool is not installed, the hardware is not linted"
    exit 0
  fi
done
packages="core/plut_pkg.sv pe/pe_pkg.sv"
for kind in "MODEL=0 -GPAIR=0" "MODEL=0 -GPAIR=1" "MODEL=1"; do
  # shellcheck disable=SC2086
  verilator --lint-only -Wall -y core -y shell -y pe -y prim $packages shell/plut_top.sv --top-module plut_top -G$kind
done
sources=$(ls core/*.sv shell/*.sv pe/*.sv prim/*.sv | grep -v _pkg.sv | tr '\n' ' ')
size="-chparam LANES 8 -chparam GROUP 4 -chparam DRAIN 4 -chparam A_WORDS 1024 -chparam W_WORDS 1024 \
  -chparam C_WORDS 256 -chparam SUM_WORDS 64"
for pair in 0 1; do
  yosys -q -p "read_verilog -sv $packages $sources; \
    hierarchy -check -top plut_top -chparam MODEL 0 -chparam PAIR $pair $size; proc; check -assert"
done
echo "linted"
