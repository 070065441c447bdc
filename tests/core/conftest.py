"""A small pair over the tiny model: files of text lines, each line a sample."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from xmodkit.errors import UsageError
from xmodkit.inputs import find_inputs
from xmodkit.job import Job
from xmodkit.modality import Arrays, Field, Modality
from xmodkit.modelfile import read_model_file
from xmodkit.output import OutputPaths
from xmodkit.pair import Failure, ModalityPair, Option, Options, Route, Sample
from xmodkit.prediction import Derived, Prediction
from xmodkit.predictor import ModelPredictor

BRIGHTNESS = Field("brightness", unit="1", long_name="mean level")


class Tiny(ModalityPair):
    """Lines `LEVEL [HEIGHT]` become images of that level; `bad` fails, `crash` raises."""

    name = "tiny"
    summary = "image -> mean level"
    routes = (Route("scan", "level"),)
    suffixes = (".lines",)
    options = (Option("brighter", "Add this to every level.", "int"),)

    def __init__(self, model: Path) -> None:
        metadata = read_model_file(model).metadata
        self.model = model
        self.modalities = (Modality("scan", metadata.inputs), Modality("level", metadata.outputs))

    def read(self, path: Path, route: Route, options: Options) -> Iterator[Sample | Failure]:
        for ordinal, line in enumerate(path.read_text().splitlines()):
            name, words = f"{path.stem}-{ordinal}", line.split()
            if words[0] == "bad":
                yield Failure(name, str(path), f"{path}: line {ordinal} is bad", ordinal)
            elif words[0] == "crash":
                raise RuntimeError("the reader\nitself broke")
            elif words[0] == "usage":
                raise UsageError("--brighter: means nothing")
            else:
                level, height = int(words[0]), int(words[1]) if len(words) > 1 else 4
                image = np.full((height, 5, 3), level + (options.get("brighter") or 0), np.uint8)
                yield Sample(name, {"scan": {"scan": image}}, str(path), ordinal)

    def encode(self, sample: Sample, route: Route, options: Options) -> Sequence[Arrays]:
        if sample.arrays["scan"]["scan"][0, 0, 0] == 13:
            return ()
        return super().encode(sample, route, options)

    def model_file(self, route: Route, options: Options) -> Path:
        return self.model

    def derived(self, route: Route) -> tuple[Field, ...]:
        return (BRIGHTNESS,)

    def derive(self, fields: Arrays, route: Route) -> dict[str, Derived]:
        value = fields["level"].mean(axis=1)
        status = np.where(value > 220, "above", "value")
        return {"brightness": Derived(value, unit="1", status=status)}

    def draw(self, sample: Sample, prediction: Prediction, route: Route) -> Image.Image:
        return Image.new("RGB", (8, 8), tuple(int(level) for level in prediction.value))


@pytest.fixture
def pair(tiny_model: Path) -> Tiny:
    return Tiny(tiny_model)


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a folder of inputs, `name="line;line"`."""

    def write(**files: str) -> Path:
        inputs = tmp_path / "inputs"
        inputs.mkdir(exist_ok=True)
        for name, lines in files.items():
            (inputs / f"{name}.lines").write_text(lines.replace(";", "\n") + "\n")
        return inputs

    return write


@pytest.fixture
def job(pair: Tiny, tmp_path: Path) -> Callable[..., Job]:
    """Return a function that makes the job of predicting some paths."""

    def make(*paths: Path, model_file: Path | None = None, **settings: object) -> Job:
        route = pair.routes[0]
        values: dict[str, object] = {
            "predictor": ModelPredictor(model_file or pair.model, device="cpu", threads=1),
            "paths": OutputPaths.at(tmp_path / "out.zarr"),
            "model": "tiny.onnx",
            "pictures": 0,
            **settings,
        }
        return Job(pair=pair, route=route, inputs=find_inputs(paths, pair.suffixes), **values)

    return make
