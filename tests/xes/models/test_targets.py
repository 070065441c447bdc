"""Several kinds of spectra as one row of targets."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from xmodkit_xes.models.targets import Spectra  # noqa: E402


@pytest.fixture
def spectra():
    generator = torch.Generator().manual_seed(0)
    return {
        "xes": 3 + torch.randn(40, 6, generator=generator),
        "xanes": 1e-3 * torch.randn(40, 9, generator=generator),
    }


@pytest.fixture
def targets(spectra):
    found = Spectra({kind: rows.shape[1] for kind, rows in spectra.items()}, components=9)
    found.fit(spectra)
    return found


def test_spectra_come_back_from_their_components(spectra, targets):
    row = targets(spectra)
    assert row.shape == (40, targets.components) == (40, 15)
    for kind, rows in spectra.items():
        torch.testing.assert_close(targets.spectrum(kind, row), rows, rtol=1e-4, atol=1e-6)


def test_every_kind_weighs_the_same_whatever_its_unit(spectra, targets):
    row = targets(spectra)
    for kind in spectra:
        variance = targets.part(kind, row).var(dim=0, correction=0).sum()
        assert float(variance) == pytest.approx(1, abs=1e-3)


def test_the_scale_is_never_zero_and_grows_with_what_members_disagree_on(spectra, targets):
    row = targets(spectra)
    generator = torch.Generator().manual_seed(1)
    apart = torch.stack([row + 0.1 * torch.randn(row.shape, generator=generator) for _ in range(4)])
    targets.set_floor(apart)
    agreed = targets.scale("xes", row.expand(4, -1, -1))
    assert (agreed > 0).all()
    assert (targets.scale("xes", apart) > agreed).float().mean() > 0.99
