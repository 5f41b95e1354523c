"""Porting a model: paths of any form, two files of one name, one activation that is another, the options of explain."""

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from crosscheck.cli.compare import compare, explain
from crosscheck.cli.main import main
from crosscheck.comparison.session import implementations
from crosscheck.core.plain import from_plain, to_plain
from crosscheck.mutation.mutant import Mutant
from crosscheck.mutation.other_activations import by_name, other_activations
from crosscheck_impls.interface import BadInput, Network

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
    made = list(other_activations(network))
    assert len({mutant.name for mutant in made}) == len(made)
    assert {"layer 2: leaky_relu with slope 0.01", "layer 1: leaky_relu with slope 0.05"} <= {m.name for m in made}
    for mutant in made:
        assert by_name(mutant.name) is mutant
        assert from_plain(Mutant, to_plain(mutant)) is mutant
    with pytest.raises(KeyError):
        by_name("layer x: sigmoid")
