"""Time the shipped saxs-sem files against torch eager of the same graph, and say where time goes.

    python benchmarks/morphology.py                            # one seed, 40 seeds, and the reverse
    python benchmarks/morphology.py --run runs/phases --repeats 5
    python benchmarks/morphology.py --device cuda

The eager contestant is the graph of a finished run (`--run`), bounds and novelty included, or
else of the same architecture with weights drawn at random, which is no matter for its speed; the
allocator keeps large buffers, as in training. Every measurement has a process of its own (runtimes
in one process spin against each other), and contestants take turns over the repeats: read the
ratios, not the rates. One seed is one image, 40 are an ensemble as `infer` draws it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
import torch

from xmodkit import plugins
from xmodkit.job import default_threads
from xmodkit.modality import Array, Arrays
from xmodkit.pair import Sample
from xmodkit.predictor import ModelPredictor
from xmodkit.train.allocator import keep_large_buffers
from xmodkit.train.graph import CalibratedGraph
from xmodkit.train.run import Run
from xmodkit_saxs_sem.modalities import MEMBERS
from xmodkit_saxs_sem.models.phases import graphs
from xmodkit_saxs_sem.models.phases.model import Phases

WEIGHTS = Path(__file__).resolve().parents[1] / "plugins" / "xmodkit_saxs_sem" / "weights"
ROUTES = ("saxs:sem", "sem:saxs")
LARGE = 1024  # pixels each way of a large frame
ENGINES = ("torch eager", "model file")
_STAGES = {"normal": "random numbers", "binary": "binarising"}
_STAGES |= {"two_point": "statistics", "lineal_path": "statistics"}
_MODULES = {"grid": "resampling", "tiles": "resampling", "drawer": "drawing"}
_MODULES |= {"binarise": "binarising", "scatterer": "scattering"}


@dataclass(frozen=True)
class Case:
    """What is timed: a route, how many rows and members at once, and of what frames."""

    route: str
    batch: int
    members: int = 1
    pixels: int = 192

    def __str__(self) -> str:
        rows = f"batch of {self.batch}"
        if self.route == "sem:saxs":
            return f"{self.route}, {rows}"
        images = "1 seed" if self.members == 1 else f"{self.members} seeds"
        return f"{self.route}, {images}, {rows}, frames of {self.pixels} x {self.pixels}"


@dataclass(frozen=True)
class Setting:
    """One contestant: an engine with its threads, on a device, from a file or a run."""

    engine: str
    threads: int
    device: str
    file: Path | None
    run: Path | None


def feeds(case: Case) -> Arrays:
    """Return what a graph takes, in its order: one simulated film, repeated."""
    pair = plugins.pair("saxs-sem")
    route = pair.route(case.route)
    (sample,) = pair.simulate(1, 0, {})
    if case.route == "saxs:sem" and case.pixels != 192:
        sample = Sample("large", {"saxs": _enlarged(sample.arrays["saxs"], case.pixels)})
    row = pair.encode(sample, route, {})[0]
    found = {f.name: np.repeat(row[f.name][None], case.batch, axis=0) for f in pair.encoded(route)}
    if route.inputs:
        found |= {"seed": np.arange(case.members), "spread": np.array(1, np.float32)}
    return found


def _enlarged(frame: Arrays, pixels: int) -> dict[str, Array]:
    """Return a frame of more pixels, each as the one that lay there."""
    place = np.arange(pixels) * len(frame["intensity"]) // pixels
    return {name: np.ascontiguousarray(array[place][:, place]) for name, array in frame.items()}


def eager(route: str, run: Path | None) -> CalibratedGraph:
    """Return the graph of a run in torch, or of an untrained model with bounds of its own."""
    pair = plugins.pair("saxs-sem")
    if run is not None:
        return Run.load(run, pair).graph(pair.route(route))
    model = Phases()
    model.networks.eval()
    direction = pair.route(route)
    fields = [f.name for f in model.outputs(route, pair.modality(direction.target).fields)]
    bounded = ("log_intensity",) if route == "sem:saxs" else tuple(fields[-3:])
    ones = (np.ones((), np.float32), np.ones((), np.float32))
    quantiles = dict.fromkeys(bounded, ones)
    return CalibratedGraph(model.graph(route), direction, fields, quantiles, 1.0).eval()


def contestant(case: Case, setting: Setting) -> Callable[[], object]:
    """Return what one call of a contestant does."""
    given = feeds(case)
    if setting.engine == "model file":
        assert setting.file is not None
        predictor = ModelPredictor(setting.file, setting.device, setting.threads)
        return lambda: predictor.run_raw(given)
    keep_large_buffers()
    torch.set_num_threads(setting.threads)
    graph = eager(case.route, setting.run).to(setting.device)
    tensors = [torch.from_numpy(np.asarray(array)) for array in given.values()]

    @torch.inference_mode()
    def in_torch() -> object:
        return [out.cpu() for out in graph(*(tensor.to(setting.device) for tensor in tensors))]

    return in_torch


def measured(case: Case, setting: Setting, seconds: float) -> float:
    """Return the median seconds of a call; calls go on for that long, three at least."""
    call = contestant(case, setting)
    call()
    times: list[float] = []
    while len(times) < 3 or (sum(times) < seconds and len(times) < 200):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def parts(case: Case, setting: Setting) -> dict[str, float]:
    """Return the share of each part of the eager graph's time."""
    graph = eager(case.route, setting.run)
    raw = graph.graph
    spent: dict[str, float] = defaultdict(float)
    keep_large_buffers()
    torch.set_num_threads(setting.threads)
    tensors = [torch.from_numpy(np.asarray(array)) for array in feeds(case).values()]

    def timed(name: str, function: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **kwargs: object) -> object:
            started = time.perf_counter()
            found = function(*args, **kwargs)
            spent[name] += time.perf_counter() - started
            return found

        return call

    with ExitStack() as stack, torch.inference_mode():
        graph(*tensors)
        for name, part in _STAGES.items():
            patched = timed(part, getattr(graphs, name))
            stack.enter_context(mock.patch.object(graphs, name, patched))
        for name, child in raw.named_children():
            part = _MODULES.get(name, "all else")
            stack.enter_context(mock.patch.object(child, "forward", timed(part, child.forward)))
        started = time.perf_counter()
        graph(*tensors)
        whole = time.perf_counter() - started
    spent["all else"] = whole - sum(time for name, time in spent.items() if name != "all else")
    return {name: seconds / whole for name, seconds in spent.items()}


def operators(case: Case, setting: Setting) -> dict[str, float]:
    """Return the share of each kind of operator in the model file's time, the costly ones."""
    import onnxruntime

    assert setting.file is not None
    options = onnxruntime.SessionOptions()
    options.enable_profiling = True
    options.intra_op_num_threads = setting.threads
    with tempfile.TemporaryDirectory() as folder:
        options.profile_file_prefix = str(Path(folder) / "profile")
        file = ModelPredictor(setting.file, "cpu", setting.threads).file
        session = onnxruntime.InferenceSession(
            file.data, options, providers=["CPUExecutionProvider"]
        )
        session.run(None, dict(feeds(case)))
        events = json.loads(Path(session.end_profiling()).read_text())
    spent: dict[str, float] = defaultdict(float)
    for event in events:
        if event.get("cat") == "Node" and "op_name" in event.get("args", {}):
            spent[event["args"]["op_name"]] += event["dur"]
    whole = sum(spent.values())
    return {name: spent[name] / whole for name in sorted(spent, key=spent.__getitem__)[:-9:-1]}


def cases(batches: list[int]) -> Iterator[Case]:
    """Yield what is timed."""
    for batch in batches:
        yield Case("saxs:sem", batch)
        yield Case("saxs:sem", batch, MEMBERS)
    yield Case("saxs:sem", 1, 1, LARGE)
    yield Case("saxs:sem", 1, MEMBERS, LARGE)
    for batch in batches:
        yield Case("sem:saxs", batch)


def compare(case: Case, settings: list[Setting], repeats: int, seconds: float) -> None:
    """Print frames/s of the contestants and their ratio to torch with as many threads."""
    times: dict[Setting, list[float]] = {setting: [] for setting in settings}
    for _ in range(repeats):
        for setting, found in times.items():
            found.append(_apart(measured, case, setting, seconds))
    medians = {setting: statistics.median(found) for setting, found in times.items()}
    eagers = {s.threads: m for s, m in medians.items() if s.engine == "torch eager"}
    print(f"\n{case}")
    for setting, median in medians.items():
        print(
            f"  {setting.engine}, {setting.threads} thread(s), {setting.device:<6}"
            f"{case.batch / median:9.2f} frames/s {1e3 * median / case.batch:9.1f} ms a frame "
            f"{eagers[setting.threads] / median:6.2f} x eager",
            flush=True,
        )


def _apart(function: Callable[..., object], *args: object) -> object:
    """Return what a function returns in a process of its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *args).result()


def shares(case: Case, setting: Setting) -> None:
    """Print where the time goes."""
    print(f"\nwhere the time goes: {case}, {setting.threads} thread(s), CPU")
    for name, found in (("torch eager", parts), ("model file", operators)):
        told = _apart(found, case, setting)
        assert isinstance(told, dict)
        print(f"  {name}: " + ", ".join(f"{part} {share:.1%}" for part, share in told.items()))


def main() -> None:
    """Time every case that there is a model file for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, action="append", help="in place of the shipped files")
    parser.add_argument("--run", type=Path, help="folder of the finished run that torch loads")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:i")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, default_threads()])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0, help="of one measurement")
    given = parser.parse_args()
    shipped = [WEIGHTS / f"{route.replace(':', '-')}.onnx" for route in ROUTES]
    files = {ModelPredictor(file, "cpu").route.name: file for file in given.model or shipped}
    threads = sorted(set(given.threads))
    for case in cases(given.batches):
        if case.route in files:
            settings = [
                Setting(engine, count, given.device, files[case.route], given.run)
                for count in threads
                for engine in ENGINES
            ]
            compare(case, settings, given.repeats, given.seconds)
    for case in (Case("saxs:sem", 1), Case("saxs:sem", 1, MEMBERS), Case("sem:saxs", 1)):
        if case.route in files:
            setting = Setting("torch eager", threads[0], "cpu", files[case.route], given.run)
            shares(case, setting)


if __name__ == "__main__":
    main()
