"""The weights of an object: found among its attributes by their names or by their shapes, and set to others."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from crosscheck_impls.interface import Network

from crosscheck.core.failures import Kind
from crosscheck.grading.convert import Trouble
from crosscheck.grading.forms.calling import Caller
from crosscheck.grading.forms.layout import Layout
from crosscheck.grading.forms.packing import Pairs
from crosscheck.grading.forms.returned import GRADIENT, Leaf, named_by
from crosscheck.grading.forms.roles import role_of

DEEP = 5
SEEDS = ("seed", "random_state", "random_seed")
ALWAYS = ("sizes", "n_x", "n_h", "hidden", "n_y", "alpha", "iterations")  # even if they have a default
RANDOM = ("key", "rng_key", "prng_key", "prng", "rngkey", "rng", "generator")
SIZES = {
    "sizes": "layer_dims layers_dims layers layer_sizes sizes dims layer_dimensions architecture topology neurons "
             "structure layer_size arch units nodes network_size n_units shape",
    "n_x": "n_x nx input_size input_dim n_in n_input n_inputs inputs input_nodes in_features num_inputs n_features "
           "input_units d_in inputsize input_layer_size features num_features n0 dim_in in_dim input_layer",
    "n_h": "n_h nh hidden_size hidden hidden_units n_hidden num_hidden hidden_dim hidden_nodes hidden_layer_size "
           "d_hidden hiddensize n1 h num_hidden_units hidden_neurons n_hid hidden_layer",
    "hidden": "hidden_sizes hidden_layers hidden_layer_sizes hidden_dims",
    "n_y": "n_y ny output_size output_dim n_out n_output n_outputs outputs output_nodes out_features num_outputs d_out "
           "output_units outputsize n2 num_classes n_classes output_layer_size dim_out out_dim output_layer",
}  # fmt: skip
SIZE = {name: role for role, names in SIZES.items() for name in names.split()}


class Weight(NamedTuple):
    """Where an array of an object is: in which object, dictionary or list, and under which name."""

    owner: Any
    key: Any
    leaf: Leaf

    def set(self, array: Any) -> None:
        """Put another array there: into the same one, which other names may share, if it has the shape."""
        old = self.leaf.value
        if (
            isinstance(old, np.ndarray)
            and np.shape(array) == old.shape
            and old.dtype == np.float64
            and old.flags.writeable
        ):
            old[...] = array
        elif isinstance(self.owner, dict | list):
            self.owner[self.key] = array
        else:
            setattr(self.owner, self.key, array)

    def get(self) -> Any:
        """Return what is there now."""
        return self.owner[self.key] if isinstance(self.owner, dict | list) else getattr(self.owner, self.key)


def inside(
    thing: Any, label: str = "self", keys: tuple[str | int, ...] = (), seen: set[int] | None = None
) -> Iterator[Weight]:
    """Yield the arrays and numbers among an object's attributes, and in the lists, dictionaries and objects there."""
    seen = set() if seen is None else seen
    if id(thing) in seen or len(keys) >= DEEP:
        return
    seen.add(id(thing))
    if isinstance(thing, Mapping):
        items = [(key, f'{label}["{key}"]', value) for key, value in thing.items()]
    elif isinstance(thing, list | tuple):
        items = [(k, f"{label}[{k}]", value) for k, value in enumerate(thing)]
    else:
        items = [(name, f"{label}.{name}", value) for name, value in getattr(thing, "__dict__", {}).items()]
    for key, said, value in items:
        path = (*keys, key if isinstance(key, int) and not isinstance(thing, Mapping) else str(key))
        if isinstance(value, np.ndarray | np.generic | float | int) and not isinstance(value, bool):
            yield Weight(thing, key, Leaf(said, path, value))
        elif not inspect.isroutine(value) and not inspect.ismodule(value) and not inspect.isclass(value):
            yield from inside(value, said, path, seen)


def weights_of(thing: Any, network: Network, layout: Layout) -> dict[tuple[str, int], Weight]:
    """Return the weights of each layer: by name, or else by shape. Raises Trouble where there are none, or others."""
    found = list(inside(thing))
    plain = [each for each in found if (m := GRADIENT.match(each.leaf.name)) and not m["d"] and not m["after"]]
    plain = [each for each in plain if not any("grad" in str(key).lower() for key in each.leaf.keys)]
    leaves = {id(each.leaf): each for each in plain}
    named = {key: leaves[id(leaf)] for key, leaf in named_by([each.leaf for each in plain], 99, "forward").items()}
    if {l for _, l in named} == set(range(1, network.L + 1)) and len(named) == 2 * network.L:
        return named
    if (shaped := _by_shape(found, named, network, layout)) is not None:
        return shaped
    if named and not any(kind == "b" for kind, _ in named):
        raise Trouble(Kind.MISSING, "it has weights and no biases: the models that are judged have b[l] in every layer")
    depth = max((l for _, l in named), default=0)
    if depth and depth != network.L:
        raise Trouble(Kind.DEPTH, f"it has W and b of {depth} layer{'s' if depth > 1 else ''}")
    raise Trouble(Kind.MISSING, "no attribute of it is W or b of a layer")


def _by_shape(
    found: list[Weight], named: Mapping[tuple[str, int], Weight], network: Network, layout: Layout
) -> dict[tuple[str, int], Weight] | None:  # fmt: skip
    """Return the weights by their shapes, in the order in which they stand, but those that a name says: syn0, bias0."""
    chosen: dict[tuple[str, int], Weight] = {}
    for l in range(1, network.L + 1):
        for kind in "Wb":
            shape = layout.shape(kind, network.n[l], network.n[l - 1], network.L == 1)
            own = named.get((kind, l))
            free = [e for e in found if not any(e is c for c in (*chosen.values(), *named.values()))]
            each = own or next((e for e in free if np.shape(e.leaf.value) == shape), None)
            if each is None or np.shape(each.leaf.value) != shape:
                return None
            chosen[kind, l] = each
    return chosen


def place(weights: Mapping[tuple[str, int], Weight], pairs: Pairs) -> None:
    """Set the weights."""
    for (kind, l), weight in weights.items():
        weight.set(pairs[l - 1]["Wb".index(kind)])


def _random(name: str) -> Any:
    """Return what an argument of this name draws its numbers from: a key of JAX, or a generator of NumPy."""
    jax = sys.modules.get("jax")
    return np.random.default_rng(0) if jax is None or name in ("rng", "generator") else jax.random.PRNGKey(0)


def _is_switch(default: Any) -> bool:
    """Return whether a penalty or the like has a default of some size."""
    return isinstance(default, int | float) and not isinstance(default, bool)


def _argument(each: inspect.Parameter, network: Network, known: Mapping[str, Any]) -> tuple[bool, Any]:
    """Return whether something is known of an argument of a class, and what it gets."""
    plain = each.name.lower().strip("_")
    role, needed = SIZE.get(plain, "") or role_of(each.name), each.default is each.empty
    for l in range(1, network.L):
        if plain.endswith(str(l)) and SIZE.get(plain[:-1].rstrip("_")) == "n_h":
            return True, network.n[l]
    if role in known and (needed or role in ALWAYS or (role in ("zero", "one") and _is_switch(each.default))):
        return True, known[role]
    if needed and plain in SEEDS:
        return True, 0
    if needed and plain in RANDOM:
        return True, _random(plain)
    return (True, network.g[0]) if needed and "activation" in plain else (False, None)


def built(
    kind: Callable[..., Any], network: Network, X: Any, Y: Any, alpha: float = 0.1, iterations: int = 1
) -> dict[str, Any]:
    """Return what a class is made with, for a network. Raises Trouble for an argument that nothing is known of."""
    try:
        every = [
            each for each in inspect.signature(kind).parameters.values()
            if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)
        ]  # fmt: skip
    except (TypeError, ValueError):
        every = []
    hidden = list(network.n[1:-1])
    known: dict[str, Any] = {
        "sizes": list(network.n), "n_x": network.n[0], "n_h": hidden[0] if len(hidden) == 1 else hidden,
        "hidden": hidden,
        "n_y": network.n[-1], "X": X, "Y": Y, "alpha": alpha, "iterations": iterations, "zero": 0.0, "one": 1.0,
        "false": False, "m": network.n[0],
    }  # fmt: skip
    known |= {f"A{l}": size for l, size in enumerate(network.n)}
    given: dict[str, Any] = {}
    unknown = []
    for each in every:
        is_known, value = _argument(each, network, known)
        if is_known:
            given[each.name] = value
        elif each.default is each.empty:
            unknown.append(each.name)
    if len(unknown) == 1 and not given:
        given[unknown[0]] = list(network.n)
    elif len(unknown) == network.L + 1:
        given |= dict(zip(unknown, network.n, strict=True))
    elif unknown:
        raise Trouble(Kind.MISSING, f"{kind.__name__} is made of {', '.join(unknown)}, of which nothing is known")
    return given


def made(kind: Callable[..., Any], given: Mapping[str, Any], call: Caller) -> Any:
    """Return what a class makes of these arguments. Raises Trouble, which is ours where it wants others."""
    try:
        return call(kind, [], **given)
    except Trouble as trouble:
        if trouble.kind is not Kind.RAISES:
            raise
        raise Trouble(Kind.NOT_BUILT, str(trouble), trouble.line) from trouble
