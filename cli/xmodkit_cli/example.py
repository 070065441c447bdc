"""`xmod example`: write a plugin's example inputs."""

from __future__ import annotations

from pathlib import Path

import click

from xmodkit import plugins
from xmodkit.output import make_folder
from xmodkit_cli.common import debug_option, echo, json_option, out_option, print_json

__all__ = ["command"]


@click.command("example")
@click.argument("plugin")
@out_option
@json_option
@debug_option
def command(plugin: str, out: Path | None, as_json: bool, debug: bool) -> int:
    """Write a plugin's example inputs, for people who installed from a wheel.

    Example: xmod example uvvis -o scans
    """
    pair = plugins.pair(plugin)
    folder = out or Path(f"{plugin}-example")
    make_folder(folder, "--out")
    paths = pair.examples(folder)
    if as_json:
        print_json({"folder": str(folder), "files": [str(path) for path in paths]})
    else:
        echo(f"{len(paths)} examples in {folder}; now: xmod infer --plugin {plugin} {folder}")
    return 0
