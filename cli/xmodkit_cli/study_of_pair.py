"""`xmod study NAME` for the studies that installed pairs offer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from xmodkit import plugins
from xmodkit.errors import UsageError
from xmodkit.pair import ModalityPair
from xmodkit.studies import PairStudy, StudyRequest
from xmodkit_cli.common import (
    PATH,
    PairCommand,
    click_option,
    debug_option,
    echo,
    json_option,
    plugin_option,
    print_json,
    required_pair,
    resume_option,
    seed_option,
)
from xmodkit_cli.progress import ProgressLine

__all__ = ["Studies"]


class Studies(click.Group):
    """The studies of any pair, and those that installed pairs offer."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all studies; a plugin that is broken offers none."""
        offered = (name for studies in _offered_by_all() for name in studies)
        return [*super().list_commands(ctx), *sorted({*offered} - {*self.commands})]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return the study of that name, which takes the options of the first pair with it."""
        if (known := super().get_command(ctx, name)) is not None:
            return known
        study = next((s[name] for s in _offered_by_all() if name in s), None)
        return None if study is None else _command(name, study)


def _offered_by_all() -> Iterator[Mapping[str, PairStudy]]:
    """Yield the studies of each installed pair; a broken plugin never breaks the tool."""
    for name in plugins.names():
        try:
            yield plugins.pair(name).studies()
        except Exception:
            continue  # `xmod plugins list` says why


def _command(name: str, study: PairStudy) -> click.Command:
    """Return the command that runs a study, with its own options beside those of every study."""

    @click.command(name, cls=PairCommand, help=f"{study.summary}\n\nExample: {study.example}")
    @click.argument("store", type=PATH)
    @plugin_option
    @click.option("-o", "--out", type=PATH, required=True, help="The study's folder.")
    @click.option("--split-by", help="What stays in one part of the split; the pair's by default.")
    @seed_option
    @resume_option
    @json_option
    @debug_option
    @click.pass_context
    def run(
        ctx: click.Context,
        /,
        store: Path,
        plugin: str | None,
        out: Path,
        split_by: str | None,
        seed: int,
        resume: bool,
        as_json: bool,
        debug: bool,
        **own: Any,
    ) -> int:
        pair = required_pair(ctx)
        chosen = _offered(pair, name)
        options = {option.key: own[option.key] for option in chosen.options}
        line = ProgressLine(name, " fits")
        request = StudyRequest(pair, store, out, split_by or pair.split_by, seed, resume, options)
        result = chosen.run(request, line.update)
        line.close()
        if as_json:
            print_json(result.summary)
        else:
            for text in result.lines:
                click.echo(text)
        echo(f"study: {out}")
        return 0

    run.params += [click_option(option) for option in study.options]
    return run


def _offered(pair: ModalityPair, name: str) -> PairStudy:
    studies = pair.studies()
    if name not in studies:
        offered = ", ".join(studies) or "none of its own"
        raise UsageError(f"{pair.name} has no study {name!r}; it has {offered}")
    return studies[name]
