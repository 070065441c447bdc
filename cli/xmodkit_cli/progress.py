"""Show how far long work is: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time

import click

__all__ = ["ProgressLine"]

_BAR = 28
_EVERY_S = {True: 0.1, False: 5.0}


class ProgressLine:
    """A line on stderr with what is done, the rate and the time left."""

    def __init__(self, label: str, unit: str = "") -> None:
        self.label = label
        self.unit = unit
        self._terminal = sys.stderr.isatty()
        self._started = self._shown = time.monotonic()
        self._drawn = False

    def update(self, done: int, total: int, note: str = "") -> None:
        """Redraw, unless that was done a moment ago."""
        now = time.monotonic()
        if now - self._shown < _EVERY_S[self._terminal] and done < total:
            return
        if done >= total and not self._drawn and not self._terminal:
            return  # short work needs no line at all where nobody watches
        self._shown = now
        text = self._text(done, total, now - self._started, note)
        if self._terminal:
            sys.stderr.write(f"\r\x1b[2K{text}")
            sys.stderr.flush()
        else:
            click.echo(text, err=True)
        self._drawn = True

    def say(self, text: str) -> None:
        """Print a line of its own above the bar."""
        self._clear()
        click.echo(text, err=True)

    def close(self) -> None:
        """Remove the bar."""
        self._clear()

    def _clear(self) -> None:
        if self._drawn and self._terminal:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()

    def _text(self, done: int, total: int, seconds: float, note: str) -> str:
        rate = done / seconds if seconds > 0 else 0.0
        left = (total - done) / rate if rate else 0.0
        share = done / total if total else 1.0
        bar = "#" * int(share * _BAR)
        minutes, rest = divmod(int(left), 60)
        return (
            f"{self.label} [{bar:<{_BAR}}] {done}/{total}{self.unit} {rate:,.1f}/s "
            f"ETA {minutes}:{rest:02d} {note}"
        ).rstrip()
