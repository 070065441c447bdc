#!/bin/sh
# Make the shipped model file again, from nothing: about 20 minutes on two cores.
#   sh plugins/xmodkit_uvvis/weights/make.sh [FOLDER]      (FOLDER keeps the samples and the run)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=${1:-$(mktemp -d)}
xmod simulate --plugin uvvis -n 24000 --seed 1 --out "$work/train.zarr" --resume
xmod train --plugin uvvis "$work/train.zarr" --model vae+aspm+joint --seed 1 --out "$work/run" --overwrite
xmod export "$work/run" -o "$here/scan-absorption.onnx" --overwrite
xmod verify "$here/scan-absorption.onnx"
