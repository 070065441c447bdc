"""Time `infer` from files to a store against a straightforward script, and against the floors.

    python benchmarks/infer.py                 # 2,000 PNG crops, 5 rounds
    python benchmarks/infer.py --format jpeg -n 5000

The straightforward script is Pillow decode, LANCZOS resize, the same networks in torch eager at
batch 64, and np.save, with the allocator tuned as in training; once for the spectra alone, once
for everything the model file computes. The floors are decoding alone (two
threads, same reader) and running the model file alone, one after the other. All in one process,
in interleaved rounds; read the ratios, not the seconds.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from xmodkit import plugins
from xmodkit.images import read_image
from xmodkit.inputs import find_inputs
from xmodkit.job import Job, default_threads
from xmodkit.output import OutputPaths
from xmodkit.pipeline import run
from xmodkit.train.allocator import keep_large_buffers
from xmodkit_uvvis.models import Density
from xmodkit_uvvis.models.readers import mean_and_spread
from xmodkit_uvvis.simulator import simulate

BATCH = 64
DISTINCT = 250  # simulated crops; files repeat them with one pixel changed


def write_crops(folder: Path, n: int, kind: str) -> list[Path]:
    """Write n crops of 101 x 101 px, no two files alike."""
    scans = [s.arrays["scan"]["scan"] for s in simulate(2 * DISTINCT, 3)]
    scans = [scan for scan in scans if scan.shape == (101, 101, 3)][:DISTINCT]
    paths = []
    for i in range(n):
        scan = scans[i % len(scans)].copy()
        scan[0, 0] = i % 256, i // 256 % 256, 0
        path = folder / f"{i:06d}.{kind}"
        Image.fromarray(scan).save(path, quality=95)
        paths.append(path)
    return paths


class Straightforward:
    """What a careful person writes in an hour: one loop, torch eager.

    With `everything` it computes what the model file does, the bounds' scale and novelty included.
    """

    def __init__(self, *, everything: bool = False) -> None:
        self.everything = everything
        self.model = Density()
        self.model.networks.eval()

    @torch.inference_mode()
    def __call__(self, paths: list[Path], out: Path) -> None:
        """Predict every file and save the spectra."""
        spectra = []
        for start in range(0, len(paths), BATCH):
            images = []
            for path in paths[start : start + BATCH]:
                with Image.open(path) as image:
                    small = image.convert("RGB").resize((64, 64), Image.Resampling.LANCZOS)
                images.append(np.asarray(small))
            level = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float()
            raw, density = self.model.optical(level)
            profile = self.model.profile(raw)
            spectrum, spread = mean_and_spread(self.model.readers(profile, density))
            spectra.append(spectrum.numpy())
            if self.everything:
                self.model.scale(torch.cat([profile, spread], dim=1), spectrum)
                self.model.novelty(self.model.statistics(level / 255))
        np.save(out, np.concatenate(spectra))


def infer(paths: list[Path], out: Path, *, derived: bool) -> None:
    """Run the pipeline that `xmod infer` runs, without pictures."""
    pair = plugins.pair("uvvis") if derived else _without_gaps()
    route = pair.route()
    target = OutputPaths.at(out)
    target.prepare(resume=False, overwrite=True)
    job = Job(
        pair=pair,
        route=route,
        predictor=pair.predictor(route, None, "cpu", {}),
        inputs=find_inputs(paths, pair.suffixes),
        paths=target,
        model="benchmark",
        pictures=0,
        threads=default_threads(),
    )
    summary = run(job)
    assert summary.out == len(paths), summary


def _without_gaps() -> plugins.ModalityPair:
    class Spectra(type(plugins.pair("uvvis"))):  # type: ignore[misc]
        """The pair without what the straightforward script does not compute either."""

        def derived(self, route: object) -> tuple[()]:
            return ()

        def derive(self, fields: object, route: object) -> dict[str, object]:
            return {}

    pair: plugins.ModalityPair = Spectra()
    return pair


def decode_only(paths: list[Path]) -> None:
    """Decode every file with the same reader, in as many threads."""
    with ThreadPoolExecutor(default_threads()) as pool:
        for _ in pool.map(lambda path: read_image(path).pixels.sum(), paths, chunksize=32):
            pass


def inference_only(images: np.ndarray, n: int) -> None:
    """Run the model file on arrays in memory."""
    pair = plugins.pair("uvvis")
    predictor = pair.predictor(pair.route(), None, "cpu", {})
    for _ in range(0, n, BATCH):
        predictor.run({"scan": images})


def main() -> None:
    """Interleave the contestants and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--format", choices=("png", "jpeg", "tiff", "bmp"), default="png")
    arguments = parser.parse_args()
    keep_large_buffers()
    folder = Path(tempfile.mkdtemp())
    paths = write_crops(folder, arguments.n, arguments.format)
    images = np.stack([read_image(path).pixels for path in paths[:BATCH]])
    peer, whole = Straightforward(), Straightforward(everything=True)
    contestants: dict[str, Callable[[], None]] = {
        "straightforward script": lambda: peer(paths, folder / "peer.npy"),
        "the same with bounds and novelty": lambda: whole(paths, folder / "whole.npy"),
        "infer, spectra, bounds, novelty": lambda: infer(paths, folder / "a.zarr", derived=False),
        "infer, with gaps and their bounds": lambda: infer(paths, folder / "b.zarr", derived=True),
        "floor: decode only": lambda: decode_only(paths),
        "floor: inference only": lambda: inference_only(images, arguments.n),
    }
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(arguments.rounds + 1):
        for name, contestant in contestants.items():
            started = time.perf_counter()
            contestant()
            if number:  # the first round warms up
                times[name].append(time.perf_counter() - started)
    shutil.rmtree(folder)
    medians = {name: statistics.median(values) for name, values in times.items()}
    base = medians["straightforward script"]
    same = medians["the same with bounds and novelty"]
    floor = medians["floor: decode only"] + medians["floor: inference only"]
    print(f"{arguments.n} {arguments.format} crops, medians of {arguments.rounds} rounds")
    for name, seconds in medians.items():
        print(
            f"{name:<36} {seconds:6.2f} s  {arguments.n / seconds:7,.0f}/s  "
            f"{base / seconds:5.2f} x the script  {same / seconds:5.2f} x the same  "
            f"{seconds / floor:5.2f} of both floors"
        )


if __name__ == "__main__":
    main()
