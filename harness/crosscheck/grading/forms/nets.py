"""A network whose outputs are logits or probabilities: the cross-entropy is ours, and autodiff gives the gradient.

It is a `torch.nn.Module`, or whatever JAX flattens into arrays and calls, an Equinox or Flax module say.
"""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from crosscheck_impls.interface import Array, Network, Params

from crosscheck.core.failures import Kind
from crosscheck.grading.convert import Trouble
from crosscheck.grading.forms.autodiff import Compiled, as_reading, by_jax
from crosscheck.grading.forms.calling import Caller
from crosscheck.grading.forms.frameworks import converter, in_layers, loaded, paired, precise
from crosscheck.grading.forms.layout import FLAT, LAYOUTS, Layout
from crosscheck.grading.forms.packing import Pairs, Way
from crosscheck.grading.forms.pipeline import Pipeline
from crosscheck.grading.forms.returned import Reading
from crosscheck.grading.forms.weights import built, made

LOGITS, PROBABILITIES = "logits", "probabilities"
TAKEN = {
    LOGITS: re.compile(r"\b(BCEWithLogitsLoss|binary_cross_entropy_with_logits)\b"),
    PROBABILITIES: re.compile(r"\b(BCELoss|binary_cross_entropy)\b"),
}
AS_TORCH = Layout(rows=True, bias=FLAT)  # W (n_out, n_in), as torch.nn.Linear has it


class Net:
    """A form: a network whose outputs are logits or probabilities. maker: a class, or an object that is copied."""

    def __init__(self, maker: Any, name: str, outputs: str, layout: Layout, call: Caller) -> None:
        self.maker, self.name, self.outputs, self.layout, self.call = maker, name, outputs, layout, call
        self.takes, self.clear = "module", False
        self.changed: list[str] = []
        self.compiled = Compiled()

    def ask(self, network: Network, params: Params, X: Array, Y: Array) -> Reading:
        """Return J and dParams. Raises Trouble."""
        with precise(self.name):
            net = self._made(network, X, Y)
            return (self._torch if self.name == "torch" else self._jax)(net, network, params, X, Y)

    def _made(self, network: Network, X: Array, Y: Array) -> Any:
        if not inspect.isclass(self.maker) and not inspect.isroutine(self.maker):
            return copy.deepcopy(self.maker)
        return made(self.maker, built(self.maker, network, X, Y), self.call)

    def _torch(self, net: Any, network: Network, params: Params, X: Array, Y: Array) -> Reading:
        torch, convert = loaded("torch"), converter("torch")
        net = net.to(convert(X).dtype).train()
        owners, places = self._set(net, network, params)
        out = self.call(net, [convert(self.layout.X(X))])
        J = self._cost(torch, out, convert(self.layout.Y(Y)), X.shape[1])
        call_back = getattr(J, "backward", None)
        if call_back is None or not J.requires_grad:
            raise Trouble(Kind.RETURNS, "autograd reaches no parameter from its output")
        self.call(call_back, [])
        found = [tuple(getattr(*owners[places[l, kind]]).grad for kind in "Wb") for l in range(1, network.L + 1)]
        return as_reading(J, found, network, self.layout)

    def _set(
        self, net: Any, network: Network, params: Params
    ) -> tuple[list[tuple[Any, str]], dict[tuple[int, str], int]]:
        """Set the parameters of a module; return whose each is, under which name, and which are W and b of a layer."""
        torch, convert, given = loaded("torch"), converter("torch"), self.layout.given(params)
        owners = [(module, name) for module in net.modules() for name, _ in module.named_parameters(recurse=False)]
        places = in_layers([name for _, name in owners], network.L)
        for (l, kind), k in places.items():
            module, name = owners[k]
            setattr(module, name, torch.nn.Parameter(convert(given[l - 1]["Wb".index(kind)])))
        return owners, places

    def ready(self, network: Network, params: Params, X: Array, Y: Array) -> Any:
        """Return a module of PyTorch. Raises Trouble."""
        return self._made(network, X, Y).to(converter("torch")(X).dtype).eval()

    def seat(self, thing: Any, network: Network, params: Params) -> None:
        """Set the parameters of a module. Raises Trouble."""
        self._set(thing, network, params)

    def takes_in(self, X: Array) -> Any:
        """Return X as a tensor."""
        return converter("torch")(self.layout.X(X))

    def _jax(self, net: Any, network: Network, params: Params, X: Array, Y: Array) -> Reading:
        jax, convert = loaded("jax"), converter("jax")
        leaves, tree = jax.tree.flatten(net)
        where = [k for k, leaf in enumerate(leaves) if getattr(leaf, "ndim", -1) in (1, 2)]
        given = [(convert(W), convert(b)) for W, b in self.layout.given(params)]
        if len(where) != 2 * network.L:
            raise Trouble(Kind.DEPTH, f"it has {len(where)} arrays, expected W and b of {network.L} layers")
        order = paired([leaves[k].ndim for k in where], network.L)
        m = X.shape[1]

        def loss(pairs: Pairs, X: Any, Y: Any) -> Any:
            placed = list(leaves)
            for k, (l, kind) in zip(where, order, strict=True):
                placed[k] = pairs[l]["Wb".index(kind)]
            whole = jax.tree.unflatten(tree, placed)
            try:
                out = self.call(whole, [X])
            except Trouble:  # it takes one example
                out = self.call(jax.vmap(whole), [X])
            return self._cost(jax.numpy, out, Y, m)

        compiled = self.compiled.of((network.n, m), loss)
        J, gradients = by_jax(compiled, loss, given, convert(self.layout.X(X)), convert(self.layout.Y(Y)))
        return as_reading(J, gradients, network, self.layout)

    def _cost(self, xp: Any, out: Any, Y: Any, m: int) -> Any:
        """Return the cross-entropy of logits or of probabilities."""
        if isinstance(out, tuple | list):
            out = out[0]
        if getattr(out, "shape", None) is None:
            raise Trouble(Kind.RETURNS, f"it returns a {type(out).__name__}, expected its outputs")
        if tuple(out.shape) != tuple(Y.shape):
            if out.size != Y.size if self.name == "jax" else out.numel() != Y.numel():
                raise Trouble(Kind.SHAPE, f"its outputs have shape {tuple(out.shape)}, expected {tuple(Y.shape)}")
            out = out.reshape(Y.shape)
        if self.outputs == LOGITS:
            return (xp.logaddexp(out, xp.zeros_like(out)) - Y * out).sum() / m
        return -(Y * xp.log(out) + (1 - Y) * xp.log(1 - out)).sum() / m

    def words(self) -> str:
        """Say what it is read as."""
        name = getattr(self.maker, "__name__", type(self.maker).__name__)
        kind = "a torch.nn.Module" if self.name == "torch" else "a tree of JAX arrays"
        unusual = self.layout.words(2)
        said = f"{name}, {kind}, its outputs {self.outputs}, cost and gradient by autodiff"
        return f"{said}{f', {unusual}' if unusual else ''}"

    def given(self, network: Network, m: int) -> str:
        """Return the shapes of what it is given."""
        return Pipeline([], Way(self.layout), "forward", self.call).given(network, m)

    def functions(self) -> Sequence[Callable[..., Any]]:
        """Return the class."""
        return [self.maker] if inspect.isclass(self.maker) else []

    def parts(self) -> Sequence[str]:
        """Return the name of the class."""
        return [self.maker.__name__ if inspect.isclass(self.maker) else type(self.maker).__name__]


def taken(text: str) -> tuple[str, ...]:
    """Return what the outputs of a network may be, by the losses that its program names: those over logits apply the
    sigmoid themselves.

    >>> taken("loss = nn.BCEWithLogitsLoss()"), taken("F.binary_cross_entropy(out, y)")
    (('logits',), ('probabilities',))
    """
    found = [name for name, loss in TAKEN.items() if loss.search(text)]
    return (found[0],) if len(found) == 1 else (LOGITS, PROBABILITIES)


def _made_by(maker: Any, call: Caller) -> Any:
    """Return an object, or what a function makes, build_model(n_in, n_hidden) say; None if it makes nothing."""
    if not inspect.isroutine(maker):
        return maker
    try:
        return call(maker, [], **built(maker, Network.of((3, 4, 1)), None, None))
    except Trouble:
        return None


def nets(makers: Mapping[str, Any], rows: bool | None, call: Caller, text: str = "") -> Iterator[Net]:
    """Yield the networks of PyTorch and of JAX. text: of the program."""
    torch = loaded("torch")
    for maker in makers.values():
        kind = maker if inspect.isclass(maker) else type(_made_by(maker, call))
        if torch is not None and hasattr(torch, "nn") and issubclass(kind, torch.nn.Module):
            for outputs in taken(text):
                for layout in (AS_TORCH, *LAYOUTS):
                    if rows is None or layout.rows == rows:
                        yield Net(maker, "torch", outputs, layout, call)
        elif loaded("jax") is not None and "__call__" in dir(kind):
            for outputs in (LOGITS, PROBABILITIES):
                for layout in (AS_TORCH, *LAYOUTS):
                    if rows is None or layout.rows == rows:
                        yield Net(maker, "jax", outputs, layout, call)
