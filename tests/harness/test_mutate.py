"""Mutants of source: the operators, the processes that run mutants, the command, and that nobody's files change."""

import ast
import csv
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from crosscheck.cli.main import main
from crosscheck.core.interrupts import Stopped
from crosscheck.evaluation import mutate, mutate_tests, population
from crosscheck.evaluation.mutant_answers import caught
from crosscheck.evaluation.mutate import Ask, Outcome, Result
from crosscheck.judge.elementwise import Judge
from crosscheck.mutation.source.changes import Change, Key, applied, changes
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import BY_NAME, build
from crosscheck.runner.collect import measure
from crosscheck.runner.forks import Warm
from crosscheck_impls.interface import VARIANTS, BadInput, Declaration
from hypothesis import given
from hypothesis import strategies as st

from tests.harness.irreproducible import faulty, honest

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, tmp_path: Path) -> Run:
    """Run crosscheck mutate in this process, in an empty folder: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def crosscheck(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["crosscheck", "mutate", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            main()
        captured = capsys.readouterr()
        return int(stop.value.code or 0), captured.out, captured.err

    return crosscheck


# ---------------------------------------------------------------- the operators


@pytest.mark.parametrize(
    ("source", "operator", "mutants"),
    [
        ("a = b + c", "arithmetic", ["a = b - c"]),
        ("a = (b) @ (c + d)", "arithmetic", ["a = (b) * (c + d)", "a = (b) @ (c - d)"]),
        ("a = -b", "arithmetic", ["a = b"]),
        ("a *= b", "arithmetic", ["a /= b"]),
        ("a = b - (c + d)", "operands", ["a = (c + d) - b"]),
        ("a = f(b / c)", "operands", ["a = f((c / b))"]),
        ("a = b + c", "operands", []),
        ("a = b < c <= d", "comparison", ["a = b <= c <= d", "a = b < c < d"]),
        ("a = b is not None", "comparison", ["a = b is None"]),
        ("a = b and c", "boolean", ["a = b or c"]),
        ("a = b if not c else d", "boolean", ["a = b if c else d", "a = b if not (not c) else d"]),
        ("a = f(b, strict=True)", "boolean", ["a = f(b, strict=False)"]),
        ("a = 0.5 * b", "constants", ["a = 1.5 * b", "a = 0.5005 * b", "a = 0.5000000005 * b"]),
        ("a = b > 0", "constants", ["a = b > 1", "a = b > 0.001", "a = b > 1e-09"]),
        ("a = b[1]", "constants", ["a = b[2]", "a = b[0]"]),
        ("a = f(b, c)", "arguments", ["a = f(c, b)"]),
        ("a = f((b + c), *d)", "arguments", []),
        ("def f():\n    return J, (W, b)", "returns", ["return (W, b), J"]),
        ("a = b @ c.T", "transposes", ["a = b @ c"]),
        ("a = np.transpose(b)", "transposes", ["a = b"]),
        ("a = b.transpose(0, 1)", "transposes", ["a = b"]),
        ("a = b.sum(axis=1)", "axes", ["a = b.sum(axis=0)", "a = b.sum(axis=None)"]),
        ("a = b.sum(axis=1, keepdims=True)", "keepdims", ["a = b.sum(axis=1, keepdims=False)"]),
        ("a = b\nf(a)", "statements", ["pass", "pass"]),
        ("for i in range(n):\n    f(i)", "ranges", ["for i in range(1, n):", "for i in range(n - 1):"]),
        ("a = range(L, 0, -1)", "ranges", ["a = range(L + 1, 0, -1)", "a = range(L, 0 - 1, -1)"]),
        ("a = b[c:d]", "ranges", ["a = b[c + 1:d]", "a = b[c:d - 1]"]),
        ("a = tuple(reversed(b))", "ranges", ["a = tuple(b)"]),
    ],
)  # fmt: skip
def test_an_operator_makes_its_mutants_and_no_others(source, operator, mutants):
    assert [each.key.after for each in changes(source, "mine.py") if each.operator == operator] == mutants


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring with 1 + 1."""',
        "import a.b",
        "a: Literal[1, 2]",
        "A: TypeAlias = Callable[[int, float], int]",
        "if TYPE_CHECKING:\n    a = 1",
        "def f(a: Literal[1, 2]) -> Literal[3]:\n    ...",
    ],
)
def test_what_computes_nothing_has_no_mutants(source):
    assert changes(source, "mine.py") == ()


def test_of_an_error_only_the_raising_is_taken_out():
    source = 'def f(n):\n    raise ValueError(f"{n + 1}", n + 1)'
    assert [each.key.after for each in changes(source, "mine.py")] == ["pass"]


def test_a_key_stays_when_lines_move_and_tells_twins_apart():
    source = "def f(a):\n    b = a + a\n    b = a + a\n    return b\n"
    before, after = changes(source, "mine.py"), changes("# a comment\n\n\n" + source, "mine.py")
    assert [each.key for each in before] == [each.key for each in after]
    assert [each.line + 3 for each in before] == [each.line for each in after]
    assert len({each.key for each in before}) == len(before)


OURS = {name: path for framework in VARIANTS for name, path in population.sources(framework).items()}
POPULATION = [(name, change) for name, path in OURS.items() for change in changes(path.read_text("utf-8"), name)]


@given(st.sampled_from(POPULATION))
def test_a_mutant_is_another_program_of_as_many_lines_and_only_its_own_lines_differ(drawn: tuple[str, Change]):
    name, change = drawn
    text = OURS[name].read_text(encoding="utf-8")
    mutant = applied(text, change)
    assert ast.dump(ast.parse(mutant)) != ast.dump(ast.parse(text))
    was, now = text.splitlines(), mutant.splitlines()
    assert len(was) == len(now)
    touched = {k for k, (one, other) in enumerate(zip(was, now, strict=True), start=1) if one != other}
    assert touched <= set(range(change.first, change.last + 1)) or change.line in touched
    assert change.line in range(change.first, change.last + 1)


def test_a_file_that_is_no_python_is_refused():
    with pytest.raises(BadInput, match=r"mine\.py.*expected a module of Python"):
        changes("def f(:", "mine.py")


# ---------------------------------------------------------------- which, and in which order


@given(st.integers(0, 60), st.integers(0, 1000))
def test_a_sample_is_drawn_without_replacement_in_order_and_again_the_same(sample, seed):
    whole = [change for _, change in POPULATION[:50]]
    drawn = population.sampled(whole, sample, seed)
    assert drawn == population.sampled(whole, sample, seed)
    assert len(drawn) == min(sample, 50)
    assert [whole.index(each) for each in drawn] == sorted({whole.index(each) for each in drawn})


@given(st.integers(0, 60), st.integers(0, 1000), st.sets(st.integers(0, 49)))
def test_what_is_drawn_stays_drawn_where_other_mutants_go(sample, seed, gone):
    whole = [change for _, change in POPULATION[:50]]
    left = [change for k, change in enumerate(whole) if k not in gone]
    again = population.sampled(left, sample, seed)
    assert [each for each in population.sampled(whole, sample, seed) if each in left] == [
        each for each in again if each in population.sampled(whole, sample, seed)
    ]
    assert set(population.sampled(whole, sample, seed)) & set(left) <= set(again)


def test_only_the_problems_that_run_the_line_are_asked_quickest_first_and_variants_take_turns():
    change = changes("a = 1\nb = 2\n", "mine.py")[-1]  # in line 2
    there, elsewhere = {"mine.py": frozenset({2})}, {"mine.py": frozenset({1})}
    asks = [
        Ask(variant, problem, "float64", "", cpu, there if problem != "never" else elsewhere)
        for problem, cpu in (("slow", 3.0), ("quick", 1.0), ("never", 0.1))
        for variant in ("one", "two", "three")
    ]
    chosen = [(ask.variant, ask.problem) for ask in mutate.plan(asks, change, "mine.py")]
    assert [problem for _, problem in chosen] == ["quick", "slow", "quick", "slow"]
    assert len(set(chosen)) == 4
    assert {variant for variant, _ in chosen} == {"one", "two", "three"}
    own = mutate.plan([ask._replace(lines={"two.py": frozenset({2})}) for ask in asks], change, "two.py")
    assert {ask.variant for ask in own} == {"two"}


def test_what_an_implementation_is_made_of():
    assert {"with_numpy/fast.py", "with_numpy/activations.py", "defaults.py"} <= population.sources("numpy").keys()
    assert list(population.sources("crosscheck.runner.forks")) == ["forks.py"]
    assert "sources" not in population.imported(population.sources("jax"))
    assert {"jax", "numpy"} <= set(population.imported(population.sources("jax")))
    with pytest.raises(BadInput, match="no such module"):
        population.sources("nowhere.mine")


# ---------------------------------------------------------------- the processes

ANSWERS = """
import os, signal, sys

def prepare(settings):
    return answer

def answer(question, at):
    at(3)
    do = question["do"]
    print("noise")
    if do == "loop":
        while True:
            pass
    if do == "memory":
        bytearray(2**40)
    if do == "raise":
        raise SystemExit(7)
    if do == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if do == "exit":
        os._exit(5)
    if do == "change":
        sys.modules["answers_of_a_test"].answer = None
    return [do, os.getppid()]
"""


@pytest.fixture
def warm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Warm:
    (tmp_path / "answers_of_a_test.py").write_text(ANSWERS, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    return Warm("answers_of_a_test:prepare", {}, 2, os.environ)


def test_a_child_that_hangs_or_dies_costs_its_own_answer_only(warm: Warm):
    does = ["fine", "loop", "memory", "raise", "kill", "exit", "change", "fine"]
    with warm:
        replies = {k: reply for (k, _), reply in _asked(warm, does).items()}
    ended = {does[k]: (reply["ended"], reply["at"]) for k, reply in replies.items()}
    assert ended == {
        "fine": ("", 3), "loop": ("time", 3), "memory": ("MemoryError", 3), "raise": ("SystemExit", 3),
        "kill": ("signal 9", 3), "exit": ("exit 5", 3), "change": ("", 3),
    }  # fmt: skip
    assert replies[0]["answer"] == replies[7]["answer"]  # of the same process, which none of them harmed


def _asked(warm: Warm, does: list[str]) -> dict[tuple[int, str], dict]:
    questions = [{"do": do, "k": k, "cpu": 1} for k, do in enumerate(does)]
    return {(question["k"], question["do"]): reply for question, reply in warm.ask(questions)}


def test_a_warm_process_that_is_lost_is_replaced_and_asked_again(warm: Warm):
    with warm:
        ((_, first),) = _asked(warm, ["fine"]).items()
        os.kill(warm.process.pid, signal.SIGKILL)
        ((_, second),) = _asked(warm, ["fine"]).items()
    assert first["answer"][0] == second["answer"][0] == "fine"
    assert first["answer"][1] != second["answer"][1]


def test_nothing_is_left_when_the_parent_goes(warm: Warm):
    """Its end of the pipe is closed, as it is whatever kills it, while a child runs."""
    with warm:
        warm._say({"do": "loop", "cpu": 60, "id": 1})
        time.sleep(0.2)
        warm.process.stdin.close()
        assert warm.process.wait(60) == 0
        warm.process.stdin = None


# ---------------------------------------------------------------- an implementation

MINE = '''"""Logistic regression."""

import numpy as np

from crosscheck_impls.interface import Layer

UNUSED = 5


def gradients(network, params, X, Y):
    ((W, b),) = params
    Z = W @ X + b
    A = 1 / (1 + np.exp(-Z))
    J = (np.maximum(Z, 0) + np.log1p(np.exp(-np.abs(Z))) - Y * Z).mean()
    dZ = A - Y
    return J, (Layer(dZ @ X.T / X.shape[1], dZ.mean(axis=1, keepdims=True)),)
'''


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine_to_mutate.py"
    path.write_text(MINE, encoding="utf-8")
    return path


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_every_mutant_is_caught_but_those_that_compute_the_same(run: Run, mine: Path, tmp_path: Path):
    only = ("--problem", "flower-logistic", "--problem", "one_example-logistic", "--no-suite", "--sample", 0)
    code, out, err = run("./mine_to_mutate.py", *only, "--out", "first", "-v")
    lines = table(tmp_path / "first" / "mutate.csv")
    alive = [line for line in lines if line["outcome"] == "survived"]
    assert code == 1, err
    assert {line["before"] for line in alive} >= {"UNUSED = 5"}
    assert all(line["before"] == "UNUSED = 5" or line["asked"] > "0" for line in alive)
    caught = {line["after"]: line for line in lines if line["outcome"] == "killed"}
    assert caught["dZ = A + Y"]["by"] == "bound"
    assert caught["Z = (X @ W) + b"]["by"] == "error"
    assert "survived: mine_to_mutate.py:7; passes all 4 cases, 4 of them with the original's own bits" in out
    assert all(
        len(line) <= 80 for line in out.splitlines() if not line.startswith(("Tables", "  + ", "  - ", "survived"))
    )
    assert mine.read_text(encoding="utf-8") == MINE

    with (tmp_path / "why.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*Key._fields, "why"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(line | {"why": "nobody reads it, or it computes the same"} for line in alive)
    code, out, err = run("./mine_to_mutate.py", *only, "--out", "second", "--equivalent", "why.csv")
    assert code == 0, out + err
    assert {line["outcome"] for line in table(tmp_path / "second" / "mutate.csv")} == {"killed", "equivalent"}


SUITABLE = """
import numpy as np

from crosscheck_impls.interface import load

gradients = load("numpy").gradients["by_hand"]


def predict(network, params, X):
    if network.loss == "squared_error" or network.g[-1] == "step":
        return load("numpy").predict(network, params, X)
    A = X
    for l, (W, b) in enumerate(params):
        Z = W @ A + b
        A = {"tanh": np.tanh(Z), "relu": np.maximum(Z, 0), "sigmoid": 1 / (1 + np.exp(-Z))}[network.g[l]]
    return (A > 0.5).astype("int64")
"""


@pytest.mark.slow
def test_the_conformance_suite_sees_what_no_problem_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Outputs just above 0.5, which no problem has."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "mine_at_half.py").write_text(SUITABLE, encoding="utf-8")
    (change,) = [each for each in changes(SUITABLE, "mine_at_half.py") if "A > 0.5000000005" in each.key.after]
    monkeypatch.setattr(mutate, "mutants", lambda files: [change])
    target = mutate.Target("mine", "mine_at_half", ("gradients",), {"mine_at_half.py": tmp_path / "mine_at_half.py"})
    results: list[Result] = []
    request = mutate.Request(target, None, 0, ["flower-logistic"], {})
    assert mutate.run(request, lambda *_: None, results) == 1
    (result,) = results
    assert (result.outcome, result.by, result.asked) == (Outcome.KILLED, "conformance", 2)
    assert "told_apart" in result.problem


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nmupy",), "no such implementation"),
        (("numpy/by_hnd",), "no variant"),
        (("./nowhere.py",), "no such file"),
        (("numpy", "--sample", -1), "--sample -1: expected a whole number >= 0"),
        (("numpy", "--seed", -1), "--seed -1"),
        (("numpy", "--problem", "flour"), "no such problem"),
        (("numpy", "--equivalent", "nowhere.csv"), "--equivalent nowhere.csv"),
        (("numpy", "--equivalent", "wrong.csv"), "wrong.csv, line 2: expected the columns"),
        (("./mine_to_mutate.py", "--test", "no-such-program -q"), "--test no-such-program -q: no such program"),
        (("./mine_to_mutate.py", "--test", f"'{sys.executable}' -c 'raise SystemExit(3'"), "--test"),
    ],
)  # fmt: skip
def test_a_wrong_request_is_one_line(run: Run, mine: Path, tmp_path: Path, words, said):
    (tmp_path / "wrong.csv").write_text("file,why\nmine.py,because\n", encoding="utf-8")
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.strip().splitlines()) == 1


def test_an_interrupt_keeps_what_is_done(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def interrupted(request: mutate.Request, report: object, results: list[Result]) -> None:
        (change, *_) = population.mutants(request.target.files)
        results.append(Result("numpy", change, Outcome.KILLED, "bound"))
        raise Stopped

    monkeypatch.setattr(mutate, "run", interrupted)
    code, _, err = run("numpy", "--out", "here")
    assert code == 130
    assert "1 mutants are in here/mutate.partial.csv" in err
    assert [line["by"] for line in table(tmp_path / "here" / "mutate.partial.csv")] == ["bound"]


def test_a_table_of_more_implementations_is_not_replaced(run: Run, tmp_path: Path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "mutate.csv").write_text("implementation\nnumpy\ntorch\n", encoding="utf-8")
    code, _, err = run("numpy", "--out", "here")
    assert code == 2
    assert "1 implementation (torch)" in err


# ---------------------------------------------------------------- somebody's own tests

ADDS = "def add(a, b):\n    return a + b\n\n\ndef unused(a):\n    return a - 1\n"
TESTS = "import sys\nsys.path.insert(0, '.')\nimport adds_two\nassert adds_two.add(2, 3) == 5\n"


@pytest.fixture
def adds(tmp_path: Path) -> Path:
    (tmp_path / "adds_two.py").write_text(ADDS, encoding="utf-8")
    (tmp_path / "its_tests.py").write_text(TESTS, encoding="utf-8")
    return tmp_path / "adds_two.py"


def test_somebodys_own_tests_are_measured_and_no_file_is_written_to(run: Run, adds: Path, tmp_path: Path):
    before = sorted((path.name, path.stat().st_mtime_ns) for path in tmp_path.iterdir())
    code, out, err = run("./adds_two.py", "--test", f"{sys.executable} its_tests.py", "--out", tmp_path / "out")
    assert code == 1, err
    outcomes = {line["after"]: (line["outcome"], line["by"]) for line in table(tmp_path / "out" / "mutate.csv")}
    assert outcomes["return a - b"] == ("killed", "exit 1")
    assert outcomes["return a + 1"] == ("survived", "")
    assert "adds_two.py:6 in unused" in out
    assert sorted((p.name, p.stat().st_mtime_ns) for p in tmp_path.iterdir() if p.name != "out") == before


def test_a_mutant_that_hangs_is_killed_by_the_time_limit(adds: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "its_tests.py").write_text(
        "import sys\nsys.path.insert(0, '.')\nimport adds_two\nwhile adds_two.add(2, 3) != 5:\n    pass\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(mutate_tests, "SECONDS", 3.0)
    mutants = [each for each in changes(ADDS, "adds_two.py") if each.key.after == "return a - b"]
    results: list[Result] = []
    with mutate_tests.Command(f"{sys.executable} its_tests.py", {"adds_two.py": adds}) as command:
        mutate_tests.run(command, mutants, {}, lambda *_: None, results)
    assert [(each.outcome, each.by) for each in results] == [(Outcome.KILLED, "time")]


def test_tests_that_fail_already_or_never_import_the_file_are_refused(run: Run, adds: Path, tmp_path: Path):
    (tmp_path / "its_tests.py").write_text("raise SystemExit(4)\n", encoding="utf-8")
    code, _, err = run("./adds_two.py", "--test", f"{sys.executable} its_tests.py")
    assert code == 2
    assert "fails without any mutant (exit 4)" in err
    (tmp_path / "its_tests.py").write_text("", encoding="utf-8")
    code, _, err = run("./adds_two.py", "--test", f"{sys.executable} its_tests.py")
    assert code == 2
    assert "never imports adds_two.py" in err


def test_what_is_explained_and_caught_all_the_same_is_said(run: Run, adds: Path, tmp_path: Path):
    rows = [
        "adds_two.py,add,return a + b,return a - b,1,they add up",
        "adds_two.py,gone,a = 1,a = 2,1,it was there once",
    ]
    text = "\n".join([",".join((*Key._fields, "why")), *rows])
    (tmp_path / "why.csv").write_text(text + "\n", encoding="utf-8")
    code, out, _ = run(
        "./adds_two.py", "--test", f"{sys.executable} its_tests.py", "--equivalent", "why.csv", "--sample", 0
    )
    assert code == 1
    assert "not equivalent any more, or not there: adds_two.py in add: return a - b" in out
    assert "not equivalent any more, or not there: adds_two.py in gone: a = 2" in out


@pytest.mark.parametrize(("name", "by"), [("UninitialisedCosts", "steps"), ("UninitialisedLastCosts", "run")])
def test_a_run_that_leaves_the_oracles_own_is_caught_not_suspected(name: str, by: str):
    case = make_case(build(BY_NAME["flower-2layer-tanh"]), "float64")
    answer = measure(faulty(name), "reference", Declaration(), case, "cpu")
    assert caught(Judge(case), answer, Declaration()) == by


def test_an_honest_order_that_changes_is_no_more_than_suspected():
    case = make_case(build(BY_NAME["flower-2layer-tanh"]), "float64")
    answer = measure(honest("in_any_order"), "reference", Declaration(), case, "cpu")
    assert caught(Judge(case), answer, Declaration()) == "irreproducible"
