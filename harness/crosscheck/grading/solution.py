"""A program as a framework, see crosscheck_impls/interface.py. It gets copies of everything.

Its form is recognised at the first question, so that one that hangs or dies does so as an answer, not as an import.
What is noted on the way, such as arguments that a function changes, is told by `notes`.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from crosscheck_impls.interface import Array, BadInput, Declaration, Gradients, Layer, Network, Params, check

from crosscheck.core.failures import Failure, Kind, Stage
from crosscheck.core.records import flat
from crosscheck.grading.convert import PAIR, Trouble
from crosscheck.grading.diagnosis.closeness import ALIKE
from crosscheck.grading.forms.autodiff import Loss
from crosscheck.grading.forms.beside import predicting_beside, training_beside
from crosscheck.grading.forms.calling import Caller
from crosscheck.grading.forms.form import Form
from crosscheck.grading.forms.frameworks import precise
from crosscheck.grading.forms.labelling import predicting_of
from crosscheck.grading.forms.nets import Net
from crosscheck.grading.forms.objects import Object
from crosscheck.grading.forms.pipeline import Pipeline
from crosscheck.grading.forms.recognise import Asked, Found, candidates, of_scikit_learn, recognise, training
from crosscheck.grading.forms.returned import Reading, cost_of
from crosscheck.grading.forms.roles import arguments, role_of, switched_off
from crosscheck.grading.forms.source import squares_errors
from crosscheck.grading.forms.training import Trained, Training
from crosscheck.grading.forms.training_methods import Method
from crosscheck.grading.forms.trial import Model, Settings
from crosscheck.grading.notes import Notes
from crosscheck.grading.penalty import ENOUGH, Penalty, defaults, measured
from crosscheck.mutation.build import VARIANT as REFERENCE
from crosscheck.mutation.build import framework
from crosscheck.mutation.mutants import BY_NAME
from crosscheck.problems.catalogue import SQUARED

VARIANT = "function"  # as it is found to be
ROWS = "rows"  # and as the user says that it is
CONTRACT = "expected cost_and_gradients(parameters, X, Y), or (w, b, X, Y) for logistic regression"

NO_VALUE = ("math domain error", "math range error", "ZeroDivisionError: float division by zero")
RAISED = re.compile(r"\b\w+Error: .*")
AT_HALF = "your class at exactly 0.5 is 1, which is a convention; the notes say 0 there (A > 0.5)"

AS_SQUARED = "its steps are those of the squared error; where that is meant, say --loss squared_error"


class Solution:
    """A program as a framework. asked: what is known of it. files: the names of its own files."""

    def __init__(self, asked: Asked, name: str, files: set[str], remarks: Sequence[str]) -> None:
        self.asked, self.name, self.remarks = asked, name, list(remarks)
        self.gradients: Mapping[str, Gradients] = {VARIANT: self.ask, ROWS: self.ask_rows}
        self.declarations: Mapping[str, Declaration] = {}
        self.call = Caller(files)
        self.found: Found | None = None
        self.own: dict[str, Any] = {}
        self.trouble: dict[str, Failure] = {}
        self.changed: dict[str, dict[str, None]] = {}  # the inner ones are ordered sets
        self.raised: dict[str, None] = {}  # an ordered set
        self.holders: dict[str, set[str]] = {}  # what of these holds others by now; "" where the arrays are changed
        self.conversions: dict[str, str] = {}
        self.breaks: dict[str, None] = {}
        self.names: dict[str, str] = {}
        self.unjudged: tuple[str, ...] = ()
        self.cost_shape: tuple[int, ...] = ()
        self.untold = False  # whether the loop beside tells no cost for each step
        self.unchecked: dict[str, str] = {}
        self.penalties: list[Penalty] = []
        self.ignores = False  # whether it knows nothing of the last layer of what it was asked about last
        if next(chain(candidates(asked, self.call), training(asked, self.call)), None) is None:
            raise BadInput(f"{name}: {nothing(asked)}")

    def ask_rows(self, network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
        """Return J and dParams of a program whose examples are rows, as the user says. Raises Trouble."""
        self.asked = self.asked._replace(rows=True)
        return self.ask(network, params, X, Y)

    def ask(self, network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
        """Return J and dParams. Raises Trouble."""
        check(network, params, X, Y)
        form = self._form(network)
        if form.takes == PAIR and network.n[1:] != (1,):
            raise Trouble(Kind.DEPTH, "it takes w and b, which is logistic regression with one output")
        if isinstance(form, Training):
            return self._none(form, network, params, X, Y)
        try:
            reading = form.ask(network, params, X, Y)
            self._look("ask", form)
            self.conversions |= reading.conversions
            self.breaks |= dict.fromkeys(reading.breaks)
            self.names |= reading.names
            self.unjudged = reading.unjudged
            self.ignores = network.L > 1 and not any(array.any() for array in reading.gradient[-1])
            self._weigh(form, network, params, X, Y, reading)
            if reading.J is None:  # the right one, which is not judged
                J, _ = framework().gradients[REFERENCE](network, params, X, Y)
                return np.asarray(J, X.dtype), reading.gradient
            J, shape = cost_of(reading.J, X)
            self.cost_shape = self.cost_shape or shape
            return J, reading.gradient
        except Trouble as trouble:
            if any(words in str(trouble) for words in NO_VALUE):  # of Python's own numbers, where NumPy's are nan
                if raised := RAISED.search(str(trouble)):
                    self.raised[raised[0]] = None
                nothing = tuple(Layer(np.full_like(W, np.nan), np.full_like(b, np.nan)) for W, b in params)
                return np.asarray(np.nan, X.dtype), nothing
            trouble.given = f"a network with {_layers(network.L)}: {form.given(network, X.shape[1])}"
            raise

    def _weigh(self, form: Form, network: Network, params: Params, X: Array, Y: Array, plain: Reading) -> None:
        """Note what a penalty adds that is 0 here, and by default is not, on some problems."""
        given = defaults([step.function for step in form.steps], role_of) if isinstance(form, Pipeline) else {}
        if not given or len(self.penalties) >= ENOUGH or plain.J is None or not isinstance(form, Pipeline):
            return
        form.more = given
        try:
            more = form.ask(network, params, X, Y)
        except Trouble:
            return
        finally:
            form.more = {}
        found = measured(given, (plain.J, plain.gradient), (more.J, more.gradient), params, X.shape[1])
        self.penalties += [found] if found is not None else []

    def _none(self, form: Training, network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
        """Return the right J and gradient, which are not judged, for what trains and returns none. Raises Trouble."""
        self.unjudged = self.unjudged or ("gradients", "J")
        J, gradient = framework().gradients[REFERENCE](network, params, X, Y)
        try:
            after = form.train(network, params, X, Y, 0.1, 2).params  # the first may change nothing
            moves = not np.array_equal(params[-1].W - 0.1 * gradient[-1].W, params[-1].W)
            if network.L > 1 and moves and np.array_equal(after[-1].W, params[-1].W):
                raise Trouble(Kind.DEPTH, f"it leaves W{network.L} as it is")
        except Trouble as trouble:
            trouble.given = f"a network with {_layers(network.L)}: {form.given(network, X.shape[1])}"
            raise
        return np.asarray(J, X.dtype), gradient

    def _steps(
        self, form: Training, network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
    ) -> tuple[Params, Array]:
        """Return what its own training makes of the parameters; costs that it does not tell are the right ones."""
        trained = form.train(network, params, X, Y, alpha, iterations)
        if trained.costs is not None:
            self.unjudged = ("gradients",)
            return trained.params, trained.costs.astype(X.dtype)
        self.unjudged = ("gradients", "J")
        costs = np.empty(iterations, X.dtype)
        for t, at in enumerate(reached(form, network, params, X, Y, alpha, trained.params, iterations)):
            costs[t], _ = framework().gradients[REFERENCE](network, at, X, Y)
        return trained.params, costs

    def _form(self, network: Network) -> Any:
        """Return the program's form, recognised at the first call. Raises Trouble."""
        if self.found is None:
            self.found = recognise(self.asked, Settings.of(network), self.call)
            if self.found is None or (not self.found.score.answers and not self._clear(self.found.form)):
                found, self.found = self.found, None
                raise Trouble(Kind.INCOMPLETE, nothing(self.asked) if found is None else unlike(found))
            self.call.printed = 0
            called = self.found.form.functions()
            measured_too = defaults(called, role_of) if isinstance(self.found.form, Pipeline) else {}
            self.remarks += switched_off(called, measured_too)
            if self.found.form.takes == PAIR and self.found.score.deepest > 1:
                self.found.form.takes = "lists of W and b"
            if isinstance(self.found.form, Pipeline):
                self.own["fit"] = training_beside(self.asked.things, self.found.form, self.call)
                self.own["predict"] = predicting_beside(self.asked.things, self.found.form, self.call)
            elif isinstance(self.found.form, Loss) and self.found.form.name == "jax":  # which takes NumPy's arrays
                self.own["predict"] = predicting_beside(self.asked.things, self.found.form.plain, self.call)
            elif isinstance(self.found.form, Object | Method | Net):
                self.own["predict"] = predicting_of(self.found.form, self.call)
        return self.found.form

    def _clear(self, form: Form | Training) -> bool:
        """Return whether a form that answers nothing is the one that is meant, by its names alone."""
        return self.asked.chosen is not None or form.clear

    def fit(
        self, variant: str, network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
    ) -> tuple[Params, Array]:
        """Train by the `fit` beside the function; or by plain gradient descent, which shows nothing new."""
        form = self._form(network)
        if isinstance(form, Training):
            return self._steps(form, network, params, X, Y, alpha, iterations)
        if self.own.get("fit") is not None:
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
            own, self.own[name] = self.own[name], None
            if trouble.kind not in own.faults or network.n[-1] > 1 or own.function.__name__ != name:
                where = " with several outputs" if network.n[-1] > 1 else ""
                self.unchecked[name] = f"{own.function.__name__}{where}: {trouble}"
                return
            form = self._form(network)
            given = f"a network with {_layers(network.L)}: {form.given(network, X.shape[1])}"
            given = given if name == "fit" else given.rpartition(", Y ")[0]
            self.trouble[name] = Failure(Stage.CASE, trouble.kind, str(trouble), line=trouble.line, given=given)

    def _own_fit(
        self, network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
    ) -> tuple[Params, Array]:
        """Return what the loop beside it makes of the parameters. Costs that it does not tell are those of `ask`."""
        fit = self.own["fit"]
        trained = fit.train(network, params, X, Y, alpha, iterations)
        if fit.function.__name__ == "fit":  # by our contract it changes nothing
            self._look("fit", fit)
        if trained.costs is not None and not self._later(trained, network, params, X, Y):
            return trained.params, trained.costs.astype(X.dtype)
        self.untold = True
        costs = np.empty(iterations, X.dtype)
        for t, at in enumerate(reached(fit, network, params, X, Y, alpha, trained.params, iterations)):
            costs[t], _ = self.ask(network, at, X, Y)
        return trained.params, costs

    def _later(self, trained: Trained, network: Network, params: Params, X: Array, Y: Array) -> bool:
        """Return whether the costs are those after each step, where J before it is expected."""
        before, after = (float(self.ask(network, each, X, Y)[0]) for each in (params, trained.params))
        assert trained.costs is not None
        last, first = float(trained.costs[-1]), float(trained.costs[0])
        return before != after and math.isclose(last, after, rel_tol=ALIKE) and not math.isclose(first, before)

    def _look(self, function: str, form: Any) -> None:
        """Note what it has changed of what it was given, and whether that was the arrays or what holds them."""
        for name in form.changed:
            self.changed.setdefault(function, {})[name] = None
            self.holders.setdefault(function, set()).add(getattr(form, "refilled", ""))

    def predict(self, network: Network, params: Params, X: Array) -> Array:
        """Return the labels of the `predict` beside the function; or the right ones, which are then not judged."""
        if self.own.get("predict") is not None and not self.ignores:
            with self._its_trouble("predict", network, X):
                with precise(getattr(self._form(network), "name", "")):
                    labels: Array = self.own["predict"].labels(network, params, X)
                self._look("predict", self.own["predict"])
                return self._at_half(network, params, X, labels)
        return framework().predict(network, params, X)

    def _at_half(self, network: Network, params: Params, X: Array, labels: Array) -> Array:
        """Return the labels with ours where A is exactly 0.5, of which the class is a convention, and is told."""
        right = framework().predict(network, params, X)
        if np.array_equal(labels, right):
            return labels
        inclusive = framework(BY_NAME["class 1 where A >= 0.5"]).predict(network, params, X)
        at = (labels == inclusive) & (inclusive != right)
        if at.any() and AT_HALF not in self.remarks and self._inclusive(network, params, X):
            self.remarks.append(AT_HALF)
        return np.where(at, right, labels)

    def _inclusive(self, network: Network, params: Params, X: Array) -> bool:
        """Return whether its class is 1 where Z[L] is exactly 0: a sigmoid is 0.5 beside that too, once rounded."""
        *before, (W, b) = params
        border = (*before, Layer(np.zeros_like(W), np.zeros_like(b)))
        try:
            return bool((self.own["predict"].labels(network, border, X) == 1).all())
        except Trouble:
            return False

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

    def _model(self) -> Model:
        """Return the loss whose steps code that only trains makes, where its text has one too; else tell of it."""
        if self.found is None or not isinstance(self.found.form, Training):
            return Model()
        model, score = self.found.score.model, self.found.score
        if model.loss != SQUARED or squares_errors(self.asked.text):
            return model
        if score.right == score.answers and AS_SQUARED not in self.remarks:
            self.remarks.append(AS_SQUARED)
        return Model()

    def notes(self) -> Mapping[str, Any]:
        """Return what was noted of the function, see notes.py."""
        form = None if self.found is None else self.found.form
        own = tuple(name for name, function in self.own.items() if function is not None)
        own = ("fit", *own) if isinstance(form, Training) else own
        model = self._model()
        return Notes(
            takes="" if form is None else form.takes,
            own=own,
            activation=self.found.score.activation if self.found is not None and self.unjudged else "",
            trouble=self.trouble,
            changed={function: list(names) for function, names in self.changed.items()},
            refilled={function: min(held) for function, held in self.holders.items() if min(held)},
            printed=self.call.printed,
            cost_shape=self.cost_shape,
            read_as="" if form is None else form.words(),
            conversions=tuple(self.conversions.items()),
            breaks=tuple(self.breaks),
            names=self.names,
            unjudged=(*self.unjudged, *(("costs",) if self.untold else ())),
            unchecked=self.unchecked,
            penalties=tuple(self.penalties),
            remarks=tuple(self.remarks),
            raised=tuple(self.raised),
            at_zero=isinstance(form, Training) and form.at_zero,
            loss=model.loss,
            output=model.output,
        ).plain()


def reached(
    form: Training, network: Network, params: Params, X: Array, Y: Array, alpha: float, last: Params, iterations: int
) -> list[Params]:
    """Return the params before each step of a run: by single steps, or where these do not lead to the last, by runs."""
    steps = [params]
    for _ in range(0 if form.at_zero else iterations):
        steps.append(form.train(network, steps[-1], X, Y, alpha, 1).params)
    if not form.at_zero and all(map(np.array_equal, flat(steps[-1]), flat(last))):
        return steps[:-1]
    return [params, *(form.train(network, params, X, Y, alpha, t).params for t in range(1, iterations))]


def _layers(depth: int) -> str:
    return f"{depth} layer{'s' if depth > 1 else ''}"


def unlike(found: Found) -> str:
    """Return why the nearest form of a program is none."""
    trouble = "it does not answer" if found.trouble is None else str(found.trouble)
    return f"nearest to {' and '.join(found.form.parts())}, but {trouble}; {CONTRACT}"


def nothing(asked: Asked) -> str:
    """Return why a program has no form."""
    mine = [name for name, each in asked.things.items() if callable(each)]
    if asked.chosen is not None:
        takes = ", ".join(argument.name for argument in arguments(asked.chosen) or ())
        count = takes.count(",") + 1 if takes else 0
        return f"it takes {count} argument{'s' if count != 1 else ''}, ({takes}); {CONTRACT}"
    if theirs := [name for name, each in asked.things.items() if of_scikit_learn(each)]:
        said = (
            "scikit-learn draws its initial weights itself and shows no gradient, so that nothing of it can be judged"
        )
        return f"{theirs[-1]}: {said}; {CONTRACT}"
    found = f"it has {', '.join(mine)}: none computes a cost and its gradient" if mine else "it has no function at all"
    return f"{found}; {CONTRACT}"
