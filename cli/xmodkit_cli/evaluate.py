"""`xmod evaluate`: judge a run on samples it never saw, as a report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from xmodkit.errors import MissingExtraError, UsageError
from xmodkit.text import number_text
from xmodkit_cli.common import (
    PATH,
    debug_option,
    echo,
    json_option,
    overwrite_option,
    print_json,
    refuse_existing,
    seed_option,
)
from xmodkit_cli.models import pair_of_run
from xmodkit_cli.progress import ProgressLine

if TYPE_CHECKING:
    from xmodkit.report import Report
    from xmodkit.train.unseen import RowChoice

__all__ = ["command"]


@click.command("evaluate")
@click.argument("run", type=PATH)
@click.argument("store", type=PATH)
@click.option(
    "--report",
    type=PATH,
    help="The report, one HTML file; its numbers go beside it. RUN/report.html by default.",
)
@click.option(
    "--compare", type=PATH, multiple=True, help="Another run, judged on the same samples; repeat."
)
@click.option(
    "--rows",
    type=click.Choice(["test", "all-unseen"]),
    default="all-unseen",
    show_default=True,
    help="The run's own test rows alone, or every row of the store that it never saw.",
)
@seed_option
@overwrite_option
@json_option
@debug_option
def command(
    run: Path,
    store: Path,
    report: Path | None,
    compare: tuple[Path, ...],
    rows: str,
    seed: int,
    overwrite: bool,
    as_json: bool,
    debug: bool,
) -> int:
    """Judge a finished run on samples it never saw, and write a report with pictures.

    Example: xmod evaluate runs/a samples.zarr --report report.html
    """
    path = report or run / "report.html"
    if path.suffix not in (".html", ".htm"):
        raise UsageError(f"--report {path}: a page ends in .html; its numbers go to .json beside")
    for place in (path, path.with_suffix(".json")):
        refuse_existing(place, overwrite)
    try:
        from xmodkit.report import make_report
        from xmodkit.train.evaluate import EvaluationJob, evaluate
    except ImportError as error:
        raise MissingExtraError("judging", error.name or "torch", "train") from error
    pair = pair_of_run(run)
    job = EvaluationJob(pair, (run, *compare), store, cast("RowChoice", rows), seed)
    found = evaluate(job, echo, _Bar())
    for reason, count in found.left_out.items():
        echo(f"left out: {count} {reason}")
    echo("drawing")
    made = make_report(found)
    beside = made.write(path)
    if as_json:
        print_json(made.numbers)
    else:
        _print_summary(made)
    echo(f"report: {path}, numbers: {beside}")
    return 0


class _Bar:
    """A progress line for each set of samples that is predicted."""

    def __init__(self) -> None:
        self.line: ProgressLine | None = None

    def __call__(self, done: int, total: int) -> None:
        self.line = self.line or ProgressLine("predict", " samples")
        self.line.update(done, total)
        if done >= total:
            self.line.close()
            self.line = None


def _print_summary(report: Report) -> None:
    """Print the summary's lines: each quantity, then each peer's value."""
    for row in report.numbers["summary"]:
        values = ", ".join(
            f"{peer} {number_text(value)}"
            for peer, value in row["values"].items()
            if value is not None
        )
        published = f" (published {row['published']})" if row["published"] else ""
        click.echo(f"{row['quantity']}: {values}{published}")
