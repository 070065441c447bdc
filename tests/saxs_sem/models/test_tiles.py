"""Tiles of one pixel size out of micrographs of any."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from xmodkit_saxs_sem.models.tiles import MARGIN, TILE, Tiles  # noqa: E402


def _stripes(height, width, pixel_nm, period_nm=40.0):
    x = (np.arange(width) + 0.5) * pixel_nm
    levels = 128 + 100 * np.cos(2 * np.pi * x / period_nm)
    return np.tile(np.round(levels), (height, 1)).astype(np.uint8)


def _cut(micrograph, pixel_nm, rows=1, columns=1):
    tiles = Tiles(rows, columns)
    return tiles(torch.from_numpy(micrograph)[None], torch.tensor([pixel_nm]))[0].numpy()


def test_a_tile_of_the_models_own_pixel_is_cut_without_change():
    micrograph = np.random.default_rng(0).integers(0, 256, (500, 600), np.uint8)
    (tile,) = _cut(micrograph, 2.0)
    top, left = (500 - TILE) // 2 - MARGIN, (600 - TILE) // 2 - MARGIN
    side = TILE + 2 * MARGIN
    np.testing.assert_array_equal(tile, micrograph[top : top + side, left : left + side])


@pytest.mark.parametrize("pixel_nm", [1.0, 1.37, 2.0, 3.1])
def test_the_period_in_nanometres_does_not_depend_on_the_pixel(pixel_nm):
    size = int(900 / pixel_nm)
    (tile,) = _cut(_stripes(size, size, pixel_nm), pixel_nm)
    row = tile[TILE // 2, MARGIN:-MARGIN] - tile.mean()
    power = np.abs(np.fft.rfft(row, 4096)) ** 2
    assert abs(4096 * 2.0 / power.argmax() - 40.0) < 1.0


def test_tiles_are_spread_from_edge_to_edge():
    micrograph = np.zeros((830, 1280), np.uint8)
    micrograph[:10, :10], micrograph[-10:, -10:] = 200, 100
    tiles = _cut(micrograph, 2.0, 3, 5)
    inner = tiles[:, MARGIN:-MARGIN, MARGIN:-MARGIN]
    assert len(tiles) == 15
    assert inner[0, :10, :10].min() == 200
    assert inner[-1, -10:, -10:].min() == 100
    assert inner[7].max() == 0


def test_beyond_the_edge_the_last_pixel_goes_on():
    micrograph = np.full((TILE, TILE), 7, np.uint8)
    np.testing.assert_array_equal(_cut(micrograph, 2.0)[0], 7)
