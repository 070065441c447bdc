"""Options that a pair declares become click's, with what they take."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from xmodkit.pair import Option
from xmodkit_cli.common import click_option


def parsed(option: Option, *args: str) -> object:
    """Return the value that an option has in a command called with `args`."""
    command = click.Command("try", params=[click_option(option)], callback=lambda **kept: kept)
    kept = command.main(list(args), standalone_mode=False)
    return kept[option.key]


def test_an_option_takes_one_value_unless_it_says_how_many():
    assert parsed(Option("n", "Number.", "int"), "-n", "3") == 3
    between = Option("between", "Two files.", "file", values=2)
    assert parsed(between, "--between", "a.cif", "b.cif") == (Path("a.cif"), Path("b.cif"))
    assert parsed(between) is None
    with pytest.raises(click.BadOptionUsage, match="requires 2 arguments"):
        parsed(between, "--between", "a.cif")


def test_an_option_that_may_be_repeated_collects_its_values():
    option = Option("max", "Maxima.", "float", multiple=True)
    assert parsed(option, "--max", "1", "--max", "2") == (1.0, 2.0)
