"""Records as JSON and back: what has been written is read, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import pytest
from crosscheck.core.failures import Broken, Failure, Kind, Promise, Stage
from crosscheck.core.plain import Malformed, by_name, from_plain, to_plain
from crosscheck.core.records import Tensor
from crosscheck_impls.interface import Network
from hypothesis import given
from hypothesis import strategies as st


class Inner(NamedTuple):
    """A record within another."""

    number: float
    side: Literal["left", "right"] = "left"


class Other(NamedTuple):
    """Another record, with the same first field."""

    number: float


@dataclass
class Outer:
    """Everything that a hint may say."""

    whole: int
    words: tuple[str, ...]
    pair: tuple[int, float]
    either: Inner | Other | None
    listed: list[Inner] = field(default_factory=list)
    free: Mapping[str, Any] = field(default_factory=dict)
    kind: Kind = Kind.RAISED
    tensor: Tensor = Tensor("J")  # noqa: RUF009 (a str)


numbers = st.floats()
inner = st.builds(Inner, numbers, st.sampled_from(["left", "right"]))
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(min_size=6), inside, max_size=3),
    max_leaves=6,
)
outer = st.builds(
    Outer,
    st.integers(),
    st.lists(st.text()).map(tuple),
    st.tuples(st.integers(), numbers),
    st.none() | inner | st.builds(Other, numbers),
    st.lists(inner, max_size=3),
    st.dictionaries(st.text(), plain, max_size=3),
    st.sampled_from(Kind),
    st.sampled_from(["J", "dW1", "fit: b12"]).map(Tensor),
)


@given(outer)
def test_what_is_written_is_read(record: Outer) -> None:
    read = from_plain(Outer, json.loads(json.dumps(to_plain(record), allow_nan=False)))
    assert repr(read) == repr(record)  # NaN is not equal to itself
    assert type(read.kind) is Kind
    assert type(read.tensor) is Tensor


@given(st.sampled_from([Outer, Failure, Broken, Network, tuple[int, ...], float | None]), plain)
def test_anything_else_is_malformed(hint: Any, said: Any) -> None:
    try:
        read = from_plain(hint, said)
    except (Malformed, ValueError):  # a Network checks itself too
        return
    assert to_plain(read) == said or said in ("nan", "inf", "-inf") or isinstance(said, int)


@pytest.mark.parametrize(
    "said",
    [
        {"is": "Failure"},
        {"is": "Broken", "promise": "shape", "name": "", "got": "", "expected": "", "step": True},
        {"is": "Broken", "promise": "no such", "name": "", "got": "", "expected": "", "step": 0},
        {"is": "Broken", "promise": "shape", "name": 1, "got": "", "expected": "", "step": 0},
        {"is": "Broken", "promise": "shape", "name": "", "got": "", "expected": "", "step": 0, "more": 1},
    ],
)
def test_a_record_has_its_fields_and_no_others(said: Any) -> None:
    with pytest.raises(Malformed):
        from_plain(Broken, said)


def test_an_array_is_its_place_in_a_list() -> None:
    arrays: list[np.ndarray] = []
    said = to_plain([np.ones(3), np.zeros((2, 1))], arrays)
    assert [a.shape for a in from_plain(list[Any], said, arrays)] == [(3,), (2, 1)]
    with pytest.raises(Malformed):
        from_plain(list[Any], [{"array": 2}], arrays)
    with pytest.raises(TypeError):
        to_plain(np.ones(3))


def test_lists_without_end_are_malformed() -> None:
    deep: Any = 0
    for _ in range(200):
        deep = [deep]
    with pytest.raises(Malformed):
        from_plain(Any, deep)


def test_what_is_no_data_travels_by_name() -> None:
    class Tool:
        pass

    tool = Tool()
    by_name(Tool, lambda _: "hammer", lambda name: {"hammer": tool}[name])
    assert from_plain(Tool, to_plain(tool)) is tool
    with pytest.raises(Malformed):
        from_plain(Tool, "saw")


def test_what_is_no_data_and_has_no_name_is_not_written() -> None:
    with pytest.raises(Malformed):
        from_plain(float, 10**400)
    with pytest.raises(TypeError, match="object is no data"):
        to_plain({"a": object()})
    assert from_plain(Broken, to_plain(Broken(Promise.SHAPE, "dW1"))) == Broken(Promise.SHAPE, "dW1")
    assert from_plain(Failure, to_plain(Failure(Stage.LOAD, Kind.EXITED, number=3))).number == 3
