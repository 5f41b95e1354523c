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
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType, ModuleType
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

from crosscheck.core.failures import Failure, Kind, Stage
from crosscheck.core.files import opened, wrong_with
from crosscheck.grading.convert import PAIR, Trouble, a_network, apart, inputs, packed, to_numpy, unpacked, what
from crosscheck.grading.notes import Notes
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
        self.forms = (PAIR,) if "w" in self.places else (said,) if said else FORMS
        more = len(self.forms[0].split(", ")) - 1  # w and b are one argument more than parameters
        self.own = {each: beside(module, each, count + more) for each, count in (("fit", 5), ("predict", 2))}
        self.trouble: dict[str, Failure] = {}
        self.changed: dict[str, dict[str, None]] = {}  # the inner ones are ordered sets
        self.printed = 0
        self.cost_shape: tuple[int, ...] = ()

    @classmethod
    def of(cls, name: str) -> Solution:
        """Return the solution in `mine.py`, `mine.py:function`, `pkg.mine:` or `pkg.mine:function`. Raises BadInput."""
        place, _, called = (name, "", "") if name.endswith(".py") else name.rpartition(":")
        with quoted(place):
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
            try:
                answer = self._once(form, network, params, X, Y)
            except Trouble as trouble:
                first = first or trouble
                continue
            self.forms = (form,)  # it has shown what it takes
            return answer
        raise first or Trouble(Kind.RAISES, "nothing")

    def _once(self, form: str, network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
        if form == PAIR and network.n[1:] != (1,):
            raise Trouble(Kind.DEPTH, "it takes w and b, which is logistic regression with one output")
        given = {"X": X.copy(), "Y": Y.copy(), **packed(form, params)}
        try:
            returned = self._call(self.function, [given[place] for place in self.places])
            self._look("ask", form, given, params, {"X": X, "Y": Y})
            cost, gradients = apart(returned)
            return self._cost(cost, X), unpacked(gradients, form, network, "d")
        except Trouble as trouble:
            trouble.given = a_network(network, X.shape[1], form)
            raise

    def _look(
        self, function: str, form: str, given: Mapping[str, Any], params: Params, data: Mapping[str, Array]
    ) -> None:
        """Note what the function has changed of what it was given."""
        for name, array, original in inputs(form, given, params, data):
            if not np.array_equal(array, original):
                self.changed.setdefault(function, {})[name] = None

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
        line, where = last_line(error, lambda frame: frame.f_code.co_filename == self.file)
        if isinstance(error, SystemExit):
            return line, f"{where}it calls sys.exit, expected a function to return"
        return line, f"{where}{said_by(error)}"

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
        if self.own["fit"] is not None:
            with self._its_trouble("fit", network, X):
                return self._own_fit(network, params, X, Y, alpha, iterations)
        costs = np.empty(iterations, X.dtype)
        for t in range(iterations):
            costs[t], gradient = self.ask(network, params, X, Y)
            params = tuple(
                Layer(W - alpha * dW, b - alpha * db) for (W, b), (dW, db) in zip(params, gradient, strict=True)
            )
        return params, costs

    @contextlib.contextmanager
    def _its_trouble(self, name: str, network: Network, X: Array) -> Iterator[None]:
        """Note the trouble with `fit` or `predict`, and do without it from then on: the gradient may be right."""
        try:
            yield
        except Trouble as trouble:
            if trouble.kind is Kind.DEPTH:  # of another network than this function is
                raise
            given = a_network(network, X.shape[1], self.forms[0], with_labels=name == "fit")
            self.trouble[name] = Failure(Stage.CASE, trouble.kind, str(trouble), line=trouble.line, given=given)
            self.own[name] = None

    def _own_fit(
        self, network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
    ) -> tuple[Params, Array]:
        form = self.forms[0]
        given = {**packed(form, params), "X": X.copy(), "Y": Y.copy()}
        returned = self._call(self.own["fit"], [*given.values(), alpha, iterations])
        self._look("fit", form, given, params, {"X": X, "Y": Y})
        count = len(given) - 1  # of the parameters, and the costs
        if not isinstance(returned, tuple | list) or len(returned) != count:
            raise Trouble(
                Kind.RETURNS, f"fit returns {what(returned)}, expected the parameters and the costs: {count} things"
            )
        trained = returned[0] if count == 2 else {"w": returned[0], "b": returned[1]}
        costs = to_numpy(returned[-1], "fit's costs")
        if costs.shape != (iterations,):
            got = f"fit's costs have shape {costs.shape} after {iterations} iteration{'s' if iterations != 1 else ''}"
            raise Trouble(
                Kind.SHAPE, f"{got}, expected {(iterations,)}: one cost for each iteration, J before its step"
            )
        return unpacked(trained, form, network, ""), costs.astype(X.dtype)

    def predict(self, network: Network, params: Params, X: Array) -> Array:
        """Return the labels of the `predict` beside the function; or the right ones, which are then not judged."""
        if self.own["predict"] is not None:
            with self._its_trouble("predict", network, X):
                return self._own_predict(network, params, X)
        return framework().predict(network, params, X)

    def _own_predict(self, network: Network, params: Params, X: Array) -> Array:
        given = {**packed(self.forms[0], params), "X": X.copy()}
        labels = self._call(self.own["predict"], list(given.values()))
        self._look("predict", self.forms[0], given, params, {"X": X})
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
        """Return what was noted of the function, see notes.py."""
        return Notes(
            takes=self.forms[0] if len(self.forms) == 1 else "",
            own=tuple(name for name, function in self.own.items() if function is not None),
            trouble=self.trouble,
            changed={function: list(names) for function, names in self.changed.items()},
            printed=self.printed,
            cost_shape=self.cost_shape,
        ).plain()


def _is_a_parameter(key: object) -> bool:
    """Return whether a key is W1, b1, W2, ...; one that is missing means a deeper network than was given."""
    return isinstance(key, str) and key[:1] in ("W", "b") and key[1:].isdecimal()


def module_name(path: Path) -> str:
    """Return the name that a file is imported by, which hides no other module."""
    return f"solution_{path.stem}"


def from_file(path: Path) -> ModuleType:
    """Import a file as `python mine.py` would find what is beside it."""
    specification = importlib.util.spec_from_file_location(module_name(path), path)
    if specification is None or specification.loader is None:
        raise BadInput(f"{path}: cannot be imported, expected a file of Python")
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    sys.path.insert(0, str(path.resolve().parent))
    specification.loader.exec_module(module)
    return module


@contextlib.contextmanager
def quoted(place: str) -> Iterator[None]:
    """Quote the line of the user's own file in an error that its import raises. Raises Trouble."""
    try:
        yield
    except (KeyboardInterrupt, SyntaxError, BadInput):  # a SyntaxError says its line
        raise
    except BaseException as error:  # SystemExit too
        name = module_name(Path(place)) if place.endswith(".py") else place
        line, where = last_line(error, lambda frame: frame.f_globals.get("__name__") == name)
        if not line:
            raise
        said = "it calls sys.exit, expected a file that can be imported" if isinstance(error, SystemExit) else ""
        raise Trouble(Kind.RAISES, f"{where}{said or said_by(error)}", line) from error


def last_line(error: BaseException, theirs: Callable[[FrameType], bool]) -> tuple[int, str]:
    """Return the number of the user's own last line on the way to an error, and where that is in words; 0 if none."""
    line, where, trace = 0, "", error.__traceback__
    while trace is not None:
        if theirs(trace.tb_frame):
            line, file = trace.tb_lineno, trace.tb_frame.f_code.co_filename
            text = linecache.getline(file, line).strip()
            inside = f" of {Path(file).name}" if Path(file).is_file() else ""  # a notebook's cell is none
            where = f"line {line}{inside}{f', `{text}`' if text else ''}: "
        trace = trace.tb_next
    return line, where


def said_by(error: BaseException) -> str:
    """Return an error's type and its message, cut.

    >>> said_by(ValueError("boom"))
    'ValueError: boom'
    """
    said = " ".join(str(error).split())[:MESSAGE]
    return f"{type(error).__name__}{': ' if said else ''}{said}"


def _it_has(module: ModuleType, place: str, wanted: str) -> str:
    mine = {
        name: each
        for name, each in vars(module).items()
        if callable(each) and getattr(each, "__module__", "") == module.__name__
    }
    if not mine:
        return f"it has no function at all; {CONTRACT}"
    fitting = [name for name, each in mine.items() if fits(each)]
    close = closest(wanted, list(mine))
    one = next(iter([*close, *fitting] if wanted != DEFAULT else [*fitting, *close]), next(iter(mine)))
    return f"it has {', '.join(mine)}: say which one, as in {place}:{one}"


def fits(function: Callable[..., Any]) -> bool:
    """Return whether a function's arguments bear the names of the contract: (parameters, X, Y) or (w, b, X, Y).

    >>> fits(lambda w, b, X, Y: None), fits(lambda Z: None), fits(lambda parameters, grads, alpha: None)
    (True, False, False)
    """
    try:
        arguments = inspect.signature(function).parameters
        return {"X", "Y"} <= set(places(function)) and {"x", "y"} <= {name.lower() for name in arguments}
    except (BadInput, TypeError, ValueError):
        return False


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
        count = f"{len(names)} argument{'s' if len(names) != 1 else ''}"
        raise BadInput(f"{function.__name__} takes {count}, ({', '.join(names)}); {CONTRACT}")
    order = tuple(PLACES.get(name.lower(), "parameters") for name in names)
    return order if sorted(order) == sorted(orders[len(names)]) else orders[len(names)]


def beside(module: Any, name: str, count: int) -> Callable[..., Any] | None:
    """Return the module's function of this name, if it takes so many arguments; another one is not ours to call."""
    function = getattr(module, name, None)
    try:
        return function if callable(function) and len(inspect.signature(function).parameters) == count else None
    except (TypeError, ValueError):
        return None
