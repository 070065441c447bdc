"""The whole way back over a real model file, through ONNX Runtime."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xmodkit.calibration import Calibration
from xmodkit.errors import DataError, ModelFileError
from xmodkit.modality import Axis, Field
from xmodkit.modelfile import ModelMetadata, write_model_file
from xmodkit.pair import Route, Sample
from xmodkit_xes.inverse import InversePredictor, draw_fit, encode_curve, write_fit
from xmodkit_xes.inverse.calibrate import calibrate_fit, disturbed
from xmodkit_xes.inverse.outputs import derived_fields

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

DIFFERENCE = 20.0
ENERGIES = np.linspace(490.0, 510.0, 81)
MEAN, SCALE = (0.95, 1.05, 104.0), (0.06, 0.06, 10.0)
LATENT = Field("latent", (Axis("latent", 3),))
CURVE = Field("xes", (Axis("xes_energy", 81, "eV", tuple(ENERGIES.tolist())),))
ROUTE = Route("xes", "structure", kind="fit")


@pytest.fixture(scope="module")
def graph() -> bytes:
    """Return the synthetic decoder as an ONNX graph."""
    from xmodkit_exporters.onnx import to_onnx

    class Lines(torch.nn.Module):
        def forward(self, latent: torch.Tensor) -> dict[str, torch.Tensor]:
            energies = torch.tensor(ENERGIES, dtype=torch.float32)
            features = torch.tensor(MEAN) + torch.tensor(SCALE) * latent
            short, long, angle = features.to(torch.float32)[..., None].unbind(1)
            first = torch.exp(-0.5 * ((energies - 496 - 10 * (short + long - 2)) / 0.8) ** 2)
            second = torch.exp(-0.5 * ((energies - 502 - 0.08 * (angle - 104)) / 1.0) ** 2)
            third = torch.exp(-0.5 * ((energies - 506) / 0.7) ** 2)
            height = 0.8 + DIFFERENCE * (long - short) ** 2
            return {"xes": 2 * first + 1.2 * second + height * third}

    return to_onnx(Lines(), (LATENT,), ("xes",), {"latent": np.zeros((2, 3), np.float32)})


@pytest.fixture(scope="module")
def file(graph: bytes, water: Any, molecules: Any, tmp_path_factory: Any) -> Path:
    """Return a decoder's model file whose way back is calibrated."""
    decoder, features = water(DIFFERENCE), molecules(120, 1)
    spectra = decoder.decode(decoder.features.to_latent(features))
    rng = np.random.default_rng(0)
    fit = calibrate_fit(decoder.decode, decoder.details, ENERGIES, spectra, features, rng)
    return write(
        tmp_path_factory.mktemp("weights") / "latent-xes-O.onnx",
        graph,
        {**decoder.details, "fit": fit},
    )


def write(path: Path, graph: bytes, details: dict[str, Any]) -> Path:
    calibration = Calibration("none", 0.9, 0, 0.0)
    route = Route("latent", "xes", bounds="none")
    metadata = ModelMetadata(
        "xes", "0", route, (LATENT,), (CURVE,), 20, calibration, {}, {}, "MIT", details=details
    )
    write_model_file(path, graph, metadata)
    return path


def measured(decoder: Any, features: Any) -> tuple[list[Sample], dict[str, Any]]:
    """Return noisy, shifted samples on a grid of their own, and the rows of a batch."""
    n, rng = len(features), np.random.default_rng(3)
    spectra = decoder.decode(decoder.features.to_latent(features))
    curves = disturbed(ENERGIES, spectra, rng.normal(0, 0.3, n), np.full(n, 0.005), rng)
    at = {"xes_energy": tuple(ENERGIES.tolist())}
    samples = [
        Sample(f"curve {i}", {"xes": {"xes": curve}}, "a.csv", i, coordinates=at)
        for i, curve in enumerate(1e4 * curves)
    ]
    rows = [encode_curve(sample, ROUTE, {}, ENERGIES) for sample in samples]
    return samples, {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def test_a_batch_of_measured_curves_becomes_structures_with_bounds(
    file: Path, water: Any, molecules: Any
) -> None:
    decoder, features = water(DIFFERENCE), molecules(12, 8)
    predictor = InversePredictor(file, "cpu")
    _, rows = measured(decoder, features)
    assert set(rows) == {field.name for field in predictor.inputs}
    found = predictor.run(rows)
    for field in predictor.outputs:
        value = found.fields[field.name]
        assert value.value.shape == (12, *(axis.size for axis in field.axes))
        assert value.value.dtype == field.dtype
    assert set(found.derived) == {field.name for field in derived_fields()}
    truth = decoder.features.parameters(features)
    angle = found.derived["angle"]
    assert (angle.status == "value").all()
    assert np.abs(angle.value - truth["angle"]).mean() < 1
    assert ((angle.lower < angle.value) & (angle.value < angle.upper)).all()
    latent = found.fields["latent"]
    inside = (latent.lower <= decoder.features.to_latent(features)) & (
        decoder.features.to_latent(features) <= latent.upper
    )
    assert inside.mean() > 0.7
    np.testing.assert_allclose(found.derived["scale"].value, 1e4, rtol=0.05)
    assert not found.novel.any()
    assert (found.bounds_source == "simulated").all()
    bonds = np.linalg.norm(found.fields["positions"].value[:, 1:], axis=2)
    np.testing.assert_allclose(bonds, found.fields["features"].value[:, :2], rtol=1e-5)


def test_a_curve_unlike_any_is_novel_and_has_no_bounds(file: Path, water: Any, molecules: Any):
    _, rows = measured(water(DIFFERENCE), molecules(2, 4))
    rows["xes"][1] = rows["xes"][1][::-1]
    found = InversePredictor(file, "cpu").run(rows)
    assert found.novel.tolist() == [False, True]
    assert found.bounds_source.tolist() == ["simulated", "none"]
    assert np.isnan(found.derived["angle"].lower[1])
    assert np.isnan(found.fields["latent"].upper[1]).all()


def test_the_report_and_the_card_say_what_is_not_fixed(
    file: Path, water: Any, molecules: Any, tmp_path: Path
) -> None:
    from PIL import Image

    predictor = InversePredictor(file, "cpu")
    samples, rows = measured(water(DIFFERENCE), molecules(1, 5))
    found = predictor.run(rows)
    scalar = found.derived["bond_difference"]
    scalar.status[:], scalar.value[:], scalar.lower[:], scalar.upper[:] = ("none", *[np.nan] * 3)
    (path,) = write_fit(samples[0], found[0], predictor.features, tmp_path)
    says = json.loads(path.read_text())
    assert says["scalars"]["bond_difference"]["says"] == "not fixed by this spectrum"
    assert says["scalars"]["bond_difference"]["value"] is None
    assert says["scalars"]["angle"]["lower"] < says["scalars"]["angle"]["value"]
    assert sum(minimum["weight"] for minimum in says["minima"]) == pytest.approx(1, abs=0.01)
    assert says["effective structure"]["numbers"] == [8, 1, 1]
    assert says["distances / angstrom"]["across"] > says["distances / angstrom"]["long"]
    assert write_fit(samples[0], found[0], predictor.features, tmp_path) == (path,)
    card = draw_fit(samples[0], found[0], predictor.features)
    assert isinstance(card, Image.Image)
    assert card.size == (440, 208)
    assert len(card.getcolors(100_000)) > 20


def test_the_pair_writes_and_draws_every_fit(file: Path, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from xmodkit_cli.main import cli

    energies = ENERGIES + 0.1
    curve = np.exp(-(((energies - 496) / 1.2) ** 2)) + np.exp(-(((energies - 502) / 1.5) ** 2))
    np.savetxt(tmp_path / "measured.csv", np.c_[energies, curve], delimiter=",")
    arguments = ["infer", "--plugin", "xes", "--route", "xes:structure", "--model", file,
                 tmp_path / "measured.csv", "-o", tmp_path / "out"]  # fmt: skip
    ran = CliRunner().invoke(cli, [str(each) for each in arguments], standalone_mode=False)
    assert ran.exception is None
    assert ran.return_value == 0
    says = json.loads((tmp_path / "out" / "fits" / "measured.json").read_text())
    assert says["minima"]
    assert (tmp_path / "out" / "figures" / "sheet-1.png").is_file()


def test_what_is_known_and_the_ensemble_belong_to_the_identity(file: Path) -> None:
    predictors = [
        InversePredictor(file, "cpu", *chosen)
        for chosen in [(None, False), ("shift", False), (None, True)]
    ]
    assert len({predictor.identity for predictor in predictors}) == 3
    assert predictors[0].route == ROUTE


def test_an_ensemble_has_spreads_and_no_bounds_that_nobody_checked(
    file: Path, water: Any, molecules: Any
) -> None:
    predictor = InversePredictor(file, "cpu", ensemble=True)
    found = predictor.run(measured(water(DIFFERENCE), molecules(1, 6))[1])
    assert set(found.derived) == {field.name for field in derived_fields(ensemble=True)}
    assert found.fields["latent_spread"].value.shape == (1, 3, 3)
    assert found.bounds_source.tolist() == ["none"]
    assert np.isnan(found.derived["angle"].lower).all()


def test_a_decoder_without_calibration_gives_no_bounds(
    graph: bytes, water: Any, molecules: Any, tmp_path: Path
) -> None:
    decoder = water(DIFFERENCE)
    file = write(tmp_path / "plain.onnx", graph, dict(decoder.details))
    found = InversePredictor(file, "cpu").run(measured(decoder, molecules(1, 6))[1])
    assert found.bounds_source.tolist() == ["none"]
    assert np.isnan(found.fields["latent"].lower).all()
    assert np.isfinite(found.derived["angle"].value).all()


def test_files_and_arrays_that_are_none_are_refused(
    file: Path, graph: bytes, water: Any, tmp_path: Path
) -> None:
    with pytest.raises(ModelFileError, match="lack 'features'"):
        InversePredictor(write(tmp_path / "bare.onnx", graph, {}), "cpu")
    predictor = InversePredictor(file, "cpu")
    with pytest.raises(DataError, match="weight is missing"):
        predictor.run({"xes": np.ones((1, 81), np.float32)})
    with pytest.raises(DataError, match="without any weight"):
        predictor.run({name: np.zeros((1, 81), np.float32) for name in ("xes", "weight")})
