"""`xmod plugins`: what is installed, and what is broken and why."""

from __future__ import annotations

import click

from xmodkit import plugins
from xmodkit_cli.common import debug_option, json_option, print_json

__all__ = ["command"]


@click.group("plugins")
def command() -> None:
    """List what is installed."""


@command.command("list")
@json_option
@debug_option
def list_plugins(as_json: bool, debug: bool) -> int:
    """List every plugin; a broken one with its reason.

    Example: xmod plugins list
    """
    found = plugins.list_plugins()
    if as_json:
        print_json({"plugins": [_as_json(info) for info in found]})
        return 0
    for info in found:
        origin = f"{info.distribution} {info.version}"
        if info.pair is None:
            click.echo(f"{info.name:<12} BROKEN  {origin}: {info.error}")
        else:
            routes = ", ".join(route.name for route in info.pair.routes)
            click.echo(f"{info.name:<12} ok      {origin}: {info.pair.summary} [{routes}]")
    return 0


def _as_json(info: plugins.PluginInfo) -> dict[str, object]:
    values: dict[str, object] = {
        "name": info.name,
        "distribution": info.distribution,
        "version": info.version,
        "ok": info.pair is not None,
        "error": info.error,
    }
    if info.pair is not None:
        values["routes"] = [route.name for route in info.pair.routes]
        values["modalities"] = [modality.name for modality in info.pair.modalities]
    return values
