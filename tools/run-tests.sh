#!/usr/bin/env bash
# Runs the tests of one preset on all CPUs; the last line says how many ran. usage: run-tests.sh [PRESET [ctest options]]
set -euo pipefail

cd "$(dirname "$0")/.."
preset=${1:-release}
if [ $# -gt 0 ]; then shift; fi
results=$PWD/build/$preset/tests.xml
rm -f "$results"

# Where CIFAR-10 stands in a folder beside the checkout, tests measure accuracy on it; elsewhere they say that they skip.
unpack=../shared/data/unpack-cifar10.sh
if [ -z "${POTLUT_CIFAR10:-}" ] && [ -r "$unpack" ]; then
  POTLUT_CIFAR10=$(sh "$unpack" "$PWD/build/cifar10") && export POTLUT_CIFAR10
fi

status=0
ctest --preset "$preset" --parallel "$(nproc)" --no-tests=error --output-junit "$results" "$@" < /dev/null || status=$?

if [ ! -r "$results" ]; then
  echo "potlut: no test ran (preset $preset)"
  exit 1
fi
# An attribute of the one <testsuite>, which ctest writes over several lines.
count() { tr '\n\t' '  ' < "$results" | sed -n "s/.*<testsuite [^>]*[ ]$1=\"\([0-9]*\)\".*/\1/p"; }
total=$(count tests)
failed=$(count failures)
skipped=$(( $(count skipped) + $(count disabled) ))
echo "potlut: $((total - skipped)) tests ran, $((total - skipped - failed)) passed, $failed failed, $skipped skipped" \
  "(preset $preset)"
exit "$status"
