"""`xmod store`: look into a store."""

from __future__ import annotations

from pathlib import Path

import click

from xmodkit.store import StoreReader
from xmodkit_cli.common import PATH, debug_option, json_option, print_json

__all__ = ["command"]


@click.group("store")
def command() -> None:
    """Look into a store."""


@command.command("info")
@click.argument("path", type=PATH)
@json_option
@debug_option
def info(path: Path, as_json: bool, debug: bool) -> int:
    """Show what a store holds, also one that was killed.

    Example: xmod store info out.zarr
    """
    reader = StoreReader(path)
    if as_json:
        fields = {name: field.to_json() for name, field in reader.fields.items()}
        print_json(
            {
                "path": str(path),
                "samples": len(reader),
                "closed": reader.closed,
                "fields": fields,
                "attributes": dict(reader.attributes),
            }
        )
        return 0
    state = "closed" if reader.closed else "not closed: read with xmodkit, or --resume the run"
    click.echo(f"{path}: {len(reader)} samples, {state}")
    for name, field in reader.fields.items():
        unit = f" [{field.unit}]" if field.unit not in ("", "1") else ""
        click.echo(
            f"  {name:<28} {field.dtype:<8} {field.describe_axes()}{unit}  {field.long_name}"
        )
    for name, value in reader.attributes.items():
        click.echo(f"  {name}: {value}")
    return 0
