"""`crosscheck check`: the right sentence for every solution that a learner may hand in."""

import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import crosscheck
import pytest
from crosscheck.cli.main import main
from crosscheck.comparison.asked import implementations
from crosscheck.grading import session as check
from crosscheck.grading.diagnosis.source import lines_of
from crosscheck.grading.load import solution_of
from crosscheck.grading.probe import Wanted
from crosscheck.grading.reported import Report
from crosscheck.grading.session import check_function, check_name, examine, in_process
from crosscheck.grading.sources.module import load_program as from_file
from crosscheck.grading.sources.place import is_solution
from crosscheck.testing import plugin
from crosscheck_impls.interface import BadInput
from hypothesis import given, settings
from hypothesis import strategies as st

STUDENTS = Path(__file__).parent / "students"
FLOWER = Wanted(problems=("flower",))


def said(name: str, *problems: str, **options: str) -> Report:
    """Check one of the solutions in this process, on a few problems; the report on one line."""
    found = examine(in_process(solution_of(f"{STUDENTS}/{name}")), Wanted(problems, **options), ("float64",), name)
    return Report(found.right, " ".join(found.text.split()))


def apart(name: str, *problems: str, time_limit: float = 60.0) -> Report:
    """The same in a process of its own."""
    found = check_name(f"{STUDENTS}/{name}", Wanted(problems), time_limit=time_limit)
    return Report(found.right, " ".join(found.text.split()))


# ---------------------------------------------------------------- right ones


def test_two_layers_are_right_and_the_ratios_are_shown() -> None:
    report = said("right/two_layer.py", "flower", "one_example", "many_outputs")
    assert report.right
    assert (
        "read as cost_and_gradients over a dictionary W1, b1, ...; 2 layers, hidden tanh (found by its J)"
        in report.text
    )
    assert "right: J and every gradient lie within what rounding can do, on 3 problems in float64." in report.text
    rows = dict(re.findall(r"(J|d[Wb][12]) (\S+) \S+ \S+, float64", report.text))
    assert set(rows) == {"J", "dW1", "db1", "dW2", "db2"}
    assert all(0 <= float(ratio) < 1 for ratio in rows.values())
    assert "it is written for 2 layers, and was judged on those" in report.text
    assert "your training loop was not checked" in report.text


def test_logistic_regression_over_w_and_b_with_the_gradients_first() -> None:
    report = said("right/logistic.py:propagate", "flower", "one_class", "saturated")
    assert report.right
    assert "read as propagate over w and b; logistic regression" in report.text
    assert "right, but undefined at saturated outputs" in report.text
    assert "On saturated-logistic: J is nan and should be 220.629" in report.text
    assert "give fit(w, b, X, Y, alpha, iterations), returning w, b, costs" in report.text


def test_a_deep_one_with_a_loop_of_its_own_and_the_other_convention_at_the_kink() -> None:
    report = said("right/deep.py", "flower", "kink")
    assert report.right
    assert "1, 2 and 3 layers, hidden relu (found by its J)" in report.text
    assert "fit: W3" in report.text
    assert "your relu'(0) = 0 is a convention: several are in use; the notes say 1" in report.text
    assert "not checked" not in report.text


def test_tuples_of_layers() -> None:
    report = said("right/layers.py", "flower")
    assert report.right
    assert "read as cost_and_gradients over a tuple of (W, b); 1, 2 and 3 layers, hidden sigmoid" in report.text


def test_a_cost_by_logarithms_is_right_but_for_saturated_outputs() -> None:
    report = said("right/two_layer.py", "flower-2layer", "saturated_outputs")
    assert report.right
    assert "right, but undefined at saturated outputs: J and every gradient" in report.text
    assert "On saturated_outputs-2layer: J is nan" in report.text


def test_float32_too() -> None:
    solution = solution_of(f"{STUDENTS}/right/two_layer.py")
    report = examine(in_process(solution), Wanted(("flower-2layer",)), ("float64", "float32"), "mine")
    assert report.right
    assert "on 1 problem in float64 and float32" in " ".join(report.text.split())


def test_autograd_of_torch() -> None:
    pytest.importorskip("torch")
    report = said("right/with_torch.py", "flower", "kink-2layer")
    assert report.right
    assert "1, 2 and 3 layers, hidden relu" in report.text
    assert "your relu'(0) = 0 is a convention" in report.text


def test_value_and_grad_of_jax() -> None:
    pytest.importorskip("jax")
    report = apart("right/with_jax.py", "flower")
    assert report.right
    assert "2 layers, hidden leaky_relu (found by its J)" in report.text
    assert "it is written for 2 layers" in report.text


# ---------------------------------------------------------------- wrong ones

WRONG = {
    "numpy_db_without_m.py": (
        "right J, dW1, dW2",
        "wrong first db2[0, 0]",
        "the mistake is in the line of db2",
        "N16: db2 = the sum of dZ2 over the examples / m",
        "exactly those of `db without 1/m`",
        "our line `db = np.sum(dZ, axis=1, keepdims=True) / m` "
        "as if it were `db = np.sum(dZ, axis=1, keepdims=True)`",
    ),
    "numpy_tanh_without_square.py": (
        "right J, dW2, db2",
        "the mistake is in dZ1 = W2ᵀ dZ2 ∘ g1′(Z1)",
        "N15: the derivative of tanh",
        "exactly those of `tanh' = 1 - A`",
    ),
    "numpy_sign.py": (
        "over w and b",
        "right J wrong first dw[22, 0]: yours",
        "dw and db are both wrong: the mistake is in dZ = A - Y",
        "N10: dZ = A - Y",
        "exactly those of `dZ = Y - A`",
    ),
    "numpy_updated_too_early.py": (
        "right J, dW2, db2",
        "dW1 and db1: W2 has been updated already, with alpha = 0.5, when dA1 is taken from it",
        "N16: dZ1 = W2ᵀ dZ2 ∘ g′(Z1)",
    ),
    "numpy_derivative_at_a.py": (
        "1, 2 and 3 layers, hidden sigmoid",
        "our line `dZ = dA * derivative(network, l - 1, Z[l - 2], A[l - 1])`",
        "exactly those of `g' at A instead of Z`: the derivative is taken at A[l]; it belongs at Z[l]",
    ),
    "torch_divided_twice.py": (
        "right J, dW2, db2",
        "exactly those of `dZ of a hidden layer divided by m`",
    ),
    "torch_detached.py": (
        "dW1 is None: nothing was computed for it",
        "look for detach(), .data, .item(), NumPy or a new tensor",
    ),
    "jax_without_minus.py": (
        "J: yours is -0.6931",
        "exactly those of `J and its gradient without their minus`: the cross-entropy lacks its minus",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_one_is_told_what_is_wrong_first_where_and_why(name: str) -> None:
    framework = name.partition("_")[0]
    pytest.importorskip(framework)
    # JAX's x64 is a switch of the process
    report = (apart if framework == "jax" else said)(f"wrong/{name}", "breast_cancer" if "sign" in name else "flower")
    assert not report.right
    assert report.text.count("example ") <= 1  # one diagnosis
    assert "wrong" in report.text
    for words in WRONG[name]:
        assert words in report.text, report.text


# ---------------------------------------------------------------- in trouble

TROUBLE = {
    "raises.py": (
        "it raises an error",
        "line 21 of raises.py, `dW1 = X @ dZ1 / m`: ValueError: matmul",
        "a network with 2 layers: X (2, 400), W1 (4, 2) b1 (4, 1), W2 (1, 4) b2 (1, 1), Y (1, 400)",
    ),
    "nan.py": ("right J, dW2, db2", "dW1[0, 0]: yours is nan", "dW1 is the first that has it, on flower-2layer"),
    "mutates.py": ("it changes what it is given: X, W1, b1.", "Apart from that, right: J and every gradient"),
    "leaves.py": ("line 19 of leaves.py, `sys.exit(0)`: it calls sys.exit, expected a function to return",),
    "forgets.py": ("gradients are missing", "db1 did not come back; only dW1, dW2, db2"),
}


@pytest.mark.parametrize("name", TROUBLE)
def test_one_in_trouble_is_told_so(name: str) -> None:
    report = said(f"trouble/{name}", "flower")
    assert not report.right
    for words in TROUBLE[name]:
        assert words in report.text, report.text


def test_a_gradient_of_b_without_its_axis_is_told_with_what_it_would_do() -> None:
    report = said("trouble/rank_1.py", "flower")
    assert report.right
    told = "db1 is rank 1, (4,), expected (4, 1), so that b1 - alpha * db1 would be (4, 4): it was taken as that"
    assert told in report.text


def test_float32_is_told_and_judged_by_what_float32_can_do() -> None:
    report = said("trouble/float32.py", "flower", "subnormal", "breast_cancer")
    assert report.right, report.text
    assert "float64 went in, and float32 came back: half of the digits are lost on the way" in report.text


def test_what_is_wrong_behind_float32_is_told(tmp_path: Path) -> None:
    report = changed(tmp_path, "trouble/float32.py", ("dW1 = dZ1 @ X.T / m", "dW1 = dZ1 @ X.T / m / m"))
    assert not report.right
    assert "dW1 is exactly 1/m of what it should be: divided by m once too often" in report.text
    assert "float64 went in, and float32 came back" in report.text


def test_one_that_loops_for_ever_is_stopped() -> None:
    report = apart("trouble/loops.py", "flower", time_limit=2.0)
    assert not report.right
    assert "it does not answer. no answer within 2 s" in report.text
    assert "Is there a loop that does not end" in report.text


def test_one_that_prints_and_returns_a_matrix_for_a_cost_is_right_with_notes(capfd: pytest.CaptureFixture) -> None:
    report = said("trouble/wordy.py", "flower-2layer", "one_example-2layer", "many_outputs-2layer")
    assert report.right
    assert "J has shape (1, 1); a plain number is easier to use" in report.text
    assert "it prints, up to 400 lines a call; none of it is shown here" in report.text
    assert "right for one output; for several it is not (many_outputs-2layer: shape: J has shape (3, 3)" in report.text
    assert capfd.readouterr() == ("", "")


# ---------------------------------------------------------------- details of the contract


def solution(tmp_path: Path, text: str, name: str = "mine.py") -> str:
    path = tmp_path / name
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return str(path)


def changed(tmp_path: Path, student: str, *changes: tuple[str, str]) -> Report:
    """One of the solutions with a few words changed."""
    text = (STUDENTS / student).read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    name = solution(tmp_path, text, f"changed_{abs(hash(changes))}.py")
    found = examine(in_process(solution_of(name)), FLOWER, ("float64",), "mine.py")
    return Report(found.right, " ".join(found.text.split()))


def test_the_order_of_the_arguments_is_told_by_their_names(tmp_path: Path) -> None:
    assert changed(tmp_path, "right/two_layer.py", ("(parameters, X, Y)", "(X, Y, parameters)")).right


def test_gradients_may_bear_the_names_of_the_parameters(tmp_path: Path) -> None:
    text = (('{f"d{name}": tensor.grad', "{name: tensor.grad"),)
    pytest.importorskip("torch")
    assert changed(tmp_path, "right/with_torch.py", *text).right


def test_a_function_for_more_than_one_depth_has_to_work_with_three_layers(tmp_path: Path) -> None:
    report = changed(
        tmp_path,
        "right/deep.py",
        ("    m = X.shape[1]\n", "    m = X.shape[1]\n    assert len(caches) < 3, 'too deep'\n"),
    )
    assert not report.right
    assert "AssertionError: too deep It was given a network with 3 layers" in report.text


def test_two_layers_that_ignore_a_third_are_judged_on_two(tmp_path: Path) -> None:
    zeros = "{**{f'd{k}': 0 * v for k, v in parameters.items()}, "
    report = changed(tmp_path, "right/two_layer.py", ('return cost, {"dW1"', f'return cost, {zeros}"dW1"'))
    assert report.right
    assert "it is written for 2 layers" in report.text


def test_a_wrong_forward_pass_is_a_known_mistake_of_an_activation(tmp_path: Path) -> None:
    report = changed(tmp_path, "right/two_layer.py", ("1 / (1 + np.exp(-Z))", "1 / 1 + np.exp(-Z)"))
    assert not report.right
    assert "hidden tanh" in report.text
    assert "exactly those of `A = 1 / 1 + exp(-Z)`: the sigmoid lacks its parentheses" in report.text
    report = changed(tmp_path, "right/two_layer.py", ("X + b1", "X - b1"), ("A1 + b2", "A1 - b2"))
    assert not report.right
    assert "`Z minus b`" in report.text


def test_a_fit_that_is_wrong_is_told_by_its_step(tmp_path: Path) -> None:
    report = changed(tmp_path, "right/deep.py", ("array - alpha", "array + alpha"))
    assert not report.right
    assert "the steps of fit are not, from the first step on" in report.text
    assert "`alpha without sign`" in report.text
    assert "N5: W := W - α dW" in report.text


def test_a_fit_with_other_arguments_is_left_alone(tmp_path: Path) -> None:
    report = changed(tmp_path, "right/deep.py", ("def fit(parameters, X, Y, alpha, iterations)", "def fit(X, Y)"))
    assert report.right
    assert "your training loop was not checked" in report.text


def test_a_wrong_prediction_is_told(tmp_path: Path) -> None:
    report = changed(tmp_path, "right/deep.py", ("[0] > 0", "[0] > 0.5"))
    assert not report.right
    assert "predict" in report.text


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("pass", "it returns nothing (None): a return is missing"),
        ("return 1.0, 2.0", "it returns a float and a float, expected a number and the gradients"),
        ("return Y, {}", "J has shape (1, 400), expected one number"),
        ("return 'a', {'dW1': 1}", "J is an array of <U1, expected one of numbers"),
        ("return 1, {'dW1': parameters['W1'].T, 'db1': parameters['b1']}", "dW1 is transposed, (2, 1), expected (1,"),
        ("return 1.0, {}", "dW1, db1 did not come back; only nothing"),
        ("return parameters['W9'], {}", "it is written for another network"),
        ("return 1.0, ((1, 2, 3),)", "dW1, db1 did not come back; only"),
    ],
)  # fmt: skip
def test_what_comes_back_otherwise_is_named(tmp_path: Path, body: str, words: str) -> None:
    text = f"def cost_and_gradients(parameters, X, Y):\n    {body}\n"
    name = solution(tmp_path, text)
    found = examine(in_process(solution_of(name)), Wanted(("flower-logistic",)), ("float64",), "mine.py")
    assert not found.right
    assert words in " ".join(found.text.split())


# ---------------------------------------------------------------- the command line

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


def test_the_command_prints_the_report_and_ends_with_its_code(run: Run) -> None:
    code, out, _ = run("check", STUDENTS / "right/logistic.py:propagate", "--problem", "one_class")
    assert (code, "right: J and every gradient" in out) == (0, True)
    code, out, _ = run("check", STUDENTS / "wrong/numpy_sign.py", "--problem", "constant_features")
    assert (code, "`dZ = Y - A`" in out) == (1, True)


def test_a_wrong_request_is_one_line(run: Run, tmp_path: Path) -> None:
    solution(tmp_path, "def cost(parameters, X, Y:\n    pass\n", "broken.py")
    solution(tmp_path, "x = 1\n", "empty.py")
    solution(tmp_path, "def cost_and_gradients(X, Y):\n    pass\n", "two.py")
    solution(tmp_path, "raise RuntimeError('no licence')\n", "refuses.py")
    solution(tmp_path, "import sys\nsys.exit(3)\n", "leaves.py")
    several = "def sigmoid(Z): ...\ndef update(parameters, grads, alpha): ...\ndef propagate(w, b, X, Y): ...\n"
    solution(tmp_path, several, "several.py")
    named = STUDENTS / "trouble/named.py"
    for words, expected in (
        (("nowhere.py",), "nowhere.py: no such file; check the path"),
        (("broken.py",), "SyntaxError: '(' was never closed (broken.py, line 1)"),
        (("empty.py",), "empty.py: it has no function at all; expected cost_and_gradients(parameters, X, Y)"),
        (("two.py",), "two.py: it has cost_and_gradients: none computes a cost and its gradient; expected cost_and"),
        (("refuses.py",), "import: line 1 of refuses.py, `raise RuntimeError('no licence')`: RuntimeError: no licence"),
        (("leaves.py",), "import: line 2 of leaves.py, `sys.exit(3)`: it calls sys.exit, expected a file that can be"),
        (("mine.csv",), "mine.csv: data, expected a program, mine.py; data go with crosscheck compare --data"),
        ((f"{named}:backprop",), "named.py:backpropagation"),
        (("numpyy",), "no such file or module"),
        ((named, "--problem", "flour"), "no such problem here; did you mean flower"),
        ((named, "--loss", "entropy"), "--loss entropy: unknown"),
        ((named, "--output", "relu"), "--output relu: does not go with the loss cross_entropy, expected sigmoid"),
        ((named, "--activation", "swish"), "--activation swish: unknown; choose one of sigmoid, tanh, relu,"),
        ((named, "--time-limit", "0"), "--time-limit 0: expected seconds > 0"),
    ):  # fmt: skip
        code, out, err = run("check", *words)
        assert (code, out) == (2, ""), words
        said = err.partition("\n\n")[0]  # an adapter may follow
        assert len(set(said.splitlines()) - {"checking"}) == 1  # which is told where the import takes long
        assert expected in err


def test_help_teaches_the_contract(run: Run) -> None:
    code, out, _ = run("check", "--help")
    assert code == 0
    for words in (
        "def cost_and_gradients(parameters, X, Y):",
        '"dW1": dW1',
        "crosscheck check mine.py",
        "--activation",
    ):
        assert words in out


def test_a_whole_framework_is_compared(run: Run) -> None:
    code, out, _ = run("check", "tests.harness.outsiders.right", "--problem", "small_weights")
    assert code == 0
    assert "right tests.harness.outsiders.right" in out
    assert "1 comparisons over 1 problems: 1 agrees." in out


def test_a_dotted_module_with_a_function(run: Run) -> None:
    code, out, _ = run("check", "tests.harness.students.right.two_layer", "--problem", "flower-2layer")
    assert (code, "right: J" in out) == (0, True)


# ---------------------------------------------------------------- other people's packages and suites


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution, as pip would install it, that brings an implementation along."""
    folder = tmp_path / "somebodys-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: somebodys\nVersion: 1.0\n")
    path = "tests.harness.outsiders.right"
    (folder / "entry_points.txt").write_text(f"[crosscheck.implementations]\nsomebodys = {path}\ntorch = {path}\n")
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.usefixtures("installed")
def test_an_installed_implementation_is_listed_and_compared_by_name(run: Run) -> None:
    assert [str(each) for each in implementations(["somebodys"])] == ["tests.harness.outsiders.right/mine"]
    assert {each.framework for each in implementations(["torch"])} == {"torch"}  # ours stays ours
    code, out, _ = run("list")
    assert code == 0
    assert "somebodys tests.harness.outsiders.right" in " ".join(out.split())
    assert check.in_full("somebodys", 20.0) == ("tests.harness.outsiders.right", True)
    with pytest.raises(BadInput, match="did you mean somebodys"):
        implementations(["somebody"])


def test_the_fixture_says_nothing_of_a_right_one(crosscheck: Callable[..., None]) -> None:
    module = from_file(STUDENTS / "right/two_layer.py")
    crosscheck(module.cost_and_gradients, problems=["flower-2layer"])


def test_the_fixture_raises_the_report_of_a_wrong_one(crosscheck: Callable[..., None]) -> None:
    module = from_file(STUDENTS / "wrong/numpy_db_without_m.py")
    with pytest.raises(AssertionError, match="`db without 1/m`"):
        crosscheck(module.cost_and_gradients, problems=["flower-2layer"], activation="tanh")


MINE = """
import numpy as np


def cost_and_gradients(w, b, X, Y):
    A = 1 / (1 + np.exp(-(w.T @ X + b)))
    J = -np.mean(Y * np.log(A) + (1 - Y) * np.log(1 - A))
    return J, {"dw": X @ (A - Y).T / X.shape[1], "db": np.%s(A - Y)}

def test_mine(crosscheck):
    crosscheck(cost_and_gradients, problems=["constant_features"])
"""


@pytest.mark.parametrize("how", ["mean", "sum"])
def test_a_suite_of_the_users_own_asks_in_one_line(tmp_path: Path, how: str) -> None:
    """As after an installation: the plugin is found by its entry point, and costs no framework."""
    (tmp_path / "test_mine.py").write_text(MINE % how, encoding="utf-8")
    (tmp_path / "crosscheck-0.dist-info").mkdir()
    (tmp_path / "crosscheck-0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: crosscheck\nVersion: 0\n"
    )
    entry = "[pytest11]\ncrosscheck = crosscheck.testing.plugin\n"
    (tmp_path / "crosscheck-0.dist-info" / "entry_points.txt").write_text(entry)
    root = Path(__file__).parents[2]
    code = f"""
import sys
sys.path[:0] = [{str(root)!r}, {str(tmp_path)!r}]
import pytest
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-W", "error"]))
"""
    got = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert got.returncode == (how == "sum"), got.stdout + got.stderr
    assert ("exactly those of `db without 1/m`" in " ".join(got.stdout.split())) == (how == "sum")


def test_the_plugin_costs_nothing_to_load() -> None:
    code = "import sys, pytest; before = set(sys.modules); import crosscheck.testing.plugin"
    code += "; print(set(sys.modules) - before)"
    root = Path(__file__).parents[2]
    got = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert "numpy" not in got.stdout
    assert "crosscheck.grading.session" not in got.stdout


def test_what_is_a_solution_and_what_a_framework(tmp_path: Path) -> None:
    assert is_solution("mine.py")
    assert not is_solution("pkg.mine")
    with pytest.raises(BadInput, match=r"takes 1 argument, \(parameters\)"):
        check_function(lambda parameters: 0, FLOWER)
    with pytest.raises(BadInput, match="PARAMETERS is 'tuples', expected one of dictionary, layers"):
        solution_of(solution(tmp_path, "PARAMETERS = 'tuples'\n"))


# ---------------------------------------------------------------- a learner's own names, fit, and ends


PROPAGATE = """
import numpy as np


def propagate(w, b, X, Y):
    A = 1 / (1 + np.exp(-(w.T @ X + b)))
    J = -np.mean(Y * np.log(A) + (1 - Y) * np.log(1 - A))
    return {"dw": X @ (A - Y).T / X.shape[1], "db": np.mean(A - Y)}, J
"""


def propagated(tmp_path: Path, *changes: tuple[str, str], problems: tuple[str, ...] = ("flower",)) -> Report:
    """A logistic regression over w and b with a few words changed, and what it is told."""
    text = PROPAGATE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    name = solution(tmp_path, text, f"changed_{abs(hash(changes))}.py") + ":propagate"
    found = examine(in_process(solution_of(name)), Wanted(problems), ("float64",), "mine.py")
    return Report(found.right, " ".join(found.text.split()))


@settings(max_examples=10, deadline=None)
@given(feature=st.integers(0, 29))
def test_an_entry_bears_the_name_and_index_of_the_learners_own_array(
    tmp_path_factory: pytest.TempPathFactory, feature: int
) -> None:
    wrong = (('X.shape[1], "db"', f'X.shape[1] + 9 * (np.arange(len(X)) == {feature})[:, None], "db"'),)
    report = propagated(tmp_path_factory.mktemp("mine"), *wrong, problems=("breast_cancer",))
    assert f"right J, db wrong first dw[{feature}, 0]: yours is" in report.text
    assert "db is right: the mistake is in the line of dw" in report.text
    assert "dW1" not in report.text


def test_w_and_b_are_told_the_shapes_of_w_and_b(tmp_path: Path) -> None:
    report = propagated(tmp_path, ("w.T @ X", "w.T @ X @ X"))
    assert "It was given a network with 1 layer: X (2, 400), w (2, 1), b a number, Y (1, 400)." in report.text
    assert "W1" not in report.text
    report = propagated(tmp_path, ("np.mean(A - Y)", "A - Y"))
    assert "db has shape (1, 400), expected a number: the sum over the examples, over m" in report.text
    assert propagated(tmp_path, ('{"dw"', '(1, {"dw"'), ("(A - Y)}", "(A - Y)})")).right  # nested
    report = propagated(tmp_path)
    assert report.right
    assert re.search(r" J \S+ \S+ flower-logistic, float64 dw \S+ \S+ flower-logistic, float64 db ", report.text)


def test_a_nearest_mistake_leaves_right_what_is_right(tmp_path: Path) -> None:
    report = propagated(tmp_path, ("X @ (A - Y).T", "X @ (Y - A).T"))
    assert "right J, db wrong first dw[" in report.text
    assert "the cross-entropy" not in report.text
    assert "mistake dw is exactly -1 times what it should be" in report.text


def test_nan_may_come_of_many_things(tmp_path: Path) -> None:
    report = propagated(tmp_path, ("X.shape[1]", "X.shape[1] * np.nan"))
    assert (
        "dw is the first that has it, on flower-logistic, on every problem; it may come of log(0), 0/0" in report.text
    )


def test_a_fit_that_changes_what_it_is_given_is_told_so(tmp_path: Path) -> None:
    whole = 'parameters = {name: array - alpha * gradients[f"d{name}"] for name, array in parameters.items()}'
    each = 'for k in parameters: parameters[k] -= alpha * gradients[f"d{k}"]'
    report = changed(tmp_path, "right/deep.py", (whole, each))
    assert not report.right
    assert "wrong: fit changes what it is given: W1, b1, W2, b2" in report.text
    assert "Apart from that, right: J and every gradient" in report.text


@pytest.mark.parametrize("returned", ["", ", np.array(costs[::100])"])
def test_a_fit_that_tells_not_each_cost_is_judged_by_its_parameters(tmp_path: Path, returned: str) -> None:
    told = (", np.array(costs)", returned)
    report = changed(tmp_path, "right/deep.py", told)
    assert report.right
    assert "fit: W1" in report.text
    assert "fit: J" not in report.text
    assert "your training loop was not checked" not in report.text
    report = changed(tmp_path, "right/deep.py", told, ("array - alpha", "array + alpha"))
    assert not report.right
    assert "`alpha without sign`" in report.text


def test_a_predict_that_raises_is_told_so(tmp_path: Path) -> None:
    report = changed(tmp_path, "right/deep.py", ("[0] > 0", "[0] > missing"))
    assert not report.right
    assert "wrong: predict raises an error. line " in report.text
    assert "NameError: name 'missing' is not defined" in report.text
    assert "Apart from that, right: J and every gradient" in report.text


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("os._exit(5)", "the process ended by itself with exit code 5"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "the process was ended by SIGSEGV"),
    ],
)
def test_one_that_ends_its_process_is_told_how(tmp_path: Path, end: str, words: str) -> None:
    text = f"import os, signal\n\ndef cost_and_gradients(parameters, X, Y):\n    {end}\n"
    found = check_name(solution(tmp_path, text), Wanted(("flower-logistic",)), time_limit=60.0)
    assert not found.right
    assert f"wrong: it ends the process.\n  {words}" in found.text
    assert "loop" not in found.text


def test_an_import_that_never_ends_is_stopped_at_the_time_limit(run: Run, tmp_path: Path) -> None:
    solution(tmp_path, "import time\n\nwhile True:\n    time.sleep(1)\n")
    code, _, err = run("check", "mine.py", "--time-limit", "0.5")
    assert code == 2
    assert "check mine.py: no answer within 0.5 s for the import; stopped at the time limit" in err


def test_help_and_errors_name_the_same_activations_and_outputs(run: Run) -> None:
    _, out, _ = run("check", "--help")
    told = " ".join(out.split())
    mine = STUDENTS / "right/two_layer.py"
    for option, words, listed in (
        (("--activation", "swish"), "choose one of ", ", "),
        (("--output", "relu"), "expected ", " or "),
        (("--loss", "squared_error", "--output", "tanh"), "expected ", " or "),
    ):
        code, _, err = run("check", mine, *option)
        names = err.strip().rpartition(words)[2]
        assert code == 2
        assert listed.join(names.split(listed)) in told, names
    assert "step" not in told.partition("--activation")[2].partition("--loss")[0]


# ---------------------------------------------------------------- from Python


def test_a_function_is_checked_from_python() -> None:
    module = from_file(STUDENTS / "right/two_layer.py")
    result = crosscheck.check(module.cost_and_gradients, problems="flower-2layer", layers=(4,), activation=["tanh"])
    assert result.right
    assert str(result) == result.text
    assert repr(result) == "<Report right; print it to read it>"
    assert "right: J and every gradient" in result._repr_html_()


def test_a_notebooks_cell_has_no_file_and_is_told_its_line() -> None:
    cell = "def cost_and_gradients(parameters, X, Y):\n    return 1 / 0\n"
    namespace: dict[str, object] = {"__name__": "__main__"}
    exec(compile(cell, "<cell>", "exec"), namespace)
    result = crosscheck.check(namespace["cost_and_gradients"], problems=["flower-logistic"])  # type: ignore[arg-type]
    assert "line 2: ZeroDivisionError" in result.text


@pytest.mark.parametrize("ask", [crosscheck.check, plugin.crosscheck])
def test_what_cannot_be_asked_from_python_is_a_type_error(ask: Callable[..., object]) -> None:
    with pytest.raises(TypeError, match="None is no function, expected cost_and_gradients itself"):
        ask(None)
    with pytest.raises(TypeError, match=r"no option 'problem'; did you mean problems\? the options are problems, "):
        ask(lambda parameters, X, Y: None, problem="flower")


def test_the_package_costs_nothing_to_import() -> None:
    code = "import sys; before = set(sys.modules); import crosscheck; print(set(sys.modules) - before)"
    got = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "numpy" not in got.stdout
    assert "crosscheck.grading" not in got.stdout


# ---------------------------------------------------------------- the samples in the guides


def samples(name: str) -> list[str]:
    """Return what stands between the fences of a guide."""
    text = (Path(__file__).parents[2] / name).read_text(encoding="utf-8")
    return re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_the_samples_of_a_wrong_one_are_what_the_template_with_that_mistake_is_told(tmp_path: Path) -> None:
    template = Path(check.__file__).parents[1] / "testing/templates/function.py"
    mistaken = template.read_text(encoding="utf-8").replace("(1 - A1**2)", "(1 - A1)")
    name = solution(tmp_path, mistaken)
    text = examine(in_process(solution_of(name)), Wanted(), ("float64",), "mine.py", lines_of(name)).text
    assert f"$ crosscheck check mine.py\n{text}\n" in samples("harness/README.md")
    shorter = next(each for each in samples("README.md") if each.startswith("$ crosscheck check mine.py"))
    for line in shorter.splitlines()[1:]:  # a choice of the lines, some of them longer there
        assert " ".join(line.split()) in " ".join(text.split())
