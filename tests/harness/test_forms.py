"""`crosscheck check`: what people write, in many forms, is read as what it is, and gets its verdict."""

import json
import sys
from pathlib import Path

import crosscheck
import numpy as np
import pytest
from crosscheck.grading.forms.layout import LAYOUTS
from crosscheck.grading.forms.packing import Way, packed, unpacked
from crosscheck.grading.forms.recognise import PACKINGS
from crosscheck.grading.forms.returned import ORDERS, leaves_of, read
from crosscheck.grading.forms.trial import Settings, question
from crosscheck.grading.load import solution_of
from crosscheck.grading.probe import Wanted
from crosscheck.grading.session import Report, check_name, examine, in_process
from crosscheck.grading.solution import ROWS, VARIANT
from crosscheck.grading.sources.place import place_of, whole_name
from crosscheck.grading.sources.prune import prune
from crosscheck.grading.sources.texts import plain
from crosscheck.grading.sources.texts import read as read_text
from crosscheck_impls.interface import BadInput
from hypothesis import given, settings
from hypothesis import strategies as st

FORMS = Path(__file__).parent / "students" / "forms"


def said(name: str, *problems: str, rows: bool = False) -> Report:
    """Check a program in this process, on few problems; the report on one line."""
    wanted = Wanted(problems or ("flower",), rows=rows)
    found = examine(in_process(solution_of(name), ROWS if rows else VARIANT), wanted, ("float64",), "mine")
    return Report(found.right, " ".join(found.text.split()))


# right or not, what it is read as, and what else is told of it
READ = {
    "course_planar.py": (True,
                         "forward_propagation, compute_cost, backward_propagation over a dictionary W1, b1, ...; 2"),
    "course_deep.py": (True,
                       "L_model_forward, compute_cost, L_model_backward over a dictionary W1, b1, ...; 1, 2 and 3",
                       "dnn_utils_v2 is not here: the course's relu, relu_backward, sigmoid, sigmoid_back"),
    "propagate.ipynb": (True, "propagate over w and b; logistic regression",
                        "not Python, so left out: line 1 of cell 8 of propagate.ipynb"),
    "five_values.py": (False, "forward, cost, backward over a dictionary W1, b1, ...; 2 layers, hidden relu",
                       "right J, dW1, db1, db2"),
    "flat_arguments.py": (True, "loss_and_grads over arrays W1, b1, ...; 2 layers, hidden sigmoid"),
    "rows_lists.py": (True, "nn_grads over lists of W and b, examples as rows; 1, 2 and 3 layers, hidden sigmoid"),
    "logistic_vectors.py": (True, "compute_cost and compute_gradient over w and b, examples as rows, w (n_x,), Y (m,)"),
    "nested_answer.py": (True, "step over a dictionary W1, b1, ...; 2 layers, hidden tanh",
                         'grads["layer1"]["db"] is rank 1, (4,), expected (4, 1), so that b - alpha * db would',
                         'grads["layer2"]["db"] is a number, expected (1, 1): it was taken as that'),
    "turned_gradient.py": (False, "grads over arrays W1, b1, ...; 2 layers, hidden tanh",
                           "dW1 is transposed, (2, 4), expected (4, 2)", "Apart from that, right:"),
    "no_cost.py": (False, "forward_prop and back_prop over a dictionary W1, b1, ...; 2 layers",
                   "right dW2, db2 wrong first dW1", "no cost of yours was checked", "`tanh' = 1 - A`"),
    "lower_keys.py": (True, "run_network over a dictionary W1, b1, ..., examples as rows; 2 layers, hidden sigmoid"),
    "script.py": (True, "model_loss over a tuple of (W, b); 2 layers, hidden tanh"),
    "folder/": (False,
                "feedforward, cost, backprop over lists of W and b; 1, 2 and 3 layers, hidden sigmoid", "right J"),
    "closed.py:leaky": (True, "value_and_slopes over a list W1, b1, ...; 2 layers, hidden leaky_relu"),
    "closed.py:as_lambda": (True, "<lambda> over a list W1, b1, ...; 2 layers, hidden relu"),
    "closed.py:part": (True, "general over a list W1, b1, ...; 2 layers, hidden leaky_relu"),
    "class_forward_backward.py": (True,
                                  "class NeuralNetwork, forward, compute_loss, backward, its weights attributes; 1, 2"),
    "class_layers.py": (False,
                        "class MLP, forward, loss, backward, its weights attributes, examples as rows; 1, 2 and 3",
                        "right J, dW1"),
    "class_attributes.py": (True,
                            "class TwoLayerNet, loss_and_grads, its weights attributes, examples as rows; 2 layers"),
    "class_fit.py": (True,
                     "class Net, fit, which updates its weights: judged by its steps; 1, 2 and 3 layers, hidden tanh",
                     "right: every step of your training lies within", "fit: J"),
    "class_train_wrong.py": (False,
                             "class Model, train_step, which updates its weights: judged by its steps, examples as",
                             "training the steps of W1, b1, W2 and b2: your numbers are exactly those of `dZ[L]",
                             "wrong first fit: W"),
    "gradient_descent.py": (True,
                            "gradient_descent, which trains and returns no gradient: judged by its steps", "fit: J"),
    "sklearn_like.py": (True,
                        "class Classifier, fit, which updates its weights: judged by its steps, examples as rows"),
    "list_of_dictionaries.py": (True, 'forward, bce, backward over a list of dictionaries "W", "b"; 1, 2 and 3 layers'),
    "over_theta.py": (True, "costFunction over theta = (b, w), examples as rows, X with a column of ones; logistic"),
    "layer_objects.py": (True, "class Network, __call__, cost, backprop, its weights attributes; 1, 2 and 3 layers"),
    "backward_updates.py": (True, "class NN, forward, backward, which updates its weights: judged by its steps; 2"),
    "zero_start.py": (True, "class LogisticRegression, fit, which updates its weights: judged by its steps"),
    "self_starting.py": (True, "model, which trains and returns no gradient: judged by its steps; 2 layers"),
    "one_step.py": (True, "step, which trains and returns no gradient: judged by its steps"),
}  # fmt: skip
WITH_TORCH = {
    "torch_arrays.py": (True, "cost over arrays W1, b1, ..., differentiated by PyTorch; 2 layers, hidden tanh"),
    "torch_module.py": (True,
                        "Net, a torch.nn.Module, its outputs probabilities, cost and gradient by autodiff, examples"),
    "torch_sequential.py": (True, "Sequential, a torch.nn.Module, its outputs logits, cost and gradient by autodiff"),
    "torch_loss.py": (False, "loss over a dictionary W1, b1, ..., differentiated by PyTorch; 2 layers"),
}  # fmt: skip
WITH_JAX = {
    "jax_loss.py": (True, "loss_fn over a tuple of (W, b), differentiated by JAX, examples as rows; 1, 2 and 3 layers"),
    "jax_pytree.py": (True,
                      "MLP, a tree of JAX arrays, its outputs logits, cost and gradient by autodiff, examples as rows"),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_what_people_write_is_read_as_what_it_is(name: str) -> None:
    right, reading, *more = READ[name]
    report = said(f"{FORMS}/{name}")
    assert report.right == right, report.text
    for words in (f"read as {reading}", *more):
        assert words in report.text


@pytest.mark.parametrize("name", WITH_TORCH)
def test_pytorch_differentiates_for_itself(name: str) -> None:
    pytest.importorskip("torch")
    right, reading = WITH_TORCH[name]
    report = said(f"{FORMS}/{name}")
    assert (report.right, f"read as {reading}" in report.text) == (right, True), report.text


@pytest.mark.parametrize("name", WITH_JAX)
def test_jax_differentiates_for_itself(name: str) -> None:
    """In a process of its own: x64 is a switch of the process."""
    pytest.importorskip("jax")
    right, reading = WITH_JAX[name]
    found = check_name(f"{FORMS}/{name}", Wanted(("flower-2layer",)), time_limit=60.0)
    assert (found.right, f"read as {reading[:50]}" in " ".join(found.text.split())) == (right, True), found.text


# ---------------------------------------------------------------- what is no form


def test_what_cannot_be_judged_is_told_why() -> None:
    with pytest.raises(BadInput, match="nearest to feedforward and backprop, but it has weights and no biases"):
        said(f"{FORMS}/class_train.py")


def test_training_that_draws_its_own_weights_is_told_so() -> None:
    with pytest.raises(BadInput, match="nearest to fit, but fit draws its own initial weights"):
        said(f"{FORMS}/random_start.py")


def test_scikit_learns_own_estimators_are_told_why(tmp_path: Path) -> None:
    text = "from sklearn.linear_model import LogisticRegression\nmodel = LogisticRegression()\n"
    (tmp_path / "own.py").write_text(text)
    with pytest.raises(BadInput, match="model: scikit-learn draws its initial weights itself"):
        solution_of(f"{tmp_path}/own.py")


def test_the_error_shows_the_functions_and_an_adapter_that_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from crosscheck.cli.main import main

    monkeypatch.chdir(tmp_path)
    odd = "def my_forward(inputs, thing):\n    return 1\n\n\ndef my_cost(thing, other): ...\n"
    (tmp_path / "odd.py").write_text(odd)

    def run(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["crosscheck", "check", *words])
        with pytest.raises(SystemExit) as stop:
            main()
        told = capsys.readouterr()
        return int(stop.value.code or 0), told.out + told.err

    code, told = run("odd.py")
    assert code == 2
    for words in ("found: my_forward(inputs, thing)", "from odd import my_forward, my_cost", "def cost_and_gradients("):
        assert words in told
    assert "AL, cache = my_forward(X, thing=...)" in told
    assert run("odd.py", "--adapter", "mine.py")[0] == 0
    assert "from odd import my_forward, my_cost" in (tmp_path / "mine.py").read_text()
    code, told = run("odd.py", "--adapter", "mine.py")
    assert (code, "mine.py: is there already" in told) == (2, True)


def test_a_function_that_does_everything_alone_is_taken_before_three_that_are_wrong(tmp_path: Path) -> None:
    """If one reading is right in all its numbers, that is the one."""
    text = (FORMS / "no_cost.py").read_text() + (FORMS / "flat_arguments.py").read_text()
    (tmp_path / "both.py").write_text(text)
    report = said(f"{tmp_path}/both.py")
    assert report.right
    assert "read as loss_and_grads" in report.text


# ---------------------------------------------------------------- examples as rows, said and found


def test_rows_may_be_said() -> None:
    assert said(f"{FORMS}/rows_lists.py", rows=True).right
    assert not said(f"{FORMS}/flat_arguments.py", rows=True).right


# ---------------------------------------------------------------- sources


def test_a_notebook_loses_its_magics_and_keeps_its_lines() -> None:
    assert plain("%matplotlib inline\n!ls\nx = 1") == "pass\npass\nx = 1"
    assert plain("%%time\nx = 1") == "\nx = 1"
    assert plain("%%bash\nls") == ""
    assert plain("print('%d'\n      % 3)") == "print('%d'\n      % 3)"


def test_an_old_notebook_is_read_too(tmp_path: Path) -> None:
    cell = {"cell_type": "code", "input": ["x = 1\n", "y = 2"]}
    (tmp_path / "old.ipynb").write_text(json.dumps({"worksheets": [{"cells": [cell]}]}))
    assert [part.text for part in read_text(tmp_path / "old.ipynb")] == ["x = 1\ny = 2"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"cells": 3}', "\x00", '{"cells": [3]}', '{"cells": [{}]}'])
def test_what_is_no_notebook_is_one_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.ipynb").write_text(text)
    with pytest.raises(BadInput):
        solution_of(f"{tmp_path}/a.ipynb")


def test_an_error_in_a_cell_names_the_cell(tmp_path: Path) -> None:
    source = "def propagate(w, b, X, Y):\n    return 1 / 0"
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": [{"cell_type": "code", "source": source}]}))
    report = said(f"{tmp_path}/a.ipynb", "one_class")
    assert "line 2 of cell 1 of a.ipynb, `return 1 / 0`: ZeroDivisionError" in report.text


PROGRAM = """
import numpy as np, os
N = 4
TABLE = {"relu": max}
data = open("nowhere").read()
model = train(data)
net = Net(2)
fast = jit(f)
used = N * 2
def f(x): return x * used
class Net: ...
print(data); assert data
for i in range(9): f(i)
if __name__ == "__main__":
    def g(): ...
    f(1)
"""


def test_only_imports_constants_and_definitions_are_kept() -> None:
    import ast

    kept, left_out = prune([("a", ast.parse(PROGRAM))])
    names = [ast.unparse(each.statement).splitlines()[0].split("(")[0] for each in kept]
    assert names == [
        "N = 4",
        "TABLE = {'relu': max}",
        "net = Net",
        "fast = jit",
        "used = N * 2",
        "def f",
        "class Net:",
        "def g",
    ]
    assert left_out == 5


def test_a_name_of_several_files_and_a_folder() -> None:
    folder = str(FORMS / "folder")
    assert [path.name for path in place_of(whole_name([folder])).files] == ["activations.py", "network.py"]
    both = whole_name([f"{folder}/network.py", f"{folder}/activations.py"])
    assert not said(both).right
    with pytest.raises(BadInput, match="several of them"):
        whole_name(["a.py", "b.py:f"])


def test_what_is_missing_is_told_where_it_is_used(tmp_path: Path) -> None:
    text = "from dnn_layers import forward_all\ndef propagate(w, b, X, Y):\n    return forward_all(w, b, X, Y)\n"
    (tmp_path / "a.py").write_text(text)
    report = said(f"{tmp_path}/a.py", "one_class")
    assert "forward_all comes from dnn_layers, which is not here" in report.text


# ---------------------------------------------------------------- from Python


def test_closures_lambdas_classes_and_objects_are_checked_from_python() -> None:
    slope = 0.01
    scope: dict[str, object] = {}
    exec((FORMS / "closed.py").read_text(), scope)
    made = scope["made"]
    asked = {"problems": "flower-2layer"}
    assert crosscheck.check(made(slope), **asked).right  # type: ignore[operator]
    assert crosscheck.check(lambda params, X, Y: made(slope)(params, X, Y), **asked).right  # type: ignore[operator]
    exec((FORMS / "class_attributes.py").read_text(), scope)
    kind = scope["TwoLayerNet"]
    assert crosscheck.check(kind, **asked).right  # type: ignore[arg-type]
    assert crosscheck.check(kind(2, 4, 1), **asked).right  # type: ignore[operator]


# ---------------------------------------------------------------- laws


@settings(max_examples=60, deadline=None)
@given(
    layout=st.sampled_from(LAYOUTS), packing=st.sampled_from(PACKINGS), depth=st.sampled_from([1, 2, 3]), data=st.data()
)
def test_what_is_packed_comes_back_as_it_was(layout, packing, depth, data) -> None:  # type: ignore[no-untyped-def]
    """In every layout, packing and order of what is returned, the gradients are those that were given."""
    params, X, Y = question(depth, Settings())
    network = Settings().network(depth, "tanh")
    way = Way(layout, packing)
    inside = way.environment(network, params, X, Y)
    assert not way.changed(inside, params, X, Y)
    pairs = unpacked(packing, packed(packing, layout.given(params)), depth)
    order = data.draw(st.sampled_from(ORDERS))
    layers = range(depth)[::-1] if "backward" in order else range(depth)
    if order.startswith("apart"):
        arrays = [*(pairs[l][0] for l in layers), *(pairs[l][1] for l in layers)]
    else:
        arrays = [array for l in layers for array in pairs[l]]
    returned = (1.5, arrays) if data.draw(st.booleans()) else (arrays, 1.5)
    if depth == 1:
        returned = (1.5, {"dw": pairs[0][0], "db": pairs[0][1]})
    reading = read(leaves_of(len, returned), network, layout, order, returned, True)
    assert reading.J == 1.5
    assert not reading.conversions
    for got, right in zip(reading.gradient, params, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(got, right, strict=True))


LOGISTIC = """
import numpy as np

def grads_of(params, X, Y):
    W, b = params["W1"], params["b1"]
    A = 1 / (1 + np.exp(-(W @ X + b)))
    J = -np.mean(Y * np.log(A) + (1 - Y) * np.log(1 - A))
    return J, {"dW1": (A - Y) @ X.T / X.shape[1], "db1": (A - Y).mean(axis=1, keepdims=True)}
"""
LOOP = (
    "    p = {k: v.copy() for k, v in params.items()}\n    for t in range(epochs):\n        J, g = grads_of(p, X, Y)\n"
)
UPDATE = "        p = {k: p[k] - lr * g['d' + k] for k in p}\n"


def beside(tmp_path: Path, *parts: str) -> Report:
    """Check logistic regression with something beside it."""
    path = tmp_path / "mine.py"
    path.write_text(LOGISTIC + "".join(parts), encoding="utf-8")
    return said(str(path), "flower-logistic", "one_class-logistic")


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("def fit(params, X, Y, lr=0.1, epochs=5):\n", "    return p\n"),
        ("def fit(X, Y, params, epochs, lr):\n    history = []\n", "    return {'history': [], 'weights': p}\n"),
        ("def train(params, X, Y, epochs=3, lr=0.1, verbose=False):\n", "    return p['W1'], p['b1'], J\n"),
        ("def train(params, X, Y, epochs, lr):\n", "    params.update(p)\n"),
    ],
)
@pytest.mark.parametrize("sign", ["-", "+"])
def test_a_training_loop_of_any_signature_is_judged_by_what_it_leaves(
    tmp_path: Path, start: str, end: str, sign: str
) -> None:
    found = beside(tmp_path, start, LOOP, UPDATE.replace("-", sign), end)
    assert found.right is (sign == "-"), found.text
    assert "fit: W1" in found.text
    assert "your training loop was not checked" not in found.text


def test_a_training_loop_that_leaves_no_parameters_is_a_note(tmp_path: Path) -> None:
    found = beside(tmp_path, "def fit(params, X, Y, lr, epochs):\n", LOOP, UPDATE, "    return [J]\n")
    assert found.right
    assert "your training loop was not checked: fit: it returns" in found.text


@pytest.mark.parametrize("arguments", ["X, params", "params, X, threshold=0.5", "X, params, cutoff"])
def test_a_prediction_is_asked_by_the_names_of_its_arguments(tmp_path: Path, arguments: str) -> None:
    for sign, right in ((">", True), (">=", True), ("<", False)):
        found = beside(
            tmp_path, f"def predict({arguments}):\n    return (params['W1'] @ X + params['b1'] {sign} 0).astype(int)\n"
        )
        assert found.right is right, found.text
        assert ("your class at exactly 0.5 is 1, which is a convention" in found.text) == (sign == ">=")


def test_probabilities_are_no_labels_and_a_note(tmp_path: Path) -> None:
    found = beside(tmp_path, "def predict(params, X):\n    return 1 / (1 + np.exp(-params['W1'] @ X))\n")
    assert found.right
    assert "your predictions were not checked: predict: it returns" in found.text


@pytest.mark.parametrize(
    "text",
    [
        'def cost_and_gradients(p, X, Y):\n    w, b = p["w"], p["b"]\n    A = s(w.T @ X + b)\n'
        '    return j(A, Y), {"dw": X @ (A - Y).T / X.shape[1], "db": np.mean(A - Y)}\n',
        "def log_loss(theta, bias, X, y):\n    return j(s(X @ theta + bias), y)\n"
        "def gradient(theta, bias, X, y):\n    e = s(X @ theta + bias) - y\n    return X.T @ e / len(X), e.mean()\n",
        "def vorwaerts(X, W1, b1):\n    A1 = s(W1 @ X + b1)\n    return A1\n"
        "def kosten(A1, Y):\n    return j(A1, Y)\n"
        "def rueckwaerts(X, Y, W1, b1):\n    dZ1 = s(W1 @ X + b1) - Y\n"
        "    dW1, db1 = dZ1 @ X.T / X.shape[1], dZ1.mean(axis=1, keepdims=True)\n    return dW1, db1\n",
        "def gradients(params, X, Y):\n    e = s(params['W1'] @ X + params['b1']) - Y\n"
        "    return {'dW1': e @ X.T / X.shape[1], 'db1': e.mean(axis=1)}\n"
        "def cost(params, X, Y):\n    return j(s(params['W1'] @ X + params['b1']), Y)\n",
    ],
)
def test_one_dictionary_of_w_and_b_a_bias_beside_theta_and_names_in_german(tmp_path: Path, text: str) -> None:
    before = (
        "import numpy as np\ndef s(z):\n    return 1 / (1 + np.exp(-z))\n"
        "def j(A, Y):\n    return -np.mean(Y * np.log(A) + (1 - Y) * np.log(1 - A))\n"
    )
    path = tmp_path / "mine.py"
    path.write_text(before + text, encoding="utf-8")
    found = check_name(str(path), Wanted(("flower-logistic",)))
    assert found.right, found.text


def test_all_parameters_may_be_one_vector(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "import numpy as np\ndef objective(theta, X, Y, n_h):\n    m, n = X.shape\n    k = n * n_h\n"
        "    W1, b1 = theta[:k].reshape(n, n_h), theta[k:k + n_h]\n"
        "    W2, b2 = theta[k + n_h:-1].reshape(n_h, 1), theta[-1:]\n"
        "    A1 = np.tanh(X @ W1 + b1)\n    A2 = 1 / (1 + np.exp(-(A1 @ W2 + b2)))\n"
        "    J = -np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / m\n    e = (A2 - Y) / m\n"
        "    d = e @ W2.T * (1 - A1 ** 2)\n"
        "    return J, np.concatenate([(X.T @ d).ravel(), d.sum(0), (A1.T @ e).ravel(), e.sum(0)])\n",
        encoding="utf-8",
    )
    found = said(str(path), "flower")
    assert found.right, found.text
    assert "read as objective over one vector of W1, b1, ..., examples as rows; 2 layers, hidden tanh" in found.text
