"""The notes' claims: registered, run with small settings, falsifiable, reported; a crash is a row of the table."""

import importlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from crosscheck.claims import BY_NAME, CLAIMS, IDS, Claim, explanation
from crosscheck.claims.engine import report
from crosscheck.claims.engine import run as runner
from crosscheck.claims.engine.lab import DIFFER, EXACT, Agreement, Findings, lockstep, row
from crosscheck.claims.engine.pictures import below, panels, svg
from crosscheck.cli.main import main
from crosscheck.problems.initial_weights import initial
from crosscheck_impls.interface import VARIANTS, BadInput, Layer, Network, load
from threadpoolctl import threadpool_limits

from tests import coverage

ROOT = Path(__file__).parents[2]
OUTSIDERS = "tests.harness.outsiders"
BESIDES = {"__init__", "lab", "autodiff", "pictures", "run", "perform", "report", "coverage"}

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, tmp_path: Path) -> Run:
    """Run crosscheck in this process, in an empty folder: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def crosscheck(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["crosscheck", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            main()
        captured = capsys.readouterr()
        return int(stop.value.code or 0), captured.out, captured.err

    return crosscheck


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As in the claims' own processes: on numbers so few, threads hold each other up."""
    with threadpool_limits(1):
        yield


def frameworks(*names: str) -> dict[str, Any]:
    for name in names:
        if name != "numpy":
            pytest.importorskip(name)
    there = {name: load(name) for name in names}
    for framework in there.values():
        framework.configure("float64")
    return there


def findings(name: str, there: dict[str, Any], **settings: Any) -> Findings:
    made: Findings = importlib.import_module(f"crosscheck.claims.experiments.{name}").run(there, **settings)
    return made


# ---------------------------------------------------------------- the table of claims


def test_every_file_is_registered_and_every_item_has_a_claim() -> None:
    files = {path.stem for path in (ROOT / "harness/crosscheck/claims/experiments").glob("*.py")} - BESIDES
    assert files == set(BY_NAME)
    assert {id for claim in CLAIMS for id in claim.notes} >= set(IDS)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_a_claim_says_what_it_is_and_how_to_try_it(claim: Claim) -> None:
    words = explanation(claim)
    assert coverage.ids_in(words) == set(claim.notes)
    assert "To try it yourself:" in words
    assert "easured" in words


def test_importing_a_claim_brings_nothing_heavy_along() -> None:
    names = [f"crosscheck.claims.experiments.{claim.name}" for claim in CLAIMS]
    code = f"""
import importlib, sys
import crosscheck.claims, crosscheck.claims.engine.run, crosscheck.cli.main
assert not {{"numpy", "matplotlib", "torch", "jax"}} & set(sys.modules), sorted(sys.modules)
for name in {names!r}:
    importlib.import_module(name)
print([name for name in ("matplotlib", "torch", "jax", "sklearn") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr


# ---------------------------------------------------------------- claims, with small settings

SMALL: dict[str, dict[str, Any]] = {  # the docstring of each says what its settings are
    "neuron": {"iterations": 500},
    "convexity": {"points": 6},
    "slopes": {},
    "vectorisation": {"sizes": (60, 120), "loop_up_to": 60},
    "arrays": {},
    "normalisation": {"iterations": 500},
    "activations": {"step": 2.0**-4},
    "backpropagation": {},
    "initialisation": {"scales": (0.01, 1.0, 100.0), "iterations": 200, "depth": 5},
    "linear_layers": {"iterations": 1000},
    "regression": {"iterations": 300, "seeds": 3},
    "parity": {"bits": (2, 3, 5), "learn": (2,), "seeds": 1, "iterations": 800},
    "hyperparameters": {
        "iterations": 30,
        "grid": {"alpha": (0.001, 0.1, 1.0), "L": (2, 3), "n[l]": (2, 4), "g": ("sigmoid", "tanh")},
    },
    "simplest_first": {"iterations": 400},
    "depth": {"depths": (2, 6), "iterations": 20, "seeds": 1},
    "scale": {"sizes": (40, 200), "seeds": 2, "iterations": 60},
}


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.slow
def test_a_claim_runs_and_the_frameworks_agree(name: str) -> None:
    """NumPy and PyTorch (notes: N11, N22, N23, N25, N26); JAX, which compiles each network, below and in full runs."""
    there = frameworks("numpy", "torch")
    made = findings(name, there, **SMALL[name])
    assert made.rows
    for each in made.rows:
        assert list(each.figures) == list(there)
        assert re.match(r"holds|does not hold", each.verdict), each
        assert coverage.ids_in(each.notes) <= set(BY_NAME[name].notes)
    for picture in made.pictures.values():
        assert len(picture) < 150_000


def verdicts(made: Findings) -> dict[str, str]:
    return {each.statement: each.verdict for each in made.rows}


def test_slopes_are_exact_in_all_three() -> None:
    """The worked numbers (notes: N6, N7)."""
    made = findings("slopes", frameworks(*VARIANTS))
    assert set(verdicts(made).values()) == {"holds"}
    assert set(made.rows[-1].figures.values()) == {"33, 3, 6, 9"}
    assert made.rows[0].figures["jax"] == "6.003, slope 3"


def test_parity_is_exact_in_all_three() -> None:
    """Every input of up to 5 bits (notes: N22): the tree, the patterns, and the units that count."""
    made = findings("parity", frameworks(*VARIANTS), bits=(2, 3, 5), learn=(2,), seeds=1, iterations=500)
    assert all(figure.endswith("all right") for each in made.rows[:3] for figure in each.figures.values())
    assert made.rows[2].verdict.startswith("holds when units are AND and OR gates")


def test_the_rules_of_arrays_are_those_of_all_three() -> None:
    """notes: N12"""
    made = verdicts(findings("arrays", frameworks(*VARIANTS)))
    assert made.pop("reshape(1, 4) changes the shape by broadcasting the values.") == "does not hold"
    assert set(made.values()) == {"holds"}


# ---------------------------------------------------------------- a claim that cannot fail is none


def with_mutant(**parts: Any) -> dict[str, Any]:
    """NumPy with some of its functions replaced."""
    return {"numpy": load("numpy"), "mine": SimpleNamespace(**vars(load("numpy").module) | vars(load("numpy")) | parts)}


def test_a_perceptron_that_fires_at_0_does_not_hold() -> None:
    """notes: N1"""
    l_layer = load("numpy").l_layer
    fires = SimpleNamespace(**vars(l_layer) | {"activation_forward": lambda network, l, Z: (Z >= 0) * 1.0})
    made = findings("neuron", with_mutant(l_layer=fires), iterations=10)
    assert made.rows[1].verdict.startswith("failed: the frameworks disagree")


def test_a_gradient_outside_the_bound_is_a_failure_of_the_row() -> None:
    def by_hand(network: Network, params: Any, X: Any, Y: Any) -> Any:
        J, gradient = load("numpy").gradients["by_hand"](network, params, X, Y)
        return J, tuple(Layer(dW * (1 + 1e-10), db) for dW, db in gradient)

    network = Network((3, 1), ("sigmoid",))
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((3, 20)), rng.integers(0, 2, (1, 20)).astype(float)
    start = [initial(network, "scaled")]
    right = lockstep({"numpy": load("numpy")}, network, start, X, Y)
    wrong = lockstep(with_mutant(gradients={"by_hand": by_hand}), network, start, X, Y)
    assert right.ratio <= 1 < wrong.ratio
    assert "dW1 in mine" in wrong.where
    assert row("s", "N1", "m", {}, right, True).verdict == "holds"
    assert row("s", "N1", "m", {}, wrong, True).verdict.startswith("failed: the frameworks disagree")


@pytest.mark.parametrize(
    ("agreement", "said", "verdict"),
    [
        (EXACT, True, "holds"),
        (EXACT, False, "does not hold"),
        (EXACT, "holds when it rains", "holds when it rains"),
        (Agreement(1.0, "J"), True, "holds"),
        (Agreement(float("nan"), "J"), True, "failed: the frameworks disagree, nan of the bound (J)"),
        (DIFFER, True, "failed: the frameworks disagree, they differ"),
    ],
)
def test_the_wording_of_a_verdict(agreement: Any, said: Any, verdict: str) -> None:
    assert row("s", "N1", "m", {}, agreement, said).verdict == verdict


def test_another_wording_is_refused() -> None:
    with pytest.raises(BadInput, match="expected 'holds'"):
        row("s", "N1", "m", {}, EXACT, "true, mostly")


# ---------------------------------------------------------------- processes


def outcomes(*names: str, time_limit: float = 60.0) -> dict[str, Any]:
    by_name: dict[str, Any] = {}
    claims = [Claim(f"{OUTSIDERS}.{name}", ("N1",)) for name in names]
    runner.run(claims, lambda *_: None, lambda claim, each: by_name.update({claim.name: each}), time_limit=time_limit)
    return {name: by_name[f"{OUTSIDERS}.{name}"] for name in names}


@pytest.mark.slow
def test_a_claim_that_crashes_is_a_row_and_the_others_stand() -> None:
    by_name = outcomes("claim_raises", "claim_holds", "dies_on_import")
    made = report.made({f"{OUTSIDERS}.{name}": each for name, each in by_name.items()})
    by_claim = {line["claim"].rsplit(".", 1)[1]: line for line in made}
    assert by_claim["claim_raises"]["verdict"] == "failed: ZeroDivisionError: division by zero"
    assert by_claim["dies_on_import"]["verdict"] == "failed: the process ended by itself with exit code 7"
    assert by_claim["claim_holds"]["verdict"] == "holds"
    assert [report.failed(line) for line in made] == [True, False, True]
    assert report.summary(made) == "3 statements of the notes: 1 hold, 2 failed."


def test_a_claim_that_hangs_is_stopped() -> None:
    assert outcomes("claim_hangs", time_limit=3.0)["claim_hangs"].reason == "not finished within 3 s; stopped"


# ---------------------------------------------------------------- the command


def instead_of_running(claims: Any, say: Any, done: Any) -> None:
    """Findings made up on the spot, so that a test of the table takes no minutes."""
    for claim in claims:
        say(claim.name, 1, 1)
        made = [row(f"About {claim.name} | it_", ", ".join(claim.notes), "m", {"numpy": "1 * 2"}, EXACT, True)]
        done(claim, Findings(made, {"": f"<svg>{claim.name}</svg>"}))


@pytest.mark.parametrize(("word", "names"), [("N17", ["initialisation"]), ("depth", ["depth"])])
def test_only_runs_one_and_keeps_the_rest(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, word: str, names: list[str]
) -> None:
    monkeypatch.setattr(runner, "run", instead_of_running)
    code, out, _ = run("claims")
    assert code == 0
    assert f"{len(CLAIMS)} statements of the notes: {len(CLAIMS)} hold." in out
    before = {path.name: path.read_text() for path in Path("results/latest").rglob("*.*")}
    assert set(before) == {"claims.csv", "claims.md", "claims.jsonl", *(f"{claim.name}.svg" for claim in CLAIMS)}
    before.pop("claims.jsonl")
    assert "\\| it\\_" in before["claims.md"]
    code, out, _ = run("claims", "--only", word)
    assert code == 0
    kept = report.read(tmp_path / "results/latest/claims.csv")
    assert [line["claim"] for line in kept] == [claim.name for claim in CLAIMS]
    assert f"{len(names)} statements" in out
    after = {path.name: path.read_text() for path in Path("results/latest").rglob("*.*")}
    assert after.pop("claims.jsonl").count('"is": "Measured"') == len(names)
    assert after == before


def test_a_framework_that_is_not_there_reads_not_run() -> None:
    made = Findings([row("s", "N1", "m", {"numpy": "1"}, EXACT, True)], {})
    (line,) = report.made({"neuron": made})
    assert [line[name] for name in VARIANTS] == ["1", "not run", "not run"]


def test_a_failed_claim_exits_1(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "run", lambda claims, say, done: done(claims[0], runner.Failure("of no importance")))
    code, out, _ = run("claims", "--only", "neuron")
    assert (code, "failed: of no importance" in out) == (1, True)


def test_one_claim_in_a_real_process(run: Run) -> None:
    """From the command line to the tables, in all frameworks that are there (notes: N12)."""
    code, out, err = run("claims", "--only", "arrays", "--out", "mine")
    assert code == 0, err
    assert "does not hold" in out
    assert {path.name for path in Path("mine").iterdir()} == {"claims.csv", "claims.md", "claims.jsonl"}


def test_the_list_shows_all_and_how_to_try_them(run: Run) -> None:
    code, out, _ = run("claims", "--list")
    assert code == 0
    assert all(f"{claim.name} ({', '.join(claim.notes)})" in out for claim in CLAIMS)
    assert out.count("To try it yourself:") == len(CLAIMS)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--only N99", "--only N99: no such claim; did you mean N9"),
        ("--only parrity", "did you mean parity or"),
        ("--only N17 --out /proc/crosscheck", "--out /proc/crosscheck: "),
        ("--only N17 --out other", "not a table of claims, expected the columns claim"),
    ],
)
def test_a_bad_request_is_one_line(run: Run, words: str, expected: str) -> None:
    Path("other").mkdir()
    Path("other/claims.csv").write_text("a,b\n1,2\n")
    code, out, err = run("claims", *words.split())
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert expected in err
    assert Path("other/claims.csv").read_text() == "a,b\n1,2\n"


def test_a_picture_is_the_same_bytes_twice() -> None:
    def drawn() -> str:
        figure, axes = panels(2)
        axes[0].errorbar([1, 2], [1, 2], [0.1, 0.2], label="with its spread")
        axes[0].set(xlabel="m", ylabel="%")
        below(figure, axes[0])
        return svg(figure)

    assert drawn() == drawn()
    assert "<dc:date>" not in drawn()


# ---------------------------------------------------------------- what is committed


def committed(name: str) -> str:
    """A file as it was committed: a run on another machine writes other figures, and may."""
    done = subprocess.run(["git", "show", f"HEAD:{name}"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout, which is where results can be compared as committed")
    return done.stdout


def test_the_committed_tables_are_of_these_claims(tmp_path: Path) -> None:
    (tmp_path / "claims.csv").write_text(committed("results/claims.csv"), encoding="utf-8")
    table = report.read(tmp_path / "claims.csv")
    assert {line["claim"] for line in table} == set(BY_NAME)
    assert not any(report.failed(line) for line in table)
    assert "not run" not in {line[name] for line in table for name in VARIANTS}
    assert report.summary(table) in committed("results/claims.md")
    assert report.summary(table) in " ".join(committed("results/README.md").split())
    for picture in re.findall(r"\]\((claims/[^)]+)\)", committed("results/claims.md")):
        assert (ROOT / "results" / picture).stat().st_size < 150_000


def test_the_committed_coverage_is_what_the_code_says() -> None:
    assert (ROOT / "results/coverage.md").read_text(encoding="utf-8") == coverage.markdown(), "make coverage-table"


def test_every_item_has_functions_tests_and_a_claim() -> None:
    """A function in each framework, or shared by all, or a claim, which runs in each of them."""
    tested, claimed, common = coverage.tests(), coverage.claims(), coverage.shared()
    by_framework = {name: coverage.functions(name) for name in VARIANTS}
    without = {id for id in IDS if not all(ids[id] for ids in by_framework.values()) and not common[id]}
    assert without == {"N6", "N7", "N11", "N22", "N23", "N25", "N26"}  # experiments: nothing to implement
    for id in IDS:
        assert tested[id], id
        assert claimed[id], id
        there = {name: bool(ids[id]) for name, ids in by_framework.items()}
        assert len(set(there.values())) == 1, (id, there)
