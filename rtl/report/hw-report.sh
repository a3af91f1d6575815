#!/bin/sh
# Synthesises every array of the report and the engine around it, quantises the networks that feed them, and measures:
# hw-report.sh BUILD. What is in BUILD/hw already and no older than its sources is not made again.
set -e
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$1
out=$build/hw
mkdir -p "$out"
potlut=$build/src/cli/potlut
calibration="cifar10:$root/models/cifar10-calibration-256.bin"
say() { [ ! -t 2 ] || printf '\r\033[K%s' "$*" >&2; }

model() {  # name, options
  name=$1
  shift
  [ ! -s "$out/$name.plut" ] || return 0
  say "quantising $name"
  "$potlut" quantize "$root/models/resnet20-cifar10.onnx" --calibration "$calibration" \
    --mean 125.3,123.0,113.9 --std 63.0,62.1,66.7 "$@" -o "$out/$name.plut" 2>>"$out/log"
}
# A larger network with fresh weights, for what depends on its shape alone.
shape() {  # network, name, options
  network=$1
  name=$2
  shift 2
  [ ! -s "$out/$name.plut" ] || return 0
  say "quantising $name"
  [ -s "$out/$network.onnx" ] || "$build/src/zoo/potlut-zoo" write "$network" -o "$out/$network.onnx" 2>>"$out/log"
  "$potlut" quantize "$out/$network.onnx" --calibration "$calibration" --images 2 --resize 224 --normalize imagenet \
    --no-error-feedback --no-bias-correction "$@" -o "$out/$name.plut" 2>>"$out/log"
}
# make NAME SCRIPT PARAMETERS, where a source in the folders of the array (or all of rtl) is newer than the netlist.
synthesise() {
  name=$1
  script=$2
  folders=$3
  shift 3
  newest=$(cd "$root/rtl" && ls -t $folders synth/"$script" | head -1)
  if [ ! -s "$out/$name.json" ] || [ "$root/rtl/$newest" -nt "$out/$name.json" ]; then
    say "synthesising $name"
    "$root/rtl/synth/$script" "$out/$name" "$@" 2>>"$out/log"
  fi
}
array() {  # name, parameters
  name=$1
  shift
  synthesise "$name" synth.sh "pe/*.sv prim/*.sv" "$@"
}
pairs() {  # name, parameters: with the lists of levels in block RAM, and in LUTs for the simulation
  name=$1
  shift
  array "$name" WB=3 "$@"
  array "${name}_sim" WB=3 "$@" -lists-in-luts
}

for a in 8 4; do
  model pot4a$a --weight-bits 4 --activation-bits $a
  model pot3a$a --weight-bits 3 --activation-bits $a
  model pair6a$a --alphabet pair --weight-bits 6 --activation-bits $a
  model sym6a$a --alphabet pair --symmetric-pairs --weight-bits 6 --activation-bits $a
  model uniform4a$a --alphabet uniform --weight-bits 4 --activation-bits $a
  for w in 4 3; do
    at=w${w}a$a
    array textbook_$at KIND=2 WB=$w AB=$a
    array ternary_$at KIND=3 WB=$w AB=$a
    array fused_$at KIND=4 WB=$w AB=$a
    array plut_$at KIND=0 WB=$w AB=$a TB=$((a + (1 << (w - 1)) - 2))
  done
  array mult4_a$a KIND=5 WB=4 AB=$a
  # Yosys makes products of 4 bits by 4 of LUTs even so: those would be the row before once more.
  [ $a = 4 ] || array dsp4_a$a KIND=5 WB=4 AB=$a -dsp
  for g in 1 2; do
    pairs pair_g${g}_w3a$a KIND=1 AB=$a TB=$((a + 4)) BANKS=1 GROUP=$g
    pairs fitted_g${g}_w3a$a KIND=1 AB=$a TB=$((a + 6)) BANKS=1 GROUP=$g
    pairs half_pot_g${g}_w3a$a KIND=6 AB=$a TB=$((a + 4)) BANKS=1 GROUP=$g
    pairs half_fitted_g${g}_w3a$a KIND=6 AB=$a TB=$((a + 6)) BANKS=1 GROUP=$g
  done
  pairs half_fitted_pp_w3a$a KIND=6 AB=$a TB=$((a + 6)) BANKS=2
done
model uniform8a8 --alphabet uniform --weight-bits 8
array mult8_a8 KIND=5 WB=8
array dsp8_a8 KIND=5 WB=8 -dsp
synthesise engine_single engine.sh "core/*.sv shell/*.sv" PAIR=0 LANES=32 GROUP=4
synthesise engine_pairs engine.sh "core/*.sv shell/*.sv" PAIR=1 LANES=32 GROUP=4

accel() {  # network, file, tables
  say "counting $1, $3"
  "$potlut" accel report "$out/$2.plut" --tables "$3" --lanes 32 --json >"$out/accel_$1_$3.json" 2>>"$out/log"
}
for name in pot4a8 sym6a8; do "$potlut" inspect "$out/$name.plut" --size --json >"$out/size_$name.json"; done
accel resnet20 pot4a8 single
accel resnet20 sym6a8 pair
for network in resnet18 mobilenetv2; do
  shape $network $network-pot4 --weight-bits 4
  shape $network $network-pair --alphabet pair --symmetric-pairs --weight-bits 6
  accel $network $network-pot4 single
  accel $network $network-pair pair
done
say ""
"$build/rtl/report/potlut-hw-report" "$out" "$out" "$root/models/cifar10-test-1000.bin" "$root/docs/hardware.md"
