# The few commands that a user and a developer type. The build itself is CMake's: see CMakePresets.json, CONTRIBUTING.md.

JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 60
BENCH_ARGS ?= --benchmark_repetitions=3 --benchmark_min_time=0.2
SOURCES = git ls-files --cached --others --exclude-standard '*.cc' '*.h' '*.hpp' '*.c'

.DEFAULT_GOAL := help
.PHONY: help demo test build asan tsan fuzz bench bench-codec bench-peers hw-report format tidy clean configure packages packages-dev packages-peers

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: configure  ## quantise the shipped ResNet-20, run it on the shipped images, print one table
	@cmake --build --preset release -j $(JOBS) --target potlut-demo
	@build/release/bench/potlut-demo models build/release/resnet20-cifar10-pot4.plut

test: build  ## build everything and run every test
	@tools/run-tests.sh release

build: configure  ## build everything, into build/release
	@cmake --build --preset release -j $(JOBS)

asan: packages-dev  ## the tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@cmake --preset asan --log-level=WARNING
	@cmake --build --preset asan -j $(JOBS)
	@tools/run-tests.sh asan

tsan: packages-dev  ## the tests under ThreadSanitizer
	@cmake --preset tsan --log-level=WARNING
	@cmake --build --preset tsan -j $(JOBS)
	@tools/run-tests.sh tsan

fuzz: packages-dev  ## every fuzz target for FUZZ_SECONDS (60) seconds
	@cmake --preset fuzz --log-level=WARNING
	@JOBS=$(JOBS) tools/fuzz.sh $(FUZZ_SECONDS)

bench: configure  ## one convolution by table, by shifts and by multiplication, and by the engine's kernels
	@cmake --build --preset release -j $(JOBS) --target potlut-bench
	@build/release/bench/potlut-bench $(BENCH_ARGS)

bench-codec: configure  ## sizes of files beside entropy and general compressors, speed of coders, opening
	@cmake --build --preset release -j $(JOBS) --target potlut-bench-codec
	@build/release/bench/potlut-bench-codec models ../shared

hw-report: configure  ## synthesise every array, measure sites and energy into docs/hardware.md (some minutes)
	@cmake --build --preset release -j $(JOBS) --target potlut potlut-hw-report
	@rtl/report/hw-report.sh build/release

bench-peers: configure packages-peers  ## the same networks in ONNX Runtime (fetched by npm), oneDNN and XNNPACK (PEERS_ARGS=--json)
	@cmake --build --preset release -j $(JOBS) --target potlut potlut-zoo potlut-bench-peers
	@bench/peers/run.sh $(CURDIR)/build/release $(PEERS_ARGS)

format: packages-dev  ## bring every source file into the project's layout
	@$(SOURCES) | xargs clang-format-14 -i

tidy: packages-dev build  ## clang-tidy over src/, warnings are errors
	@run-clang-tidy-14 -quiet -j $(JOBS) -p build/release "^$(CURDIR)/src/"

clean:  ## remove everything that was built
	rm -rf build

configure: packages
	@cmake --preset release --log-level=WARNING

packages:
	@tools/install-packages.sh

packages-peers:
	@tools/install-packages.sh tools/packages-peers.txt

packages-dev:
	@tools/install-packages.sh tools/packages.txt tools/packages-dev.txt
