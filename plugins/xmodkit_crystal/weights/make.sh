#!/bin/sh
# Make the shipped model files again: sh make.sh DATA [FOLDER]
# DATA holds perov_5/structures.csv.gz and omnixas_cu/poscar.zip; FOLDER keeps samples and run.
# An hour on one core.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
data=$1
work=${2:-$(mktemp -d)}
xmod simulate --plugin crystal --elements V,O -n 3000 --seed 31 --without-known \
    --out "$work/vo.zarr" --overwrite
# Exit code 3: crystals of the second set with more than 20 atoms are left out.
xmod ingest --plugin crystal "$data/perov_5/structures.csv.gz" "$data/omnixas_cu/poscar.zip" \
    "$work/vo.zarr" --out "$work/all.zarr" --overwrite || [ $? = 3 ]
OMP_NUM_THREADS=1 xmod train --plugin crystal "$work/all.zarr" --model lattice \
    --fractions 0.8,0.02,0.1,0.08 --seed 0 --out "$work/run" --overwrite
for route in crystal-latent crystal-crystal latent-crystal latent-stability; do
    xmod export "$work/run" --route "$(echo $route | sed 's/-/:/')" -o "$here/$route.onnx" --overwrite
    xmod verify "$here/$route.onnx"
done
