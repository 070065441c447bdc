"""Raw folders become whole samples, however a laboratory keeps them; what is missing is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from xmodkit.inputs import find_inputs
from xmodkit.pair import Failure, Sample
from xmodkit_uvvis.modalities import ABSORPTION, ENERGY_EV, SCAN
from xmodkit_uvvis.pair import UvVis
from xmodkit_uvvis.reading.library import SpectrumOptions, columns_as_spectra
from xmodkit_uvvis.reading.spectra import NM_EV

KEYS = (
    "Fe Bi V Cu Co Ni Mn Cr Ti W Mo Nb Ta Zr Hf Y La Ce Sr Ba Ca Mg Zn Ag Sb Sn In Ga Al Si Pb P "
    "B Li Na K Cs Rb Sc Gd Eu Sm"
)
SYMBOLS = KEYS.split()
NM = np.arange(390, 1001, 5.0)
RNG = np.random.default_rng(5)


def alpha(energy: np.ndarray, edge: float = 2.2) -> np.ndarray:
    return 0.8 / (1 + np.exp(-(energy - edge) / 0.1))


class Raw:
    """A folder of raw files being written, and read as `xmod ingest` does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def image(self, name: str, pixels: np.ndarray | None = None) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = RNG.integers(0, 256, (9, 8, 3), dtype=np.uint8)
        Image.fromarray(noise if pixels is None else pixels).save(path)

    def text(self, name: str, *lines: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n")

    def spectrum(self, name: str, edge: float = 2.2, header: str = "absorption") -> None:
        rows = zip(NM, alpha(NM_EV / NM, edge), strict=True)
        self.text(name, f"wavelength_nm,{header}", *(f"{nm:g},{a:.7g}" for nm, a in rows))

    def read(self, **options: object) -> tuple[dict[str, Sample], dict[str, str]]:
        pair = UvVis()
        files = find_inputs([self.folder], (*pair.suffixes, *pair.raw_suffixes)).files
        items = list(pair.ingest([file.path for file in files], options))
        samples = {item.id: item for item in items if isinstance(item, Sample)}
        failures = {item.id: item.error for item in items if isinstance(item, Failure)}
        assert len(samples) + len(failures) == len(items)
        for sample in samples.values():
            SCAN.check(sample.arrays["scan"])
            ABSORPTION.check(sample.arrays["absorption"])
        return samples, failures


@pytest.fixture
def raw(tmp_path: Path) -> Raw:
    return Raw(tmp_path)


def assert_edge(sample: Sample, edge: float) -> None:
    found = sample.arrays["absorption"]["absorption"]
    assert np.abs(found - alpha(ENERGY_EV, edge)).max() < 4e-3


def test_images_and_spectra_of_one_stem_are_samples(raw: Raw):
    for number, edge in enumerate((2.0, 2.4)):
        raw.image(f"scans/a{number}.png")
        raw.spectrum(f"spectra/a{number}.csv", edge)
    samples, failures = raw.read()
    assert not failures
    assert list(samples) == ["a0", "a1"]
    assert_edge(samples["a1"], 2.4)
    assert samples["a1"].source == str(raw.folder / "scans/a1.png")
    assert samples["a1"].metadata == {"spectrum": "a1.csv"}


def test_an_image_or_a_spectrum_alone_is_a_failure_that_names_what_is_missing(raw: Raw):
    raw.image("a.png")
    raw.spectrum("b.csv")
    raw.image("c.png")
    raw.spectrum("c.csv")
    samples, failures = raw.read()
    assert list(samples) == ["c"]
    assert "no spectrum is named a" in failures["a"]
    assert "spectrum of b: no image of that name" in failures["b"]


def test_bad_files_fail_alone(raw: Raw):
    for name in ("a", "b", "c", "d"):
        raw.image(f"{name}.png")
        raw.spectrum(f"{name}.csv")
    raw.text("b.png", "no image")
    raw.text("c.csv", "wavelength_nm,absorption", "400,0.3", "500,broken", "600,0.1")
    samples, failures = raw.read()
    assert list(samples) == ["a", "d"]
    assert "b.png" in failures["b"]
    assert "'500,broken' given, numbers expected" in failures["c"]


def test_spectra_that_do_not_cover_the_energies_fail_and_say_what_is_needed(raw: Raw):
    raw.image("a.png")
    raw.text("a.csv", "nm,absorption", *(f"{nm},0.2" for nm in range(400, 700, 5)))
    assert "measure the whole range" in raw.read()[1]["a"]


def test_the_base_of_absorbance_is_told_and_never_guessed(raw: Raw):
    raw.image("a.png")
    raw.spectrum("a.csv", header="absorbance")
    assert "--absorbance-base 10 or e" in raw.read()[1]["a"]
    decadic, natural = (raw.read(absorbance_base=base)[0]["a"] for base in ("10", "e"))
    ratio = decadic.arrays["absorption"]["absorption"] / natural.arrays["absorption"]["absorption"]
    np.testing.assert_allclose(ratio, 2.302585, rtol=1e-5)
    assert decadic.metadata["assumed"] == ["absorbance taken to base 10, as --absorbance-base says"]
    assert decadic.notices == tuple(decadic.metadata["assumed"])


def test_a_base_that_the_header_gives_is_no_assumption(raw: Raw):
    raw.image("a.png")
    raw.spectrum("a.csv", header="absorbance_log10")
    sample = raw.read()[0]["a"]
    assert "assumed" not in sample.metadata
    top = sample.arrays["absorption"]["absorption"].max()
    assert top == pytest.approx(2.302585 * alpha(ENERGY_EV).max(), rel=1e-3)


def test_values_that_cannot_be_alpha_times_thickness_are_refused(raw: Raw):
    raw.image("a.png")
    raw.text("a.csv", "nm,absorption", *(f"{nm:g},55" for nm in NM))
    assert "check the quantity and its base" in raw.read()[1]["a"]


def test_a_table_says_what_belongs_together_and_what_it_is_made_of(raw: Raw):
    raw.image("img_001.png")
    raw.image("img_002.png")
    raw.spectrum("x.csv", 2.0)
    raw.spectrum("y.csv", 2.4)
    raw.text(
        "samples.tsv",
        "sample_id\timage\tspectrum\tplate\tFe\tV\tAnneal (C)",
        "fv1\timg_002.png\tx.csv\tp1\t25\t75\t450",
        "fv2\timg_001.png\ty.csv\tp1\t0\t30\t500",
    )
    samples, failures = raw.read()
    assert not failures
    assert_edge(samples["fv1"], 2.0)
    assert samples["fv1"].source.endswith("img_002.png")
    assert samples["fv1"].groups == {"plate": "p1", "composition": "Fe0.250V0.750"}
    assert samples["fv2"].metadata == {
        "anneal_c": "500",
        "composition": {"V": 1.0},
        "spectrum": "y.csv",
    }


def test_a_table_of_compositions_alone_joins_files_of_the_samples_names(raw: Raw):
    for name in ("a", "b"):
        raw.image(f"scans/{name}.png")
        raw.spectrum(f"spectra/{name}.csv")
    raw.text("metadata.csv", "sample_id,composition", "a,BiVO4", "c,Fe2O3")
    samples, failures = raw.read()
    assert samples["a"].groups["composition"] == "Bi0.167O0.667V0.167"
    assert samples["b"].groups == {}
    assert "c lacks its image and its spectrum" in failures["c"]


def test_lines_of_a_table_fail_alone(raw: Raw):
    for name in ("a", "b"):
        raw.image(f"{name}.png")
        raw.spectrum(f"{name}.csv")
    raw.text("t.csv", "sample_id,composition", "a,BiVO4", "b,what is this", "a,Fe")
    samples, failures = raw.read()
    assert list(samples) == ["a"]
    assert "composition" in samples["a"].metadata
    assert set(failures) == {"a", "b"}
    assert "t.csv, line 3: composition 'what is this'" in failures["b"]
    assert "line 4: sample 'a' was named before" in failures["a"]


def test_tables_that_disagree_are_named(raw: Raw):
    raw.image("a.png")
    raw.spectrum("a.csv")
    raw.text("t1.csv", "sample_id,plate", "a,p1")
    raw.text("t2.csv", "sample_id,plate", "a,p2")
    samples, failures = raw.read()
    assert not samples
    assert "both give a plate of a" in failures["a"]


def test_a_table_of_spectra_has_a_column_per_sample(raw: Raw):
    edges = {"s1": 2.0, "s2": 2.3, "s3": 2.6}
    curves = np.stack([alpha(NM_EV / NM, edge) for edge in edges.values()], axis=1)
    lines = [",".join(f"{v:.6g}" for v in (nm, *row)) for nm, row in zip(NM, curves, strict=True)]
    raw.text("all.csv", ",".join(["wavelength_nm", *edges]), *lines)
    raw.image("s2.png")
    raw.image("s3.png")
    _, failures = raw.read()
    assert "--quantity absorption" in failures["s2"]
    samples, failures = raw.read(quantity="absorption")
    assert set(failures) == {"s1"}  # no image
    assert_edge(samples["s2"], 2.3)
    assert samples["s3"].metadata["assumed"] == ["spectra taken as absorption, as --quantity says"]


def test_a_table_of_spectra_has_a_line_per_sample(raw: Raw):
    header = ",".join(["sample_id", "Fe", *(f"absorption_{e:.4f}eV" for e in ENERGY_EV)])
    curve = ",".join(f"{value:.6g}" for value in alpha(ENERGY_EV, 2.1))
    raw.text("table.csv", header, f"a,1,{curve}", f"b,1,{curve[:-4]}x")
    raw.image("a.png")
    raw.image("b.png")
    samples, failures = raw.read()
    assert_edge(samples["a"], 2.1)
    assert samples["a"].metadata["composition"] == {"Fe": 1.0}
    assert "spectrum of b: numbers expected" in failures["b"]


def test_a_plate_is_cut_and_its_map_joins_cells_with_spectra(raw: Raw, draw_plate):
    raw.image("lib.png", draw_plate(2, 3, corner=(0, 0)))
    raw.text("map.csv", "cell,sample_id,Fe,V", "A1,first,1,0", "B3,last,1,3", "A2,lost,1,1")
    raw.spectrum("first.csv", 2.0)
    raw.spectrum("last.csv", 2.4)
    samples, failures = raw.read(grid="2x3")
    assert list(samples) == ["first", "last"]
    assert_edge(samples["last"], 2.4)
    assert samples["last"].groups == {"plate": "lib", "composition": "Fe0.250V0.750"}
    assert samples["last"].position == (1.0, 2.0)
    assert set(failures) == {"lost"}  # the cells that the map leaves out are empty
    assert "no spectrum of lost" in failures["lost"]


def test_without_a_plate_map_cells_go_by_their_names(raw: Raw, draw_plate):
    raw.image("lib.png", draw_plate(1, 2, corner=(0, 0)))
    raw.spectrum("lib-A2.csv", 2.4)
    samples, failures = raw.read(grid="1x2")
    assert list(samples) == ["lib-A2"]
    assert set(failures) == {"lib-A1"}


@given(
    edge=st.floats(1.6, 2.9),
    step=st.floats(0.5, 8.0),
    in_ev=st.booleans(),
    decadic=st.booleans(),
    falling=st.booleans(),
)
def test_units_steps_and_bases_of_a_spectrum_change_nothing(
    tmp_path_factory, edge: float, step: float, in_ev: bool, decadic: bool, falling: bool
):
    energy = np.arange(1.29, 3.13, step * 0.005)
    axis = energy if in_ev else NM_EV / energy
    values = alpha(energy, edge) / (np.log(10) if decadic else 1)
    order = slice(None, None, -1 if falling else 1)
    rows = zip(axis[order], values[order], strict=True)
    path = tmp_path_factory.mktemp("spectra") / "all.csv"
    header = "energy_eV,one" if in_ev else "wavelength_nm,one"
    path.write_text("\n".join([header, *(f"{x:.9g},{y:.9g}" for x, y in rows)]))
    options = (
        SpectrumOptions(absorbance_base="10") if decadic else SpectrumOptions(quantity="absorption")
    )
    (source,) = columns_as_spectra(path, options)
    assert np.abs(source.read().absorption - alpha(ENERGY_EV, edge)).max() < 0.02


def test_the_published_layout_ingests_unchanged(raw: Raw):
    h5py = pytest.importorskip("h5py")
    spectra = np.stack([alpha(ENERGY_EV, edge) for edge in np.linspace(1.6, 2.8, 50)])
    spectra[17, 3] = np.nan
    shares = RNG.dirichlet(np.ones(42), 50).T
    shares[30:] = 0
    images = RNG.uniform(0, 1, (50, 64, 64, 3))
    with h5py.File(raw.folder / "published.h5", "w") as file:
        file["images"], file["spectra"], file["energy_eV"] = images, spectra, ENERGY_EV
        file["atfrac"] = shares
        file["atfrac_keys"] = np.array([f"{s}.PM.AtFrac".encode() for s in SYMBOLS])
        file["plate_id"] = np.arange(50) // 10 + 3800
        file["loadings"] = shares * 100
    samples, failures = raw.read()
    assert len(samples) == 49
    assert "spectrum left out" in failures["published-17"]
    sample = samples["published-30"]
    np.testing.assert_array_equal(sample.arrays["scan"]["scan"], np.rint(images[30] * 255))
    np.testing.assert_allclose(sample.arrays["absorption"]["absorption"], spectra[30], rtol=1e-6)
    assert sample.groups["plate"] == "3803"
    wanted = {s: x for s, x in zip(SYMBOLS, shares[:, 30], strict=True) if x > 0}
    assert sample.metadata["composition"] == pytest.approx(wanted)


def test_a_table_that_no_reader_can_take_fails_alone(raw: Raw):
    raw.image("a.png")
    raw.spectrum("a.csv")
    raw.text("table.csv", "sample_id,note", f'b,"{"x" * 200_000}"')
    raw.text("names.csv", "sample_id,image", f"c,{'long' * 100}.png")
    samples, failures = raw.read()
    assert list(samples) == ["a"]
    assert "table.csv: Error: field larger than" in failures["table"]
    assert "names.csv, line 2" in failures["c"]
