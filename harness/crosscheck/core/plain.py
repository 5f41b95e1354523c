"""Records as JSON and back, by their type hints: what crosses from a worker, and what a journal keeps.

`to_plain` makes dictionaries, lists, strings and numbers; `from_plain` builds a record again and accepts nothing that
its hints do not say, so that what somebody else has written is data and can never be code. A record is a NamedTuple
or a dataclass, and is written with the name of its class, which tells the members of a union apart. A float that is
not finite is one of the strings `nan`, `inf`, `-inf`. An array is `{"array": k}`, its place in a list beside the JSON,
in which it stands once, however often it occurs; where a hint is Any, plain data and arrays are both read, and whoever
wants one of them looks again.

>>> from crosscheck.core.failures import Failure, Kind, Stage
>>> said = to_plain(Failure(Stage.CASE, Kind.TIMED_OUT, number=120.0))
>>> said["is"], said["kind"]
('Failure', 'timed out')
>>> from_plain(Failure, said).number
120.0
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import cache
from typing import Any, Literal, TypeAlias, TypeVar, Union, cast

import numpy as np

DEPTH = 24  # of lists and records within each other
NAMES = ("nan", "inf", "-inf")
LARGEST = 2**1023  # an int that is read as a float

T = TypeVar("T")
Where: TypeAlias = "tuple[Where, str | int] | None"  # a field or an item of what lies further out


class Malformed(ValueError):
    """What was read is not what the hints say; the message has the place, what was there and what was expected."""


class Named(typing.NamedTuple):
    """How a class that is not data travels: by a name that both sides know."""

    name: Callable[[Any], str]
    find: Callable[[str], Any]


_named: dict[type, Named] = {}


def by_name(kind: type[T], name: Callable[[T], str], find: Callable[[str], T]) -> None:
    """Let objects of this class travel by name; `find` raises KeyError for a name that nobody knows."""
    _named[kind] = Named(name, find)


def to_plain(value: Any, arrays: list[np.ndarray] | None = None) -> Any:
    """Return the value as JSON has it; arrays, if any, are appended to `arrays`. Raises TypeError for anything else."""
    return _plain(value, arrays, {})


def _plain(value: Any, arrays: list[np.ndarray] | None, places: dict[int, int]) -> Any:
    """Do so; places: where in `arrays` each array already stands, by its identity."""
    if type(value) in _named:
        return _named[type(value)].name(value)
    if isinstance(value, np.ndarray) and arrays is not None:
        place = places.setdefault(id(value), len(arrays))
        if place == len(arrays):
            arrays.append(value)
        return {"array": place}
    if value is None or isinstance(value, bool | str):
        return value if value is None or isinstance(value, bool) else str(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else str(float(value))
    if (fields := _fields(cast(Any, type(value)))) is not None:
        record = {name: _plain(getattr(value, name), arrays, places) for name in fields}
        return {"is": type(value).__name__, **record}
    if isinstance(value, Mapping):
        return {str(key): _plain(each, arrays, places) for key, each in value.items()}
    if isinstance(value, Sequence):
        return [_plain(each, arrays, places) for each in value]
    raise TypeError(f"{type(value).__name__} is no data")


def from_plain(hint: Any, said: Any, arrays: Sequence[np.ndarray] = ()) -> Any:
    """Return the value that `to_plain` has written, of the type that the hint says. Raises Malformed."""
    return _read(hint, said, arrays, None, DEPTH)


def _read(hint: Any, said: Any, arrays: Sequence[np.ndarray], where: Where, depth: int) -> Any:
    if depth == 0:
        raise Malformed(f"{_place(where)}: more than {DEPTH} levels")
    origin, inner = _parts(hint)
    if origin in (Union, types.UnionType):
        return _one_of(inner, said, arrays, where, depth)
    if origin is Literal:
        return said if said in inner and isinstance(said, str) else _wrong(where, said, f"one of {inner}")
    if origin in (list, tuple) or (isinstance(origin, type) and issubclass(origin, Sequence)):
        return _items(origin, inner, said, arrays, where, depth)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        items = said.items() if isinstance(said, dict) else _wrong(where, said, "a mapping")
        return {str(key): _read(inner[1], each, arrays, (where, str(key)), depth - 1) for key, each in items}
    if origin is np.ndarray or hint is np.ndarray:
        return _array(said, arrays, where)
    return _single(hint, said, arrays, where, depth)


def _single(hint: Any, said: Any, arrays: Sequence[np.ndarray], where: Where, depth: int) -> Any:
    """Read what has no members of other types: a number, a word, a record."""
    if hint in _named:
        if isinstance(said, str):
            try:
                return _named[hint].find(said)
            except KeyError:
                pass
        return _wrong(where, said, f"the name of a {hint.__name__}")
    if (fields := _fields(hint)) is not None:
        return _record(hint, fields, said, arrays, where, depth)
    if hint is Any:
        return _anything(said, arrays, where, depth)
    if hint is None or hint is type(None) or hint is bool or hint is int:
        expected = type(None) if hint is None else hint
        return said if type(said) is expected else _wrong(where, said, expected.__name__)
    if hint is float:
        is_number = type(said) is float or said in NAMES or (type(said) is int and abs(said) < LARGEST)
        return float(said) if is_number else _wrong(where, said, "a number")
    is_word = isinstance(hint, type) and issubclass(hint, str) and isinstance(said, str)
    if is_word and (not issubclass(hint, StrEnum) or said in list(hint)):
        return hint(said)
    return _wrong(where, said, getattr(hint, "__name__", str(hint)))


def _array(said: Any, arrays: Sequence[np.ndarray], where: Where) -> np.ndarray:
    place = said.get("array") if isinstance(said, dict) else None
    if type(place) is int and 0 <= place < len(arrays):
        return arrays[place]
    return _wrong(where, said, "the number of an array")


def _one_of(hints: Sequence[Any], said: Any, arrays: Sequence[np.ndarray], where: Where, depth: int) -> Any:
    """Read a member of a union; records are told apart by the name of their class."""
    if isinstance(said, dict) and "is" in said:
        hints = [each for each in hints if getattr(each, "__name__", "") == said["is"]]
    for hint in hints:
        try:
            return _read(hint, said, arrays, where, depth - 1)
        except Malformed:
            if len(hints) == 1:
                raise
    return _wrong(where, said, " or ".join(getattr(each, "__name__", str(each)) for each in hints) or "nothing so")


def _items(
    origin: Any, inner: Sequence[Any], said: Any, arrays: Sequence[np.ndarray], where: Where, depth: int
) -> list[Any] | tuple[Any, ...]:
    if not isinstance(said, list):
        return cast(list[Any], _wrong(where, said, "a list"))
    if origin is tuple and not (len(inner) == 2 and inner[1] is Ellipsis):
        if len(said) != len(inner):
            _wrong(where, said, f"{len(inner)} items")
        hints = list(inner)
    else:
        hints = [inner[0]] * len(said)
    items = [
        _read(hint, each, arrays, (where, k), depth - 1) for k, (hint, each) in enumerate(zip(hints, said, strict=True))
    ]
    return tuple(items) if origin is tuple else items


def _record(
    kind: Any, fields: Mapping[str, Any], said: Any, arrays: Sequence[np.ndarray], where: Where, depth: int
) -> Any:
    if not isinstance(said, dict) or said.get("is") != kind.__name__ or set(said) != {"is", *fields}:
        return _wrong(where, said, f"a {kind.__name__} with {', '.join(fields)}")
    return kind(**{name: _read(hint, said[name], arrays, (where, name), depth - 1) for name, hint in fields.items()})


def _anything(said: Any, arrays: Sequence[np.ndarray], where: Where, depth: int) -> Any:
    """Read plain words, numbers and arrays, in lists and mappings."""
    if depth == 0:
        raise Malformed(f"{_place(where)}: more than {DEPTH} levels")
    if isinstance(said, list):
        return [_anything(each, arrays, (where, k), depth - 1) for k, each in enumerate(said)]
    if isinstance(said, dict):
        if set(said) == {"array"}:
            return _array(said, arrays, where)
        return {str(key): _anything(each, arrays, (where, str(key)), depth - 1) for key, each in said.items()}
    return said if said is None or type(said) in (bool, int, float, str) else _wrong(where, said, "plain data")


@cache
def _parts(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return what a hint is made of, as `list[int]` of `list` and `int`."""
    return typing.get_origin(hint), typing.get_args(hint)


@cache
def _fields(kind: Any) -> Mapping[str, Any] | None:
    """Return the fields of a record, which may have none, with their hints; None for what is no record."""
    if not isinstance(kind, type):
        return None
    if dataclasses.is_dataclass(kind):
        names = [field.name for field in dataclasses.fields(kind) if field.init]
    elif issubclass(kind, tuple) and hasattr(kind, "_fields"):
        names = list(kind._fields)
    else:
        return None
    hints = typing.get_type_hints(kind)
    return {name: hints[name] for name in names}


def _place(where: Where) -> str:
    """Return a place in words."""
    inside = ""
    while where is not None:
        where, step = where
        inside = (f"[{step}]" if isinstance(step, int) else f".{step}") + inside
    return inside.lstrip(".") or "message"


def _wrong(where: Where, said: Any, expected: str) -> typing.NoReturn:
    raise Malformed(f"{_place(where)}: got {repr(said)[:60]}, expected {expected}")
