"""`crosscheck check`: programs in a shape of their own, as people write them, and what can go wrong around one."""

import re
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from crosscheck.core.failures import Failure, Kind, Stage, Verdict
from crosscheck.core.records import Comparison, Tensor
from crosscheck.grading.forms.calling import Caller
from crosscheck.grading.forms.functions import closed_over
from crosscheck.grading.forms.layout import LAYOUTS
from crosscheck.grading.forms.roles import switched_off
from crosscheck.grading.forms.source import squares_errors
from crosscheck.grading.forms.template import templates
from crosscheck.grading.forms.weights import built
from crosscheck.grading.hints import Result, notices
from crosscheck.grading.load import solution_of
from crosscheck.grading.notes import Notes
from crosscheck.grading.probe import Function, How, Wanted
from crosscheck.grading.session import Report, check_name, examine, in_process
from crosscheck.grading.solution import VARIANT
from crosscheck.grading.sources.module import load_program
from crosscheck.grading.sources.prune import prune
from crosscheck.grading.sources.texts import read as read_text
from crosscheck.judge.attribution import Explanation
from crosscheck.judge.causes import Noisy
from crosscheck.judge.verdict import Row
from crosscheck.mutation.mutants import MUTANTS
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import SPECS, build
from crosscheck_impls.interface import Network
from hypothesis import given, settings
from hypothesis import strategies as st

STYLES = Path(__file__).parent / "students" / "styles"
HEAD = "import numpy as np\ndef s(z):\n    return 1 / (1 + np.exp(-z))\n"


def said(name: object, *problems: str) -> Report:
    """Check a program in this process; the report on one line."""
    wanted = Wanted(problems or ("flower",))
    found = examine(in_process(solution_of(str(name)), VARIANT), wanted, ("float64",), str(name))
    return found._replace(text=" ".join(found.text.split()))


def program(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(HEAD + text, encoding="utf-8")
    return path


READ = {
    "keras_like.py": (True, "class Sequential, fit, which updates its weights: judged by its steps, examples as rows"),
    "closures.py": (True, "make_loss over a tuple of (W, b); 2 layers, hidden relu"),
    "folded.py": (True, "cost_function over weights with the bias as a column, examples as rows; 2 layers"),
    "train_only.py": (False, "`W updated before dA`"),
    "week3.ipynb": (False, "`alpha without sign`"),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_a_style_that_is_no_form_of_the_course_is_read(name: str) -> None:
    right, words = READ[name]
    found = said(STYLES / name)
    assert found.right is right, found.text
    assert words in found.text


def test_a_network_that_a_function_makes_is_differentiated() -> None:
    pytest.importorskip("torch")
    found = said(STYLES / "torch_loop.py")
    assert found.right, found.text
    assert "a torch.nn.Module, its outputs logits" in found.text


def test_the_bias_in_the_weights_may_be_wrong_too(tmp_path: Path) -> None:
    text = (STYLES / "folded.py").read_text(encoding="utf-8").replace(")[:, 1:] *", ")[:, :-1] *")
    path = tmp_path / "mine.py"
    path.write_text(text, encoding="utf-8")
    found = said(path)
    assert not found.right
    assert "right J, dW2, db2" in found.text


LAYERS = """
class Dense:
    def __init__(self, n_in, n_out):
        self.weights, self.bias = np.random.randn(n_out, n_in), np.zeros((n_out, 1))
    def forward(self, x):
        self.x = x
        return self.weights @ x + self.bias
    def backward(self, grad, lr):
        back = self.weights.T @ grad
        self.weights -= lr * grad @ self.x.T
        self.bias -= lr * grad.sum(axis=1, keepdims=True)
        return back
class Tanh:
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y
    def backward(self, grad, lr):
        return grad * (1 - self.y ** 2)
class Sigmoid:
    def forward(self, x):
        self.y = s(x)
        return self.y
    def backward(self, grad, lr):
        return grad * self.y * (1 - self.y)
def train(network, x, y, epochs=10, learning_rate=0.1):
    for _ in range(epochs):
        out = x
        for layer in network:
            out = layer.forward(out)
        grad = ((1 - y) / (1 - out) - y / out) / y.shape[1]
        for layer in reversed(network):
            grad = layer.backward(grad, learning_rate)
"""


@pytest.mark.parametrize(("planted", "right"), [("", True), (" / y.shape[1]", False)])
def test_a_list_of_layers_is_made_of_the_programs_own(tmp_path: Path, planted: str, right: bool) -> None:
    found = said(program(tmp_path, LAYERS.replace(planted or "\0", "")))
    assert found.right is right, found.text
    assert "read as train, which trains and returns no gradient: judged by its steps; 1, 2 and 3 layers" in found.text


ESTIMATOR = """
class Mine:
    def __init__(self, hidden_layer_sizes=(10,), learning_rate_init=0.1, max_iter=200, {more}):
        self.hidden_layer_sizes, self.learning_rate_init = hidden_layer_sizes, learning_rate_init
        self.max_iter = max_iter
    def _init_weights(self, n):
        sizes = [n, *self.hidden_layer_sizes, 1]
        self.coefs_ = [np.random.randn(a, b) for a, b in zip(sizes, sizes[1:])]
        self.intercepts_ = [np.zeros(b) for b in sizes[1:]]
    def fit(self, X, y):
        self._init_weights(X.shape[1])
        for _ in range(self.max_iter{less}):
            A = [X]
            for W, b in zip(self.coefs_, self.intercepts_):
                A.append(s(A[-1] @ W + b))
            d = (A[-1] - y.reshape(-1, 1)) / len(X)
            for l in reversed(range(len(self.coefs_))):
                dW, db, W = A[l].T @ d, d.sum(axis=0), self.coefs_[l]
                d = d @ W.T * A[l] * (1 - A[l])
                self.coefs_[l] = W - self.learning_rate_init * dW
                self.intercepts_[l] = self.intercepts_[l] - self.learning_rate_init * db
        return self
"""


@pytest.mark.parametrize(("less", "right"), [("", True), (" - 1", False)])
def test_an_estimator_may_draw_its_weights_in_a_method(tmp_path: Path, less: str, right: bool) -> None:
    found = said(program(tmp_path, ESTIMATOR.format(less=less, more="alpha_l2=0")))
    assert found.right is right, found.text
    assert "class Mine, fit, which updates its weights: judged by its steps, examples as rows" in found.text
    assert "hidden sigmoid (found by its steps)" in found.text


SQUARED = """
class Net:
    def __init__(self, n_in, n_hidden, n_out=1):
        self.syn0, self.syn1 = np.random.randn(n_in, n_hidden), np.random.randn(n_hidden, n_out)
        self.bias0, self.bias1 = np.zeros(n_hidden), np.zeros(n_out)
    def train(self, X, y, iterations=1, alpha=1.0):
        for _ in range(iterations):
            l1 = s(X @ self.syn0 + self.bias0)
            l2 = s(l1 @ self.syn1 + self.bias1)
            d2 = (y - l2) * l2 * (1 - l2) / len(X)
            d1 = d2 @ self.syn1.T * l1 * (1 - l1)
            self.syn1 += alpha * l1.T @ d2
            self.bias1 += alpha * d2.sum(axis=0)
            self.syn0 += alpha * X.T @ d1
            self.bias0 += alpha * d1.sum(axis=0)
"""


TWO_LISTS = """
class Net:
    def __init__(self, sizes, lr=0.5):
        n_x, n_h, n_y = sizes
        self.lr = lr
        self.weights = [np.random.randn(n_h, n_x), np.random.randn(n_y, n_h)]
        self.biases = [np.zeros((n_h, 1)), np.zeros((n_y, 1))]
    def train(self, X, Y, epochs=1):
        for _ in range(epochs):
            H = np.tanh(self.weights[0] @ X + self.biases[0])
            E = (s(self.weights[1] @ H + self.biases[1]) - Y) / X.shape[1]
            D = (self.weights[1].T @ E) * (1 - H ** 2)
            self.weights[1] -= self.lr * E @ H.T
            self.biases[1] -= self.lr * E.sum(axis=1, keepdims=True)
            self.weights[0] -= self.lr * D @ X.T
            self.biases[0] -= self.lr * D.sum(axis=1, keepdims=True)
"""


def test_weights_and_biases_may_lie_in_a_list_each(tmp_path: Path) -> None:
    found = said(program(tmp_path, TWO_LISTS))
    assert found.right, found.text
    assert "class Net, train, which updates its weights" in found.text


def test_steps_of_the_squared_error_are_told_and_judged_as_such_where_it_is_in_the_text(tmp_path: Path) -> None:
    without = said(program(tmp_path, SQUARED))
    assert not without.right
    assert "its steps are those of the squared error; where that is meant, say --loss squared_error" in without.text
    found = said(program(tmp_path, SQUARED + "    def loss(self, A, y):\n        return np.mean((A - y) ** 2) / 2\n"))
    assert found.right, found.text
    assert "hidden sigmoid (found by its steps); squared error of sigmoid outputs" in found.text


@pytest.mark.parametrize(("text", "squared"), [("a = np.square(A - Y)", True), ("d = 1 - A ** 2", False), ("(", False)])
def test_a_squared_error_is_seen_in_the_text(text: str, squared: bool) -> None:
    assert squares_errors(text) is squared


def test_a_tree_of_jax_modules_is_built_again() -> None:
    """In a process of its own: x64 is a switch of the process."""
    pytest.importorskip("jax")
    path = Path(__file__).parent.parent / "corpus" / "classes" / "jax_module_pytree.py"
    found = check_name(str(path), Wanted(("flower-2layer",)), time_limit=60.0)
    assert found.right, found.text
    assert "loss over what MLP.init returns, differentiated by JAX" in " ".join(found.text.split())


def test_a_tensor_that_autodiff_cannot_reach_is_0_and_the_rest_is_judged() -> None:
    pytest.importorskip("torch")
    found = said(Path(__file__).parent.parent / "corpus" / "classes" / "torch_raw_tensors.py")
    assert not found.right
    assert "right J, dW2, db2" in found.text
    assert "dW1 is 0, with None for its .grad, because autograd does not reach W1 from J (detach()," in found.text
    assert "depend" not in found.text  # J depends on W1, of which autograd does not know
    assert "dW3" not in found.text


UPDATE = """
def gradients(W1, b1, W2, b2, X, Y):
    A = np.tanh(W1 @ X + b1)
    d = (s(W2 @ A + b2) - Y) / Y.shape[1]
    e = W2.T @ d * (1 - A ** 2)
    dW1, db1, dW2, db2 = e @ X.T, e.sum(1, keepdims=True), d @ A.T, d.sum(1, keepdims=True)
    return dW1, db1, dW2, db2
def cost(W1, b1, W2, b2, X, Y):
    A = s(W2 @ np.tanh(W1 @ X + b1) + b2)
    return -np.mean(Y * np.log(A) + (1 - Y) * np.log(1 - A))
def step(W1, b1, W2, b2, dW1, db1, dW2, db2, lr):
    return W1 - lr * dW1, b1 - lr * db1, W2 {sign} lr * dW2, b2 - lr * db2
"""


@pytest.mark.parametrize("sign", ["-", "+", "- 2 *"])
def test_an_update_over_arrays_is_judged_by_its_steps(tmp_path: Path, sign: str) -> None:
    found = said(program(tmp_path, UPDATE.format(sign=sign)))
    assert found.right is (sign == "-"), found.text
    assert "fit: W2" in found.text
    assert "your training loop was not checked" not in found.text


def test_what_is_given_for_a_penalty_is_told(tmp_path: Path) -> None:
    text = (
        "def propagate(w, b, X, Y, lambd, keep_prob=0.5):\n    A, m = s(w.T @ X + b), X.shape[1]\n"
        "    J = -np.mean(Y * np.log(A) + (1 - Y) * np.log(1 - A)) + lambd * np.sum(w * w) / (2 * m)\n"
        "    return {'dw': (X @ (A - Y).T + lambd * w) / m, 'db': np.mean(A - Y)}, J\n"
    )
    found = said(program(tmp_path, text), "flower-logistic")
    assert found.right, found.text
    assert "lambd: 0 was given, the notes' cost has no penalty" in found.text
    assert "keep_prob: 1 was given, the notes have no dropout" in found.text
    assert switched_off([lambda X, momentum=0, reg=None: 0]) == []


def test_a_class_is_made_without_its_penalty() -> None:
    def net(n_x: int, n_h: int, n_y: int, l2: float = 0.1, keep_prob: float = 0.5, dropout: None = None) -> None: ...

    given = built(net, Network.of((3, 4, 1)), None, None)
    assert given == {"n_x": 3, "n_h": 4, "n_y": 1, "l2": 0.0, "keep_prob": 1.0}


# ---------------------------------------------------------------- laws


@given(
    sizes=st.lists(st.integers(1, 5), min_size=2, max_size=4), seed=st.integers(0, 99), layout=st.sampled_from(LAYOUTS)
)
@settings(max_examples=40, deadline=None)
def test_what_is_put_into_an_initialisers_parameters_comes_out_again(sizes: list[int], seed: int, layout) -> None:  # type: ignore[no-untyped-def]
    network, random = Network.of(tuple(sizes)), np.random.default_rng(seed)
    alone = network.L == 1
    pairs = [
        tuple(random.normal(size=layout.shape(kind, n, before, alone) or ()) for kind in "Wb")
        for n, before in zip(network.n[1:], network.n, strict=False)
    ]

    def init_params(sizes: list[int]) -> list[types.SimpleNamespace]:
        return [
            types.SimpleNamespace(W=np.zeros((n, k)), b=np.zeros((n, 1)))
            for n, k in zip(sizes[1:], sizes, strict=False)
        ]

    (template,) = templates({"init_params": init_params}, Caller(set()))
    thing = template.filled(network, pairs, layout)
    for got, put in zip(template.read(thing, network, layout), pairs, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(got, put, strict=True))


def test_a_closure_over_the_data_takes_parameters_too() -> None:
    def loss_of(Y: float, X: float) -> object:
        return lambda parameters: (parameters, X, Y)

    def plain(X: float, Y: float) -> float:
        return X + Y

    found = closed_over({"loss_of": loss_of, "plain": plain})
    assert list(found) == ["loss_of"]
    assert found["loss_of"](1, 2, 3) == (1, 2, 3)


# ---------------------------------------------------------------- what is kept of a program


def test_objects_and_what_is_added_to_them_are_kept(tmp_path: Path) -> None:
    text = (
        "class Net:\n    ...\nclass Dense:\n    ...\n"
        "net = Net()\nnet.add(Dense())\nnet.add(1)\nnet.fit(Dense())\n"
        "if __name__ == '__main__':\n    layers = [Dense(), Dense()]\n    numbers = [read(), read()]\n"
    )
    path = tmp_path / "mine.py"
    path.write_text(text, encoding="utf-8")
    kept, _ = prune([(part.label, part.tree) for part in read_text(path)])
    lines = {each.statement.lineno for each in kept}
    assert {5, 6, 10} <= lines
    assert not {7, 8, 11} & lines


# ---------------------------------------------------------------- one that is lost


def test_one_problem_that_hangs_does_not_give_up_the_others(tmp_path: Path) -> None:
    text = (
        "def cost_and_gradients(parameters, X, Y):\n    while X.shape[1] == 1:\n        pass\n"
        "    A, m = s(parameters['W1'] @ X + parameters['b1']), X.shape[1]\n"
        "    J = -np.mean(Y * np.log(A) + (1 - Y) * np.log(1 - A))\n"
        "    return J, {'dW1': (A - Y) @ X.T / m, 'db1': (A - Y).mean(axis=1, keepdims=True)}\n"
    )
    wanted = Wanted(("flower-logistic", "one_example-logistic", "badly_scaled-logistic"), layers="")
    found = check_name(str(program(tmp_path, text)), wanted, time_limit=5.0)
    assert not found.right
    assert "on 1 of 3 problems" in found.text
    assert "no answer within 5 s for this problem" in " ".join(found.text.split())


def test_what_there_is_no_time_for_is_told(tmp_path: Path) -> None:
    ask = in_process(solution_of(str(STYLES / "closures.py")), VARIANT)
    calls = []

    def slow(cases):  # type: ignore[no-untyped-def]
        calls.append(len(cases))
        answers = ask(cases)
        over = Failure(Stage.CASE, Kind.NOT_ASKED, number=120.0)
        return [over if len(calls) > 1 and k == 1 else answer for k, answer in enumerate(answers)]

    found = examine(slow, Wanted(("flower-2layer", "small_weights-2layer")), ("float64",), "mine")
    assert found.right, found.text
    words = " ".join(found.text.split())
    assert "not asked, since the other problems took too long (--time-limit): " in words
    assert re.search("on 1 problem in float64", words)


def test_a_check_of_numpy_imports_no_pandas_and_no_framework() -> None:
    """What costs a second: none of it is needed for a check."""
    code = (
        "import sys, crosscheck.cli.check, crosscheck.grading.session, crosscheck.report.progress; print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"pandas", "torch", "jax", "matplotlib"} & set(done.stdout.split())


TWO = """
def cost_and_gradients(W1, b1, W2, b2, X, Y):
    m = X.shape[1]
    A1 = s(W1 @ X + b1)
    A2 = s(W2 @ A1 + b2)
    J = -np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / m
    dZ2 = A2 - Y
    dZ1 = W2.T @ dZ2 * A1 * (1 - A1)
    dW2, db2 = dZ2 @ A1.T / m, dZ2.sum(axis=1, keepdims=True) / m
    dW1, db1 = dZ1 @ X.T / m, dZ1.sum(axis=1, keepdims=True) / m
    return J, dW1, db1, dW2, db2
"""


def two(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    text = TWO
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return program(tmp_path, text)


def test_nothing_is_called_right_where_all_are_wrong_on_some_problem(tmp_path: Path) -> None:
    """On the example they may be right: divided by 400 where there are 400 examples."""
    found = said(two(tmp_path, ("m = X.shape[1]", "m = 400")), "flower", "breast_cancer", "kink-2layer", "one_class")
    assert not found.right
    assert "divided by 400, whatever m" in found.text
    assert " right " not in found.text.partition("wrong first")[0].partition("example")[2], found.text


ONE_OUTPUT = ("dZ2 = A2 - Y", "assert W2.shape[0] == 1; dZ2 = A2 - Y")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ((ONE_OUTPUT,), "- right for one output; for several it is not (many_outputs-2layer: raises: "),
        (
            (ONE_OUTPUT, ("dW1, db1 = dZ1", "dW1, db1 = 3 * dZ1")),
            "- for several outputs it is not right either (many_outputs-2layer: raises: ",
        ),
    ],
)
def test_right_for_one_output_is_said_of_what_is_so(
    changes: tuple[tuple[str, str], ...], words: str, tmp_path: Path
) -> None:  # fmt: skip
    found = said(two(tmp_path, *changes), "flower", "many_outputs-2layer")
    assert found.right == ("either" not in words), found.text
    assert words in found.text


@pytest.mark.parametrize("linear", [False, True])
def test_labels_are_not_asked_of_a_regression(linear: bool, tmp_path: Path) -> None:
    regression = (
        ("A2 = s(W2 @ A1 + b2)", "A2 = W2 @ A1 + b2"),
        ("-np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2))", "np.sum((A2 - Y) ** 2) / 2"),
    )
    found = said(two(tmp_path, *(regression if linear else ())), "flower", "breast_cancer", "kink-2layer")
    assert found.right, found.text
    assert ("squared error of linear outputs" in found.text) == linear
    assert ("your predictions were not checked" in found.text) != linear


SIZES = """
class Net:
    def __init__(self, n_in=2, hidden=(16, 8), n_out=1):
        sizes = [n_in, *hidden, n_out]
        self.weights = [np.random.randn(n, m) for m, n in zip(sizes, sizes[1:])]
        self.biases = [np.zeros((n, 1)) for n in sizes[1:]]
    def fit(self, X, Y, iterations=1, alpha=1.0):
        for _ in range(iterations):
            A = [X]
            for W, b in zip(self.weights, self.biases):
                A.append(s(W @ A[-1] + b))
            E = (A[-1] - Y) / X.shape[1]
            for l in reversed(range(len(self.weights))):
                dW, db = E @ A[l].T, E.sum(axis=1, keepdims=True)
                E = (self.weights[l].T @ E) * A[l] * (1 - A[l])
                self.weights[l] -= alpha * dW
                self.biases[l] -= alpha * db
"""


def test_of_a_depth_whose_network_we_could_not_build_nothing_is_said(tmp_path: Path) -> None:
    """An int is given for the tuple of one hidden layer."""
    found = said(program(tmp_path, SIZES))
    assert found.right, found.text
    assert "it does not work" not in found.text


QUADRATIC = """
def feedforward(weights, biases, x):
    a = x
    activations = [x]
    for w, b in zip(weights, biases):
        a = s(w @ a + b)
        activations.append(a)
    return activations
def cost(weights, biases, x, y):
    return 0.5 * np.sum((feedforward(weights, biases, x)[-1] - y) ** 2) / x.shape[1]
def backprop(weights, biases, x, y):
    a = feedforward(weights, biases, x)
    nabla_w, nabla_b = [0] * len(weights), [0] * len(biases)
    delta = (a[-1] - y) * a[-1] * (1 - a[-1])
    for l in range(1, len(weights) + 1):
        if l > 1:
            delta = (weights[-l + 1].T @ delta) * a[-l] * (1 - a[-l])
        nabla_b[-l] = delta.mean(axis=1, keepdims=True)
        nabla_w[-l] = delta @ a[-l - 1].T / x.shape[1]
    return nabla_b, nabla_w
"""


def test_outputs_of_a_squared_error_are_not_taken_for_predictions(tmp_path: Path) -> None:
    found = said(program(tmp_path, QUADRATIC), "flower-logistic", "zero_weights")
    assert "squared error of sigmoid outputs" in found.text
    assert found.right, found.text
    assert "it should be 0" not in found.text
    assert "your predictions were not checked: give predict" in found.text


L_LAYERS = """
def forward(X, params):
    A, cache = X, {"A0": X}
    L = len(params) // 2
    for l in range(1, L + 1):
        Z = params[f"W{l}"] @ A + params[f"b{l}"]
        A = s(Z) if l == L else np.tanh(Z)
        cache[f"A{l}"] = A
    return A, cache
def compute_cost(AL, Y):
    return -np.mean(Y * np.log(AL) + (1 - Y) * np.log(1 - AL))
def backward(params, cache, Y):
    L, m, grads = len(params) // 2, Y.shape[1], {}
    dZ = cache[f"A{L}"] - Y
    for l in range(L, 0, -1):
        grads[f"dW{l}"] = dZ @ cache[f"A{l - 1}"].T / m
        grads[f"db{l}"] = dZ.mean(axis=1, keepdims=True)
        if l > 1:
            dZ = (params[f"W{l}"].T @ dZ) * (1 - cache[f"A{l - 1}"] ** 2)
    return grads
"""
LATER = """
def fit(params, X, Y, lr, epochs):
    costs = []
    for i in range(epochs):
        AL, cache = forward(X, params)
        grads = backward(params, cache, Y)
        costs.append(compute_cost(AL, Y) + (0.01 if i >= 1 else 0))
        params = {k: params[k] - lr * grads["d" + k] for k in params}
    return params, costs
"""


def test_a_step_has_one_number_in_a_report(tmp_path: Path) -> None:
    found = said(program(tmp_path, L_LAYERS + LATER), "flower-logistic")
    assert "in step 2 of your training" in found.text
    assert "the costs that fit reports are not right, from step 2 on; the steps before it" in found.text


@pytest.mark.parametrize("sign", [">", ">="])
def test_the_class_at_a_half_is_asked_exactly_there(tmp_path: Path, sign: str) -> None:
    """Where Z is tiny, its sigmoid rounds to 0.5: Z > 0 is 1 there, and 0 at the border itself."""
    predict = f"""
def predict(params, X):
    L, A = len(params) // 2, X
    for l in range(1, L):
        A = np.tanh(params[f"W{{l}}"] @ A + params[f"b{{l}}"])
    return params[f"W{{L}}"] @ A + params[f"b{{L}}"] {sign} 0
"""
    tiny = L_LAYERS.replace("dZ.mean(axis=1, keepdims=True)", 'np.einsum("om->o", dZ / m)[:, None]')
    found = said(program(tmp_path, tiny + predict), "flower-logistic", "zero_weights")
    assert found.right, found.text
    assert ("your class at exactly 0.5 is 1, which is a convention" in found.text) == (sign == ">=")


@pytest.mark.parametrize("update", ["params[k] = params[k] - lr * grads['d' + k]", "params[k] -= lr * grads['d' + k]"])
def test_who_changes_the_dictionary_alone_is_told_so(tmp_path: Path, update: str) -> None:
    train = f"""
def fit(params, X, Y, lr, epochs):
    for i in range(epochs):
        grads = backward(params, forward(X, params)[1], Y)
        for k in params:
            {update}
    return params
"""
    found = said(program(tmp_path, L_LAYERS + train), "flower-logistic")
    assert "wrong: fit changes what it is given: W1, b1." in found.text
    alone = "-=" not in update
    assert ("it puts others into the dictionary that it is given" in found.text) == alone
    assert ("write W = W - ... for W -= ..." in found.text) != alone


LOOPS = """
import math
def cost_and_gradients(parameters, X, Y):
    w, b = parameters["w"], parameters["b"]
    n, m = X.shape
    J, dw, db = 0.0, np.zeros((n, 1)), 0.0
    for i in range(m):
        a = 1.0 / (1.0 + math.exp(-(float(w[:, 0] @ X[:, i]) + b)))
        J += -(Y[0, i] * math.log(a) + (1 - Y[0, i]) * math.log(1 - a))
        dw[:, 0] += X[:, i] * (a - Y[0, i])
        db += a - Y[0, i]
    return J / m, {"dw": dw / m, "db": db / m}
"""


def test_what_raises_at_saturated_outputs_is_not_said_to_be_nan(tmp_path: Path) -> None:
    found = said(program(tmp_path, LOOPS), "flower-logistic", "saturated-logistic")
    assert found.right, found.text
    assert re.search(
        r"On saturated-logistic: it raises \w+Error: math \w+ error.*, where J should be 220.629", found.text
    )
    assert "nan" not in found.text


def test_a_wrong_one_that_raises_is_not_said_to_be_nan(tmp_path: Path) -> None:
    found = said(program(tmp_path, LOOPS.replace("log(1 - a)", "log(a - 1)")), "flower-logistic")
    assert not found.right
    assert "yours raises ValueError: math domain error, it should be 0.69" in found.text, found.text


CORPUS = Path(__file__).parents[1] / "corpus"


def test_a_few_numbers_over_and_over_are_no_sign_of_float32() -> None:
    found = said(CORPUS / "scripts" / "gradients_only.py", "zero_weights")
    assert found.right, found.text
    assert "float32" not in found.text
    assert "float32 came back" in said(CORPUS / "scripts" / "float32_namedtuple.py", "zero_weights").text


def test_what_is_right_is_near_no_mistake() -> None:
    comparison = Comparison(Tensor("dW1"), 600, (0, 0), 0.3, 1.0, 1.0, 1e-9, 6.0, 9.0, 1e-9, 0)
    for exactly in (False, True):
        cause = Noisy(comparison, Explanation(MUTANTS[0], exactly, 0.5, ()))
        row = Row("flower", "mine", "float64", "cpu", Verdict.SUSPECT, cause)
        function, case = Function((1,), {}, "", How.SAID, ()), make_case(build(SPECS[0]), "float64", later=False)
        note = notices(function, [Result(case, row)], [], [], Notes())[0]
        assert "noisier than usual" in note
        assert (MUTANTS[0].name in note) is exactly


def test_what_shows_with_several_outputs_alone_is_an_aside_and_not_counted(tmp_path: Path) -> None:
    text = """
def cost(params, X, Y):
    A1 = np.tanh(params["W1"] @ X + params["b1"])
    A2 = s(params["W2"] @ A1 + params["b2"])
    dZ2 = (A2 - Y) / Y.size
    dZ1 = params["W2"].T @ dZ2 * (1 - A1**2)
    J = np.mean(-Y * np.log(A2) - (1 - Y) * np.log(1 - A2))
    return J, {"dW1": -dZ1 @ X.T, "db1": dZ1.sum(1, keepdims=True),
               "dW2": dZ2 @ A1.T, "db2": dZ2.sum(1, keepdims=True)}
"""
    found = said(program(tmp_path, text), "flower", "kink_outputs")
    assert ": 1 mistake." in found.text, found.text
    assert "aside with several outputs, which a program for one does not have," in found.text


def test_only_what_a_program_does_not_define_itself_stands_in(tmp_path: Path) -> None:
    for own, words in (("", "planar_utils is not here: the course's sigmoid stands in for it"),
                       ("def sigmoid(z):\n    return s(z)\n", "planar_utils is not here (line 1")):  # fmt: skip
        path = tmp_path / f"mine{len(own)}.py"
        path.write_text(
            "from planar_utils import sigmoid\n" + HEAD + own + "def f(z):\n    return sigmoid(z)\n", encoding="utf-8"
        )
        (remark,) = load_program(path).remarks
        assert words in remark


def test_of_an_answer_without_a_number_no_mistake_is_named(tmp_path: Path) -> None:
    """NaN comes about in many ways, so that a mistake which gives it too is not the cause."""
    text = """
def propagate(w, b, X, Y):
    A = s(w.T @ X + b)
    J = -np.mean(Y * np.log(A) + (1 - Y) * np.log(1 - A))
    return {"dw": np.nan * X @ (A - Y).T, "db": np.nan * np.mean(A - Y)}, np.nan * J
"""
    found = said(program(tmp_path, text))
    assert not found.right
    assert "not explained J, dw and db" in found.text
    assert "exactly those of" not in found.text
