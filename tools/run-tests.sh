#!/usr/bin/env bash
# Runs the tests of one preset on all CPUs; the last line says how many ran. All of `release` are also those of `aarch64`,
# which it builds and runs under QEMU. usage: run-tests.sh [PRESET [ctest options]]
set -euo pipefail

cd "$(dirname "$0")/.."
preset=${1:-release}
if [ $# -gt 0 ]; then shift; fi

# Where CIFAR-10 stands in a folder beside the checkout, tests measure accuracy on it; elsewhere they say that they skip.
unpack=../shared/data/unpack-cifar10.sh
if [ -z "${POTLUT_CIFAR10:-}" ] && [ -r "$unpack" ]; then
  POTLUT_CIFAR10=$(sh "$unpack" "$PWD/build/cifar10") && export POTLUT_CIFAR10
fi

status=0 total=0 failed=0 skipped=0
run() {  # PRESET [ctest options]
  local results=$PWD/build/$1/tests.xml
  rm -f "$results"
  ctest --preset "$1" --parallel "$(nproc)" --no-tests=error --output-junit "$results" "${@:2}" < /dev/null || status=$?
  if [ ! -r "$results" ]; then
    echo "potlut: no test ran (preset $1)"
    exit 1
  fi
  # An attribute of the one <testsuite>, which ctest writes over several lines.
  count() { tr '\n\t' '  ' < "$results" | sed -n "s/.*<testsuite [^>]*[ ]$1=\"\([0-9]*\)\".*/\1/p"; }
  total=$((total + $(count tests)))
  failed=$((failed + $(count failures)))
  skipped=$((skipped + $(count skipped) + $(count disabled)))
}

presets=$preset
run "$preset" "$@"
if [ "$preset" = release ] && [ $# -eq 0 ]; then
  if command -v aarch64-linux-gnu-g++ > /dev/null && command -v qemu-aarch64-static > /dev/null && [ -d /usr/src/googletest ]; then
    cmake --preset aarch64 --log-level=WARNING
    cmake --build --preset aarch64 -j "$(nproc)"
    run aarch64
    presets="$preset and aarch64"
  else
    echo "potlut: SKIPPED, the library for 64-bit Arm: no aarch64-linux-gnu-g++, qemu-aarch64-static or /usr/src/googletest" \
      "(Debian: g++-aarch64-linux-gnu, qemu-user-static, googletest)"
  fi
fi
echo "potlut: $((total - skipped)) tests ran, $((total - skipped - failed)) passed, $failed failed, $skipped skipped" \
  "(preset $presets)"
exit "$status"
