#!/bin/sh
# Synthesises every array of the report, quantises the networks that feed them, and measures: hw-report.sh BUILD
# What is in BUILD/hw already is not made again.
set -e
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$1
out=$build/hw
mkdir -p "$out"
say() { [ ! -t 2 ] || printf '\r\033[K%s' "$*" >&2; }

model() {  # name, options
  name=$1
  shift
  [ ! -s "$out/$name.plut" ] || return 0
  say "quantising $name"
  "$build/src/cli/potlut" quantize "$root/models/resnet20-cifar10.onnx" \
    --calibration "cifar10:$root/models/cifar10-calibration-256.bin" --mean 125.3,123.0,113.9 --std 63.0,62.1,66.7 \
    "$@" -o "$out/$name.plut" 2>>"$out/log"
}
array() {  # name, parameters
  name=$1
  shift
  newest=$(ls -t "$root"/rtl/pe/*.sv "$root"/rtl/prim/*.sv "$root/rtl/synth/synth.sh" | head -1)
  if [ ! -s "$out/$name.json" ] || [ "$newest" -nt "$out/$name.json" ]; then
    say "synthesising $name"
    "$root/rtl/synth/synth.sh" "$out/$name" "$@" 2>>"$out/log"
  fi
}

for a in 8 4; do
  model pot4a$a --weight-bits 4 --activation-bits $a
  model pot3a$a --weight-bits 3 --activation-bits $a
  model pair6a$a --alphabet pair --weight-bits 6 --activation-bits $a
  model uniform4a$a --alphabet uniform --weight-bits 4 --activation-bits $a
  for w in 4 3; do
    at=w${w}a$a
    array textbook_$at KIND=2 WB=$w AB=$a
    array ternary_$at KIND=3 WB=$w AB=$a
    array fused_$at KIND=4 WB=$w AB=$a
    array plut_$at KIND=0 WB=$w AB=$a TB=$((a + (1 << (w - 1)) - 2))
  done
  array mult_w4a$a KIND=5 WB=4 AB=$a
  for g in 1 2; do
    for sim in "" _sim; do
      lists=${sim:+-lists-in-luts}
      array pair_g${g}_w3a$a$sim KIND=1 WB=3 AB=$a TB=$((a + 4)) BANKS=1 GROUP=$g $lists
      array fitted_g${g}_w3a$a$sim KIND=1 WB=3 AB=$a TB=$((a + 6)) BANKS=1 GROUP=$g $lists
    done
  done
  array fitted_pp_w3a$a KIND=1 WB=3 AB=$a TB=$((a + 6)) BANKS=2
  array fitted_pp_w3a${a}_sim KIND=1 WB=3 AB=$a TB=$((a + 6)) BANKS=2 -lists-in-luts
done
array mult8_w4a8 KIND=5 WB=8
array dsp8_w4a8 KIND=5 WB=8 -dsp
say ""
"$build/rtl/report/potlut-hw-report" "$out" "$out" "$root/models/cifar10-test-1000.bin" "$root/docs/hardware.md"
