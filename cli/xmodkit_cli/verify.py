"""`xmod verify`: prove a model file."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from xmodkit.verify import verify
from xmodkit_cli.common import PATH, debug_option, json_option, print_json

__all__ = ["command"]


@click.command("verify")
@click.argument("files", nargs=-1, required=True, type=PATH, metavar="FILE...")
@json_option
@debug_option
def command(files: tuple[Path, ...], as_json: bool, debug: bool) -> int:
    """Prove a model file: hashes, schema, opset, stored test vectors, batches and bad input.

    What it cannot prove (a solver's data) is listed with a dash. Exits with 1 if anything differs.

    Example: xmod verify uvvis.onnx
    """
    results = {}
    for file in files:
        checks = []
        for check in verify(file):
            checks.append(check)
            mark = "FAILED" if not check.ok else "ok    " if check.checked else "-     "
            click.echo(f"{mark} {file.name}  {check.name}: {check.detail}", err=as_json)
        results[str(file)] = checks
    ok = all(check.ok for checks in results.values() for check in checks)
    if as_json:
        files_json = {name: [asdict(c) for c in checks] for name, checks in results.items()}
        print_json({"ok": ok, "files": files_json})
    return 0 if ok else 1
