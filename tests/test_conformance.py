"""The conformance suite itself: where it can be started from, and that a failure shrinks to something small."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from crosscheck.oracle.error_bound import PLAIN
from crosscheck.testing.conformance.networks import NETWORKS, TANH
from crosscheck.testing.conformance.test_gradients import telling
from crosscheck.testing.implementations import named
from crosscheck.testing.judging import arrays, ask, assert_true, bounded, draw, judge
from crosscheck.testing.strategies import problems
from crosscheck_impls.interface import ON_REQUEST, VARIANTS, Declaration, Layer, Unavailable, load
from hypothesis import Phase, find, settings

SUITE = "crosscheck.testing.conformance"


def without_the_square(problem):
    """Return NumPy's answer with tanh′ = 1 − A in place of 1 − A²: a mistake in the first layer alone."""
    framework = load("numpy")
    J, (_, second) = ask(framework, "by_hand", problem)
    (W1, b1), (W2, b2) = problem.params
    A = np.tanh(W1 @ problem.X + b1)
    dZ = (W2.T @ (1 / (1 + np.exp(-(W2 @ A + b2))) - problem.Y)) * (1 - A)
    m = problem.X.shape[1]
    return J, (Layer(dZ @ problem.X.T / m, dZ.sum(axis=1, keepdims=True) / m), second)


def caught(problem):
    if not bounded(judge(problem, PLAIN).theirs):
        return False
    try:
        assert_true(problem, without_the_square(problem), PLAIN)
    except AssertionError:
        return True
    return False


def test_a_planted_mistake_shrinks_to_a_small_example():
    """What is left is a hidden unit that is not 0 and a weight that its error comes through: a few ones among zeros."""
    few = settings(max_examples=200, derandomize=True, database=None, phases=[Phase.generate, Phase.shrink])
    smallest = find(problems(TANH), caught, settings=few)
    numbers = np.concatenate([np.ravel(array) for array in arrays(smallest)])
    assert np.count_nonzero(numbers) <= 3
    assert set(np.abs(numbers)) <= {0.0, 1.0}


ONLY_CONTRACT = """
from crosscheck_impls.interface import load

ours = load("numpy")
device, devices, from_numpy, to_numpy = ours.device, ours.devices, ours.from_numpy, ours.to_numpy
fit, predict = ours.fit, ours.predict

name = "mine"
gradients = {"by_hand": ours.gradients["by_hand"]}
"""


@pytest.mark.parametrize("name", ["mine", "./mine.py/by_hand", "folder/mine_too.py"])
def test_it_runs_from_any_folder_on_a_module_or_a_file(tmp_path, name):
    (tmp_path / "mine.py").write_text(ONLY_CONTRACT, encoding="utf-8")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine_too.py").write_text(ONLY_CONTRACT, encoding="utf-8")
    got = pytest_in(tmp_path, "--pyargs", SUITE, "--impl", name, "-k", "test_doors")
    assert got.returncode == 0, got.stdout + got.stderr
    assert "passed" in got.stdout


def test_the_derivative_of_another_activation_in_one_layer_is_caught(tmp_path):
    """In a layer that has tanh in one network of the suite, and relu in another."""
    for slip in ("tanh", "relu"):
        (tmp_path / f"{slip}_in_layer_2.py").write_text(
            ONLY_CONTRACT
            + "from crosscheck_impls.with_numpy import l_layer\n"
            + "right = l_layer.activation_backward\n"
            + "def wrong(network, l, dA, Z, A):\n"
            + f"    g = (network.g[0], '{slip}', *network.g[2:])\n"
            + "    return right(network._replace(g=g) if l == 2 < network.L else network, l, dA, Z, A)\n"
            + "l_layer.activation_backward = wrong\n",
            encoding="utf-8",
        )
        got = pytest_in(tmp_path, "--pyargs", SUITE, "--impl", f"{slip}_in_layer_2", "-k", "test_gradients")
        assert got.returncode == pytest.ExitCode.TESTS_FAILED, got.stdout


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("./nowhere.py", "no such file"),
        ("nowhere", "no such framework or module"),
        ("mine/by_hnd", "did you mean by_hand"),
        ("torch.py", "no name for a module of your own"),
    ],
)
def test_it_refuses_in_one_line_what_is_not_there(tmp_path, name, words):
    (tmp_path / "mine.py").write_text(ONLY_CONTRACT, encoding="utf-8")
    (tmp_path / "torch.py").touch()
    got = pytest_in(tmp_path, "--pyargs", SUITE, "--impl", name)
    assert got.returncode == pytest.ExitCode.USAGE_ERROR
    assert words in got.stderr
    assert "Traceback" not in got.stderr


def test_a_warning_is_an_error_wherever_it_is_started(tmp_path):
    warns = ONLY_CONTRACT + "import warnings\ndef devices():\n    warnings.warn('odd')\n    return ('cpu',)\n"
    (tmp_path / "mine.py").write_text(warns, encoding="utf-8")
    got = pytest_in(tmp_path, "--pyargs", SUITE, "--impl", "mine", "-k", "contract")
    assert got.returncode == pytest.ExitCode.TESTS_FAILED
    assert "UserWarning: odd" in got.stdout


def test_without_hypothesis_it_says_what_it_needs(tmp_path):
    (tmp_path / "hide.py").write_text(
        "import importlib.util\nreal = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, package=None: None if name == 'hypothesis' else real(name, package)\n",
        encoding="utf-8",
    )
    got = pytest_in(tmp_path, "--pyargs", SUITE, "-p", "hide", "-p", "no:hypothesispytest")
    assert got.returncode == pytest.ExitCode.USAGE_ERROR
    assert "the conformance suite needs hypothesis: pip install 'crosscheck[test]'" in got.stdout + got.stderr
    assert got.stderr.strip().count("\n") == 0


def test_a_project_with_its_own_harness_and_impls_can_run_pytest(tmp_path):
    (tmp_path / "harness.py").write_text("THEIRS = True\n", encoding="utf-8")
    (tmp_path / "impls").mkdir()
    (tmp_path / "impls" / "__init__.py").write_text("THEIRS = True\n", encoding="utf-8")
    (tmp_path / "test_theirs.py").write_text(
        "import harness, impls\n\n\ndef test_theirs(crosscheck):\n    assert harness.THEIRS and impls.THEIRS\n",
        encoding="utf-8",
    )
    got = pytest_in(tmp_path)
    assert got.returncode == 0, got.stdout + got.stderr


def test_the_plugin_imports_nothing_of_ours_but_itself():
    code = "import sys, crosscheck.testing.plugin; print(sorted(m for m in sys.modules if m.startswith('crosscheck')))"
    got = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert got.stdout.strip() == "['crosscheck', 'crosscheck.testing', 'crosscheck.testing.plugin']"


def pytest_in(folder, *arguments):
    """Run pytest in a folder; in a checkout that is not installed the plugin has to be named."""
    from importlib.metadata import entry_points

    there = any(each.value == "crosscheck.testing.plugin" for each in entry_points(group="pytest11"))
    plugin = [] if there else ["-p", "crosscheck.testing.plugin"]
    command = [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", *plugin, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


def test_the_name_of_a_framework_means_its_full_variants_and_each_other_is_named():
    everyone = {variant for _, variant in named(["numpy"])}
    assert everyone == {*VARIANTS["numpy"], *ON_REQUEST["numpy"]}
    assert named(["numpy/bf16_products"]) == [("numpy", "bf16_products")]


def test_a_variant_that_needs_what_is_not_here_is_refused_with_the_reason(monkeypatch):
    def gradients(*_):
        raise Unavailable("a graph needs a GPU")

    ours = SimpleNamespace(gradients={"onnx": gradients}, from_numpy=load("numpy").from_numpy)
    monkeypatch.setattr("crosscheck.testing.implementations.load", lambda name: ours)
    with pytest.raises(pytest.UsageError, match="--impl numpy/onnx: a graph needs a GPU"):
        named(["numpy/onnx"])


def test_a_narrow_mode_is_held_by_its_own_bound_and_left_out_where_it_has_none():
    narrow = {mode: Declaration(precision=mode) for mode in ("float8", "float16")}
    kinked = draw(NETWORKS["2-layer relu"], seed=1, dtype="float32")
    assert judge(kinked, narrow["float8"]).theirs.straddles_zero > 0
    telling(kinked, narrow["float8"])  # its bound holds either derivative
    params = tuple(Layer(np.ones_like(W), 0 * b) for W, b in kinked.params)
    beside = kinked._replace(params=params, X=np.tile(np.array([[1], [-1], [0]], "float32"), 6))  # 1 - 1, rounded
    with pytest.raises(AssertionError, match="choose another seed"):
        telling(beside, PLAIN)
    large = kinked._replace(X=np.float32(1e6) * kinked.X)
    with pytest.raises(pytest.skip.Exception, match="declared to compute in float16"):
        telling(large, narrow["float16"])
