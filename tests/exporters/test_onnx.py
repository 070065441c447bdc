"""The ONNX exporter writes one clean file that gives torch's numbers at every size."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxscript")
ort = pytest.importorskip("onnxruntime")

from torch import nn  # noqa: E402

from xmodkit.errors import DataError, ModelFileError, UsageError  # noqa: E402
from xmodkit.modality import Axis, Field  # noqa: E402
from xmodkit.train.resize import LanczosResize  # noqa: E402
from xmodkit_exporters.onnx import check_parity, to_onnx  # noqa: E402

IMAGE = Field("image", (Axis("y"), Axis("x"), Axis("channel", 3)), "uint8")
SEED = Field("seed", (), "int64")
OUTPUTS = (
    "absorption",
    "absorption_lower",
    "absorption_upper",
    "novelty",
    "novel",
    "latent",
)


class ScanToAbsorption(nn.Module):
    """The published image encoder and spectrum decoder, with bounds and novelty."""

    def __init__(self, resize: nn.Module) -> None:
        super().__init__()
        self.resize = resize
        layers: list[nn.Module] = []
        for before, after in ((3, 8), (8, 16), (16, 4), (4, 4)):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        self.encoder = nn.Sequential(*layers, nn.Flatten(), nn.Linear(64, 100))
        self.dense = nn.Sequential(nn.Linear(100, 100), nn.PReLU(), nn.Linear(100, 55), nn.PReLU())
        self.curve = nn.Sequential(
            nn.ConstantPad1d((4, 5), 0.0),
            nn.Conv1d(1, 64, 10),
            nn.PReLU(),
            nn.Upsample(scale_factor=2, mode="nearest"),
            nn.ConstantPad1d((9, 10), 0.0),
            nn.Conv1d(64, 32, 20),
            nn.PReLU(),
            nn.Upsample(scale_factor=2, mode="nearest"),
            nn.Conv1d(32, 1, 1),
        )
        self.scale = nn.Linear(100, 220)
        self.register_buffer("mean", torch.linspace(-0.1, 0.1, 100))
        self.register_buffer("quantile", torch.tensor(1.6))
        self.register_buffer("threshold", torch.tensor(3.0))

    def forward(self, image):
        latent = self.encoder(self.resize(image) / 255)
        value = self.curve(self.dense(latent)[:, None])[:, 0]
        half_width = nn.functional.softplus(self.scale(latent)) * self.quantile
        novelty = (latent - self.mean).square().sum(-1)
        novel = novelty > self.threshold
        half_width = torch.where(novel[:, None], torch.nan, half_width)
        return {
            "latent": latent,  # not in the order of OUTPUTS
            "absorption": value,
            "absorption_lower": value - half_width,
            "absorption_upper": value + half_width,
            "novelty": novelty,
            "novel": novel,
        }


class ChannelsFirst(nn.Module):
    """Take images that have the encoder's size already: a quick export."""

    def forward(self, image):
        return image.permute(0, 3, 1, 2).float()


class Atoms(nn.Module):
    """Two fields that share a ragged axis, and a scalar."""

    def forward(self, numbers, positions, seed):
        present = (numbers > 0).float()
        moment = (positions.square().sum(-1) * present).sum(1)
        return moment, moment * 2 + seed


NUMBERS = Field("numbers", (Axis("atom", pad=True),), "int64")
POSITIONS = Field("positions", (Axis("atom", pad=True), Axis("xyz", 3)))


def images(samples: int, height: int = 101, width: int = 101) -> np.ndarray:
    """Images of many brightnesses, so that some are novel and some are not."""
    random = np.random.default_rng(0)
    brightest = random.integers(2, 257, (samples, 1, 1, 1))
    return random.integers(0, brightest, (samples, height, width, 3)).astype(np.uint8)


def ones(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


def export_small(module=None, outputs=("y",), **options) -> bytes:
    field = Field("x", (Axis("i", 4),))
    return to_onnx(module or nn.PReLU(), [field], outputs, {"x": ones(2, 4)}, **options)


def run(data: bytes, **feeds: np.ndarray) -> dict[str, np.ndarray]:
    session = ort.InferenceSession(data, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, feeds), strict=True))


def initialised(resize: nn.Module | None = None, size: int = 101) -> ScanToAbsorption:
    """Return the module with the same weights each time; half of `images(17)` are novel."""
    torch.manual_seed(0)
    module = ScanToAbsorption(resize or LanczosResize(64))
    with torch.no_grad():
        novelty = module(torch.tensor(images(17, size, size)))["novelty"]
    module.threshold.fill_(float(novelty.median()))
    return module


@pytest.fixture(scope="module")
def module():
    return initialised()


@pytest.fixture(scope="module")
def data(module):
    return to_onnx(module, [IMAGE], OUTPUTS, {"image": images(1, 40, 40)})


def test_the_model_gives_torchs_numbers_at_batches_1_3_and_17(module, data):
    assert check_parity(module, data, {"image": images(17)}) <= 1e-5


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (3, 200), (64, 64), (97, 105), (480, 640)])
def test_images_of_any_size_give_torchs_numbers(module, data, size):
    assert check_parity(module, data, {"image": images(2, *size)}, batches=(1, 2)) <= 1e-5


def test_outputs_have_the_names_order_types_and_shapes_asked_for(data):
    outputs = run(data, image=images(17))
    assert tuple(outputs) == OUTPUTS
    assert outputs["absorption"].shape == outputs["absorption_lower"].shape == (17, 220)
    assert outputs["latent"].shape == (17, 100)
    assert (outputs["novelty"].shape, outputs["novelty"].dtype) == ((17,), np.float32)
    assert (outputs["novel"].shape, outputs["novel"].dtype) == ((17,), np.bool_)


def test_bounds_are_nan_where_and_only_where_the_sample_is_novel(data):
    outputs = run(data, image=images(17))
    novel = outputs["novel"]
    assert 0 < novel.sum() < 17
    for bound in ("absorption_lower", "absorption_upper"):
        np.testing.assert_array_equal(np.isnan(outputs[bound]).all(1), novel)
        np.testing.assert_array_equal(np.isnan(outputs[bound]).any(1), novel)
    assert np.isfinite(outputs["absorption"]).all()


def test_the_same_weights_give_the_same_bytes():
    axes = (Axis("y", 64), Axis("x", 64), Axis("channel", 3))
    field = Field("image", axes, "uint8")
    examples = [{"image": images(samples, 64, 64)} for samples in (1, 3)]
    first, second = (
        to_onnx(initialised(ChannelsFirst(), 64), [field], OUTPUTS, example) for example in examples
    )
    assert first == second


@pytest.mark.slow
def test_the_same_weights_give_the_same_bytes_for_images_of_any_size(data):
    assert to_onnx(initialised(), [IMAGE], OUTPUTS, {"image": images(3, 50, 30)}) == data


def test_other_weights_give_other_bytes():
    first, second = (export_small(nn.PReLU(init=init)) for init in (0.25, 0.5))
    assert first != second


def test_the_file_holds_little_beside_its_weights(module, data):
    weights = sum(4 * tensor.numel() for tensor in module.state_dict().values())
    assert len(data) < weights + 60_000


def test_the_file_names_no_path_and_no_source_line(data):
    for text in (
        str(Path.home()),
        str(Path(__file__).parents[2]),
        torch.__path__[0],
        ".py",
        "line ",
    ):
        assert text.encode() not in data


def test_the_file_stands_alone_and_uses_standard_operators_only(data):
    model = onnx.load_from_string(data)
    onnx.checker.check_model(model, full_check=True)
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 20)]
    assert not model.functions
    assert all(t.data_location == onnx.TensorProto.DEFAULT for t in model.graph.initializer)


def test_dynamic_axes_are_named_after_the_fields_axes(data):
    shapes = {
        entry.name: [dim.dim_param or dim.dim_value for dim in entry.type.tensor_type.shape.dim]
        for part in (onnx.load_from_string(data).graph,)
        for entry in (*part.input, *part.output)
    }
    assert shapes["image"] == ["batch", "y", "x", 3]
    assert shapes["absorption"] == ["batch", 220]
    assert shapes["novel"] == ["batch"]


def test_buffers_and_weights_are_initializers_under_their_names(data):
    names = {tensor.name for tensor in onnx.load_from_string(data).graph.initializer}
    assert {"network.mean", "network.quantile", "network.encoder.0.weight"} <= names


@pytest.mark.parametrize("opset", [18, 20, 21])
def test_the_opset_asked_for_is_the_opset_written(opset):
    data = export_small(opset=opset)
    assert onnx.load_from_string(data).opset_import[0].version == opset


def test_an_opset_that_cannot_be_written_is_an_error():
    with pytest.raises(ModelFileError, match="opset 99 asked, torch wrote"):
        export_small(opset=99)


def test_exporting_prints_and_logs_nothing(capfd, caplog):
    with caplog.at_level(logging.WARNING):
        export_small()
    assert capfd.readouterr() == ("", "")
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_loading_the_file_prints_nothing(data, capfd):
    run(data, image=images(1))
    assert capfd.readouterr() == ("", "")


def test_two_fields_a_shared_ragged_axis_and_a_scalar_are_exported():
    random = np.random.default_rng(0)
    feeds = {
        "numbers": random.integers(0, 9, (5, 7)),
        "positions": random.normal(size=(5, 7, 3)).astype(np.float32),
        "seed": np.array(3),
    }
    data = to_onnx(Atoms(), [NUMBERS, POSITIONS], ["moment", "shifted"], feeds, [SEED])
    assert check_parity(Atoms(), data, feeds) <= 1e-5
    one = {"numbers": np.array([[8]]), "positions": np.ones((1, 1, 3), np.float32)}
    assert run(data, **one, seed=np.array(40))["shifted"] == [46]
    assert [entry.name for entry in onnx.load_from_string(data).graph.input] == list(feeds)


@pytest.mark.parametrize("members", [1, 2, 9])
def test_a_further_input_may_have_a_ragged_axis_and_no_batch(members: int):
    class Members(nn.Module):
        def forward(self, level, seed, spread):
            drawn = level[:, None] + spread * torch.sin(seed.float())[None, :, None]
            return {"members": drawn, "mean": drawn.mean(dim=1)}

    level = Field("level", (Axis("i", 2),))
    further = (Field("seed", (Axis("member"),), "int64"), Field("spread"))
    example = {
        "level": np.ones((1, 2), np.float32),
        "seed": np.arange(3),
        "spread": np.asarray(np.float32(2)),
    }
    data = to_onnx(Members(), [level], ["members", "mean"], example, further)
    entries = {e.name: e for e in ort.InferenceSession(data).get_inputs()}
    assert entries["seed"].shape == ["member"]
    assert entries["spread"].shape == []
    feeds = {**example, "seed": np.arange(members)}
    assert check_parity(Members(), data, feeds) < 1e-6


def test_an_input_that_the_graph_does_not_use_is_kept():
    x = Field("x", (Axis("i", 4),))

    class First(nn.Module):
        def forward(self, x, seed):
            return (x * 2,)

    data = to_onnx(First(), [x], ["y"], {"x": ones(2, 4), "seed": np.array(1)}, [SEED])
    assert run(data, x=ones(1, 4), seed=np.array(2))["y"].tolist() == [[2, 2, 2, 2]]


def test_dropout_is_off_in_the_file():
    data = export_small(nn.Dropout(0.5))
    np.testing.assert_array_equal(run(data, x=ones(3, 4))["y"], ones(3, 4))


def test_parity_reports_changed_weights(data):
    other = initialised()
    with torch.no_grad():
        other.dense[0].weight[0, 0] += 0.1
    assert check_parity(other, data, {"image": images(3)}) > 1e-5


def test_parity_is_infinite_where_nan_stands_elsewhere(data):
    other = initialised()
    other.threshold.fill_(1e9)
    assert check_parity(other, data, {"image": images(17)}) == np.inf


def test_a_graph_that_fixes_the_batch_is_refused():
    class Fixed(nn.Module):
        def forward(self, x):
            return (x.reshape(2, 2, 2),)

    with pytest.raises(ModelFileError, match="static shape of 2"):
        to_onnx(Fixed(), [Field("x", (Axis("i", 4),))], ["y"], {"x": ones(2, 4)})


def test_an_example_of_extent_one_along_a_ragged_axis_is_refused():
    with pytest.raises(UsageError, match="extent 1 given along ragged axis 'y'"):
        to_onnx(LanczosResize(64), [IMAGE], ["levels"], {"image": images(1, 1, 5)})


def test_an_example_of_another_type_is_refused():
    with pytest.raises(DataError, match="float32 given, uint8 expected"):
        to_onnx(LanczosResize(64), [IMAGE], ["levels"], {"image": ones(1, 5, 5, 3)})


def test_a_missing_example_is_refused():
    with pytest.raises(UsageError, match="no example given for input 'image'"):
        to_onnx(LanczosResize(64), [IMAGE], ["levels"], {})


def test_an_output_may_not_have_the_name_of_an_input():
    with pytest.raises(UsageError, match=r"'image'.*its own name"):
        to_onnx(LanczosResize(64), [IMAGE], ["image"], {"image": images(1, 5, 5)})


def test_more_names_than_outputs_are_refused():
    with pytest.raises(ModelFileError, match="one name per tensor"):
        export_small(outputs=["y", "more"])
