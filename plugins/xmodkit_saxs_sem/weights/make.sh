#!/bin/sh
# Make the shipped model files again, from simulation alone: sh make.sh [FOLDER]
# FOLDER keeps the samples and the run. The shipped files were trained by the same commands; novelty,
# bounds and test vectors were made again afterwards, when the code that fits them had changed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=${1:-$(mktemp -d)}
xmod simulate --plugin saxs-sem -n 2400 --seed 21 --morphology general --sem-size 600x600 \
    --out "$work/train.zarr" --overwrite
xmod train --plugin saxs-sem "$work/train.zarr" --model phases --epochs 18 \
    --fractions 0.73,0.02,0.125,0.125 --seed 0 --out "$work/run" --overwrite
for route in saxs-sem sem-saxs saxs-saxs sem-sem; do
    xmod export "$work/run" --route "$(echo $route | tr - :)" -o "$here/$route.onnx" --overwrite
    xmod verify "$here/$route.onnx"
done
