#!/bin/sh
# Make the shipped model files again, from nothing: about 30 minutes on two cores.
#   sh plugins/xmodkit_uvvis/weights/make.sh [FOLDER]      (FOLDER keeps the samples and the runs)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=${1:-$(mktemp -d)}
make() { # STORE MODEL FILE SAMPLES: simulate, train, export, verify
    xmod simulate --plugin uvvis -n "$4" --seed 1 --out "$work/$1" --resume
    xmod train --plugin uvvis "$work/$1" --model "$2" --seed 1 --out "$work/$2" --overwrite
    xmod export "$work/$2" -o "$here/$3" --overwrite
    xmod verify "$here/$3"
}
make train.zarr density scan-absorption.onnx 40000
make generate.zarr cvae absorption-scan.onnx 6000
