#!/bin/sh
# make bench-peers: fetches ONNX Runtime, writes the networks, measures. Everything stays in build/peers.
# usage: bench/peers/run.sh BUILD-FOLDER [options of potlut-bench-peers report]
set -eu
build=$1
shift
root=$(cd "$(dirname "$0")/../.." && pwd)
home=$root/build/peers
mkdir -p "$home/networks"
runtime=$home/node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1
if [ ! -e "$runtime" ]; then
  if command -v npm > /dev/null; then
    # The CPU's library is in the package itself; its install script would only fetch CUDA's.
    npm install --prefix "$home" --ignore-scripts --no-audit --no-fund onnxruntime-node@1.30.0 >&2 ||
      echo "bench-peers: npm could not fetch onnxruntime-node; its column stays empty" >&2
  else
    echo "bench-peers: there is no npm (apt-get install npm); ONNX Runtime's column stays empty" >&2
  fi
fi
potlut=$build/src/cli/potlut
zoo=$build/src/zoo/potlut-zoo
cd "$home/networks"
calibration=cifar10:$root/models/cifar10-calibration-256.bin
# name, ONNX file, then quantize's options.
network() {
  name=$1 model=$2
  shift 2
  [ -e "$name.plut" ] || "$potlut" quantize "$model" --calibration "$calibration" "$@" -o "$name.plut"
  "$potlut" export onnx-qdq "$name.plut" -o "$name.onnx"
}
for name in resnet18 resnet50 mobilenetv2; do
  [ -e "$name-float.onnx" ] || "$zoo" write "$name" --seed 1 -o "$name-float.onnx"
done
network resnet20 "$root/models/resnet20-cifar10.onnx" --normalize cifar10 --alphabet apot
network resnet20-a4 "$root/models/resnet20-cifar10.onnx" --normalize cifar10 --alphabet apot --activation-bits 4
# Random weights: only their speed matters, so a few images and plain rounding do.
fast="--normalize imagenet --alphabet apot --images 4 --no-error-feedback --no-bias-correction"
network mobilenetv2 mobilenetv2-float.onnx $fast
network resnet18 resnet18-float.onnx $fast
network resnet18-a4 resnet18-float.onnx $fast --activation-bits 4
network resnet50 resnet50-float.onnx $fast
exec "$build/bench/peers/potlut-bench-peers" report \
  "ResNet-20=resnet20.plut,resnet20.onnx" "ResNet-20 a4=resnet20-a4.plut,resnet20-a4.onnx" \
  "MobileNetV2=mobilenetv2.plut,mobilenetv2.onnx" "ResNet-18=resnet18.plut,resnet18.onnx" \
  "ResNet-18 a4=resnet18-a4.plut,resnet18-a4.onnx" "ResNet-50=resnet50.plut,resnet50.onnx" \
  --runtime "$runtime" --data "cifar10:$root/models/cifar10-test-1000.bin" "$@"
