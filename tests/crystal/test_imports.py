"""Any module of the plugin can be the first that is imported, and none but models needs torch."""

from __future__ import annotations

import subprocess
import sys

import pytest

for _library in ("ase", "pymatgen", "scipy", "spglib"):
    pytest.importorskip(_library)

CODE = """
import importlib, pathlib, sys
import xmodkit_crystal as plugin

root = pathlib.Path(plugin.__file__).parent
paths = sorted(path.relative_to(root.parent).with_suffix("") for path in root.rglob("*.py"))
names = [".".join(path.parts).removesuffix(".__init__") for path in paths]
names = [name for name in names if ".models" not in name]
assert len(names) > 50, names
for name in names:
    for loaded in [one for one in sys.modules if one.startswith(plugin.__name__)]:
        del sys.modules[loaded]
    try:
        importlib.import_module(name)
    except ImportError as error:
        print(f"{name}: {error}")
print(*({"torch", "matplotlib", "sklearn"} & sys.modules.keys()))
"""


def test_every_module_can_be_imported_first_and_without_torch() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n") == ["", ""], done.stdout
