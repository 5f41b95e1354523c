"""What crosses between the harness and its workers: what is sent arrives, and nothing else is read."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from crosscheck.core.failures import Evidence, Failure, Kind, Stage
from crosscheck.core.plain import Malformed, from_plain
from crosscheck.core.records import Answer, Case, Certification
from crosscheck.core.text import one_line, printable
from crosscheck.mutation.build import VARIANT, framework
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import BY_NAME, build
from crosscheck.runner.children import Child, ask
from crosscheck.runner.collect import measure
from crosscheck.runner.evidence import checked, lacking, largest
from crosscheck.runner.serve import Ask, Told
from crosscheck.runner.settings import shares
from crosscheck.runner.tasks import each
from crosscheck.runner.wire import DTYPES, HEADER, MAGIC, PREFIX, Frame, Reader, TooLarge, _safe, pack
from crosscheck_impls.interface import Declaration, Layer
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as drawn

PLAIN = Declaration()
BITS = {"bfloat16": "<u2"}  # drawn as these, and seen as that
arrays = st.sampled_from(sorted(DTYPES)).flatmap(
    lambda dtype: drawn.arrays(
        np.dtype(BITS.get(dtype, dtype)), drawn.array_shapes(min_dims=0, min_side=0, max_side=4)
    ).map(lambda array: array.view(dtype))
)


def sent(message: Any, **how: Any) -> Frame:
    (frame,) = Reader(**how).feed(b"".join(pack(message)))
    return frame


def test_an_array_that_occurs_twice_crosses_once() -> None:
    one = np.ones(3)
    frame = sent([one, np.ones(3), one])
    assert frame.said == [{"array": 0}, {"array": 1}, {"array": 0}]
    assert len(frame.arrays) == 2


words = st.text() | st.sampled_from(["[", "}", '"', "\\", "\x7f", "\x1b[31m", "a" * 20_000, "[" * 30])
said = st.recursive(words | st.integers(-9, 9) | st.none(), lambda s: st.lists(s) | st.dictionaries(words, s))


@given(said)
def test_whatever_a_worker_says_becomes_printable_and_bounded(message: Any) -> None:
    assert sent(message).said == _safe(message)


def raw(header: Any, rest: bytes = b"") -> bytes:
    data = header if isinstance(header, bytes) else json.dumps(header).encode()
    return PREFIX.pack(MAGIC, len(data)) + data + rest


@given(st.lists(arrays, max_size=3), st.booleans(), st.lists(st.integers(1, 50), min_size=1, max_size=5))
def test_arrays_arrive_bit_for_bit_in_whatever_portions(given_: list[Any], turned: bool, portions: list[int]) -> None:
    given_ = [np.asfortranarray(a) if turned else a for a in given_]
    data, reader, frames = b"".join(pack(given_)) * 2, Reader(), []
    while data:
        for size in portions:
            frames += reader.feed(data[:size])
            data = data[size:]
    assert len(frames) == 2
    for got, expected in zip(frames[1].arrays, given_, strict=True):
        assert (got.dtype, got.shape) == (expected.dtype, expected.shape)
        assert got.tobytes() == expected.tobytes()
        assert got.strides == expected.strides or got.size <= 1 or 1 in got.shape
        assert got.flags.writeable


@given(st.binary(max_size=60), st.booleans())
def test_bytes_that_are_no_frame_are_malformed_or_wait_for_more(data: bytes, begins: bool) -> None:
    reader, frames, words = Reader(limit=1000), list[Frame](), ""
    try:
        frames = list(reader.feed(PREFIX.pack(MAGIC, max(0, len(data) - 8)) + data if begins else data))
    except Malformed as error:
        words = str(error)
    assert not frames
    assert words.isprintable()


EMPTY: dict[str, Any] = {"said": None, "arrays": []}
F8 = ["<f8", [2], "C"]


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x04K\x01.",
        raw(b'{"said": 1, "said": 2, "arrays": []}'),
        raw(b'{"said": NaN, "arrays": []}'),
        raw(b'{"said": ' + b"9" * 5000 + b', "arrays": []}'),
        raw(b'{"said": ' + b"[" * 100_000 + b"]" * 100_000 + b', "arrays": []}'),
        raw(EMPTY | {"said": [[[[[[[[[[[[[[[[[[[[[[[[[["deep"]]]]]]]]]]]]]]]]]]]]]]]]]]}),
        raw('{"said": "é"}'.encode()),
        raw(EMPTY | {"more": 1}),
        raw([]),
        raw(EMPTY | {"arrays": [["O", [2], "C"]]}),
        raw(EMPTY | {"arrays": [["<f16", [2], "C"]]}),
        raw(EMPTY | {"arrays": [["<f8", [-1], "C"]]}),
        raw(EMPTY | {"arrays": [["<f8", [True], "C"]]}),
        raw(EMPTY | {"arrays": [["<f8", [1] * 40, "C"]]}),
        raw(EMPTY | {"arrays": [["<f8", [2], "K"]]}),
        raw(EMPTY | {"arrays": [["<f8", [2**39, 2**39], "C"]]}),
        raw(EMPTY | {"arrays": [F8] * 10}),
        PREFIX.pack(MAGIC, HEADER + 1),
    ],
    ids=range(18),
)
def test_what_is_not_as_we_write_it_is_refused_before_memory_is_taken(data: bytes) -> None:
    with pytest.raises(Malformed):
        list(Reader(limit=100).feed(data))


def test_half_a_frame_is_none() -> None:
    whole = b"".join(pack([np.ones(3)]))
    for k in range(len(whole)):
        assert list(Reader().feed(whole[:k])) == []


def test_too_much_is_refused_on_both_sides() -> None:
    with pytest.raises(TooLarge, match="1 MiB, expected at most 0"):
        pack([np.zeros(2**17)], limit=1000)
    with pytest.raises(TooLarge):
        sent([np.zeros(2**17)], limit=1000)


@pytest.mark.parametrize("array", [np.array([object()]), np.array(["word"]), np.ones(2, ">f8"), np.ones(2, complex)])
def test_other_arrays_are_not_sent(array: Any) -> None:
    with pytest.raises(TypeError, match="cannot be sent"):
        pack([array])


@given(st.text())
def test_words_from_a_worker_are_printable(words: str) -> None:
    said = sent({"key": [words]}).said["key"][0]
    assert said.isprintable()
    said.encode()
    assert sent(words, trusted=True).said == words
    assert one_line(words).isprintable()
    assert len(printable(words * 100, 20)) <= 20 * 10


# ---------------------------------------------------------------- what an answer must hold


@pytest.fixture(scope="module")
def case() -> Case:
    return make_case(build(BY_NAME["small_weights-2layer-tanh"])._replace(iterations=5), "float64")


@pytest.fixture(scope="module")
def honest(case: Case) -> Answer:
    return measure(framework(), VARIANT, PLAIN, case, "cpu")


def test_a_case_and_its_answer_cross_as_they_are(case: Case, honest: Answer) -> None:
    number, variant, got, _ = from_plain(Ask, *sent(Ask(7, "by_hand", case, 20.0), trusted=True))
    assert (number, variant) == (7, "by_hand")
    assert got.network == case.network
    assert got.X.tobytes() == case.X.tobytes()
    assert got.steps == case.steps
    frame = sent(Told(7, honest._replace(run=honest.run._replace(steps=[]))), limit=largest(case))
    answer = checked(from_plain(Told, *frame).said)
    assert answer.gradients[1][1][0].W.tobytes() == honest.gradients[1][1][0].W.tobytes()
    assert answer.run.certification is honest.run.certification


def changed_run(answer: Answer, **changes: Any) -> Answer:
    return answer._replace(run=answer.run._replace(**changes))


def moved(params: Any) -> Any:
    return (Layer(params[0].W + 1e-3, params[0].b), *params[1:])


FORGED = {
    "no points": (Evidence.POINTS, lambda a: a._replace(checkpoints=[], gradients=[])),
    "no second look": (
        Evidence.POINTS, lambda a: a._replace(checkpoints=a.checkpoints[:-1], gradients=a.gradients[:-1])
    ),
    "the first point only": (Evidence.POINTS, lambda a: a._replace(checkpoints=[0] * len(a.checkpoints))),
    "fewer gradients": (Evidence.POINTS, lambda a: a._replace(gradients=a.gradients[1:])),
    "a shorter run": (Evidence.ITERATIONS, lambda a: changed_run(a, iterations=1)),
    "no labels of the test set": (Evidence.LABELS, lambda a: a._replace(labels_test=None)),
    "no steps": (Evidence.STEPS, lambda a: changed_run(a, steps=[])),
    "one step less": (Evidence.STEPS, lambda a: changed_run(a, steps=a.run.steps[:-1])),
    "a step thrice": (Evidence.STEPS, lambda a: changed_run(a, steps=[a.run.steps[0]] * 2 + a.run.steps)),
    "the first step only": (Evidence.STEPS, lambda a: changed_run(a, steps=[a.run.steps[0]] * 5)),
    "steps that never were": (
        Evidence.STEPS, lambda a: changed_run(a, steps=[s._replace(t=s.t + 1) for s in a.run.steps])
    ),
    "said to be sampled": (
        Evidence.STEPS, lambda a: changed_run(a, steps=a.run.steps[:2], certification=Certification.SAMPLED)
    ),
    "another start": (
        Evidence.CHAIN,
        lambda a: changed_run(
            a, steps=[a.run.steps[0]._replace(before=moved(a.run.steps[0].before)), *a.run.steps[1:]]
        ),
    ),
    "a jump": (
        Evidence.CHAIN,
        lambda a: changed_run(
            a, steps=[*a.run.steps[:2], a.run.steps[2]._replace(before=moved(a.run.steps[2].before)), *a.run.steps[3:]]
        ),
    ),
    "another end": (Evidence.CHAIN, lambda a: changed_run(a, trained=moved(a.run.trained))),
    "other costs": (Evidence.CHAIN, lambda a: changed_run(a, costs=a.run.costs + 1e-3)),
}  # fmt: skip


@pytest.mark.parametrize("kind", FORGED)
def test_an_answer_without_what_was_asked_for_is_no_evidence(case: Case, honest: Answer, kind: str) -> None:
    expected, forge = FORGED[kind]
    assert lacking(case, PLAIN, honest) is None
    assert lacking(case, PLAIN, forge(honest)) is expected


def test_what_is_irreproducible_shows_single_steps(case: Case, honest: Answer) -> None:
    """Its costs need not be those of the run; its steps must be there all the same."""
    other = changed_run(honest, certification=Certification.IRREPRODUCIBLE, costs=honest.run.costs + 1)
    assert lacking(case, PLAIN, other) is None
    assert lacking(case, PLAIN, changed_run(other, steps=[])) is Evidence.STEPS


def test_what_stands_in_the_place_of_an_array_is_malformed(honest: Answer) -> None:
    J, gradient = honest.gradients[0]
    for forged in (
        honest._replace(gradients=[(0.5, gradient)]),
        honest._replace(labels=None),
        honest._replace(gradients=[(J, (Layer([1.0], gradient[0].b),))]),
        honest._replace(environment={"numpy": "2" * 100_000}),
    ):
        with pytest.raises(Malformed):
            checked(forged)


# ---------------------------------------------------------------- our own work, by the same format


def halved(item: tuple[str, float]) -> tuple[str, float]:
    """What a task may do: answer, raise, die once, die always."""
    import os
    from pathlib import Path

    word, number = item
    if word == "raises":
        raise ValueError("odd\n\ud800")
    if word == "dies" or (word != "fine" and not Path(word).exists()):
        Path(word if word != "dies" else os.devnull).touch()
        os.kill(os.getpid(), 9)
    return word, number / 2


def test_a_task_that_dies_costs_itself_and_nothing_hangs(tmp_path: Any) -> None:
    once = str(tmp_path / "once")
    items = [("fine", 3.0), ("raises", 1.0), ("dies", 1.0), (once, 5.0), ("fine", math.inf)]
    found = dict(each(halved, items, shares(2)))
    assert found["fine", 3.0] == ("fine", 1.5)
    assert found["fine", math.inf] == ("fine", math.inf)
    assert found[once, 5.0] == (once, 2.5)
    assert found["dies", 1.0] == Failure(Stage.CASE, Kind.KILLED, number=9)
    raised = found["raises", 1.0]
    assert isinstance(raised, Failure)
    assert raised.message == r"ValueError: odd \ud800"


def test_a_worker_that_is_gone_is_told_at_once() -> None:
    child = Child("no_such_module:at_all", {})
    answer = ask(child, "anything", 30.0)
    assert isinstance(answer, Failure)
    assert answer.kind is Kind.EXITED
    assert "No module named 'no_such_module'" in answer.message
