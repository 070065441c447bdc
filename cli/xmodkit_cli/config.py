"""`xmod config`: show which settings hold, and where each comes from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from xmodkit.errors import UsageError
from xmodkit_cli.common import SETTINGS, debug_option, json_option, print_json
from xmodkit_cli.settings import Settings, key_of

__all__ = ["command"]


@dataclass(frozen=True)
class _Setting:
    """An option with the value that holds, its source, and the variable or file it is from."""

    option: str
    value: Any
    source: str
    where: str = ""


@click.group("config")
def command() -> None:
    """Show the settings that commands use.

    An option holds as given; else as the environment says (XMOD_TRAIN_EPOCHS); else as the file
    says that `xmod --config FILE` or XMOD_CONFIG names, or ./xmod.toml ([train] epochs = 5; a
    pair's own options under the pair's name, [uvvis] dpi = 1200); else by default.
    """


@command.command("show", context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[COMMAND [OPTION]...]")
@json_option
@debug_option
@click.pass_context
def show(ctx: click.Context, words: tuple[str, ...], as_json: bool, debug: bool) -> int:
    """Show every option of a command, its value, and where that comes from.

    Sources are flag, env, file and default; without COMMAND, all commands are shown.

    Example: xmod config show train
    """
    settings: Settings | None = ctx.meta.get(SETTINGS)
    found = {
        " ".join(path): _settings(ctx.find_root(), path, command, args, settings)
        for path, command, args in _commands(ctx.find_root(), words)
    }
    if as_json:
        commands = {
            name: {s.option: {k: v for k, v in asdict(s).items() if k != "option"} for s in listed}
            for name, listed in found.items()
        }
        print_json({"file": str(settings.path) if settings else None, "commands": commands})
        return 0
    for name, listed in found.items():
        click.echo(f"[{name.replace(' ', '.')}]")
        width = max((len(s.option) for s in listed), default=0)
        for s in listed:
            source = f"{s.source} {s.where}".rstrip()
            click.echo(f"{s.option:<{width}} = {_text(s.value)}  ({source})")
    return 0


def _commands(
    root: click.Context, words: tuple[str, ...]
) -> Iterator[tuple[list[str], click.Command, list[str]]]:
    """Yield the commands that the words name, each with its path and the options given to it."""
    path: list[str] = []
    command, rest = root.command, list(words)
    while isinstance(command, click.Group) and rest:
        name = rest.pop(0)
        below = command.get_command(root, name)
        if below is None:
            there = ", ".join(command.list_commands(root))
            raise UsageError(f"no command {' '.join([*path, name])!r}; there are {there}")
        path.append(name)
        command = below
    yield from _below(root, path, command, rest)


def _below(
    root: click.Context, path: list[str], command: click.Command, args: list[str]
) -> Iterator[tuple[list[str], click.Command, list[str]]]:
    if not isinstance(command, click.Group):
        yield path, command, args
        return
    for name in command.list_commands(root):
        below = command.get_command(root, name)
        if below is not None and (path or name != "config"):
            yield from _below(root, [*path, name], below, args)


def _settings(
    root: click.Context,
    path: list[str],
    command: click.Command,
    args: list[str],
    settings: Settings | None,
) -> list[_Setting]:
    """Parse a command as a call would, but without its required values, and say what came out."""
    top = root.command
    assert isinstance(top, click.Group)
    parent = click.Context(
        top, info_name=root.info_name, auto_envvar_prefix=root.auto_envvar_prefix
    )
    parent.meta.update(root.meta)
    if settings is not None and (first := top.get_command(root, path[0])) is not None:
        parent.default_map = {path[0]: settings.of_command(path[0], first)}
    for name in path[:-1]:
        group = parent.command
        assert isinstance(group, click.Group)
        below = group.get_command(parent, name)
        assert below is not None
        parent = click.Context(below, parent=parent, info_name=name)
    with command.make_context(path[-1], args, parent=parent, resilient_parsing=True) as ctx:
        return [
            _setting(ctx, parameter, key, settings)
            for parameter in command.get_params(ctx)
            if (key := key_of(parameter)) is not None
        ]


def _setting(
    ctx: click.Context, parameter: click.Parameter, key: str, settings: Settings | None
) -> _Setting:
    name = str(parameter.name)
    value, source = ctx.params.get(name), ctx.get_parameter_source(name)
    if source is ParameterSource.ENVIRONMENT:
        variable = f"{ctx.auto_envvar_prefix}_{name.upper()}"
        if value is None:  # it does not convert: say so, as a call would
            value = parameter.type_cast_value(ctx, os.environ[variable])
        return _Setting(key, _plain(value), "env", variable)
    if source is ParameterSource.DEFAULT_MAP and settings is not None:
        return _Setting(key, _plain(value), "file", str(settings.path))
    return _Setting(
        key, _plain(value), "flag" if source is ParameterSource.COMMANDLINE else "default"
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value


def _text(value: Any) -> str:
    return "not set" if value is None else str(value)
