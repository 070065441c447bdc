"""Settings from a TOML file: `[train] epochs = 5`; a pair's own options under the pair's name."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from xmodkit.errors import UsageError

__all__ = ["FILE_NAME", "Settings", "key_of", "read_settings"]

FILE_NAME = "xmod.toml"
# Options that say how to be told, not what to do.
# A file found in a folder that someone sent must not replace what is there.
_NOT_SETTINGS = {"help", "debug", "version", "config", "overwrite"}

_KINDS: tuple[tuple[type, tuple[type, ...], str], ...] = (
    (click.types.BoolParamType, (bool,), "true or false"),
    (click.types.IntParamType, (int,), "an integer"),
    (click.types.FloatParamType, (int, float), "a number"),
    (click.types.StringParamType, (str,), "a text"),
    (click.Choice, (str,), "a text"),
    (click.Path, (str,), "a path as text"),
)


@dataclass(frozen=True)
class Settings:
    """The sections of a settings file; paths in it are relative to its folder."""

    path: Path
    sections: Mapping[str, Any]

    def of_command(self, name: str, command: click.Command) -> dict[str, Any]:
        """Return a command's defaults by parameter name, as click's `default_map`."""
        return self._of(f"[{name}]", self._section(name), command)

    def of_pair(self, name: str, options: Iterable[click.Parameter]) -> dict[str, Any]:
        """Return the defaults of all options that a pair owns, by parameter name."""
        return self._values(f"[{name}]", self._section(name), options)

    def check(self, names: Iterable[str]) -> None:
        """Raise `UsageError` if a section is none of these names."""
        for name, section in self.sections.items():
            if not isinstance(section, Mapping):
                raise UsageError(
                    f"{self.path}: {name!r} stands in no section; write it under that of its "
                    "command, such as [train]"
                )
            if name not in names:
                raise UsageError(
                    f"{self.path}: section [{name}] is no command and no plugin"
                    + _near(name, names)
                )

    def _section(self, name: str) -> Mapping[str, Any]:
        section: Mapping[str, Any] = self.sections.get(name, {})
        return section

    def _of(self, where: str, section: Mapping[str, Any], command: click.Command) -> dict[str, Any]:
        if not isinstance(command, click.Group):
            return self._values(where, section, command.params)
        found: dict[str, Any] = {}
        names = command.list_commands(click.Context(command))
        for name, part in section.items():
            below = command.get_command(click.Context(command), name)
            if below is None or not isinstance(part, Mapping):
                raise UsageError(
                    f"{self.path}: {where} has no command {name!r}" + _near(name, names)
                )
            found[name] = self._of(f"{where[:-1]}.{name}]", part, below)
        return found

    def _values(
        self, where: str, section: Mapping[str, Any], parameters: Iterable[click.Parameter]
    ) -> dict[str, Any]:
        known = {key: p for p in parameters if (key := key_of(p)) is not None}
        found = {}
        for written, value in section.items():
            key = written.replace("_", "-")
            if key not in known:
                raise UsageError(f"{self.path}: {where} has no {written!r}" + _near(key, known))
            found[str(known[key].name)] = self._value(f"{where} {written}", value, known[key])
        return found

    def _value(self, where: str, value: Any, parameter: click.Parameter) -> Any:
        """Return a value checked as click will check it, with its path made whole."""
        several = parameter.multiple or parameter.nargs != 1
        if several and not isinstance(value, list):
            raise UsageError(f"{self.path}: {where}: {value!r} given, a list expected")
        values = [self._one(where, one, parameter) for one in (value if several else [value])]
        try:
            for one in values:
                parameter.type.convert(one, parameter, None)
        except click.BadParameter as error:
            raise UsageError(f"{self.path}: {where}: {error.message}") from error
        return values if several else values[0]

    def _one(self, where: str, value: Any, parameter: click.Parameter) -> Any:
        for kind, types, expected in _KINDS:
            if not isinstance(parameter.type, kind):
                continue
            if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
                raise UsageError(f"{self.path}: {where}: {value!r} given, {expected} expected")
        if isinstance(parameter.type, click.Path):
            return str(self.path.parent / Path(value).expanduser())
        return value


def read_settings(path: Path | None) -> Settings | None:
    """Read a settings file: the one named, else `xmod.toml` in the working folder, if it is there.

    Raise `UsageError` if the one named is absent, or if it is not TOML.
    """
    if path is None and not Path(FILE_NAME).is_file():
        return None
    chosen = Path(FILE_NAME) if path is None else path
    try:
        with chosen.open("rb") as file:
            return Settings(chosen.absolute(), tomllib.load(file))
    except OSError as error:
        raise UsageError(f"--config {chosen}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{chosen}: not valid TOML: {error}") from error


def key_of(parameter: click.Parameter) -> str | None:
    """Return what an option is called in a settings file, None if it may not stand there."""
    if not isinstance(parameter, click.Option):
        return None
    name = next((o[2:] for o in parameter.opts if o.startswith("--")), None)
    return None if name in _NOT_SETTINGS else name


def _near(name: str, names: Iterable[str]) -> str:
    known = sorted(names)
    near = difflib.get_close_matches(name, known, 3)
    return f"; did you mean {' or '.join(near)}?" if near else f"; there are {', '.join(known)}"
