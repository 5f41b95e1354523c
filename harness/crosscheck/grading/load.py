"""Anyone's function as an implementation: NumPy arrays go in, a cost and its gradients come back, in several forms.

    cost_and_gradients(parameters, X, Y)    parameters["W1"] ...; returns cost, {"dW1": ..., "db1": ...}
    cost_and_gradients(parameters, X, Y)    parameters = (Layer(W, b), ...); returns cost, ((dW, db), ...)
    cost_and_gradients(w, b, X, Y)          w (n_x, 1), b a number; returns cost, {"dw": ..., "db": ...}

The cost and the gradients may come back in either order, and X and Y may stand anywhere among the arguments if they
are called so. A file that says PARAMETERS = "layers" gets tuples, one that says "dictionary" a dictionary, one that
says nothing whichever of the two works. `fit` and `predict` are taken from beside the function where they are.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import importlib.util
import inspect
import io
import linecache
import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import numpy as np
from crosscheck_impls.interface import (
    Array,
    BadInput,
    Declaration,
    Framework,
    Gradients,
    Layer,
    Network,
    Params,
    check,
    closest,
)

from crosscheck.core.failures import Kind
from crosscheck.core.files import opened, wrong_with
from crosscheck.grading.convert import Trouble, apart, inputs, packed, to_numpy, unpacked, what
from crosscheck.mutation.build import framework
from crosscheck.runner.loading import register

VARIANT = "function"  # the name of the one variant of every solution
DEFAULT = "cost_and_gradients"
FORMS = ("dictionary", "layers")  # of `parameters`
PLACES = {"x": "X", "y": "Y", "w": "w", "b": "b"}
CONTRACT = f"expected {DEFAULT}(parameters, X, Y), or (w, b, X, Y) for logistic regression"
MAX_PROGRAM = 10_000_000  # bytes
MESSAGE = 140  # characters of somebody else's error message


class Printed(io.StringIO):
    """A standard output that counts lines and keeps none."""

    lines = 0

    def write(self, text: str) -> int:
        """Count."""
        self.lines += text.count("\n")
        return len(text)


def is_solution(name: str) -> bool:
    """Return whether a name is that of a function in a file or module, not that of a whole framework.

    >>> [is_solution(name) for name in ("mine.py", "mine.py:cost", "pkg.mine:cost", "pkg.mine", "torch")]
    [True, True, True, False, False]
    """
    return name.endswith(".py") or ":" in name


def load_solution(name: str) -> Framework:
    """Return the solution of this name. Raises BadInput, and whatever an import raises."""
    return cast("Framework", Solution.of(name))


register(is_solution, "crosscheck.grading.load:load_solution")


def is_whole(name: str) -> bool:
    """Return whether a name is that of a file with `gradients` and without a function to check: a whole framework.

    It is read, not run.
    """
    path = Path(name)
    if path.suffix != ".py" or wrong_with(path):
        return False
    try:
        with opened(path, "a program") as file:
            if len(text := file.read(MAX_PROGRAM + 1)) > MAX_PROGRAM:
                raise BadInput(f"{path}: larger than {MAX_PROGRAM:,} bytes, expected a program of your own")
            if b"\0" in text:
                raise BadInput(f"{path}: holds null bytes, expected a program of Python")
            statements = ast.parse(text).body
    except (SyntaxError, OSError, RecursionError, MemoryError, UnicodeError):  # told when it is imported
        return False
    defined = {each.name for each in statements if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}
    for each in statements:
        if isinstance(each, ast.Assign | ast.AnnAssign):
            targets = each.targets if isinstance(each, ast.Assign) else [each.target]
            defined |= {target.id for target in targets if isinstance(target, ast.Name)}
    return "gradients" in defined and DEFAULT not in defined


class Solution:
    """A function with the contract of a framework, see crosscheck_impls/interface.py. It gets copies of everything.

    What is noted on the way, such as arguments that the function changes, is told by `notes`.
    """

    def __init__(self, function: Callable[..., Any], module: Any = None, name: str = "") -> None:
        self.function = function
        self.name = name or getattr(function, "__name__", "solution")
        self.gradients: Mapping[str, Gradients] = {VARIANT: self.ask}
        self.declarations: Mapping[str, Declaration] = {}
        self.file = getattr(getattr(inspect.unwrap(function), "__code__", None), "co_filename", "")
        self.places = places(function)
        said = getattr(module, "PARAMETERS", None)
        if said is not None and said not in FORMS:
            raise BadInput(f"{self.name}: PARAMETERS is {said!r}, expected one of {', '.join(FORMS)}")
        self.forms = ("w, b",) if "w" in self.places else (said,) if said else FORMS
        more = len(self.forms[0].split(", ")) - 1  # w and b are one argument more than parameters
        self.own = {each: beside(module, each, count + more) for each, count in (("fit", 5), ("predict", 2))}
        self.changed: dict[str, None] = {}
        self.printed = 0
        self.cost_shape: tuple[int, ...] = ()

    @classmethod
    def of(cls, name: str) -> Solution:
        """Return the solution in `mine.py`, `mine.py:function`, `pkg.mine:` or `pkg.mine:function`. Raises BadInput."""
        place, _, called = (name, "", "") if name.endswith(".py") else name.rpartition(":")
        module = from_file(Path(place)) if place.endswith(".py") else importlib.import_module(place)
        function = getattr(module, called or DEFAULT, None)
        if not callable(function):
            raise BadInput(f"{place}: no function {called or DEFAULT}; {_it_has(module, place, called or DEFAULT)}")
        return cls(function, module, f"{Path(place).name}:{called or DEFAULT}")

    def ask(self, network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
        """Return J and dParams. Raises Trouble."""
        check(network, params, X, Y)
        first: Trouble | None = None
        for form in self.forms:
            if form == "w, b" and network.n[1:] != (1,):
                raise Trouble(Kind.DEPTH, "it takes w and b, which is logistic regression with one output")
            try:
                answer = self._once(form, network, params, X, Y)
            except Trouble as trouble:
                first = first or trouble
                continue
            self.forms = (form,)  # it has shown what it takes
            return answer
        raise first or Trouble(Kind.RAISES, "nothing")

    def _once(self, form: str, network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
        given = {"X": X.copy(), "Y": Y.copy(), **packed(form, params)}
        returned = self._call(self.function, [given[place] for place in self.places])
        for name, array, original in inputs(form, given, params, X, Y):
            if not np.array_equal(array, original):
                self.changed[name] = None
        cost, gradients = apart(returned)
        return self._cost(cost, X), unpacked(gradients, form, network, "d")

    def _call(self, function: Any, arguments: list[Any]) -> Any:
        """Call, quietly. Raises Trouble for all that it raises."""
        printed = Printed()
        try:
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a learner's overflow is judged by what comes back
                return function(*arguments)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit too
            deeper = isinstance(error, KeyError) and _is_a_parameter(error.args[0])
            line, words = self._raised(error)
            raise Trouble(Kind.DEPTH if deeper else Kind.RAISES, words, line) from error
        finally:
            self.printed = max(self.printed, printed.lines)

    def _raised(self, error: BaseException) -> tuple[int, str]:
        """Return the last line of the user's own file on the way to an error, and that with what it says in words."""
        line, where, trace = 0, "", error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self.file:
                line = trace.tb_lineno
                text = linecache.getline(self.file, line).strip()
                where = f"line {line} of {Path(self.file).name}, `{text}`: "
            trace = trace.tb_next
        said = " ".join(str(error).split())[:MESSAGE]
        if isinstance(error, SystemExit):
            return line, f"{where}it calls sys.exit, expected a function to return"
        return line, f"{where}{type(error).__name__}{': ' if said else ''}{said}"

    def _cost(self, cost: Any, X: Array) -> Array:
        number = cost if isinstance(cost, bool | int | float) else to_numpy(cost, "J")
        if isinstance(number, bool | int | float):  # float(np.squeeze(cost)), as the course does
            return np.asarray(number, dtype=X.dtype)
        if number.size != 1:
            raise Trouble(
                Kind.SHAPE, f"J has shape {number.shape}, expected one number: the sum over everything, over m"
            )
        self.cost_shape = self.cost_shape or number.shape
        return number.reshape(())

    def fit(
        self, variant: str, network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
    ) -> tuple[Params, Array]:
        """Train by the `fit` beside the function; or by plain gradient descent, which shows nothing new."""
        if self.own["fit"] is None:
            costs = np.empty(iterations, X.dtype)
            for t in range(iterations):
                costs[t], gradient = self.ask(network, params, X, Y)
                params = tuple(
                    Layer(W - alpha * dW, b - alpha * db) for (W, b), (dW, db) in zip(params, gradient, strict=True)
                )
            return params, costs
        form = self.forms[0]
        start = list(packed(form, params).values())
        returned = self._call(self.own["fit"], [*start, X.copy(), Y.copy(), alpha, iterations])
        count = len(start) + 1
        if not isinstance(returned, tuple | list) or len(returned) != count:
            raise Trouble(
                Kind.RETURNS, f"fit returns {what(returned)}, expected the parameters and the costs: {count} things"
            )
        trained = returned[0] if count == 2 else {"w": returned[0], "b": returned[1]}
        return unpacked(trained, form, network, ""), to_numpy(returned[-1], "fit's costs").astype(X.dtype)

    def predict(self, network: Network, params: Params, X: Array) -> Array:
        """Return the labels of the `predict` beside the function; or the right ones, which are then not judged."""
        if self.own["predict"] is None:
            return framework().predict(network, params, X)
        labels = self._call(self.own["predict"], [*packed(self.forms[0], params).values(), X.copy()])
        predicted = to_numpy(labels, "what predict returns")
        whole = network.loss == "cross_entropy" and bool(np.isin(predicted, (0, 1)).all())
        return predicted.astype(np.int64) if whole else predicted

    def devices(self) -> tuple[str, ...]:
        """Return where the arrays lie that it gets."""
        return ("cpu",)

    def device(self, array: Array) -> str:
        """Return the same of one."""
        return "cpu"

    def from_numpy(self, array: Any, device: str = "cpu") -> Array:
        """Copy."""
        return np.array(array)

    def to_numpy(self, array: Array) -> Any:
        """Copy."""
        return np.array(array)

    def environment(self) -> Mapping[str, Any]:
        """Return nothing: it is not asked what it uses."""
        return {}

    def notes(self) -> Mapping[str, Any]:
        """Return what was noted of the function: what it takes, changes, prints, and what stands beside it."""
        return {
            "takes": self.forms[0] if len(self.forms) == 1 else "",
            "changed": list(self.changed),
            "printed": self.printed,
            "cost_shape": list(self.cost_shape),
            "own": [name for name, function in self.own.items() if function is not None],
        }


def _is_a_parameter(key: object) -> bool:
    """Return whether a key is W1, b1, W2, ...; one that is missing means a deeper network than was given."""
    return isinstance(key, str) and key[:1] in ("W", "b") and key[1:].isdecimal()


def from_file(path: Path) -> ModuleType:
    """Import a file as `python mine.py` would find what is beside it."""
    specification = importlib.util.spec_from_file_location(f"solution_{path.stem}", path)
    if specification is None or specification.loader is None:
        raise BadInput(f"{path}: cannot be imported, expected a file of Python")
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    sys.path.insert(0, str(path.resolve().parent))
    specification.loader.exec_module(module)
    return module


def _it_has(module: ModuleType, place: str, wanted: str) -> str:
    mine = [name for name, each in vars(module).items() if callable(each) and each.__module__ == module.__name__]
    if not mine:
        return f"it has no function at all; {CONTRACT}"
    one = next(iter(closest(wanted, mine)), mine[0])
    return f"it has {', '.join(mine)}: say which one, as in {place}:{one}"


def places(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return what each argument of a function is: `parameters`, or `w` and `b`, and `X` and `Y`. Raises BadInput.

    >>> places(lambda X, Y, params: None)
    ('X', 'Y', 'parameters')
    """
    try:
        arguments = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # a compiled function may not say
        return "parameters", "X", "Y"
    names = [
        a.name for a in arguments if a.default is a.empty and a.kind in (a.POSITIONAL_ONLY, a.POSITIONAL_OR_KEYWORD)
    ]
    orders = {3: ("parameters", "X", "Y"), 4: ("w", "b", "X", "Y")}
    if any(a.kind is a.VAR_POSITIONAL for a in arguments) and len(names) < 3:
        return orders[3]
    if len(names) not in orders:
        raise BadInput(f"{function.__name__} takes {len(names)} arguments, ({', '.join(names)}); {CONTRACT}")
    order = tuple(PLACES.get(name.lower(), "parameters") for name in names)
    return order if sorted(order) == sorted(orders[len(names)]) else orders[len(names)]


def beside(module: Any, name: str, count: int) -> Callable[..., Any] | None:
    """Return the module's function of this name, if it takes so many arguments; another one is not ours to call."""
    function = getattr(module, name, None)
    try:
        return function if callable(function) and len(inspect.signature(function).parameters) == count else None
    except (TypeError, ValueError):
        return None
