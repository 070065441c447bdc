"""The shipped decoder of water's emission: an example goes back, and one spectrum of two shapes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xmodkit.pair import Route, Sample
from xmodkit_xes.inverse import InversePredictor, encode_curve
from xmodkit_xes.inverse.calibrate import fit_in_batches
from xmodkit_xes.reading.spectra import read_spectra

ROOT = Path(__file__).parents[3]
FILE = ROOT / "plugins" / "xmodkit_xes" / "weights" / "latent-xes-O.onnx"
ROUTE = Route("xes", "structure", kind="fit")

pytestmark = pytest.mark.skipif(not FILE.is_file(), reason="no decoder of water is shipped")


@pytest.fixture(scope="module")
def predictor() -> InversePredictor:
    """Return the way back by the shipped file."""
    return InversePredictor(FILE, "cpu")


def test_the_example_spectrum_goes_back_to_the_molecule_it_names(
    predictor: InversePredictor,
) -> None:
    """Its bonds, angle and axis error are in its header; bounds hold what the curve fixes."""
    (sample,) = read_spectra(ROOT / "examples" / "spectra" / "water-xes.csv", ROUTE, {})
    assert isinstance(sample, Sample)
    energies = np.array(predictor.inputs[0].axes[0].coordinates)
    row = encode_curve(sample, ROUTE, {}, energies)
    found = predictor.run({name: array[None] for name, array in row.items()})
    for name, truth in {"bond_sum": 1.969, "angle": 99.57, "shift": 0.25}.items():
        scalar = found.derived[name]
        assert scalar.lower is not None
        assert scalar.upper is not None
        assert scalar.lower[0] < truth < scalar.upper[0]
    status, novel = found.derived["bond_difference"].status, found.novel
    assert status is not None
    assert status[0] == "none"
    assert novel is not None
    assert not novel[0]


def test_where_several_geometries_give_one_spectrum_all_are_reported(
    predictor: InversePredictor,
) -> None:
    """Up to axis and noise these curves are one, though a bond differs by 0.1 A between them."""
    features = predictor.features
    truth = np.array([[0.9645, 1.2105, 77.5]])
    curve = predictor.decoder.decode(features.to_latent(truth))
    noise = 0.01 * curve.max() * np.random.default_rng(0).standard_normal(curve.shape)
    fit = fit_in_batches(predictor.fitter, curve + noise)
    found = np.isfinite(fit.weight[0])
    each = features.parameters(features.of_latent(fit.minima[0][found]))
    likely = fit.weight[0][found] > 0.1
    assert likely.sum() >= 2
    assert np.ptp(each["bond_difference"][likely]) > 0.1
    assert np.ptp(fit.misfits[0][found][likely]) < 0.1
