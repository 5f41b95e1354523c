"""Parameters in a shape of the program's own: what its initialiser returns, a module, a list of layer objects.

One is made for the network's sizes, or a copy is taken of one that the program has, and its arrays are replaced.
"""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from crosscheck_impls.interface import Network

from crosscheck.core.failures import Kind
from crosscheck.grading.convert import Trouble
from crosscheck.grading.forms.calling import Caller
from crosscheck.grading.forms.frameworks import in_layers, loaded, paired
from crosscheck.grading.forms.layout import COLUMNS, Layout
from crosscheck.grading.forms.packing import Pairs
from crosscheck.grading.forms.roles import arguments
from crosscheck.grading.forms.weights import SIZE, built, place, weights_of

INITIALISE = re.compile(r"^_*(init|random|create|make|new|build|get_param|start|from_)", re.IGNORECASE)
OUTPUT = re.compile(r"sigm|logist", re.IGNORECASE)
LAYERS = 3  # kinds of activation objects that are tried between layers


class Template(NamedTuple):
    """Where such parameters come from. made: gives them for a network. shown: what they are, in words."""

    made: Callable[[Network], Any]
    shown: str

    def filled(self, network: Network, pairs: Pairs, layout: Layout) -> Any:
        """Return parameters that hold these W and b. Raises Trouble."""
        thing = self.made(network)
        if (torch := loaded("torch")) is not None and isinstance(thing, torch.nn.Module):
            for (owner, name), array in zip(_of_module(thing, network), _flat(pairs), strict=True):
                value = torch.as_tensor(array)
                if value.requires_grad:  # a leaf, whose gradient is asked for
                    del owner._parameters[name]
                else:
                    value = torch.nn.Parameter(value.clone())
                setattr(owner, name, value)
            return thing
        if _is_of_jax(thing):
            tree, leaves, order = _of_tree(thing, network)
            for k, (l, kind) in order.items():
                leaves[k] = pairs[l]["Wb".index(kind)]
            return loaded("jax").tree.unflatten(tree, leaves)
        try:
            place(weights_of(thing, network, layout), pairs)
        except (AttributeError, TypeError, ValueError) as error:  # a frozen one of another shape
            raise Trouble(Kind.MISSING, f"its weights cannot be set: {error}") from error
        return thing

    def read(self, thing: Any, network: Network, layout: Layout) -> Pairs:
        """Return the W and b that parameters hold by now. Raises Trouble."""
        if (torch := loaded("torch")) is not None and isinstance(thing, torch.nn.Module):
            arrays = [getattr(owner, name).detach().numpy().copy() for owner, name in _of_module(thing, network)]
            return list(zip(arrays[::2], arrays[1::2], strict=True))
        if _is_of_jax(thing):
            _, leaves, order = _of_tree(thing, network)
            found = {place: leaves[k] for k, place in order.items()}
            return [(found[l, "W"], found[l, "b"]) for l in range(network.L)]
        weights = weights_of(thing, network, layout)
        return [(weights["W", l].get(), weights["b", l].get()) for l in range(1, network.L + 1)]


def _flat(pairs: Pairs) -> list[Any]:
    return [array for pair in pairs for array in pair]


def _of_module(thing: Any, network: Network) -> list[tuple[Any, str]]:
    """Return where W1, b1, W2, ... of a torch.nn.Module are: the owner, and the name."""
    owners = [(module, name) for module in thing.modules() for name, _ in module.named_parameters(recurse=False)]
    owners = owners or [
        (module, name) for module in thing.modules() for name in ("weight", "bias") if hasattr(module, name)
    ]
    places = in_layers([name for _, name in owners], network.L)
    return [owners[places[l, kind]] for l in range(1, network.L + 1) for kind in "Wb"]


def _is_of_jax(thing: Any) -> bool:
    jax = loaded("jax")
    return jax is not None and any(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(thing))


def _of_tree(thing: Any, network: Network) -> tuple[Any, list[Any], dict[int, tuple[int, str]]]:
    """Return the structure of a tree, its leaves, and which of them is W or b of a layer, from 0. Raises Trouble."""
    leaves, tree = loaded("jax").tree.flatten(thing)
    where = [k for k, leaf in enumerate(leaves) if getattr(leaf, "ndim", -1) in (1, 2)]
    if len(where) != 2 * network.L:
        raise Trouble(Kind.DEPTH, f"it has {len(where)} arrays, expected W and b of {network.L} layers")
    return tree, leaves, dict(zip(where, paired([leaves[k].ndim for k in where], network.L), strict=True))


def templates(things: Mapping[str, Any], call: Caller) -> Iterator[Template]:
    """Yield where a program's own kinds of parameters come from; not those that `packing` knows."""
    tiny = Network.of((3, 4, 1))
    for name, maker in _initialisers(things):
        template = Template(_making(maker, call), f"what {name} returns")
        try:
            made = template.made(tiny)
        except Trouble:
            continue
        if _is_new(made):
            yield template
    for name, each in things.items():
        if inspect.isclass(each) and _has_weights(each):
            yield Template(_making(each, call), f"a {name}")
        elif not inspect.isclass(each) and _is_object(each):
            yield Template(_copying(each), f"{name}, {_words(each)}")
    yield from _stacks(things, call)


def initialisers(things: Mapping[str, Any]) -> dict[str, Callable[..., Any]]:
    """Return the functions that make parameters, or a network, of sizes."""
    return dict(_initialisers(things))


def _initialisers(things: Mapping[str, Any]) -> Iterator[tuple[str, Callable[..., Any]]]:
    for name, each in things.items():
        if inspect.isfunction(each) and INITIALISE.match(name) and _sized(each):
            yield name, each
        elif inspect.isclass(each):
            for method, bound in inspect.getmembers(each, inspect.ismethod):  # of the class itself
                if INITIALISE.match(method) and _sized(bound):
                    yield f"{name}.{method}", bound


def _sized(maker: Callable[..., Any]) -> bool:
    """Return whether a function takes sizes of layers, and no data."""
    every = arguments(maker) or []
    return any(SIZE.get(each.name.lower().strip("_")) for each in every) and not any(each.role == "Y" for each in every)


def _making(maker: Callable[..., Any], call: Caller) -> Callable[[Network], Any]:
    return lambda network: call(maker, [], **built(maker, network, None, None))


def _copying(thing: Any) -> Callable[[Network], Any]:
    def copied(_: Network) -> Any:
        try:
            return copy.deepcopy(thing)
        except Exception as error:
            raise Trouble(Kind.RAISES, f"it cannot be copied: {error}") from error

    return copied


def _is_new(made: Any) -> bool:
    """Return whether something is in no shape that is tried anyway: a dictionary or a list of arrays."""
    if isinstance(made, tuple) and hasattr(made, "_fields"):
        return True
    if isinstance(made, Mapping | list | tuple):
        inner = list(made.values() if isinstance(made, Mapping) else made)
        return any(_is_new(each) or (isinstance(made, Mapping) and isinstance(each, Mapping)) for each in inner)
    return hasattr(made, "__dict__") and not hasattr(made, "shape")


def _has_weights(kind: Any) -> bool:
    """Return whether a class may be one of parameters, and no layer: it can be called, or says its fields."""
    torch = loaded("torch")
    return (torch is not None and issubclass(kind, torch.nn.Module)) or hasattr(kind, "__dataclass_fields__")


def _is_object(thing: Any) -> bool:
    """Return whether something is an object of the program's own, or a list of such."""
    if isinstance(thing, list | tuple):
        return bool(thing) and all(_is_object(each) or callable(each) for each in thing)
    return hasattr(thing, "__dict__") and not inspect.isroutine(thing) and not inspect.ismodule(thing)


def _words(thing: Any) -> str:
    if isinstance(thing, list | tuple):
        return f"a list of {', '.join(getattr(each, '__name__', type(each).__name__) for each in thing)}"
    return f"a {type(thing).__name__}"


def _stacks(things: Mapping[str, Any], call: Caller) -> Iterator[Template]:
    """Yield lists of a program's own layers: [Dense, Tanh, Dense, Sigmoid]."""
    one = Network.of((3, 4), output="sigmoid")
    classes = {name: each for name, each in things.items() if inspect.isclass(each)}
    plain = {name: each for name, each in classes.items() if _both_ways(each) and not _needs(each)}
    outputs = [name for name in plain if OUTPUT.search(name)]
    hidden = [name for name in plain if not re.search("loss|cost|entropy|softmax", name, re.IGNORECASE)]
    for name, each in classes.items():
        if not _both_ways(each) or len(_needs(each)) < len(("n_in", "n_out")):
            continue
        try:
            weights_of(_making(each, call)(one), one, COLUMNS)
        except Trouble:
            continue
        for g in sorted(hidden, key=lambda found: found in outputs)[:LAYERS]:
            parts = [plain[g]], [plain[out] for out in outputs[:1]]
            shown = ", ".join([name, g, name, *outputs[:1]])
            yield Template(_stacking(each, *parts, call), f"a list of {shown}")


def _both_ways(kind: Any) -> bool:
    return hasattr(kind, "backward") and (hasattr(kind, "forward") or "__call__" in vars(kind))


def _needs(kind: Any) -> list[str]:
    try:
        every = inspect.signature(kind).parameters.values()
    except (TypeError, ValueError):
        return []
    return [each.name for each in every if each.default is each.empty and each.kind is each.POSITIONAL_OR_KEYWORD]


def _stacking(
    dense: Any, hidden: Sequence[Any], output: Sequence[Any], call: Caller
) -> Callable[[Network], Any]:  # fmt: skip
    def stacked(network: Network) -> list[Any]:
        layers: list[Any] = []
        for l, (n, before) in enumerate(zip(network.n[1:], network.n, strict=False), 1):
            one = Network.of((before, n), output="sigmoid")
            layers += [_making(dense, call)(one), *(call(g, []) for g in (hidden if l < network.L else output))]
        return layers

    return stacked
