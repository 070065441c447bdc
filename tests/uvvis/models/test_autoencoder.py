"""The VAE is the published one, counts as it should, and says where the paper differs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from PIL import Image  # noqa: E402

from xmodkit.errors import UsageError  # noqa: E402
from xmodkit.train import Run  # noqa: E402
from xmodkit_uvvis.models import MODELS, Vae, VaeAspm  # noqa: E402
from xmodkit_uvvis.pair import UvVis  # noqa: E402


def test_the_vae_has_23851_parameters_and_its_card_says_why_the_paper_has_fewer(
    exported: Callable[[str, str], Path],
):
    networks = Vae().networks
    assert sum(p.numel() for net in networks.values() for p in net.parameters()) == 23_851
    card = exported("vae", "scan:scan").with_suffix(".md").read_text()
    assert "23,778" in card
    assert "23,851" in card


def test_a_last_layer_of_two_filters_would_give_the_papers_count():
    last = Vae().decoder.last
    one_filter = last.weight[0].numel() + 1
    assert 23_851 - one_filter == 23_778


def test_models_are_known_by_their_names_and_aspm_by_both():
    assert {"vae", "aspm", "vae+aspm", "cvae", "density"} <= set(MODELS)
    assert MODELS["aspm"] is MODELS["vae+aspm"] is VaeAspm


def test_the_model_trained_by_default_predicts_the_pairs_first_route():
    assert next(iter(MODELS.values())).routes[0] == UvVis.routes[0].name


def test_reconstructions_are_what_the_exported_route_gives(trained: Callable[[str], Run]):
    run = trained("vae")
    scans = [row["scan"] for row in run.vectors[:3]]
    small = [
        np.asarray(Image.fromarray(s).resize((64, 64), Image.Resampling.LANCZOS)) for s in scans
    ]
    rebuilt = run.model.reconstruct({"scan": np.stack(small).transpose(0, 3, 1, 2)})
    with torch.no_grad():
        graph = run.graph()
        values = graph(torch.from_numpy(np.stack(scans)))
    found = dict(zip(graph.outputs, values, strict=True))["predicted_scan"].numpy()
    assert np.abs(found.astype(int) - rebuilt).max() <= 1
    assert rebuilt.shape == (3, 64, 64, 3)


def test_an_unknown_route_is_refused():
    with pytest.raises(UsageError, match="offers scan:scan"):
        Vae().graph("scan:absorption")
