"""The `predict` of a class: asked of an object whose weights have been set, and read as labels of any kind.

What cannot be told apart is not judged: probabilities, and labels that do not follow the weights that were set.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
from crosscheck_impls.interface import Array, Layer, Network, Params

from crosscheck.core.failures import Kind
from crosscheck.grading.convert import Trouble, to_numpy, what
from crosscheck.grading.forms.calling import Caller
from crosscheck.grading.forms.layout import Layout
from crosscheck.grading.forms.objects import methods_of
from crosscheck.grading.forms.returned import leaves_of
from crosscheck.grading.forms.roles import arguments
from crosscheck.grading.forms.training import filled

PREDICT = "predict"
RESHAPES = re.compile(r"\b(reshape|ravel|flatten|squeeze|atleast_2d|expand_dims|newaxis|view)\b|\bNone\b[^:=]*\]")
DRAWS, EXAMPLES = 8, 64  # of weights, and of X, on which that is seen


class OfAClass(Protocol):
    """A form whose program is a class or an object."""

    maker: Any

    @property
    def layout(self) -> Layout:
        """How its arrays lie."""

    def ready(self, network: Network, params: Params, X: Array, Y: Array) -> Any:
        """Return an object made for, or trained on, these examples, from these weights. Raises Trouble."""

    def seat(self, thing: Any, network: Network, params: Params) -> None:
        """Set the weights of an object. Raises Trouble."""

    def takes_in(self, X: Array) -> Any:
        """Return X as its methods take it."""


class Labelling:
    """The `predict` of a form's class. faults: the kinds of trouble with it that are the program's, and not ours."""

    faults = frozenset({Kind.SHAPE})

    def __init__(self, form: OfAClass, function: Callable[..., Any], call: Caller) -> None:
        self.form, self.function, self.call = form, function, call
        self.changed: list[str] = []
        self.refilled = ""
        self.follows: set[int] = set()  # the depths at which its labels have been seen to hang on every W and b

    def labels(self, network: Network, params: Params, X: Array) -> Array:
        """Return the labels, as (n_y, m). Raises Trouble."""
        labels = self._asked(self._ready(network, params, X), network, params, X)
        if network.L not in self.follows:
            self._look(network, X.dtype)
            self.follows.add(network.L)
        return labels

    def _look(self, network: Network, dtype: np.dtype[Any]) -> None:
        """Turn one W or b of an object after another. Raises Trouble for one at which its labels stay every time."""
        left = [(l, k) for l in range(network.L) for k in range(2)]
        for seed in range(DRAWS):
            draw = np.random.default_rng(seed).standard_normal
            sizes = zip(network.n[1:], network.n, strict=False)
            params = tuple(Layer(draw((n, k)).astype(dtype), draw((n, 1)).astype(dtype)) for n, k in sizes)
            X = draw((network.n[0], EXAMPLES)).astype(dtype)
            thing = self._ready(network, params, X)
            labels = self._asked(thing, network, params, X)
            for l, k in tuple(left):
                turned = list(params)
                turned[l] = Layer(-params[l].W, params[l].b) if k == 0 else Layer(params[l].W, -params[l].b)
                if not np.array_equal(self._asked(thing, network, tuple(turned), X), labels):
                    left.remove((l, k))
            if not left:
                return
        l, k = left[0]
        raise Trouble(Kind.MISSING, f"its labels were not seen to follow the {'Wb'[k]}{l + 1} that was set")

    def _ready(self, network: Network, params: Params, X: Array) -> Any:
        both = np.concatenate([X, X], axis=1)  # a class may learn from its training which labels there are
        Y = np.tile(np.repeat(np.array([0, 1], X.dtype), X.shape[1]), (network.n[-1], 1))
        return self.form.ready(network, params, both, Y)

    def _asked(self, thing: Any, network: Network, params: Params, X: Array) -> Array:
        m = X.shape[1]
        self.form.seat(thing, network, params)
        predict = getattr(thing, PREDICT)
        every = [each for each in arguments(predict) or [] if each.required or each.role == "threshold"]
        given = filled(every, {"X": self.form.takes_in(X)}, ("X",))
        returned = self.call(predict, [], **given)
        for array in self._arrays(returned):
            if array.size == network.n[-1] * m:
                return _classes(self._placed(array, network.n[-1], m), network)
        raise Trouble(Kind.RETURNS, f"it returns {what(returned)}, expected labels 0 and 1: {(network.n[-1], m)}")

    def _placed(self, array: Array, n: int, m: int) -> Array:
        """Return labels as (n, m); one output's may be flat. Raises Trouble for those that lie otherwise than Y."""
        layout = self.form.layout
        due = layout.Y(np.zeros((n, m))).shape
        if array.shape == due:
            return layout.outputs(array, m)
        if array.shape == due[::-1] and not _may_reshape(self.form.maker):
            raise Trouble(
                Kind.SHAPE,
                f"it returns shape {array.shape}, the labels Y that it is trained with have {due}: transposed, so that "
                "predict(X) == Y does not compare each example with its own label",
            )
        if n > 1 or array.shape == due[::-1]:
            raise Trouble(Kind.RETURNS, f"it returns shape {array.shape}, expected {due}")
        return array.reshape(1, m)

    def _arrays(self, returned: Any) -> Iterator[Array]:
        """Yield what came back as an array, and then each array in it."""
        leaves = [(leaf.name, leaf.value) for leaf in leaves_of(self.function, returned)]
        for name, value in [(PREDICT, returned), *leaves]:
            try:
                yield to_numpy(value, name)
            except Trouble:
                continue


def _may_reshape(maker: Any) -> bool:
    """Return whether a class may take labels of another shape than it was given, so that its own may be right."""
    try:
        return any(RESHAPES.search(inspect.getsource(method)) for method in methods_of(maker).values())
    except (OSError, TypeError):
        return True


def _classes(predicted: Array, network: Network) -> Array:
    """Return classes 0 and 1, which may have been -1 and 1, or False and True; of a regression, its outputs."""
    if network.g[-1] != "sigmoid":
        return predicted
    if np.isin(predicted, (-1, 1)).all():
        predicted = predicted > 0
    if not np.isin(predicted, (0, 1)).all():
        odd = predicted[~np.isin(predicted, (0, 1))][0]
        raise Trouble(Kind.RETURNS, f"it returns numbers such as {odd:.4g}, expected labels 0 and 1")
    return predicted.astype(np.int64)


def predicting_of(form: OfAClass, call: Caller) -> Labelling | None:
    """Return the `predict` of a form's class, if it has one that takes X alone; none of a tree of JAX arrays."""
    if getattr(form, "name", "") == "jax":
        return None
    kind = form.maker if inspect.isclass(form.maker) else type(form.maker)
    function = methods_of(form.maker).get(PREDICT)
    if function is None or isinstance(inspect.getattr_static(kind, PREDICT), staticmethod):
        return None
    required = [argument for argument in (arguments(function) or [])[1:] if argument.required]
    alone = len(required) == 1 and required[0].role in ("X", "")
    return Labelling(form, function, call) if alone else None
