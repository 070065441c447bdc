"""Write the example frames and micrographs of saxs-sem: simulated, seeded, as instruments write."""

from __future__ import annotations

from math import pi
from pathlib import Path

import fabio
import numpy as np
from PIL import Image, TiffImagePlugin

from xmodkit.modality import Arrays
from xmodkit.pair import Sample
from xmodkit_saxs_sem.simulator import simulate

HERE = Path(__file__).parent / "frames"
SEED = 2025
WAVELENGTH, PIXEL = 0.1e-9, 172e-6  # m
FEI, DESCRIPTION = 34682, 270  # TIFF tags
BAR = 40  # rows
CROP = 512
FILES = (
    ("alternating", ".edf", ".tif"),
    ("hexagonal", ".tif", ".tif"),
    ("ladders", ".dat", ".png"),
)


def film(morphology: str) -> Sample:
    """Return the first film of a morphology."""
    options = {"morphology": morphology, "sem_size": f"{CROP}x{CROP}"}
    return next(iter(simulate(1, SEED, options)))


def setting(saxs: Arrays) -> tuple[float, float, float]:
    """Return the distance (m) and the beam's column and row, 0.5 the middle of the first pixel."""
    step = float(np.diff(saxs["qx"][0]).mean())
    distance = 2e-9 * pi / WAVELENGTH * PIXEL / step
    return distance, 0.5 - saxs["qx"][0, 0] / step, 0.5 + saxs["qy"][0, 0] / step


def counts(saxs: Arrays) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    """Return counts with -1 where nothing was measured."""
    return np.where(saxs["mask"] == 1, saxs["intensity"], -1).astype(np.int32)


def write_edf(path: Path, saxs: Arrays) -> None:
    """Write a frame as beamlines of the ESRF do."""
    distance, column, row = setting(saxs)
    header = {
        "Center_1": f"{column:.3f}",
        "Center_2": f"{row:.3f}",
        "PSize_1": f"{PIXEL:g}",
        "PSize_2": f"{PIXEL:g}",
        "SampleDistance": f"{distance:.5f}",
        "WaveLength": f"{WAVELENGTH:g}",
        "Dummy": "-1",
        "DDummy": "0.5",
    }
    fabio.edfimage.EdfImage(data=counts(saxs), header=header).write(str(path))


def write_pilatus(path: Path, saxs: Arrays) -> None:
    """Write a frame as a Pilatus does: a TIFF with its setting in the description."""
    distance, column, row = setting(saxs)
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[DESCRIPTION] = (
        f"# Pixel_size {PIXEL:g} m x {PIXEL:g} m\n# Wavelength {WAVELENGTH * 1e10:g} A\n"
        f"# Detector_distance {distance:.5f} m\n# Beam_xy ({column:.3f}, {row:.3f}) pixels\n"
    )
    Image.fromarray(counts(saxs)).save(path, tiffinfo=tags)


def write_text(path: Path, saxs: Arrays) -> None:
    """Write a frame as SasView does, rebinned 2 x 2: q in 1/A, I and its error."""
    blocks = {
        name: saxs[name].astype(float).reshape(96, 2, 96, 2).transpose(0, 2, 1, 3).reshape(-1, 4)
        for name in saxs
    }
    total, measured = blocks["intensity"].sum(axis=1), blocks["mask"].sum(axis=1)
    kept = measured == 4
    columns = (
        blocks["qx"].mean(axis=1)[kept] / 10,
        blocks["qy"].mean(axis=1)[kept] / 10,
        total[kept],
        np.sqrt(np.maximum(total[kept], 1)),
    )
    header = "Data columns Qx - Qy - I(Qx,Qy) - err(I)\nASCII data"
    table = np.column_stack(columns)
    np.savetxt(path, table, fmt=("%.5f", "%.5f", "%d", "%.4g"), header=header, comments="")


def write_fei(path: Path, sem: Arrays) -> None:
    """Write a micrograph as microscopes of FEI do, with a bar below the image."""
    grey = np.vstack([sem["micrograph"], np.zeros((BAR, CROP), np.uint8)])
    metres = float(sem["pixel_nm"]) * 1e-9
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[FEI] = (
        f"[Scan]\r\nPixelWidth={metres:g}\r\nPixelHeight={metres:g}\r\n"
        f"[Image]\r\nResolutionX={CROP}\r\nResolutionY={CROP}\r\n"
    )
    tags.tagtype[FEI] = 2
    Image.fromarray(grey).save(path, tiffinfo=tags, compression="tiff_deflate")


def write_pairs(path: Path) -> None:
    """Write which files are of one film, and that nobody measured them."""
    lines = ["id,saxs,sem,simulated"]
    for name, frame, micrograph in FILES:
        lines.append(f"{name},saxs/{name}{frame},sem/{name}{micrograph},true")
    path.write_text("\n".join(lines) + "\n")


def main() -> None:
    """Write examples/frames: three samples in saxs and sem, and a table of these pairs."""
    for kind in ("saxs", "sem"):
        (HERE / kind).mkdir(parents=True, exist_ok=True)
    alternating, hexagonal, ladders = map(film, ("alternating", "hexagonal", "ladders"))
    write_edf(HERE / "saxs" / "alternating.edf", alternating.arrays["saxs"])
    write_pilatus(HERE / "saxs" / "hexagonal.tif", hexagonal.arrays["saxs"])
    write_text(HERE / "saxs" / "ladders.dat", ladders.arrays["saxs"])
    write_fei(HERE / "sem" / "alternating.tif", alternating.arrays["sem"])
    write_fei(HERE / "sem" / "hexagonal.tif", hexagonal.arrays["sem"])
    small = ladders.arrays["sem"]["micrograph"][: CROP // 2, : CROP // 2]
    Image.fromarray(small).save(HERE / "sem" / "ladders.png")
    write_pairs(HERE / "pairs.csv")


if __name__ == "__main__":
    main()
