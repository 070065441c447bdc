"""Options that mean the same in every command, and commands that take on a pair's own options."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import click

from xmodkit import plugins
from xmodkit.errors import PluginError, UsageError
from xmodkit.pair import ModalityPair, Option

if TYPE_CHECKING:
    from xmodkit_cli.settings import Settings

__all__ = [
    "EXIT_INTERRUPTED",
    "EXIT_SOME_FAILED",
    "EXIT_USAGE",
    "SETTINGS",
    "PairCommand",
    "click_option",
    "debug_option",
    "device_option",
    "echo",
    "json_option",
    "out_option",
    "overwrite_option",
    "plugin_option",
    "print_json",
    "refuse_existing",
    "required_pair",
    "resume_option",
    "seed_option",
    "split_options",
]

F = TypeVar("F", bound=Callable[..., Any])
PATH = click.Path(path_type=Path)
_PAIR = "xmodkit.pair"
EXIT_USAGE, EXIT_SOME_FAILED, EXIT_INTERRUPTED = 2, 3, 130
SETTINGS = "xmodkit.settings"  # where in `Context.meta` a command finds the settings file

plugin_option = click.option("--plugin", metavar="NAME", help="The pair to use.")
out_option = click.option("-o", "--out", type=PATH, help="Where to write.")
seed_option = click.option("--seed", type=int, default=0, show_default=True, help="Random seed.")
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object as the last line of stdout."
)
debug_option = click.option("--debug", is_flag=True, help="Show a traceback on error.")
device_option = click.option(
    "--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:0 (strict)."
)
resume_option = click.option("--resume", is_flag=True, help="Do what an earlier run left.")
overwrite_option = click.option("--overwrite", is_flag=True, help="Replace what exists.")

_TYPES: Mapping[str, click.ParamType[Any]] = {
    "text": click.STRING,
    "int": click.INT,
    "float": click.FLOAT,
    "flag": click.BOOL,
    "file": PATH,
}


class PairCommand(click.Command):
    """A command that also takes the options which the chosen pair declares for it.

    The pair is the one that `--plugin` names, or the plugin of the model file that `--model`
    names, as flags, else in the environment, else in the settings file. It is loaded before
    parsing, so that `--help` shows its options too.
    """

    like: ClassVar[str | None] = None
    """Another command whose options of the pair this one takes as well."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Find the pair, then parse with its options."""
        ctx.meta.pop(_PAIR, None)
        if (name := self._pair_name(ctx, args)) is not None:
            ctx.meta[_PAIR] = pair = plugins.pair(name)
            settings: Settings | None = ctx.meta.get(SETTINGS)
            if settings is not None:
                ctx.default_map = {**self._of_file(settings, pair), **(ctx.default_map or {})}
        return super().parse_args(ctx, args)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the command's own parameters and the pair's, help last."""
        own = super().get_params(ctx)
        pair: ModalityPair | None = ctx.meta.get(_PAIR)
        if pair is None:
            return own
        return [*own[:-1], *self._extra(pair), own[-1]]

    def model_argument(self, args: list[str]) -> str | None:
        """Return what names the model file before click has parsed anything."""
        return _value(args, "--model")

    def _extra(self, pair: ModalityPair) -> list[click.Option]:
        """Return the pair's options for this command, but for those that it has itself."""
        taken = {name for parameter in self.params for name in parameter.opts}
        return [
            click_option(option)
            for option in pair.options
            if {self.name, self.like} & {*option.commands} and not taken & {*names_of(option)}
        ]

    def _of_file(self, settings: Settings, pair: ModalityPair) -> dict[str, Any]:
        """Return what the pair's section says of its options here.

        The command's own `--n` is another than the pair's, which other commands have.
        """
        values = settings.of_pair(pair.name, [click_option(option) for option in pair.options])
        here = {option.name for option in self._extra(pair)}
        return {name: value for name, value in values.items() if name in here}

    def _pair_name(self, ctx: click.Context, args: list[str]) -> str | None:
        environment, file = os.environ, ctx.default_map or {}
        prefix = ctx.auto_envvar_prefix
        for plugin, model in (
            (_value(args, "--plugin"), self.model_argument(args)),
            (environment.get(f"{prefix}_PLUGIN"), environment.get(f"{prefix}_MODEL")),
            (file.get("plugin"), file.get("model")),
        ):
            if plugin:
                return str(plugin)
            if model and model.endswith(".onnx"):
                return _plugin_of(Path(model))
        return None


def required_pair(ctx: click.Context) -> ModalityPair:
    """Return the pair of this call; raise `UsageError` listing what is installed if none."""
    pair: ModalityPair | None = ctx.meta.get(_PAIR)
    if pair is None:
        raise UsageError(f"--plugin is missing; installed: {', '.join(plugins.names()) or 'none'}")
    return pair


def split_options(pair: ModalityPair, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the pair's own options among a command's keyword arguments."""
    keys = {option.key for option in pair.options}
    return {key: value for key, value in values.items() if key in keys}


def echo(text: str) -> None:
    """Print to stderr: whatever is not the result."""
    click.echo(text, err=True)


def print_json(values: Mapping[str, Any]) -> None:
    """Print one JSON object as a line of stdout."""
    click.echo(json.dumps(values))


def refuse_existing(path: Path, overwrite: bool) -> None:
    """Raise `UsageError` if there is a file that `--overwrite` does not allow to replace."""
    if path.exists() and not overwrite:
        raise UsageError(f"{path}: exists already; --overwrite replaces it")


def names_of(option: Option) -> list[str]:
    """Return what an option is called on the command line: `--n` is `-n` too."""
    long = f"--{option.name}"
    return [f"-{option.name}", long] if len(option.name) == 1 else [long]


def click_option(option: Option) -> click.Option:
    """Return an option that a plugin declares as click has it."""
    kind = click.Choice(option.choices) if option.choices else _TYPES[option.type]
    shown = option.default is not None and option.default is not False
    return click.Option(
        names_of(option),
        type=kind,
        is_flag=option.type == "flag",
        default=option.default,
        show_default=shown,
        multiple=option.multiple,
        nargs=option.values,
        help=option.help,
    )


def _plugin_of(model: Path) -> str:
    from xmodkit.modelfile import read_model_file

    name = read_model_file(model).metadata.plugin
    try:
        plugins.pair(name)
    except PluginError as error:
        raise PluginError(f"{model}: made for plugin {name!r}: {error}") from error
    return name


def _value(args: Sequence[str], option: str) -> str | None:
    """Return an option's value before click has parsed anything."""
    for i, arg in enumerate(args):
        if arg == "--":
            return None
        if arg == option and i + 1 < len(args):
            return args[i + 1]
        if arg.startswith(option + "="):
            return arg.partition("=")[2]
    return None
