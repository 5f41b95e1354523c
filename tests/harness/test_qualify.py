"""`qualify`: what is asked, that planted kernel faults are found with size and place, what a fault is, the passport."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from functools import lru_cache
from itertools import cycle, islice, product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from crosscheck.comparison.asked import Implementation
from crosscheck.core.failures import Verdict
from crosscheck.qualification.asked import Item, asked, try_item
from crosscheck.qualification.bit_flips import Flips, flips, resolutions
from crosscheck.qualification.design import Question, allowed, coverage, factors, follow_ups, questions
from crosscheck.qualification.judged import Result, judged
from crosscheck.qualification.patterns import Pattern, Property, pattern
from crosscheck.qualification.plan import Plan, Results, processors
from crosscheck.qualification.repeats import Conditions, Nature, Repeat, finding, planned
from crosscheck.qualification.run import run as run_plan
from crosscheck.qualification.tables import Qualified, resolution_statement
from crosscheck.qualification.words import of_finding, of_pattern
from crosscheck.runner.trials import Tried
from crosscheck_impls.interface import Declaration
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness import faulty_kernels
from tests.harness.test_cli import Run, run  # noqa: F401 (a fixture)

# ruff: noqa: F811 (a test's argument is the fixture)

BAD = """
from crosscheck_impls.interface import Layer, load


def gradients(network, params, X, Y):
    J, ((dW, db), second) = load("numpy").gradients["by_hand"](network, params, X, Y)
    return J, (Layer(dW * (1 + 1e-3 * (dW.shape[0] % 16 != 0)), db), second)
"""
KERNELS = "tests.harness.faulty_kernels"
LOADER = "crosscheck_impls.interface:load"
LEVELS = factors([1, 2], largest=40)
SEED = 1
SMALL, LARGE = 2**12, 2**14


@lru_cache
def chosen(largest: int = SMALL, count: int = 30) -> tuple[tuple[int, Question], ...]:
    """Return the first questions of the design with small arrays."""
    numbered = ((number, q) for number, q in enumerate(islice(questions(LEVELS, SEED), 200)) if q.elements <= largest)
    return tuple(islice(numbered, count))


def ask(variant: str, number: int, question: Question) -> Result:
    """Ask in this process; the number of threads is what the variable says."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", str(question.threads))
        tried = try_item(Item(number, question, SEED, variant, KERNELS, variant, "cpu", LOADER, 3))
    assert isinstance(tried, Tried), tried
    return judged(asked(number, question, SEED), variant, "cpu", tried)


def found(variant: str, aligned: bool = True) -> Pattern:
    """Return what the wrong trials have in common, after what follows them up."""
    results = [ask(variant, number, question) for number, question in chosen()]
    base = next(each.question for each in results if each.wrong)
    follow = [q for q in follow_ups(base, LEVELS) if aligned or (q.m, q.n0) == (base.m, base.n0)]
    results += [ask(variant, 9000 + number, question) for number, question in enumerate(follow)]
    it = pattern(results)
    assert it is not None
    return it


@pytest.mark.parametrize("tile", [8, 16, 32, 64, 128])
def test_a_last_partial_tile_that_is_wrong_by_one_row_is_found(tile: int) -> None:
    it = found(f"tile_{tile}")
    assert it.properties == (Property("rows", tile),)
    assert it.others > 3
    place = it.clearest.place
    assert place is not None
    assert place.tensor == "dW2"
    last = place.shape[0] - 1
    assert place.rows == ((last, last),)
    assert any(f"in row {last} of {last + 1}, the last" in line for line in of_pattern(it))


def test_a_missing_tail_of_the_inner_dimension_is_found() -> None:
    it = found("no_tail")
    assert it.properties == (Property("inner", 4),)
    assert it.exact


def test_what_is_wrong_above_so_many_elements_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faulty_kernels, "LARGE", LARGE)
    sizes = [(LARGE, 1, 1, 1), (LARGE + 1, 1, 1, 1), (2 * LARGE, 1, 1, 1)]
    large = [Question(*each, "plain", 1, "float64", "exact" if each[0] == 2 * LARGE else "drawn") for each in sizes]
    asking = [*chosen(), *enumerate(large, start=5000)]
    it = pattern([ask("large", number, question) for number, question in asking])
    assert it is not None
    assert it.properties == (Property("elements", float(LARGE), LARGE + 1.0),)
    assert it.exact


def test_a_size_is_named_where_the_bound_hides_some_wrong_trials_above_it() -> None:
    """With the counts: a float32 sum of many terms has so wide a bound that a few wrong terms lie within it."""
    sizes = [(1024, 1024), (1024, 1025), (1025, 1), (1025, 1025), (2**20 + 1, 1), (3, 2)]
    asked = [Question(m, n0, 1, 1, "plain", 1, dtype, "drawn") for m, n0 in sizes for dtype in ("float32", "float64")]
    blind = asked[-4]

    def verdict(question: Question) -> Verdict:
        wrong = question.elements > 2**20 and question is not blind
        return Verdict.DISAGREES if wrong else Verdict.AGREES

    it = pattern([Result(k, "mine", question, "cpu", verdict(question)) for k, question in enumerate(asked)])
    assert it is not None
    assert it.properties == (Property("elements", 2.0**20, 2.0**20 + 1),)
    assert (it.wrong, it.right, it.others) == (5, 1, 6)
    assert "5 of 6 of those with an array of more than 1,048,576 elements" in of_pattern(it)[0]


def test_the_call_is_named_where_some_were_asked_more_often() -> None:
    asked = [(3, (2,)), (2, (2,)), (3, (2,))]
    results = [
        Result(k, "mine", question, "cpu", Verdict.DISAGREES, calls=calls, wrong_calls=wrong)
        for k, ((calls, wrong), (_, question)) in enumerate(zip(asked, chosen(), strict=False))
    ]
    it = pattern(results)
    assert it is not None
    assert it.calls == (2,)
    always = [each._replace(wrong_calls=tuple(range(1, each.calls + 1))) for each in results]
    it = pattern(always)
    assert it is not None
    assert it.calls == ()


def test_what_is_wrong_with_one_number_of_threads_is_found() -> None:
    it = found("two_threads", aligned=False)
    assert it.properties == (Property("threads", 2),)


def test_what_is_wrong_for_inputs_that_do_not_lie_in_rows_is_found() -> None:
    it = found("strided", aligned=False)
    assert it.properties == (Property("layout", "not in rows"),)
    assert it.smallest.place is not None
    assert it.smallest.place.tensor == "dW1"


def test_what_is_wrong_on_the_second_call_alone_is_found() -> None:
    it = found("second_call", aligned=False)
    assert it.calls == (2,)
    assert not it.step_only


def test_a_right_one_has_no_pattern() -> None:
    assert pattern([ask("right", number, question) for number, question in chosen()]) is None


def of(wrong: Callable[[Question], bool], count: int = 30) -> list[str]:
    """Return what is said of results that are wrong where a question says so."""
    results = [
        Result(number, "mine", question, "cpu", Verdict.DISAGREES if wrong(question) else Verdict.AGREES, calls=3)
        for number, question in chosen(count=count)
    ]
    it = pattern(results)
    assert it is not None
    return of_pattern(it)


def test_what_is_said_of_a_pattern_are_counts() -> None:
    strided = sum(question.layout == "strided" for _, question in chosen())
    said = f"wrong in {strided} of 30 trials: all of those with strided inputs, none of the {30 - strided} without"
    assert of(lambda q: q.layout == "strided")[0] == said
    assert of(lambda q: True)[0] == "wrong in all 30 trials"
    first = chosen()[0][1]
    assert of(lambda q: q == first)[0] == "wrong in 1 of 30 trials, too few to say what it hangs on"
    both = of(lambda q: q.layout == "strided" and q.dtype == "float64", 120)[0]
    assert "strided inputs and float64" in both


# ---------------------------------------------------------------- what a fault is

FIRST = Result(0, "mine", Question(4, 3, 2, 1, "plain", 2, "float64", "drawn"), "cpu", Verdict.DISAGREES)


def repeats(wrong: Callable[[Conditions], bool]) -> list[Repeat]:
    return [Repeat(under, wrong(under)) for under in planned(2, [1, 2], [0, 1])]


def once_of(count: int) -> Callable[[Conditions], bool]:
    turns = cycle([True] + [False] * (count - 1))
    return lambda under: next(turns)


@pytest.mark.parametrize(
    ("first", "wrong", "nature", "words"),
    [
        (Verdict.SUSPECT, lambda under: False, Nature.NOISE, "noise: every answer, also of 9 repeats, lies within"),
        (Verdict.DISAGREES, lambda under: False, Nature.TRANSIENT, "transient: 0 of 9 repeats wrong, in other"),
        (Verdict.DISAGREES, once_of(3), Nature.TRANSIENT, "transient: 3 of 9 repeats wrong"),
        (Verdict.DISAGREES, lambda under: under.processor == 1, Nature.PERSISTENT, "on processor 1 and none elsewhere"),
        (Verdict.DISAGREES, lambda under: True, Nature.SYSTEMATIC, "systematic: 9 of 9 repeats wrong, and all"),
        (
            Verdict.DISAGREES,
            lambda under: under.threads == 2,
            Nature.SYSTEMATIC,
            "with 1 as the number of threads none",
        ),
    ],
    ids=["noise", "transient", "comes back", "one processor", "systematic", "two threads"],
)
def test_what_a_fault_is_follows_from_the_repeats(
    first: Verdict, wrong: Callable[[Conditions], bool], nature: Nature, words: str
) -> None:
    it = finding(FIRST._replace(verdict=first), repeats(wrong))
    assert it.nature is nature
    assert words in of_finding(it)


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=9, max_size=9), st.booleans())
def test_every_outcome_of_the_repeats_has_a_nature_that_its_counts_bear_out(wrong: list[bool], disagrees: bool) -> None:
    under = planned(2, [1, 2], [0, 1])
    first = FIRST._replace(verdict=Verdict.DISAGREES if disagrees else Verdict.SUSPECT)
    it = finding(first, [Repeat(*each) for each in zip(under, wrong, strict=True)])
    assert (it.nature is Nature.NOISE) == (not disagrees and not any(wrong))
    if it.nature is Nature.SYSTEMATIC:
        assert all(each.wrong for each in it.repeats if each.under == Conditions(2))
    if it.nature is Nature.PERSISTENT:
        assert all(
            each.wrong == (each.under.processor in it.wrong_on) for each in it.repeats if each.under.processor >= 0
        )


@pytest.mark.parametrize(
    ("variant", "nature"),
    [
        ("once", Nature.TRANSIENT),
        ("one_processor", Nature.PERSISTENT if len(processors()) > 1 else Nature.SYSTEMATIC),
        ("tile_128", Nature.SYSTEMATIC),
        ("shuffled", Nature.NOISE),
    ],
)
def test_planted_faults_of_each_kind_are_told_apart_by_repeats_in_processes_of_their_own(
    variant: str, nature: Nature, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAULTY_ONCE", str(tmp_path / "mark"))
    monkeypatch.setenv("FAULTY_PROCESSOR", str(processors()[0]))
    monkeypatch.setattr("crosscheck.qualification.run.SUSPECTS", 1)
    monkeypatch.setattr("crosscheck.qualification.run.follow_ups", lambda *_: [])
    results = Results()
    levels = factors([1], ["float64"], largest=40)._replace(kind=["drawn"], m=[17, 33])
    run_plan(Plan([Implementation(KERNELS, variant)], levels, "cpu", SEED, 60, 4), lambda *_: None, results, print)
    assert [each.nature for each in results.findings] == [nature]


# ---------------------------------------------------------------- exact data in narrow modes


def exact_trial(dtype: str, declared: Declaration, variant: str = "bf16_products", fault: float = 0.0) -> Result:
    """NumPy's answer to exact data, of which one number is off by a share of it, and which declares something."""
    question = Question(64, 33, 16, 7, "plain", 1, dtype, "exact")
    tried = try_item(Item(0, question, SEED, "mine", "numpy", variant, "cpu", LOADER, 1))
    assert isinstance(tried, Tried), tried
    _, gradient = tried.answer.gradients[0]
    number = np.unravel_index(np.abs(np.asarray(gradient[1].W, float)).argmax(), gradient[1].W.shape)
    gradient[1].W[number] *= 1 + fault
    return judged(asked(0, question, SEED), "mine", "cpu", tried._replace(declared=declared))


def test_on_exact_data_a_declared_narrow_mode_is_held_against_its_bound() -> None:
    mode = Declaration(precision="bfloat16_products")
    right = exact_trial("float32", mode)
    assert right.verdict is Verdict.AGREES
    assert 0 < (right.ratio or 0) < 1
    assert exact_trial("float32", mode, fault=2.0**20).verdict is Verdict.DISAGREES  # Y cancels A here
    assert exact_trial("float32", Declaration()).verdict is Verdict.DISAGREES  # by equality, where none is declared


@pytest.mark.parametrize(("dtype", "fault"), [("float64", 2.0**-52), ("float16", 2.0**-10)])
def test_on_exact_data_of_other_dtypes_equality_stays_whatever_is_declared(dtype: str, fault: float) -> None:
    mode = Declaration(precision="bfloat16_products")
    assert exact_trial(dtype, mode, "by_hand").ratio == 0.0
    wrong = exact_trial(dtype, mode, "by_hand", fault)
    assert wrong.verdict is Verdict.DISAGREES
    assert wrong.place is not None
    assert 0 < wrong.place.ulps <= 2


# ---------------------------------------------------------------- which bits are seen


def test_a_flip_of_a_high_bit_is_seen_and_one_of_the_last_bit_is_not() -> None:
    question = Question(16, 5, 4, 2, "plain", 1, "float64", "drawn")
    table = flips([asked(0, question, SEED).judge])
    shares = {(each.tensor, each.bit): each.proof / each.flips for each in table}
    assert {tensor for tensor, _ in shares} == {"J", "dW", "db"}
    for tensor in ("J", "dW", "db"):
        assert shares[tensor, 51] == 1.0
        assert shares[tensor, 63] == 1.0
        assert shares[tensor, 0] == 0.0
    assert all(each.proof <= each.noise <= each.flips for each in table)
    for each in resolutions(table):
        assert each.proof is not None
        assert each.noise is not None
        assert 0 < each.noise <= each.proof < 40  # more than 12 bits are always seen


def test_the_share_of_high_bits_that_are_seen_is_told_of_each_dtype() -> None:
    """Of float16 half the numbers have no bound, of which no flip is seen."""
    table = [
        Flips("float64", "dW", 63, "sign", 8, 8, 8),
        Flips("float64", "dW", 62, "exponent", 8, 8, 8),
        Flips("float16", "dW", 15, "sign", 8, 4, 8),
        Flips("float16", "dW", 9, "mantissa", 8, 8, 8),
    ]
    plan = Plan([], LEVELS, "cpu", SEED, 60, 1)
    said = " ".join(resolution_statement(Qualified(plan, Results(), table)))
    assert "seen in proof: 100.0 % in float64, 50.0 % in float16; the others lie within the bound, or" in said


# ---------------------------------------------------------------- what is asked


def test_the_questions_depend_on_the_seed_alone_and_cover_more_and_more_pairs() -> None:
    first, again = (list(islice(questions(LEVELS, 3), 60)) for _ in range(2))
    assert first == again
    assert first != list(islice(questions(LEVELS, 4), 60))
    assert all(allowed(question) for question in first if question.elements < 2**20)
    covered = [coverage(LEVELS, first[:count])[0] for count in (0, 20, 40, 60)]
    assert covered == sorted(covered)
    assert covered[0] == 0
    small = [question for question in first[:20] if question.elements < 2**20]
    assert coverage(LEVELS, small)[0] > 20 * len(small)  # of the 28 pairs that a question holds


def test_early_questions_have_more_than_2_20_elements_in_each_array_with_all_threads_and_dtypes() -> None:
    arrays = {
        "X": lambda q: q.n0 * q.m,
        "W1": lambda q: q.n1 * q.n0,
        "Z1": lambda q: q.n1 * q.m,
        "W2": lambda q: q.n2 * q.n1,
        "Z2": lambda q: q.n2 * q.m,
    }
    first = list(islice(questions(LEVELS, SEED), 100))
    for of in arrays.values():
        large = [question for question in first if of(question) > 2**20]
        assert first.index(large[0]) < 20
        assert {(q.threads, q.dtype) for q in large} == set(product(LEVELS.threads, LEVELS.dtype))
        assert max(question.work for question in large if question.m < 2000) < 2**24  # quick, where sums are short


def test_what_follows_up_a_wrong_trial_changes_one_thing_or_aligns_all_sizes() -> None:
    base = Question(2**20 + 1, 1, 1, 1, "plain", 2, "float64", "drawn")
    more = follow_ups(base, LEVELS)
    assert base._replace(m=2**20) in more  # the last right one, where more than 2^20 elements are wrong
    assert base._replace(layout="strided") in more
    assert base._replace(threads=1) in more
    assert base not in more
    assert all(allowed(each) for each in more)
    assert base._replace(m=256, n0=256, n1=16 * 3, n2=16 * 3) in more


def test_all_pairs_are_covered_in_the_end() -> None:
    small = factors([1, 2], largest=5)
    covered, pairs = coverage(small, list(questions(small, 1)))
    assert covered == pairs


# ---------------------------------------------------------------- the command and the passport


def test_a_machine_gets_a_passport_and_two_are_compared(run: Run) -> None:
    words = ["qualify", "--impl", "numpy/by_hand", "--questions", "3", "--out", "one"]
    code, out, err = run(*words)
    assert code == 0, err
    assert "3 trials of numpy/by_hand: 3 agrees." in out
    assert all(len(line) <= 80 for line in out.splitlines() if not line.startswith("Tables"))
    names = {"qualify.csv", "bit_flips.csv", "qualify.md", "qualify.jsonl", "passport.json", "passport.html"}
    assert {path.name for path in Path("one").iterdir()} == names
    assert run(*words, "--resume")[0] == 0  # nothing is left to do
    data = json.loads(Path("one/passport.json").read_text())
    assert data["schema"] == "crosscheck-passport/3"
    assert [each["implementation"] for each in data["products"]] == ["numpy/by_hand", "numpy/bf16_products"]
    assert "numpy/by_hand: the float32 product dZ A^T keeps all 23 bits of dZ and A" in " ".join(out.split())
    assert len(data["bits"]) == 3
    Path("other.json").write_text(json.dumps(data | {"bits": dict.fromkeys(data["bits"], "0")}))
    code, out, _ = run("diff", "one", "one/passport.json")
    assert code == 0
    assert "Bits: 0 of 3 answers to the same questions differ" in out
    code, out, _ = run("diff", "one", "other.json")
    assert code == 0
    assert "Bits: 3 of 3 answers to the same questions differ" in out
    narrow = [each | {"words": "narrow"} for each in data["products"]]
    Path("other.json").write_text(json.dumps(data | {"products": narrow}))
    code, out, _ = run("diff", "one", "other.json")
    assert code == 0
    assert "numpy/by_hand: narrow; was the float32 product dZ A^T keeps all 23 bits" in " ".join(out.split())
    older = {name: each for name, each in data.items() if name != "products"} | {"schema": "crosscheck-passport/1"}
    Path("other.json").write_text(json.dumps(older))  # which knew nothing of products
    code, out, _ = run("diff", "other.json", "one")
    assert code == 0
    assert "products" not in out
    Path("other.json").write_text(json.dumps(data | {"products": narrow, "schema": "crosscheck-passport/2"}))
    code, out, _ = run("diff", "other.json", "one")  # which measured one operand alone
    assert code == 0
    assert "narrow" not in out
    data["implementations"]["numpy/by_hand"]["verdicts"] = {"disagrees": 3}
    Path("other.json").write_text(json.dumps(data))
    code, out, _ = run("diff", "one", "other.json")
    assert code == 1
    assert "numpy/by_hand: 0, now 3" in out


def test_a_passport_is_signed_by_the_installed_program(run: Run) -> None:
    """Where ssh-keygen is not installed, that is said before anything runs."""
    words = ["qualify", "--impl", "numpy/by_hand", "--questions", "1", "--out", "one", "--sign", "key"]
    if shutil.which("ssh-keygen") is None:
        assert "needs the program ssh-keygen" in run(*words)[2]
        return
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "key"], check=True)
    code, out, err = run(*words)
    assert code == 0, err
    assert "Signature: one/passport.json.sig" in out
    Path("signers").write_text(f"me {Path('key.pub').read_text()}")
    verify = ["ssh-keygen", "-Y", "verify", "-n", "crosscheck", "-f", "signers", "-I", "me", "-s"]
    passport = Path("one/passport.json").read_bytes()
    for data, right in ((passport, True), (passport.replace(b"agrees", b"aggres"), False)):
        done = subprocess.run([*verify, "one/passport.json.sig"], input=data, capture_output=True, check=False)
        assert (done.returncode == 0) == right


def test_the_page_holds_what_was_found_as_text(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crosscheck.qualification.run.SUSPECTS", 1)
    monkeypatch.setattr("crosscheck.qualification.run.follow_ups", lambda *_: [])
    Path("bad.py").write_text(BAD)
    code, out, err = run("qualify", "--impl", "./bad.py", "--questions", "6", "--dtype", "float64", "--out", "one")
    assert code == 1, err
    page = Path("one/passport.html").read_text()
    assert "<script" not in page
    assert "trials are wrong" in page
    assert "<svg" in page
    assert "bad/gradients" in page
    assert "bad/gradients: wrong in" in " ".join(out.split())
    assert "systematic" in out
    table = pd.read_csv("one/qualify.csv")
    assert (table[table.verdict == "disagrees"].tensor == "dW1").all()


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"schema": "crosscheck-passport/1"}', '{"schema": []}'])
def test_what_is_no_passport_is_refused(run: Run, text: str) -> None:
    Path("bad.json").write_text(text)
    code, _, err = run("diff", "bad.json", "bad.json")
    assert code == 2
    assert "expected a passport" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--budget-minutes", "0"], "--budget-minutes 0: expected minutes > 0"),
        (["--questions", "-1"], "--questions -1: expected a whole number from 0"),
        (["--seed", "-1"], "--seed -1: expected a whole number"),
        (["--sign", "no_key"], "--sign no_key:"),
    ],
)
def test_a_wrong_request_is_refused(run: Run, words: list[str], said: str) -> None:
    code, _, err = run("qualify", "--impl", "numpy/by_hand", *words)
    assert code == 2
    assert said in err
