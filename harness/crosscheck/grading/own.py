"""The `fit` and `predict` that stand beside a gradient: found with its form, asked, and what comes of it noted."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping, MutableSequence
from typing import Any

import numpy as np
from crosscheck_impls.interface import Array, Layer, Network, Params

from crosscheck.core.failures import Failure, Kind, Stage
from crosscheck.grading.convert import Trouble, layers
from crosscheck.grading.diagnosis.closeness import ALIKE
from crosscheck.grading.forms.autodiff import Loss
from crosscheck.grading.forms.beside import predicting_beside, training_beside
from crosscheck.grading.forms.calling import Caller
from crosscheck.grading.forms.frameworks import precise
from crosscheck.grading.forms.labelling import predicting_of
from crosscheck.grading.forms.nets import Net
from crosscheck.grading.forms.objects import Object
from crosscheck.grading.forms.pipeline import Pipeline
from crosscheck.grading.forms.training import Trained, reached
from crosscheck.grading.forms.training_methods import Method
from crosscheck.mutation.build import framework
from crosscheck.mutation.mutants import BY_NAME

AT_HALF = "your class at exactly 0.5 is 1, which is a convention; the notes say 0 there (A > 0.5)"
Ask = Callable[[Network, Params, Array, Array], tuple[Array, Params]]


class Own:
    """What stands beside a gradient. remarks: told of the program; a class at exactly 0.5 is added to them."""

    def __init__(self, remarks: MutableSequence[str]) -> None:
        self.remarks = remarks
        self.functions: dict[str, Any] = {}  # `fit` and `predict`, None once it has failed
        self.trouble: dict[str, Failure] = {}
        self.unchecked: dict[str, str] = {}
        self.changed: dict[str, dict[str, None]] = {}  # the inner ones are ordered sets
        self.holders: dict[str, set[str]] = {}  # what of these holds others by now; "" where the arrays are changed
        self.untold = False  # whether the loop beside tells no cost for each step

    def find(self, form: Any, things: Mapping[str, Any], call: Caller) -> None:
        """Look for both among what a program defines, beside its form, or in its class."""
        if isinstance(form, Pipeline):
            self.functions["fit"] = training_beside(things, form, call)
            self.functions["predict"] = predicting_beside(things, form, call)
        elif isinstance(form, Loss) and form.name == "jax":  # which takes NumPy's arrays
            self.functions["predict"] = predicting_beside(things, form.plain, call)
        elif isinstance(form, Object | Method | Net):
            self.functions["predict"] = predicting_of(form, call)

    @property
    def names(self) -> tuple[str, ...]:
        """Those that are there, and have worked so far."""
        return tuple(name for name, function in self.functions.items() if function is not None)

    def look(self, function: str, form: Any) -> None:
        """Note what it has changed of what it was given, and whether that was the arrays or what holds them."""
        for name in form.changed:
            self.changed.setdefault(function, {})[name] = None
            self.holders.setdefault(function, set()).add(getattr(form, "refilled", ""))

    @contextlib.contextmanager
    def _its_trouble(self, name: str, form: Any, network: Network, X: Array) -> Iterator[None]:
        """Note the trouble with `fit` or `predict`, and do without it from then on: the gradient may be right."""
        try:
            yield
        except Trouble as trouble:
            if trouble.kind is Kind.DEPTH:  # of another network than this function is
                raise
            own, self.functions[name] = self.functions[name], None
            if trouble.kind not in own.faults or network.n[-1] > 1 or own.function.__name__ != name:
                where = " with several outputs" if network.n[-1] > 1 else ""
                self.unchecked[name] = f"{own.function.__name__}{where}: {trouble}"
                return
            given = f"a network with {layers(network.L)}: {form.given(network, X.shape[1])}"
            given = given if name == "fit" else given.rpartition(", Y ")[0]
            self.trouble[name] = Failure(Stage.CASE, trouble.kind, str(trouble), line=trouble.line, given=given)

    # ------------------------------------------------------------ the training

    def fit(
        self, ask: Ask, form: Any, network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
    ) -> tuple[Params, Array] | None:
        """Return the params and the costs of the loop beside the gradient; None where there is none that works.

        Costs that it does not tell are those of `ask`.
        """
        fit = self.functions.get("fit")
        if fit is None:
            return None
        with self._its_trouble("fit", form, network, X):
            trained = fit.train(network, params, X, Y, alpha, iterations)
            if fit.function.__name__ == "fit":  # by our contract it changes nothing
                self.look("fit", fit)
            if trained.costs is not None and not _later(trained, ask, network, params, X, Y):
                return trained.params, trained.costs.astype(X.dtype)
            self.untold = True
            costs = np.empty(iterations, X.dtype)
            for t, at in enumerate(reached(fit, network, params, X, Y, alpha, trained.params, iterations)):
                costs[t], _ = ask(network, at, X, Y)
            return trained.params, costs
        return None

    # ------------------------------------------------------------ the predictions

    def predict(self, form: Any, network: Network, params: Params, X: Array) -> Array | None:
        """Return the labels of the `predict`; None where there is none that works."""
        predict = self.functions.get("predict")
        if predict is None:
            return None
        with self._its_trouble("predict", form, network, X):
            with precise(getattr(form, "name", "")):
                labels: Array = predict.labels(network, params, X)
            self.look("predict", predict)
            return self._at_half(predict, network, params, X, labels)
        return None

    def _at_half(self, predict: Any, network: Network, params: Params, X: Array, labels: Array) -> Array:
        """Return the labels with ours where A is exactly 0.5, of which the class is a convention, and is told."""
        right = framework().predict(network, params, X)
        if np.array_equal(labels, right):
            return labels
        inclusive = framework(BY_NAME["class 1 where A >= 0.5"]).predict(network, params, X)
        at = (labels == inclusive) & (inclusive != right)
        if at.any() and AT_HALF not in self.remarks and _is_inclusive(predict, network, params, X):
            self.remarks.append(AT_HALF)
        return np.where(at, right, labels)


def _later(trained: Trained, ask: Ask, network: Network, params: Params, X: Array, Y: Array) -> bool:
    """Return whether the costs are those after each step, where J before it is expected."""
    before, after = (float(ask(network, each, X, Y)[0]) for each in (params, trained.params))
    assert trained.costs is not None
    last, first = float(trained.costs[-1]), float(trained.costs[0])
    return before != after and math.isclose(last, after, rel_tol=ALIKE) and not math.isclose(first, before)


def _is_inclusive(predict: Any, network: Network, params: Params, X: Array) -> bool:
    """Return whether its class is 1 where Z[L] is exactly 0: a sigmoid is 0.5 beside that too, once rounded."""
    *before, (W, b) = params
    border = (*before, Layer(np.zeros_like(W), np.zeros_like(b)))
    try:
        return bool((predict.labels(network, border, X) == 1).all())
    except Trouble:
        return False
