#!/usr/bin/env bash
# Cuts the two image samples in models/ out of the official CIFAR-10 binary batches, by fixed rules:
#   cifar10-test-1000.bin        the first 1000 records of test_batch.bin
#   cifar10-calibration-256.bin  of data_batch_1.bin the first 26 records of each of the classes 0 to 5 and the first 25
#                                of each of the classes 6 to 9, in the order in which they stand in the file
# A record is 3073 bytes: the class, then 32x32 red, green and blue values.
set -euo pipefail

record=3073
test_images=1000
calibration_images=256
classes=10

if [ $# -ne 2 ]; then
  echo "usage: $0 DIR-of-cifar-10-batches-bin OUTPUT-DIR" >&2
  exit 2
fi
batches=$1
out=$2
for file in "$batches/test_batch.bin" "$batches/data_batch_1.bin"; do
  if [ ! -r "$file" ]; then
    echo "$0: cannot read $file: give the folder that holds the unpacked binary version of CIFAR-10" >&2
    exit 3
  fi
done
mkdir -p "$out"

head -c $((test_images * record)) "$batches/test_batch.bin" > "$out/cifar10-test-$test_images.bin"

# The record numbers wanted. The first 1000 records hold enough of every class.
od -An -v -tu1 -w$record -N $((1000 * record)) "$batches/data_batch_1.bin" |
  awk -v n=$calibration_images -v k=$classes '
    { want = int(n / k) + ($1 < n % k ? 1 : 0); if (seen[$1]++ < want) print NR - 1 }' |
  while read -r index; do
    dd if="$batches/data_batch_1.bin" bs=$record skip="$index" count=1 status=none
  done > "$out/cifar10-calibration-$calibration_images.bin"

size=$(stat -c %s "$out/cifar10-calibration-$calibration_images.bin")
if [ "$size" -ne $((calibration_images * record)) ]; then
  echo "$0: data_batch_1.bin is not what it should be: $size bytes of sample were found" >&2
  exit 3
fi
