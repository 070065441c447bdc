"""The kernel beside the networks."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from xmodkit_xes.models.kernel import KernelMember, KernelRidge  # noqa: E402


def _rows(count: int = 60):
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(count, 3, generator=generator)
    y = torch.stack([torch.sin(x[:, 0]), x[:, 1] * x[:, 2]], dim=1)
    return x, y - y.mean(dim=0)


def test_it_predicts_rows_it_did_not_see_better_than_their_mean():
    x, y = _rows(300)
    ridge = KernelRidge(3, 2, capacity=250)
    ridge.fit(x[:240], y[:240])
    error = ((ridge(x[240:]) - y[240:]) ** 2).mean()
    assert error < 0.5 * (y[240:] ** 2).mean()


def test_it_follows_the_rows_it_learned_from():
    x, y = _rows()
    ridge = KernelRidge(3, 2, capacity=60)
    ridge.fit(x, y)
    assert (ridge(x) - y).abs().max() < 0.2 * y.abs().max()


def test_free_places_do_not_count():
    x, y = _rows()
    tight, loose = KernelRidge(3, 2, 60), KernelRidge(3, 2, 200)
    tight.fit(x, y)
    loose.fit(x, y)
    torch.testing.assert_close(tight(x), loose(x))


def test_of_more_rows_than_places_as_many_are_drawn_and_always_the_same():
    x, y = _rows()
    first, again = KernelRidge(3, 2, 20), KernelRidge(3, 2, 20)
    first.fit(x, y)
    again.fit(x, y)
    assert (first.coefficients != 0).any(dim=1).sum() == 20
    torch.testing.assert_close(first(x), again(x))


def test_far_from_every_row_nothing_is_added_to_the_mean():
    x, y = _rows()
    ridge = KernelRidge(3, 2, 60)
    ridge.fit(x, y)
    assert ridge(torch.full((1, 3), 1e4)).abs().max() < 1e-6


def test_a_member_takes_raw_clusters_whatever_the_order_of_their_atoms():
    generator = torch.Generator().manual_seed(2)
    numbers = torch.tensor([[16, 6, 8, 1, 1]]).repeat(12, 1)
    positions = 1.5 * torch.randn(12, 5, 3, generator=generator)
    positions[:, 0] = 0
    member = KernelMember(outputs=1, capacity=16)
    member.fit(numbers, positions, torch.linspace(-1, 1, 12)[:, None])
    order = [0, 3, 1, 4, 2]
    torch.testing.assert_close(
        member(numbers, positions), member(numbers[:, order], positions[:, order])
    )
