import numpy as np
import pytest
from numpy.typing import NDArray

from xmodkit_crystal.geometry import cell_of_parameters
from xmodkit_crystal.geometry.primitive import primitive
from xmodkit_crystal.geometry.settings import reduced_settings
from xmodkit_crystal.structure import Crystal

pytest.importorskip("spglib")

FACE_CENTRED = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]) * 1.8
BODY_CENTRED = np.array([[-1, 1, 1], [1, -1, 1], [1, 1, -1]]) * 1.8


def reduced(cell: NDArray[np.float64]) -> NDArray[np.float64]:
    return primitive(Crystal(np.array([26]), np.zeros((1, 3)), cell)).cell


@pytest.mark.parametrize(
    ("cell", "rotations"),
    [
        (4 * np.eye(3), 24),
        (FACE_CENTRED, 24),
        (BODY_CENTRED, 24),
        (cell_of_parameters((3, 3, 5), (90, 90, 120)), 12),
        (np.diag([3.0, 3.0, 5.0]), 8),
        (cell_of_parameters((4, 4, 4), (70, 70, 70)), 6),
        (np.diag([3.0, 4.0, 5.0]), 4),
        (cell_of_parameters((3, 4, 5), (90, 104, 90)), 2),
        (cell_of_parameters((3, 4, 5), (80, 104, 97)), 1),
    ],
)
def test_a_lattice_has_as_many_settings_as_proper_rotations(
    cell: NDArray[np.float64], rotations: int
) -> None:
    basis = reduced(cell)
    changes = reduced_settings(basis @ basis.T, 0.01)
    assert len(changes) == rotations
    metrics = changes @ basis @ basis.T @ changes.swapaxes(1, 2)
    np.testing.assert_allclose(metrics, metrics[:1].repeat(rotations, 0), atol=1e-9)


@pytest.mark.parametrize("shape", ["face", "body", "rhombohedral", "body tetragonal"])
def test_the_settings_are_niggli_cells(shape: str) -> None:
    import spglib

    cell = {
        "face": FACE_CENTRED,
        "body": BODY_CENTRED,
        "rhombohedral": cell_of_parameters((4, 4, 4), (97, 97, 97)),
        "body tetragonal": BODY_CENTRED * np.array([1, 1, 1.3]),
    }[shape]
    basis = reduced(cell)
    change = reduced_settings(basis @ basis.T, 0.01)[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPGLIB_OLD_ERROR_HANDLING", "false")  # else it warns
        niggli = np.asarray(spglib.niggli_reduce(cell))
    np.testing.assert_allclose(change @ basis @ basis.T @ change.T, niggli @ niggli.T, atol=1e-6)


def test_bases_that_noise_makes_flip_are_both_kept() -> None:
    """At gamma = 120 degrees and a little less, b and a + b are equally short."""
    sharp, blunt = (
        cell_of_parameters((3, 3.0 + step, 5), (90, 90, 120 + step)) for step in (-1e-6, 1e-6)
    )
    assert len(reduced_settings(sharp @ sharp.T, 0.01)) == 12
    assert len(reduced_settings(blunt @ blunt.T, 0.01)) == 12
