"""`crosscheck bench`: its arithmetic, a small bench from end to end, and bad requests. Nothing here asserts a time."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from crosscheck.bench import command
from crosscheck.bench.figures import PEER, Line, exponent, floors, lines, memory, ratio
from crosscheck.bench.plots import COLUMNS, plots
from crosscheck.bench.report import Grown, cells, csv, markdown, number, short
from crosscheck.bench.sizes import GROWTH, SIZES, Size, choose, draw
from crosscheck.bench.turns import Contestant, Ready, contest, contestants, peak, repetitions
from crosscheck.cli.main import main
from crosscheck.report.machine import environment
from crosscheck_impls.interface import BadInput

Run = Callable[..., tuple[int, str, str]]
SMALL = Size("small", (3, 4, 2, 1), 10)


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


def timed(name: str, *seconds: float, grown: int | None = None) -> Contestant:
    """A contestant that has had its turns."""
    return Contestant(name, ready=Ready(0.5, 3, grown, {}), seconds=list(seconds))


# ---------------------------------------------------------------- arithmetic


def test_a_size_counts_operations_bytes_and_memory() -> None:
    """By hand: products 4x3, 2x4, 1x2; three of each but two of the first; X 30, Y 10 numbers, 29 parameters."""
    assert SMALL.operations == 2 * 10 * (3 * (12 + 8 + 2) - 12)
    assert SMALL.parameters == 12 + 4 + 8 + 2 + 2 + 1
    assert SMALL.bytes("float32") == 4 * (30 + 10 + 2 * 29)
    assert SMALL.unit("float64") == 8 * ((4 + 2 + 1) * 10 + 2 * 29)


def test_the_arrays_are_the_same_for_everyone_and_of_the_dtype() -> None:
    first, second = draw(SMALL, "float32"), draw(SMALL, "float32")
    assert all(np.array_equal(a, b) for a, b in zip(first[1:], second[1:], strict=True))
    assert {first[1].dtype, first[2].dtype, first[0][0].W.dtype} == {np.dtype("float32")}
    assert set(np.unique(first[2])) == {0, 1}


def test_the_floor_is_the_larger_of_products_and_bytes_in_each_round() -> None:
    """The copy moves twice its bytes: at 1 s for half of the iteration's bytes the iteration takes 1 s."""
    half = SMALL.bytes("float32") // 2
    seconds = {"products numpy": [3.0, 0.5], "products jax": [2.0, 4.0], "copy": [1.0, 1.0]}
    assert floors(seconds, SMALL, "float32", half) == [2.0, 1.0]
    assert floors({"products numpy": [3.0]}, SMALL, "float32", half) == [3.0]
    assert floors({}, SMALL, "float32", half) == []


def test_ratios_are_formed_round_by_round() -> None:
    """A machine that is three times slower in one round changes no ratio."""
    assert ratio([1, 3, 1], [2, 6, 2]) == 0.5
    assert ratio([1], []) is None
    everyone = [timed("numpy/fast", 1, 3, 1), timed("scikit-learn", 4, 12, 4), timed("products numpy", 0.5, 1.5, 0.5)]
    fast, peer, products = lines(everyone, SMALL, "float32", 1)
    assert (fast.peer, fast.floor, fast.products) == (0.25, 2.0, 2.0)
    assert (fast.median, fast.low, fast.high, fast.rounds, fast.first) == (1e6, 1e6, 2e6, 3, 0.5)
    assert peer.peer is None
    assert products.floor == 1.0


def test_a_contestant_without_an_answer_says_why() -> None:
    absent = Contestant("optax loop", reason="not run: optax is not installed")
    (line,) = lines([absent], SMALL, "float32", 1)
    assert cells(line)[:2] == ["optax loop", "not run: optax is not installed"]


def test_memory_is_in_units_and_left_out_where_it_cannot_be_seen() -> None:
    large = Size("large", (10, 1000, 1), 1000)
    assert memory(timed("numpy/fast", 1, grown=3 * large.unit("float32")), large, "float32") == 3
    assert memory(timed("numpy/fast", 1, grown=10**9), SMALL, "float32") is None
    assert memory(timed("numpy/fast", 1), large, "float32") is None
    assert memory(timed("products numpy", 1, grown=10**9), large, "float32") is None


def test_the_high_water_mark_sees_an_array_that_is_gone_again() -> None:
    grown = peak(lambda iterations: np.ones(2**24).sum())
    if grown is None:
        pytest.skip("this system does not tell")
    assert 0.99 * 2**27 <= grown < 2**28  # the kernel counts pages in batches


def test_the_exponent_is_that_of_the_upper_half() -> None:
    sizes = [10, 100, 1000, 10_000]
    assert round(exponent(sizes, [5, 5] + [n**1.5 for n in sizes[2:]]), 12) == 1.5


def test_growth_goes_as_far_as_it_says() -> None:
    assert {what: steps[-1][0] for what, (_, steps) in GROWTH.items()} == {
        "examples": 10**6, "width": 2**11, "depth": 64,
    }  # fmt: skip
    assert GROWTH["depth"][1][-1][1].network.L == 64


@pytest.mark.parametrize(("value", "text"), [(None, ""), (3.14159, "3.14"), (98765.4, "98,800"), (0.00012, "0.00012")])
def test_numbers_as_people_read_them(value: float | None, text: str) -> None:
    assert number(value) == text


def test_the_report_has_every_contestant_and_the_growth() -> None:
    timed_lines = [
        Line("planar", "float32", f"{name}/fast", 0.1, 10.0, 9.0, 11.0, 7, 5, 1.5, 1.2, 0.2, None) for name in PEER
    ]
    grown = [Grown("width", 2, "numpy/fast", [(16, 1.0), (32, 2.0), (64, 8.0)])]
    text = markdown(timed_lines, grown, {"settings": {"threads": 2}})
    assert "| numpy/fast | 0.1 | 10 | 9 to 11 | 1.5 | 1.2 | 0.2 |  |" in text
    assert "| width | numpy/fast | 2 | 2.00 | 16: 1, 32: 2, 64: 8 |" in text
    assert "The environment says" not in text
    assert "says OPENBLAS_CORETYPE=Zen." in markdown([], [], {"variables": {"OPENBLAS_CORETYPE": "Zen"}})
    assert short(timed_lines)[-1] == "| 2-4-1 x 400 | float32 | " + " | ".join(["0.2 | 1.5 | 1.2"] * 3) + " |"
    assert csv(timed_lines).count("\n") == 4


def test_every_contestant_has_its_place_in_a_panel_of_at_most_six() -> None:
    assert all(len(names) <= 6 for names in COLUMNS.values())
    assert sorted(name for names in COLUMNS.values() for name in names) == sorted(
        set(command.everyone(None)) - {"copy"}
    )


def test_the_plots_need_no_legend_and_are_the_same_each_time() -> None:
    timed = [Line("planar", "float32", name, floor=1.5 + k) for k, name in enumerate(COLUMNS["jax"])]
    timed.append(Line("planar", "float32", "copy"))
    grown = [Grown("width", 2, f"{name}/fast", [(16, 1.0), (32, 2.0), (64, 8.0)]) for name in PEER]
    made = plots(timed, grown)
    assert set(made) == {"speed/floor_float32.svg", "speed/growth.svg"}
    assert not any(b"legend" in content for content in made.values())
    assert made == plots(timed, grown)
    assert plots([Line("planar", "float32", "numpy/fast")], []) == {}


# ---------------------------------------------------------------- processes


def test_repetitions_fill_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def run(iterations: int) -> None:
        calls.append(iterations)

    monkeypatch.setattr("crosscheck.bench.turns.timed", lambda run, iterations: (run(iterations), iterations * 1e-3)[1])
    assert repetitions(run, 0.05) == 50
    assert calls[0] == 1


def test_one_after_another_and_what_fails_is_a_reason() -> None:
    with contestants(["numpy/fast", "numpy/no_such", "nowhere_at_all/fast"], 1, "cpu") as everyone:
        contest(everyone, SMALL, "float64", 3, 0.001)
    fast, broken, absent = everyone
    assert len(fast.seconds) == 3
    assert all(second > 0 for second in fast.seconds)
    assert fast.ready is not None
    assert fast.ready.environment["numpy"] == np.__version__
    assert broken.reason.startswith("failed: BadInput: numpy: no variant 'no_such'")
    assert absent.reason == "not run: nowhere_at_all is not installed"
    assert all(each.child is None for each in everyone)


def test_what_computes_on_the_cpu_does_not_run_on_another_device() -> None:
    with contestants(["numpy/fast", "scikit-learn", "copy"], 1, "cuda") as everyone:
        assert {each.reason for each in everyone} == {"not run: computes on the CPU, cuda was asked for"}
        assert all(each.child is None for each in everyone)


@pytest.mark.slow
def test_a_bench_from_end_to_end(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SIZES, "small", SMALL)
    monkeypatch.setattr(command, "everyone", lambda names: ["numpy/fast", "products numpy", "copy"])
    code, out, _ = run("bench", "--only", "small", "--rounds", 2, "--quick", "--out", "mine")
    assert code == 0
    assert "numpy/fast" in out
    table = pd.read_csv("mine/speed.csv")
    assert list(table.contestant) == ["numpy/fast", "products numpy", "copy"] * 2
    assert set(table.dtype) == {"float32", "float64"}
    assert (table.rounds == 2).all()
    assert (table["floor"].dropna() > 0).all()
    assert "## small: 3-4-2-1 x 10, float64" in Path("mine/speed.md").read_text()
    environment = json.loads(Path("mine/speed_environment.json").read_text())
    assert environment["frameworks"]["numpy"]["numpy"] == np.__version__


# ---------------------------------------------------------------- requests


def test_everyone_takes_part_by_default_and_the_floor_always() -> None:
    names = command.everyone(None)
    assert {"numpy/fast", "torch/fast", "jax/fast", *PEER.values()} <= set(names)
    assert command.everyone(["jax/fast"])[1:] == ["products numpy", "products torch", "products jax", "copy"]
    with pytest.raises(BadInput, match="did you mean numpy/fast"):
        command.everyone(["numpy/fats"])


def test_quick_is_the_two_smallest() -> None:
    assert [size.name for size in choose(None, quick=True)] == ["planar", "breast_cancer"]
    assert [size.name for size in choose(["784"], quick=True)] == ["784"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--only plane", "--only plane: no such size; did you mean planar?"),
        ("--impl numpy/fats", "--impl numpy/fats: nothing to time"),
        ("--dtype float16", "--dtype float16: unknown"),
        ("--rounds 1", "--rounds 1: expected at least 2"),
        ("--threads 0", "--threads 0: expected 1 to"),
        ("--device tpu", "--device tpu: unknown"),
        ("--device cuda --impl numpy/fast", "--device cuda: not here"),
        ("--out /proc/crosscheck", "--out /proc/crosscheck: "),
    ],
)
def test_a_bad_request_is_one_line(run: Run, words: str, expected: str) -> None:
    code, out, err = run("bench", *words.split())
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert expected in err


def test_the_environment_tells_what_steers_the_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Zen")
    monkeypatch.setenv("A_PASSWORD", "secret")
    told = environment({}, {})["variables"]
    assert told["OPENBLAS_CORETYPE"] == "Zen"
    assert "A_PASSWORD" not in told
