#!/bin/sh
# Make the shipped model files again from the published sets: sh make.sh DATA [FOLDER]
# DATA holds h2o/data.npz and the like (see docs/xray.md); FOLDER keeps the samples and the runs.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
data=$1
work=${2:-$(mktemp -d)}
ship() { # RUN FILE [ROUTE]: export a run's route, verify the file
    xmod export "$work/$1" -o "$here/$2" ${3:+--route "$3"} --overwrite
    xmod verify "$here/$2"
}

# Water: about 2 minutes each on one core. benchmarks/recovery.py deals the same split (seed 1).
xmod ingest --plugin xes "$data/h2o/data.npz" --out "$work/h2o.zarr" --overwrite
for kind in xes xas xps; do
    xmod train --plugin xes "$work/h2o.zarr" --model nnca --k 3 --route "structure:$kind" \
        --seed 1 --fractions 0.58,0.02,0.10,0.30 --out "$work/h2o-$kind" --overwrite
    ship "h2o-$kind" "structure-$kind-O.onnx"
done
for kind in xes xas; do
    ship "h2o-$kind" "latent-$kind-O.onnx" "latent:$kind"
done

# Sulfur and copper: learned from every row, calibrated out of fold; half an hour on one core each.
xmod ingest --plugin xes "$data/s_xes_xanes/data.npz" --conformers 5 --smiles "$here/sulfur.csv" \
    --out "$work/s.zarr" --overwrite
xmod train --plugin xes "$work/s.zarr" --model site --route structure:xes --folds 5 \
    --out "$work/s" --overwrite
ship s structure-xes-S.onnx structure:xes
ship s structure-xanes-S.onnx structure:xanes
xmod ingest --plugin xes "$data/omnixas_cu/data.npz" --out "$work/cu.zarr" --overwrite
xmod train --plugin xes "$work/cu.zarr" --model site --route structure:xanes --folds 5 \
    --out "$work/cu" --overwrite
ship cu structure-xanes-Cu.onnx structure:xanes
