"""The gradient is right, the predicted class is not."""

from __future__ import annotations

from crosscheck_impls.interface import Array

from crosscheck.mutation.mutant import Kind, mutant
from crosscheck.oracle.reference import Reference


@mutant(
    "class 1 where Z > 0.5",
    Kind.CLASSIC,
    "the class is taken from Z > 0.5; it is A > 0.5, which is Z > 0",
    Reference.classes,
)
def _(self: Reference, A: Array, Z: Array) -> Array:
    return (Z > 0.5).astype("int64")


@mutant(
    "class 1 where A >= 0.5",
    Kind.CLASSIC,
    "the class at exactly 0.5 is 1; the notes say 0 there (A > 0.5)",
    Reference.classes,
)
def _(self: Reference, A: Array, Z: Array) -> Array:
    return (A >= 0.5).astype("int64")


@mutant("classes swapped", Kind.CLASSIC, "the classes 0 and 1 are swapped", Reference.classes)
def _(self: Reference, A: Array, Z: Array) -> Array:
    return (A <= 0.5).astype("int64")


@mutant("class 1 everywhere", Kind.CLASSIC, "every example is given class 1", Reference.classes)
def _(self: Reference, A: Array, Z: Array) -> Array:
    return (A > -1).astype("int64")
