#!/usr/bin/env bash
# Builds every libFuzzer target and runs each for some seconds over a copy of its seed corpus, so that the tree stays as it
# is. On a crash it prints the command that shows it again. usage: fuzz.sh [SECONDS [TARGET...]]
set -euo pipefail

cd "$(dirname "$0")/.."
seconds=${1:-60}
if [ $# -gt 0 ]; then shift; fi
build=build/fuzz
symbolizer=$(command -v llvm-symbolizer-14 || command -v llvm-symbolizer || true)

# fuzz/NAME_fuzz.cc is the target NAME_fuzz, with seeds in fuzz/corpus/NAME.
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  for source in fuzz/*_fuzz.cc; do
    [ -e "$source" ] && targets+=("$(basename "$source" .cc)")
  done
fi
if [ ${#targets[@]} -eq 0 ]; then
  echo "fuzz: there is no fuzz/*_fuzz.cc" >&2
  exit 1
fi
cmake --build --preset fuzz -j "${JOBS:-$(nproc)}" --target "${targets[@]}"

status=0
for target in "${targets[@]}"; do
  program=$build/fuzz/$target
  seeds=fuzz/corpus/${target%_fuzz}
  corpus=$build/corpus/$target
  artifacts=$build/artifacts/$target/
  mkdir -p "$corpus" "$artifacts"
  if [ -d "$seeds" ]; then cp -R "$seeds/." "$corpus/"; fi
  echo "fuzz: $target for $seconds seconds, $(find "$corpus" -type f | wc -l) seeds"
  log=$build/$target.log
  if LLVM_SYMBOLIZER_PATH=$symbolizer ASAN_SYMBOLIZER_PATH=$symbolizer UBSAN_OPTIONS=print_stacktrace=1 \
    "$program" -max_total_time="$seconds" -rss_limit_mb=2048 -malloc_limit_mb=1024 -timeout=10 -print_final_stats=1 \
    -artifact_prefix="$artifacts" "$corpus" > "$log" 2>&1 < /dev/null; then
    sed -n 's/^stat::number_of_executed_units: */fuzz: inputs tried: /p; s/^stat::peak_rss_mb: */fuzz: peak memory, MB: /p' "$log"
  else
    status=1
    tail -n 40 "$log" >&2
    found=$(sed -n 's/.*Test unit written to \(.*\)$/\1/p' "$log" | tail -n 1)
    echo "fuzz: $target failed; to see it again: $program ${found:-$corpus}" >&2
  fi
done
exit $status
