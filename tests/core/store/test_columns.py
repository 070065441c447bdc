"""Columns and dimension names."""

from __future__ import annotations

import pytest

from xmodkit.errors import StoreError
from xmodkit.modality import Axis, Field
from xmodkit.store.columns import Schema


def dimensions(*fields):
    return {column.name: column.dimensions for column in Schema.of(fields).columns}


def test_axes_alike_share_a_dimension_and_its_coordinates():
    energy = Axis("energy", 3, "eV", (1.0, 2.0, 3.0))
    schema = Schema.of([Field("value", (energy,)), Field("value_lower", (energy,))])
    assert {column.dimensions for column in schema.columns} == {("sample", "energy")}
    (coordinate,) = schema.coordinates
    assert (coordinate.name, coordinate.unit) == ("energy", "eV")


@pytest.mark.parametrize("other", [Axis("energy", 4), Axis("energy", 3, "eV", (1.0, 2.0, 4.0))])
def test_axes_that_differ_get_a_dimension_each(other):
    energy = Axis("energy", 3, "eV", (1.0, 2.0, 3.0))
    found = dimensions(Field("a", (energy,)), Field("b", (other,)))
    assert found == {"a": ("sample", "energy"), "b": ("sample", "b_energy")}


def test_ragged_axes_belong_to_their_field_and_have_a_shape_column():
    atom = Axis("atom", pad=True)
    found = dimensions(Field("numbers", (atom,), "int8"), Field("xyz", (atom, Axis("axis", 3))))
    assert found == {
        "numbers": ("sample", "numbers_atom"),
        "numbers_shape": ("sample", "numbers_axis"),
        "xyz": ("sample", "xyz_atom", "axis"),
        "xyz_shape": ("sample", "xyz_axis"),
    }


def test_a_dimension_is_never_named_like_an_array_or_like_another_of_its_field():
    energy = Axis("energy", 3)
    found = dimensions(Field("energy", (energy,)), Field("pairs", (Axis("i", 2), Axis("i", 2))))
    assert found["energy"] == ("sample", "energy_energy")
    assert found["pairs"] == ("sample", "i", "pairs_i")
    assert dimensions(Field("a", (Axis("sample", 3),)))["a"] == ("sample", "a_sample")


@pytest.mark.parametrize(
    ("dtype", "given", "stored"),
    [
        ("uint8", float("nan"), 0),
        ("int8", -1, -1),
        ("string", float("nan"), ""),
        ("bool", 0, False),
    ],
)
def test_the_fill_is_of_the_fields_own_kind(dtype, given, stored):
    assert Schema.of([Field("a", dtype=dtype, fill=given)]).columns[0].fill == stored


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ([], "at least one field"),
        ([Field("a", dtype="object")], "dtype 'object' cannot be stored"),
        ([Field("../a")], "cannot name an array"),
        ([Field("zarr.json")], "cannot name an array"),
        ([Field("a", (Axis("x/y", 3),))], "cannot name an array"),
        ([Field("a"), Field("A")], "two arrays .* 'A'"),
        ([Field("a", (Axis("n"),)), Field("a_shape")], "two arrays .* 'a_shape'"),
        ([Field("commits")], "two arrays .* 'commits'"),
        ([Field("a", (Axis("n", 0),))], "axis 'n' has size 0"),
        ([Field("a", (Axis("n", 2**40),))], "at most 4 GiB"),
        ([Field("a", dtype="uint8", fill=300)], "fill 300 is no uint8"),
    ],
)
def test_fields_that_cannot_be_stored_are_refused_by_name(fields, message):
    with pytest.raises(StoreError, match=message):
        Schema.of(fields)
