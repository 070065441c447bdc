"""Each architecture trains, exports, and gives the fit what it needs."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from xmodkit.errors import DataError, UsageError  # noqa: E402
from xmodkit.model import Model  # noqa: E402
from xmodkit.pair import Route, Sample  # noqa: E402
from xmodkit.train.fit import fit  # noqa: E402
from xmodkit_xes.modalities import CLUSTER, LATENT  # noqa: E402
from xmodkit_xes.models import MODELS  # noqa: E402
from xmodkit_xes.models.latent import LatentModel  # noqa: E402

ROUTE = Route("structure", "xes")
NAMES = ("emulator", "ednn", "nnca", "eca")


def trained(name: str, samples: list[Sample], **options: Any) -> Model:
    """Return a model trained for a few epochs on samples."""
    from dataclasses import replace

    torch.manual_seed(0)
    kind = MODELS[name]
    model = kind(**json.loads(json.dumps(kind.shape(ROUTE, samples[0], options))))
    model.stages = tuple(
        replace(stage, epochs=2 if stage.name == "scale" else 12) for stage in model.stages
    )
    prepared = [model.prepare(sample) for sample in samples]
    rows = {key: np.stack([row[key] for row in prepared]) for key in prepared[0]}
    cut = len(samples) * 4 // 5
    fit(model, {k: v[:cut] for k, v in rows.items()}, {k: v[cut:] for k, v in rows.items()}, 0)
    return model


@pytest.fixture(scope="module", params=list(NAMES))
def model(request: pytest.FixtureRequest, water: Any) -> Model:
    """Return every architecture, trained on 250 molecules."""
    return trained(request.param, water.samples()[:250], k=2)


def inputs(water: Any, rows: slice) -> tuple[Any, Any]:
    """Return molecules as a graph takes them."""
    positions = torch.from_numpy(water.positions[rows]).float()
    numbers = torch.tensor([8, 1, 1], dtype=torch.int32).expand(len(positions), 3).contiguous()
    return numbers, positions


def test_a_trained_graph_predicts_rows_it_never_saw(model: Model, water: Any) -> None:
    """Spectrum, positive scale, novelty and latent come out; the mean spectrum is beaten."""
    with torch.no_grad():
        found = model.graph("structure:xes").eval()(*inputs(water, slice(250, 400)))
    truth = water.spectra[250:]
    left = ((found["xes"].numpy() - truth) ** 2).sum()
    assert left < 0.5 * ((truth - truth.mean(axis=0)) ** 2).sum()
    assert float(found["xes_scale"].min()) > 0
    assert found["novelty"].shape == (150,)
    assert found["latent"].ndim == 2


def test_what_is_unlike_water_is_novel(model: Model, water: Any) -> None:
    """Half the bond length lies beyond nearly all molecules of the set."""
    numbers, positions = inputs(water, slice(250, 400))
    with torch.no_grad():
        graph = model.graph("structure:xes").eval()
        familiar, strange = (graph(numbers, p)["novelty"] for p in (positions, positions / 2))
    assert float(strange.min()) > float(familiar.quantile(0.95))


def test_the_exported_graph_agrees_with_torch(model: Model, water: Any) -> None:
    """Raw numbers and positions of any number of atoms and of molecules give the same in ONNX."""
    exporter = pytest.importorskip("xmodkit_exporters.onnx")
    pytest.importorskip("onnxscript")
    numbers, positions = inputs(water, slice(0, 4))
    padded = {
        "numbers": np.pad(numbers.numpy(), ((0, 0), (0, 2))),
        "positions": np.pad(positions.numpy(), ((0, 0), (0, 2), (0, 0))),
    }
    graph = model.graph("structure:xes")
    outputs = ["xes", "xes_scale", "novelty", "latent"]
    data = exporter.to_onnx(graph, CLUSTER.fields, outputs, padded)
    exporter.check_parity(_Ordered(graph, outputs), data, padded)


class _Ordered(torch.nn.Module):  # type: ignore[misc, name-defined]
    def __init__(self, graph: Any, names: list[str]) -> None:
        super().__init__()
        self.graph, self.names = graph, names

    def forward(self, *given: Any) -> tuple[Any, ...]:
        found = self.graph(*given)
        return tuple(found[name] for name in self.names)


@pytest.mark.parametrize("model", NAMES[1:], indirect=True)
def test_the_decoder_says_of_a_latent_what_the_model_says_of_its_structure(
    model: Model, water: Any
) -> None:
    """latent:xes of a structure's latent is structure:xes of the structure."""
    assert isinstance(model, LatentModel)
    with torch.no_grad():
        whole = model.graph("structure:xes").eval()(*inputs(water, slice(0, 9)))
        decoded = model.graph("latent:xes").eval()(whole["latent"])
    torch.testing.assert_close(decoded["xes"], whole["xes"])
    assert LATENT.fields[0].name == "latent"


@pytest.mark.parametrize("model", NAMES[1:], indirect=True)
def test_the_decoders_details_lead_back_to_the_features(model: Model, water: Any) -> None:
    """Mean + scale * (t V) of all features is the features; EDNN has no vectors. All is JSON."""
    assert isinstance(model, LatentModel)
    held = water.samples()[250:300]
    assert model.details("structure:xes", held) == {}
    details = json.loads(json.dumps(model.details("latent:xes", held)))
    assert [name.split()[0] for name in details["features"]] == ["short", "long", "angle"]
    assert len(details["residual"]) == len(water.spectra[0])
    assert np.linalg.eigvalsh(details["latent_covariance"]).min() > 0
    assert ("basis" in details) == (model.name != "ednn")
    if "basis" in details:
        basis = np.array(details["basis"])
        np.testing.assert_allclose(basis @ basis.T, np.eye(2), atol=1e-5)


def test_all_features_as_components_give_the_structure_back(water: Any) -> None:
    """With k = 3 a water molecule's scores are its features in another frame."""
    model = trained("eca", water.samples()[:100], k=3)
    held = water.samples()[250:260]
    details = model.details("latent:xes", held)
    with torch.no_grad():
        latent = model.graph("structure:xes").eval()(*inputs(water, slice(250, 260)))["latent"]
    found = details["feature_mean"] + np.array(details["feature_scale"]) * (
        latent.numpy() @ np.array(details["basis"])
    )
    np.testing.assert_allclose(found, water.features[250:260], atol=2e-2)


def test_more_components_than_features_are_refused(water: Any) -> None:
    """The answer names what the descriptor allows."""
    with pytest.raises(UsageError, match="--k 4: 1 to 3"):
        trained("nnca", water.samples()[:5], k=4)


def test_an_unknown_descriptor_is_refused(water: Any) -> None:
    """The answer names those there are."""
    with pytest.raises(UsageError, match="internal, coulomb, symmetry"):
        trained("emulator", water.samples()[:5], descriptor="soap")


def test_spectra_without_energies_are_refused(water: Any) -> None:
    """A file must say at which energies it predicts."""
    from dataclasses import replace

    bare = replace(water.samples()[0], coordinates={})
    with pytest.raises(DataError, match="no energies"):
        MODELS["emulator"].shape(ROUTE, bare, {})


def test_larger_molecules_are_described_by_symmetry_functions(
    water: Any, make_cluster: Any
) -> None:
    """Unless the option says otherwise; a molecule with two absorbers is refused."""
    from dataclasses import replace

    given = make_cluster(0, 9)
    structure = {
        "numbers": given.numbers,
        "positions": given.positions,
        "cell": np.zeros((3, 3), np.float32),
        "sites": np.array([0, 1], np.int32),
    }
    sample = replace(
        water.samples()[0], arrays={**water.samples()[0].arrays, "structure": structure}
    )
    shape = MODELS["emulator"].shape(ROUTE, sample, {})
    assert shape["descriptor"] == "symmetry"
    with pytest.raises(DataError, match="2 absorbers"):
        MODELS["emulator"](**shape).prepare(sample)
