"""Porting a model: paths of any form, two files of one name, one activation that is another, the options of explain."""

import inspect
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest import mock

import numpy as np
import pytest
from crosscheck.cli.compare import compare, explain
from crosscheck.cli.main import main
from crosscheck.comparison.asked import implementations
from crosscheck.core.plain import from_plain, to_plain
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.verdict import Key, Row, judge
from crosscheck.mutation.build import framework
from crosscheck.mutation.in_a_layer import by_name, in_a_layer
from crosscheck.mutation.mutant import Mutant
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import BY_NAME as PROBLEMS
from crosscheck.problems.catalogue import Options, build
from crosscheck.report.words import of_cause
from crosscheck.runner.collect import measure
from crosscheck_impls.interface import BadInput, Declaration, Framework, Layer, Network, Params

TEMPLATE = Path(__file__).parents[2] / "harness/crosscheck/testing/templates"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    before = list(sys.path)
    yield tmp_path
    sys.path[:] = before


def net(path: Path, layer: int = 0, name: str = "leaky_relu", slope: float = 0.01) -> Path:
    """Write an implementation; in one of its layers, if any, it has another activation."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = (TEMPLATE / "with_numpy.py").read_text(encoding="utf-8")
    wrong = f"""
right = activation
calls = []


def activation(name, network, Z):
    import dataclasses

    calls.append(0)
    l = (len(calls) - 1) % network.L + 1
    if l == {layer}:
        network = dataclasses.replace(network, leaky_slope={slope})
        return right({name!r}, network, Z)
    return right(name, network, Z)
"""
    path.write_text(text + (wrong if layer else ""), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "given",
    [
        "./net.py",
        "net.py",
        "a folder/net.py",
        "a folder/../net.py",
        "{here}/net.py",
        "x.pyfolder/net.py",
        "net.py/gradients",
    ],
)
def test_a_path_of_any_form_is_taken(here: Path, given: str) -> None:
    for folder in (".", "a folder", "x.pyfolder"):
        net(here / folder / "net.py")
    (chosen,) = implementations([given.format(here=here)])
    assert str(chosen) == "net/gradients"
    where = Path(given.format(here=here).removesuffix("/gradients")).resolve().parent
    assert sys.path[0] == str(where)


def test_a_file_in_a_package_is_named_with_it(here: Path) -> None:
    net(here / "models/net.py")
    (here / "models/__init__.py").touch()
    (chosen,) = implementations(["models/net.py"])
    assert str(chosen) == "models.net/gradients"


def test_two_files_of_which_one_hides_the_other_are_refused(here: Path) -> None:
    for path in ("one/net.py", "two/net.py", "two/other.py"):
        net(here / path)
    for second in ("two/net.py", "two/other.py"):
        with pytest.raises(BadInput, match="has the same name, expected names that differ; rename one of them"):
            implementations(["one/net.py", second])
    assert len(implementations(["two/net.py", "two/other.py"])) == 2


def test_explain_takes_every_option_of_compare() -> None:
    assert set(inspect.signature(compare).parameters) <= set(inspect.signature(explain).parameters)


def crosscheck(*words: str) -> int:
    with mock.patch.object(sys, "argv", ["crosscheck", *words]), pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_explain_says_one_line_where_all_agree(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    net(here / "net.py")
    words = ("--impl", "./net.py", "--problem", "one_class", "--out", "mine", "--force")
    assert crosscheck("explain", *words) == 0
    assert capsys.readouterr().out == "2 comparisons over 1 problems: 2 agrees.\n"
    assert not (here / "mine").exists()


@pytest.mark.parametrize(
    ("layer", "name", "slope", "expected"),
    [
        (2, "leaky_relu", 0.01, "equals `layer 2: leaky_relu with slope 0.01`"),
        (1, "leaky_relu", 0.2, "equals `layer 1: leaky_relu with slope 0.2`"),
        (2, "tanh", 0.01, "equals `layer 2: tanh`"),
    ],
)
def test_another_activation_in_one_layer_is_named(
    here: Path, capsys: pytest.CaptureFixture[str], layer: int, name: str, slope: float, expected: str
) -> None:
    net(here / "net.py", layer, name, slope)
    words = ("--impl", "./net.py", "--problem", "breast_cancer-3layer-relu", "--iterations", "3", "--dtype", "float64")
    assert crosscheck("explain", *words) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert expected in out
    assert f"layer {layer} has the activation {name}" in out


def test_a_name_is_enough_to_have_a_mutant_again() -> None:
    network = Network((3, 4, 4, 1), ("relu", "leaky_relu", "sigmoid"), leaky_slope=0.05)
    made = [mutant for wrong in range(network.L + 1) for mutant in in_a_layer(network, wrong)]
    names = {mutant.name for mutant in made}
    assert len(names) == len(made)
    assert {"layer 2: leaky_relu with slope 0.01", "layer 1: leaky_relu with slope 0.05"} <= names
    assert {"layer 2: g' of tanh", "layer 3: db without 1/m", "every hidden layer: tanh forward alone"} <= names
    for mutant in made:
        assert by_name(mutant.name) is mutant
        assert from_plain(Mutant, to_plain(mutant)) is mutant
        assert mutant.changes
    for name in ("layer x: sigmoid", "layer 2: nothing of the kind", "every hidden layer: db without 1/m"):
        with pytest.raises(KeyError):
            by_name(name)


FORWARD = "for name, (W, b) in zip(network.g, params, strict=True):"
BACKWARD = "(params[l - 1].W.T @ dZ) * slopes[l - 1]"
DB, DW = "dZ.sum(axis=1, keepdims=True) / m", "dZ @ A[l - 1].T / m"


def derivative(of: str, layer: int) -> dict[str, str]:
    """Return what to write for what in the template, so that a layer has the derivative of another activation."""
    wrong = f"(activation({of!r}, network, Zs[l - 2])[1] if l == {layer + 1} else slopes[l - 1])"
    kept = {"Z = W @ A[-1] + b": "Z = W @ A[-1] + b; Zs.append(Z)", "m, A,": "Zs = []; m, A,"}
    return {BACKWARD: BACKWARD.replace("slopes[l - 1]", wrong), **kept}


def forward(of: str, layer: int) -> dict[str, str]:
    """Return the same for another activation, with the derivative that was asked for."""
    call = "activation(name, network, Z)"
    both = f"(activation({of!r}, network, Z)[0], {call}[1]) if len(A) == {layer} else {call}"
    return {f"zip((A, slopes), {call},": f"zip((A, slopes), {both},"}


SLIPS = {
    "layer 2: g' of tanh": derivative("tanh", 2),
    "layer 1: g' of sigmoid": derivative("sigmoid", 1),
    "layer 2: g' of linear": derivative("linear", 2),
    "layer 2: tanh forward alone": forward("tanh", 2),
    "layer 1: linear forward alone": forward("linear", 1),
    "layer 2: sigmoid": {FORWARD: FORWARD.replace("network.g", "(network.g[0], 'sigmoid', network.g[2])")},
    "layer 1: linear": {FORWARD: FORWARD.replace("network.g", "('linear', *network.g[1:])")},
    "layer 2: db without 1/m": {DB: DB.replace("/ m", "/ (1 if l == 2 else m)")},
    "layer 3: dW without 1/m": {DW: DW.replace("/ m", "/ (1 if l == 3 else m)")},
    "layer 1: dW divided by m - 1": {DW: DW.replace("/ m", "/ (m - (l == 1))")},
    "layer 2: Z without b": {"Z = W @ A[-1] + b": "Z = W @ A[-1] + b * (len(A) != 2)"},
    "layer 2: b unused": {"Z = W @ A[-1] + b": "Z = W @ A[-1] + b * (len(A) != 2)", DB: f"{DB} * (l != 2)"},
    "layer 1: dA through dW instead of W": {
        BACKWARD: BACKWARD.replace("params[l - 1].W.T", "(dParams[-1] if l == 2 else params[l - 1]).W.T")
    },
}


SQUARE = {"Z = W @ A[-1] + b": "Z = (W.T if len(A) == 3 else W) @ A[-1] + b"}  # where the shape allows it
IN_SQUARE = {
    "layer 3: W transposed in Z alone": SQUARE,
    "layer 3: W transposed": {
        **SQUARE,
        DW: f"(({DW}).T if l == 3 else {DW})",
        BACKWARD: BACKWARD.replace("params[l - 1].W.T", "(params[l - 1].W if l == 3 else params[l - 1].W.T)"),
    },
}


@pytest.mark.parametrize("name", [*SLIPS, *IN_SQUARE])
def test_a_slip_in_one_layer_is_named_with_the_layer(name: str) -> None:
    source = (TEMPLATE / "with_numpy.py").read_text(encoding="utf-8")
    for right, wrong in (SLIPS | IN_SQUARE)[name].items():
        assert source.count(right) == 1
        source = source.replace(right, wrong)
    there: dict[str, Any] = {}
    exec(compile(source, "net.py", "exec"), there)
    made = SimpleNamespace(**vars(framework()) | {"gradients": {"mine": there["gradients"]}})
    problem = "square-6layer-mixed" if name in IN_SQUARE else "breast_cancer-3layer-relu"
    case = make_case(build(PROBLEMS[problem], Options(iterations=3)), "float64")
    answer = measure(cast("Framework", made), "mine", Declaration(), case, "cpu")
    row = judge(Judge(case), answer, Declaration(), Key(case.problem, "mine", "float64", "cpu"))
    assert row.explained is not None, of_cause(row.cause)
    assert row.explained.exactly
    assert row.explained.mutant.name == name
    assert from_plain(Row, to_plain(row)).explained == row.explained


def test_a_slip_is_named_where_the_right_gradients_are_next_to_0(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On features as they come, such as a pulse, tanh saturates; their bounds say nothing of the wrong network's."""
    pytest.importorskip("jax")
    source = (TEMPLATE / "with_jax.py").read_text(encoding="utf-8")
    line = "        Z = W @ A + b\n"
    assert source.count(line) == 1
    (here / "net.py").write_text(
        source.replace(line, "        W = W.T if W.shape[0] == W.shape[1] else W\n" + line), encoding="utf-8"
    )
    rng = np.random.default_rng(5)
    X = rng.normal([37, 80, 8, 50], [1, 12, 5, 15], (200, 4))
    ill = (X @ [0.8, 0.03, 0.05, 0.02] + rng.normal(0, 0.5, 200) > 33.4).astype(int)
    lines = [",".join([*(f"{x:.1f}" for x in row), str(y)]) for row, y in zip(X, ill, strict=True)]
    (here / "mine.csv").write_text("\n".join(["temp,pulse,crp,age,ill", *lines]) + "\n", encoding="utf-8")
    words = "--impl ./net.py --data mine.csv --label ill --layers 7,7 --activation tanh,relu --dtype float64"
    assert crosscheck("explain", *words.split(), "--iterations", "3") == 1
    assert "equals `layer 2: W transposed`" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("e", [1e-7, 1e-12])
@pytest.mark.parametrize("derived", [False, True])
def test_an_epsilon_in_the_logarithms_is_named_with_its_size(e: float, derived: bool) -> None:
    def gradients(network: Network, params: Params, X: Any, Y: Any) -> tuple[Any, Params]:
        ((W, b),), m = params, X.shape[1]
        A = 1 / (1 + np.exp(-(W @ X + b)))
        dZ = (-Y / (A + e) + (1 - Y) / (1 - A + e)) * A * (1 - A) if derived else A - Y
        J = -np.mean(Y * np.log(A + e) + (1 - Y) * np.log(1 - A + e))
        return J, (Layer(dZ @ X.T / m, dZ.sum(axis=1, keepdims=True) / m),)

    made = SimpleNamespace(**vars(framework()) | {"gradients": {"mine": gradients}})
    case = make_case(build(PROBLEMS["flower-logistic"], Options(iterations=3)), "float64")
    answer = measure(cast("Framework", made), "mine", Declaration(), case, "cpu")
    row = judge(Judge(case), answer, Declaration(), Key(case.problem, "mine", "float64", "cpu"))
    assert row.explained is not None, of_cause(row.cause)
    assert row.explained.exactly
    assert row.explained.mutant.name == f"log(A + {e:.0e})".replace("e-0", "e-") + ", dZ as its derivative" * derived
    assert from_plain(Row, to_plain(row)).explained == row.explained


@pytest.mark.parametrize(("option", "remedy"), [("--json", "compare --json"), ("--junit=x.xml", "compare --junit")])
def test_explain_refuses_what_would_be_something_else(
    here: Path, capsys: pytest.CaptureFixture[str], option: str, remedy: str
) -> None:
    assert crosscheck("explain", "--impl", "numpy", option) == 2
    assert remedy in capsys.readouterr().err
    assert list(here.iterdir()) == []


def test_a_report_gives_the_command_with_the_file_that_was_given(here: Path) -> None:
    net(here / "models/net.py", 1)
    crosscheck("compare", "--impl", "./models/net.py", "--problem", "flower-2layer-tanh", "--iterations", "2", "-q")
    page = (here / "results/latest/report.html").read_text(encoding="utf-8")
    index = json.loads(page.partition('id="index">')[2].partition("</script>")[0])
    assert index["implementations"] == ["net/gradients"]
    assert index["names"] == ["./models/net.py"]


def test_check_of_a_whole_framework_takes_what_it_can_and_refuses_the_rest(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    net(here / "net.py")
    assert crosscheck("check", "./net.py", "--problem", "one_class", "--layers", "3,2", "--activation", "tanh") == 0
    assert "1 comparisons over 1 problems: 1 agrees." in capsys.readouterr().out
    assert crosscheck("check", "./net.py", "--problem", "one_class", "--layers", "x") == 2
    assert "--layers x: expected the sizes" in capsys.readouterr().err
    for option, remedy in (("--json", "compare --impl ./net.py --json"), ("--sandbox", "with your rights")):
        assert crosscheck("check", "./net.py", option) == 2
        assert remedy in " ".join(capsys.readouterr().err.split())
