#!/bin/sh
# Make the shipped model files again, from simulation alone: sh make.sh [FOLDER]
# FOLDER keeps the samples and the run. About two hours on one core.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=${1:-$(mktemp -d)}
xmod simulate --plugin saxs-sem -n 4000 --seed 21 --morphology general --sem-size 600x600 \
    --out "$work/train.zarr" --overwrite
OMP_NUM_THREADS=1 xmod train --plugin saxs-sem "$work/train.zarr" --model phases --epochs 14 \
    --fractions 0.72,0.02,0.18,0.08 --seed 0 --out "$work/run" --overwrite
for route in saxs-sem sem-saxs saxs-saxs sem-sem; do
    xmod export "$work/run" --route "$(echo $route | tr - :)" -o "$here/$route.onnx" --overwrite
    xmod verify "$here/$route.onnx"
done
