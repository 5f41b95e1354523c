"""PyTorch and JAX take the gradient of a loss over parameters, X and Y: somebody's function that returns one number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from crosscheck_impls.interface import Array, Layer, Network, Params

from crosscheck.core.failures import Kind
from crosscheck.grading.convert import Trouble, to_numpy
from crosscheck.grading.forms.calling import Caller
from crosscheck.grading.forms.frameworks import NAMES, converter, loaded, precise
from crosscheck.grading.forms.layout import Layout
from crosscheck.grading.forms.packing import WORDS, Pairs, Way
from crosscheck.grading.forms.pipeline import Pipeline, Step
from crosscheck.grading.forms.returned import Reading

CUT = "detach(), .data, .item(), NumPy or a new tensor on the way cuts it off"


class Loss:
    """A form: somebody's loss, one number; the framework's autodiff gives the gradient."""

    def __init__(self, step: Step, name: str, way: Way, call: Caller) -> None:
        self.step, self.name, self.way, self.call = step, name, way, call
        self.plain = Pipeline([step], way, "forward", call)
        self.takes, self.clear = self.plain.takes, False
        self.changed: list[str] = []
        self.compiled = Compiled()

    def ask(self, network: Network, params: Params, X: Array, Y: Array) -> Reading:
        """Return J and dParams. Raises Trouble."""
        with precise(self.name):
            return self._ask(network, params, X, Y)

    def _ask(self, network: Network, params: Params, X: Array, Y: Array) -> Reading:
        layout, convert = self.way.layout, converter(self.name)
        pairs = [(convert(W), convert(b)) for W, b in layout.given(params)]

        def loss(pairs: Pairs, X: Any, Y: Any) -> Any:
            positional, keywords = self.step.filled(self.way.handing(network, pairs, X, Y, m))
            return self.call(self.step.function, positional, **keywords)

        m = X.shape[1]
        if self.name == "torch":
            J, gradients = by_torch(loss, pairs, convert(layout.X(X)), convert(layout.Y(Y)), self.call)
        else:
            compiled = self.compiled.of((network.n, m), loss)
            J, gradients = by_jax(compiled, loss, pairs, convert(layout.X(X)), convert(layout.Y(Y)))
        return as_reading(J, gradients, network, layout)

    def words(self) -> str:
        """Say what it is read as."""
        unusual = self.way.layout.words(2)
        over = WORDS.get(self.takes, self.takes)
        said = f"{self.step.name} over {over}, differentiated by {NAMES[self.name]}"
        return f"{said}{f', {unusual}' if unusual else ''}"

    def given(self, network: Network, m: int) -> str:
        """Return the shapes of what it is given."""
        return self.plain.given(network, m)

    def functions(self) -> Sequence[Callable[..., Any]]:
        """Return the function."""
        return [self.step.function]

    def parts(self) -> Sequence[str]:
        """Return the name of the function."""
        return [self.step.name]


def by_torch(loss: Callable[..., Any], pairs: Pairs, X: Any, Y: Any, call: Caller) -> tuple[Any, Pairs]:
    """Return J and its gradient. Raises Trouble."""
    leaves = [(W.requires_grad_(), b.requires_grad_()) for W, b in pairs]
    J = loss(leaves, X, Y)
    if not hasattr(J, "backward") or J.numel() != 1:
        raise Trouble(Kind.RETURNS, f"it returns a {type(J).__name__}, expected one number")
    if not J.requires_grad:
        raise Trouble(Kind.RETURNS, f"autograd reaches no parameter from J: {CUT}")
    call(J.backward, [])
    return J, [(W.grad, b.grad) for W, b in leaves]


class Compiled:
    """Gradients of JAX, compiled when they are asked for again: what is tried once is not worth it."""

    def __init__(self) -> None:
        self.asked: set[object] = set()
        self.made: dict[object, Callable[..., Any]] = {}

    def of(self, key: object, loss: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function that gives a loss and its gradient; key: the shapes that it is asked for."""
        gradient: Callable[..., Any] = loaded("jax").value_and_grad(loss)
        if key not in self.asked:
            self.asked.add(key)
            return gradient
        if key not in self.made:
            self.made[key] = loaded("jax").jit(gradient)
        return self.made[key]


def by_jax(
    compiled: Callable[..., Any], loss: Callable[..., Any], pairs: Pairs, X: Any, Y: Any
) -> tuple[Any, Pairs]:  # fmt: skip
    """Return J and its gradient, compiled if that is possible. Raises Trouble."""
    try:
        try:
            return compiled(pairs, X, Y)  # type: ignore[no-any-return]
        except Exception as error:
            if "Tracer" not in str(error) and "Concret" not in str(error):
                raise
            return loaded("jax").value_and_grad(loss)(pairs, X, Y)  # type: ignore[no-any-return]  # it looks at numbers
    except Trouble:
        raise
    except Exception as error:
        raise Trouble(Kind.RAISES, f"jax.value_and_grad: {' '.join(str(error).split())[:140]}") from error


def as_reading(J: Any, gradients: Pairs, network: Network, layout: Layout) -> Reading:
    """Return what autodiff gave as a reading; a W or b that it does not reach from J has the gradient 0."""
    layers, cut = [], {}
    if all(array is None for array in gradients[-1]):
        raise Trouble(Kind.DEPTH, f"autograd does not reach W{network.L} from J")
    for l, (n, before) in enumerate(zip(network.n[1:], network.n, strict=False), 1):
        pair = []
        for kind, array in zip("Wb", gradients[l - 1], strict=True):
            name = f"d{kind}{l}"
            if array is None:
                cut[name] = f"0, with None for its .grad, because autograd does not reach {kind}{l} from J ({CUT})"
                array = np.zeros(layout.shape(kind, n, before, network.L == 1))
            pair.append(layout.taken(to_numpy(array, name), kind, name, n, before, network.L == 1).array)
        layers.append(Layer(*pair))
    return Reading(to_numpy(J, "J"), tuple(layers), {}, cut)


def losses(steps: Iterator[Step], ways: Sequence[Way], call: Caller, text: str) -> Iterator[Loss]:
    """Yield the losses whose gradient a framework takes."""
    frameworks = [name for name in NAMES if loaded(name) is not None and name in text]
    for step in steps if frameworks else ():
        yield from (Loss(step, name, way, call) for way in ways for name in frameworks)
