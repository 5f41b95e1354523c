"""A program as a framework, see crosscheck_impls/interface.py. It gets copies of everything.

Its form is recognised at the first question, so that one that hangs or dies does so as an answer, not as an import.
What is noted on the way, such as arguments that a function changes, is told by `notes`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from crosscheck_impls.interface import Array, BadInput, Declaration, Gradients, Layer, Network, Params, check

from crosscheck.core.failures import Kind
from crosscheck.grading.convert import PAIR, Trouble, layers
from crosscheck.grading.forms.calling import Caller
from crosscheck.grading.forms.form import Form
from crosscheck.grading.forms.pipeline import Pipeline
from crosscheck.grading.forms.recognise import Asked, Found, candidates, recognise, training
from crosscheck.grading.forms.returned import Reading, cost_of
from crosscheck.grading.forms.roles import role_of, switched_off
from crosscheck.grading.forms.source import squares_errors
from crosscheck.grading.forms.training import Training, reached
from crosscheck.grading.forms.trial import Model, Settings
from crosscheck.grading.notes import Notes
from crosscheck.grading.own import Own
from crosscheck.grading.penalty import ENOUGH, Penalty, defaults, measured
from crosscheck.grading.unread import nothing, unlike
from crosscheck.mutation.build import VARIANT as REFERENCE
from crosscheck.mutation.build import framework
from crosscheck.problems.catalogue import SQUARED

VARIANT = "function"  # as it is found to be
ROWS = "rows"  # and as the user says that it is
NO_VALUE = ("math domain error", "math range error", "ZeroDivisionError: float division by zero")
RAISED = re.compile(r"\b\w+Error: .*")
AS_SQUARED = "its steps are those of the squared error; where that is meant, say --loss squared_error"


class Solution:
    """A program as a framework. asked: what is known of it. files: the names of its own files."""

    def __init__(self, asked: Asked, name: str, files: set[str], remarks: Sequence[str]) -> None:
        self.asked, self.name, self.remarks = asked, name, list(remarks)
        self.gradients: Mapping[str, Gradients] = {VARIANT: self.ask, ROWS: self.ask_rows}
        self.declarations: Mapping[str, Declaration] = {}
        self.call = Caller(files)
        self.found: Found | None = None
        self.own = Own(self.remarks)
        self.raised: dict[str, None] = {}  # an ordered set
        self.conversions: dict[str, str] = {}
        self.breaks: dict[str, None] = {}
        self.names: dict[str, str] = {}
        self.unjudged: tuple[str, ...] = ()
        self.cost_shape: tuple[int, ...] = ()
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
            self.own.look("ask", form)
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
            trouble.given = f"a network with {layers(network.L)}: {form.given(network, X.shape[1])}"
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
            trouble.given = f"a network with {layers(network.L)}: {form.given(network, X.shape[1])}"
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
            self.own.find(self.found.form, self.asked.things, self.call)
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
        if (trained := self.own.fit(self.ask, form, network, params, X, Y, alpha, iterations)) is not None:
            return trained
        costs = np.empty(iterations, X.dtype)
        for t in range(iterations):
            costs[t], gradient = self.ask(network, params, X, Y)
            params = tuple(
                Layer(W - alpha * dW, b - alpha * db) for (W, b), (dW, db) in zip(params, gradient, strict=True)
            )
        return params, costs

    def predict(self, network: Network, params: Params, X: Array) -> Array:
        """Return the labels of the `predict` beside the function; or the right ones, which are then not judged."""
        form = self._form(network)
        labels = None if self.ignores else self.own.predict(form, network, params, X)
        return framework().predict(network, params, X) if labels is None else labels

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
        names = ("fit", *self.own.names) if isinstance(form, Training) else self.own.names
        model = self._model()
        return Notes(
            takes="" if form is None else form.takes,
            own=names,
            activation=self.found.score.activation if self.found is not None and self.unjudged else "",
            trouble=self.own.trouble,
            changed={function: list(names) for function, names in self.own.changed.items()},
            refilled={function: min(held) for function, held in self.own.holders.items() if min(held)},
            printed=self.call.printed,
            cost_shape=self.cost_shape,
            read_as="" if form is None else form.words(),
            conversions=tuple(self.conversions.items()),
            breaks=tuple(self.breaks),
            names=self.names,
            unjudged=(*self.unjudged, *(("costs",) if self.own.untold else ())),
            unchecked=self.own.unchecked,
            penalties=tuple(self.penalties),
            remarks=tuple(self.remarks),
            raised=tuple(self.raised),
            at_zero=isinstance(form, Training) and form.at_zero,
            loss=model.loss,
            output=model.output,
        ).plain()
