"""The `xmod` command: a group that imports a subcommand only when it is used."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import click

from xmodkit.errors import UsageError, XmodError
from xmodkit_cli.common import EXIT_INTERRUPTED, EXIT_USAGE, SETTINGS

__all__ = ["cli", "main"]

_COMMANDS = {
    "infer": "Predict one modality from another, for files, folders or a store.",
    "verify": "Prove a model file: hashes, test vectors, batches, bad input.",
    "calibrate": "Calibrate a model file on pairs measured on site.",
    "generate": "Generate samples of one modality from made-up ones of another.",
    "ingest": "Read raw measurements into a store of samples.",
    "simulate": "Write a store of simulated samples.",
    "train": "Train a model on a store of samples.",
    "evaluate": "Judge a run on samples it never saw, as a report.",
    "study": "Run a study that takes many trainings.",
    "export": "Turn a finished run into one model file.",
    "example": "Write a plugin's example inputs.",
    "plugins": "List what is installed.",
    "store": "Look into a store.",
    "config": "Show the settings that commands use.",
}


class _Lazy(click.Group):
    """A group whose commands stand in modules of their own name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"xmodkit_cli.{name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "XMOD"},
)
@click.version_option(package_name="xmodkit", prog_name="xmod", allow_from_autoenv=False)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Settings in TOML; ./xmod.toml if it is there. `xmod config show` shows what holds.",
)
@click.pass_context
def cli(ctx: click.Context, config: Path | None) -> None:
    """Predict one measurement of a material from another, next to the instrument.

    An option may also stand in the environment (XMOD_TRAIN_EPOCHS) or in a settings file ([train]
    epochs = 5). Exit codes: 0 all done, 1 error, 2 usage, 3 some inputs failed, 130 interrupted.
    """
    from xmodkit import plugins
    from xmodkit_cli.settings import read_settings

    settings = read_settings(config)
    if settings is None or ctx.invoked_subcommand is None:
        return
    settings.check({*_COMMANDS, *plugins.names()})
    ctx.meta[SETTINGS] = settings
    name = ctx.invoked_subcommand
    command = ctx.command.get_command(ctx, name) if isinstance(ctx.command, _Lazy) else None
    if command is not None:
        ctx.default_map = {name: settings.of_command(name, command)}


def main() -> None:
    """Run the command line; errors are one line on stderr unless `--debug` is given."""
    debug = "--debug" in sys.argv
    try:
        code = cli.main(prog_name="xmod", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        sys.exit(EXIT_USAGE)
    except click.ClickException as error:
        _fail(error.format_message() + _help_hint(error), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _fail("interrupted", EXIT_INTERRUPTED)
    except BrokenPipeError:
        # The reader of a pipe went away: nothing is left to say to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except XmodError as error:
        if debug:
            raise
        _fail(str(error), EXIT_USAGE if isinstance(error, UsageError) else 1)
    except (OSError, MemoryError) as error:
        if debug:
            raise
        _fail(f"{type(error).__name__}: {error}", 1)
    except Exception as error:
        if _interrupted(error):
            _fail("interrupted", EXIT_INTERRUPTED)
        if debug:
            raise
        _fail(f"unexpected {type(error).__name__}: {error}; --debug shows where", 1)
    sys.exit(code if isinstance(code, int) else 0)


def _interrupted(error: BaseException | None) -> bool:
    """Say whether an error is what a compiled library makes of Ctrl-C while it is imported."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _help_hint(error: click.ClickException) -> str:
    if isinstance(error, click.UsageError) and error.ctx is not None:
        return f" (see {error.ctx.command_path} --help)"
    return ""


def _fail(message: str, code: int) -> None:
    click.echo("xmod: error: " + " ".join(message.split()), err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
