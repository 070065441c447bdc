"""Images and spectra of one name belong together, wherever they lie, unless it is ambiguous."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from xmodkit_uvvis.reading.library import SpectrumOptions, spectrum_file
from xmodkit_uvvis.reading.pairing import nearest, pair_by_stem, sample_ids

NAME = st.text("abc123-", min_size=1, max_size=4).filter(lambda name: name.strip("-"))


def pairs(images: list[str], spectra: list[str]) -> dict[str, str]:
    sources = [spectrum_file(Path(path), SpectrumOptions()) for path in spectra]
    found = pair_by_stem([Path(path) for path in images], sources)
    return {str(image): str(source.path) for image, source in found.items()}


@given(st.sets(NAME, max_size=6), st.booleans())
def test_two_folders_or_one_every_stem_finds_its_partner(names: set[str], beside: bool):
    scans, spectra = ("", "") if beside else ("scans/", "spectra/")
    images = [f"{scans}{name}.png" for name in sorted(names)]
    curves = [f"{spectra}{name}.csv" for name in sorted(names, reverse=True)]
    assert pairs(images, curves) == {f"{scans}{name}.png": f"{spectra}{name}.csv" for name in names}


@given(st.sets(NAME, min_size=1, max_size=4), st.sets(NAME, min_size=1, max_size=4))
def test_each_lot_keeps_to_itself_and_ids_stay_apart(lots: set[str], names: set[str]):
    images = [f"{lot}/scans/{name}.png" for lot in sorted(lots) for name in sorted(names)]
    curves = [image.replace("scans", "spectra").replace("png", "csv") for image in images]
    assert pairs(images, curves[::-1]) == dict(zip(images, curves, strict=True))
    ids = sample_ids([Path(image) for image in images])
    if len(lots) == 1:
        assert set(ids.values()) == names


def test_what_could_be_several_is_left_unpaired():
    assert pairs(["scans/a.png", "scans/a.tif"], ["spectra/a.csv"]) == {}
    assert pairs(["scans/a.png"], ["one/a.csv", "two/a.csv"]) == {}


def test_a_spectrum_goes_to_the_image_beside_it_and_not_to_a_far_one():
    assert pairs(["p1/a.png", "p2/a.png"], ["p2/a.csv"]) == {"p2/a.png": "p2/a.csv"}


def test_repeated_stems_are_told_apart_by_their_folders():
    ids = sample_ids([Path("p1/a.png"), Path("p2/a.png"), Path("p2/b.png")])
    assert list(ids.values()) == ["p1-a", "p2-a", "b"]


def test_the_nearest_shares_most_folders():
    others = [Path("x/y/a"), Path("x/b"), Path("x/y/c")]
    assert nearest(Path("x/y/z"), others) == [0, 2]
    assert nearest(Path("x/z"), others[1:]) == [0, 1]
    assert nearest(Path("x"), []) == []
