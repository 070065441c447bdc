"""Frames of features and targets survive what wrecks a plain z-score."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from xmodkit_xes.models.frames import FeatureFrame, TargetFrame  # noqa: E402
from xmodkit_xes.models.heads import Novelty, ScaleHead  # noqa: E402


def test_a_constant_feature_is_zero_and_comes_back_as_its_constant() -> None:
    """Rounding in a constant column does not become noise of unit variance."""
    rows = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    rows[:, 1] = 367.1
    rows[::2, 1] += 3e-5
    frame = FeatureFrame(3)
    frame.fit(rows)
    standard = frame(rows)
    assert standard[:, 1].abs().max() == 0
    torch.testing.assert_close(frame.undo(standard), rows, atol=1e-3, rtol=0)


def test_a_rare_column_is_clipped() -> None:
    """One row among a thousand lies 3.5 standard deviations away, not 31."""
    rows = torch.zeros(1000, 1)
    rows[7] = 1.0
    frame = FeatureFrame(1, clip=3.5)
    frame.fit(rows)
    assert float(frame(rows).max()) == 3.5


def test_squared_errors_of_components_are_those_of_the_targets() -> None:
    """With one scale for all channels, the loss in components is the pooled 1 - R2."""
    rng = np.random.default_rng(0)
    y = torch.from_numpy(rng.normal(size=(200, 5)) @ rng.normal(size=(5, 30))).float()
    frame = TargetFrame.of(y)
    assert len(frame.loadings) == 5
    wrong = y + 0.1 * (y.flip(0) - y)
    loss = ((frame(wrong) - frame(y)) ** 2).sum(dim=1).mean()
    pooled = ((wrong - y) ** 2).sum() / ((y - y.mean(dim=0)) ** 2).sum()
    assert float(loss) == pytest.approx(float(pooled), rel=1e-4)
    torch.testing.assert_close(frame.undo(frame(y)), y, atol=1e-4, rtol=0)


def test_channels_of_their_own_scale_count_alike() -> None:
    """Moments of any unit each contribute their share; a constant one contributes nothing."""
    y = torch.randn(300, 3, generator=torch.Generator().manual_seed(1)) * torch.tensor([1e3, 1, 0])
    frame = TargetFrame.of(y, "channel")
    total = float((frame(y) ** 2).sum(dim=1).mean())
    assert total == pytest.approx(1.0, rel=1e-4)
    torch.testing.assert_close(frame.undo(frame(y)), y, atol=1e-2, rtol=1e-4)


def test_a_row_unlike_the_training_rows_is_novel() -> None:
    """Familiar rows score about 1; one far off, or with an unheard-of feature, much more."""
    rows = torch.randn(500, 4, generator=torch.Generator().manual_seed(2))
    rows[:, 3] = 0.0
    novelty = Novelty(4)
    novelty.fit(rows)
    assert float(novelty(rows).mean()) == pytest.approx(0.75, abs=0.05)
    strange = torch.tensor([[9.0, 0, 0, 0], [0, 0, 0, 1.0]])
    assert float(novelty(strange).min()) > 10


def test_a_channel_without_error_still_gets_a_width() -> None:
    """The scale of bounds is positive everywhere."""
    head = ScaleHead(3, 2)
    head.fit(torch.tensor([[0.0, 1.0], [0.0, -1.0]]))
    assert float(head(torch.randn(20, 3)).detach().min()) > 0
