"""A report is one self-contained page, and its numbers stand beside it as JSON."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("torch")
pytest.importorskip("matplotlib")

from xmodkit import plugins
from xmodkit.report import Report, make_report
from xmodkit.report.page import page, picture, table
from xmodkit.train import Run
from xmodkit.train.evaluate import EvaluationJob, evaluate

VOID = {"meta", "img", "br", "hr", "link", "input"}


class Page(HTMLParser):
    """Checks that tags close in order, and keeps what a page refers to and says."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.references: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.references += [v or "" for k, v in attrs if k in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def report(trained: Callable[[str], Run], painted_store: Path) -> Report:
    runs = tuple(trained(model).folder for model in ("vae+aspm", "vae", "cvae"))
    return make_report(evaluate(EvaluationJob(plugins.pair("uvvis"), runs, painted_store)))


@pytest.fixture(scope="module")
def parsed(report: Report) -> Page:
    return Page(report.html)


def test_the_page_needs_nothing_from_outside(report: Report, parsed: Page):
    assert parsed.references
    assert all(r.startswith("data:image/png;base64,") for r in parsed.references)
    assert not {"script", "link", "iframe"} & set(parsed.tags)
    assert "url(" not in report.html
    assert "@import" not in report.html


def test_every_picture_is_a_png_with_a_caption(parsed: Page):
    assert parsed.tags.count("img") == parsed.tags.count("figcaption") > 8
    for reference in parsed.references:
        data = base64.b64decode(reference.partition(",")[2])
        assert Image.open(io.BytesIO(data)).format == "PNG"


def test_the_figures_of_the_paper_are_there(report: Report):
    names = {figure.name for figure in report.figures}
    assert names >= {"curves", "gap-errors", "gap-parity", "deciles", "reconstructions", "trust"}
    assert names >= {"latent-vae+aspm", "latent-vae", "latent-cvae", "loss-histogram", "losses"}
    assert names >= {"generation-cvae-text", "generation-cvae-caption", "generation-cvae-latents"}


def test_the_summary_has_score_floor_baseline_and_published_figure(report: Report, parsed: Page):
    rows = {row["quantity"]: row for row in report.numbers["summary"]}
    gap = rows["band gap: MAE"]
    assert gap["published"] == "0.180"
    assert set(gap["values"]) == {"vae+aspm", "mean RGB ridge", "training mean"}
    assert rows["R² per energy up to 2.75 eV, lowest"]["published"] == "> 0.6"
    assert "Simulated data" in parsed.text
    assert not {"nan", "None"} & set(parsed.text.split())
    assert "split by plate, seed 0" in parsed.text


def test_the_same_numbers_are_written_as_json(report: Report, tmp_path: Path):
    beside = report.write(tmp_path / "new" / "report.html")
    assert beside == tmp_path / "new" / "report.json"
    assert json.loads(beside.read_text()) == json.loads(json.dumps(report.numbers))
    curves = report.numbers["fields"]["absorption"]["curves"]["vae+aspm"]
    assert {len(curve) for curve in curves.values()} == {220}
    assert sorted(path.name for path in beside.parent.iterdir()) == ["report.html", "report.json"]


def test_text_is_escaped():
    parts = [table(["<b>"], [["a & b"]]), picture(b"png", '"quoted"', "<i>", "data")]
    from xmodkit.report.page import Section

    found = Page(page("<title>", "lead", ["<warning>"], [Section("a", parts)]))
    assert "<title>" in found.text
    assert "i" not in found.tags
