"""What places say of atoms draws these atoms, exactly where they are and each once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
pytest.importorskip("scipy")

from xmodkit_crystal.inverse import atoms_of  # noqa: E402
from xmodkit_crystal.modalities import EDGE_A  # noqa: E402
from xmodkit_crystal.models.lattice.augment import disarranged, packed  # noqa: E402
from xmodkit_crystal.models.lattice.images import (  # noqa: E402
    COARSE,
    COARSE_SIGMA_A,
    Coarse,
    coarse_images,
)
from xmodkit_crystal.models.lattice.places import PlaceImages, said_of_places  # noqa: E402
from xmodkit_crystal.models.voxels import species_images  # noqa: E402


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_atoms_come_back_from_what_places_say(seed: int):
    torch.manual_seed(seed)
    positions, there = packed(1, 12, torch.device("cpu"))
    says, offset = said_of_places(positions, there)
    image = PlaceImages(COARSE, COARSE_SIGMA_A)(says, offset)
    (found,) = atoms_of(image.numpy(), EDGE_A, COARSE_SIGMA_A)
    truth = positions[0][there[0]].numpy() + EDGE_A / 2
    assert len(found) == len(truth)
    apart = np.linalg.norm(found.positions[:, None] - truth, axis=-1)
    assert apart.min(axis=0).max() < 0.01


def test_an_atom_on_a_corner_of_eight_places_is_drawn_once():
    says, offset = said_of_places(torch.zeros(1, 2, 3), torch.tensor([[True, False]]))
    assert says.sum() == 8
    image = PlaceImages(COARSE, COARSE_SIGMA_A)(says, offset)
    expected = coarse_images(torch.zeros(1, 1, 3), torch.ones(1, 1, dtype=torch.bool))
    high = expected > 0.5
    ratio = image[high] / expected[high]
    assert ratio.max() - ratio.min() < 1e-5


def test_without_atoms_places_say_nothing():
    says, _ = said_of_places(torch.zeros(1, 3, 3), torch.zeros(1, 3, dtype=torch.bool))
    assert not says.any()


def test_coarse_images_are_what_blurring_the_fine_ones_gives():
    torch.manual_seed(0)
    positions, there = packed(2, 8, torch.device("cpu"))
    fine = species_images(positions, torch.where(there, 0, -1), 1)
    blurred = Coarse()(fine)[:, 0]
    assert (blurred - coarse_images(positions, there)).abs().max() < 0.05


def test_packed_atoms_keep_their_distance_and_are_as_many_as_there_is_room():
    torch.manual_seed(0)
    positions, there = packed(64, 20, torch.device("cpu"))
    apart = torch.cdist(positions, positions) + 99 * torch.eye(20)
    both = there[:, :, None] & there[:, None]
    assert apart[both].min() >= 1.8
    assert there.any(dim=1).all()
    assert there.sum(dim=1).float().std() > 3


def test_what_is_disarranged_keeps_most_atoms_near_their_distances():
    torch.manual_seed(0)
    positions, there = packed(64, 10, torch.device("cpu"))
    moved, kept = disarranged(positions * 0.7, there)
    assert not (kept & ~there).any()
    assert 0.7 < kept.sum() / there.sum() < 0.95
    radius = positions.mul(0.7).norm(dim=2)[kept], moved.norm(dim=2)[kept]
    assert (radius[0] - radius[1]).abs().mean() < 1.0
