#!/usr/bin/env bash
# Quantises float networks in many ways and prints what each gives on test images, as the tables of docs/accuracy.md.
#
# usage: bench/accuracy.sh CIFAR10_DIR MODEL_DIR [IMAGE_FOLDER]
#   CIFAR10_DIR   the official binary batches
#   MODEL_DIR     cifar10_resnet20_bn.onnx, cifar10_resnet56.onnx, cifar10_resnet8_mlperftiny.onnx; for the second
#                 table imagenet_mobilenetv2_1.0_224.onnx
#   IMAGE_FOLDER  224x224 images and labels.txt: half of them calibrate, the other half are compared, both ways round
# POTLUT=path picks the program (default: build/release/src/cli/potlut).
set -euo pipefail
cifar=${1:?usage: bench/accuracy.sh CIFAR10_DIR MODEL_DIR [IMAGE_FOLDER]}
models=${2:?usage: bench/accuracy.sh CIFAR10_DIR MODEL_DIR [IMAGE_FOLDER]}
folder=${3:-}
potlut=${POTLUT:-build/release/src/cli/potlut}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# field NAME: a number of the JSON on standard input; percent NAME: a share as a percentage.
field() { sed -n "s/.*\"$1\": *\([0-9.eE+-]*\).*/\1/p" | head -n 1; }
percent() { awk "BEGIN { printf \"%.2f\", 100 * $(field "$1") }"; }

cifar_row() {  # network normalisation images options...
  local network=$1 normalize=$2 images=$3
  shift 3
  local seconds
  seconds=$(date +%s.%N)
  "$potlut" quantize "$models/$network.onnx" --calibration "cifar10:$cifar" --normalize "$normalize" \
    --images "$images" -o "$work/m.plut" "$@" 2>/dev/null
  seconds=$(awk "BEGIN { printf \"%.1f\", $(date +%s.%N) - $seconds }")
  local top1
  top1=$("$potlut" eval "$work/m.plut" --data "cifar10:$cifar" --json 2>/dev/null | percent top1)
  printf '| %s | `--images %s %s` | %s | %d | %s |\n' "$network" "$images" "$*" "$top1" \
    "$(wc -c < "$work/m.plut")" "$seconds"
}

echo '| network | options of `potlut quantize` | top-1 % | file, bytes | seconds |'
echo '| --- | --- | --- | --- | --- |'
for entry in cifar10_resnet20_bn:imagenet:512 cifar10_resnet56:imagenet:512 cifar10_resnet8_mlperftiny:none:4096; do
  IFS=: read -r network normalize images <<< "$entry"
  printf '| %s | float | %s | %d | |\n' "$network" \
    "$("$potlut" eval "$models/$network.onnx" --normalize "$normalize" --data "cifar10:$cifar" --json 2>/dev/null | percent top1)" \
    "$(wc -c < "$models/$network.onnx")"
  cifar_row "$network" "$normalize" "$images" --alphabet uniform --weight-bits 8
  cifar_row "$network" "$normalize" "$images" --alphabet apot --weight-bits 4
  cifar_row "$network" "$normalize" "$images" --alphabet pot --weight-bits 4
  cifar_row "$network" "$normalize" "$images" --alphabet custom --weight-bits 4
  cifar_row "$network" "$normalize" "$images" --alphabet pair --weight-bits 6
  cifar_row "$network" "$normalize" "$images" --alphabet pot --weight-bits 3
  cifar_row "$network" "$normalize" "$images" --alphabet apot --weight-bits 4 --activation-bits 4
  cifar_row "$network" "$normalize" "$images" --alphabet pot --weight-bits 4 --activation-bits 4
done

[ -n "$folder" ] || exit 0
network=imagenet_mobilenetv2_1.0_224
for half in 0 1; do
  mkdir "$work/half$half"
  awk -v half=$half 'NR % 2 == half' "$folder/labels.txt" > "$work/half$half/labels.txt"
  awk -F'[, \t]+' '{ print $1 }' "$work/half$half/labels.txt" | while read -r name; do
    ln -s "$(realpath "$folder")/$name" "$work/half$half/$name"
  done
done
echo
echo '| network | options of `potlut quantize` | same top-1 as float, % | file, bytes | seconds |'
echo '| --- | --- | --- | --- | --- |'
for options in '--alphabet uniform --weight-bits 8' '--alphabet apot --weight-bits 4 --depthwise uniform:8' \
  '--alphabet custom --weight-bits 4 --depthwise uniform:8' '--alphabet pot --weight-bits 4 --depthwise uniform:8'; do
  same=0 images=0 seconds=0
  for half in 0 1; do
    start=$(date +%s.%N)
    # shellcheck disable=SC2086
    "$potlut" quantize "$models/$network.onnx" --calibration "$work/half$half" --normalize minus-one-to-one \
      $options -o "$work/m.plut" 2>/dev/null
    seconds=$(awk "BEGIN { print $seconds + $(date +%s.%N) - $start }")
    "$potlut" diff "$work/m.plut" "$models/$network.onnx" --normalize minus-one-to-one \
      --data "$work/half$((1 - half))" --json 2>/dev/null > "$work/diff.json"
    same=$((same + $(field same_top1 < "$work/diff.json")))
    images=$((images + $(field images < "$work/diff.json")))
  done
  printf '| %s | `%s` | %.1f | %d | %.1f |\n' "$network" "$options" "$(awk "BEGIN { print 100 * $same / $images }")" \
    "$(wc -c < "$work/m.plut")" "$(awk "BEGIN { print $seconds / 2 }")"
done
