"""How parameters are handed over: a dictionary, tuples, lists; and what a function may ask for by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
from crosscheck_impls.interface import Array, Layer, Network, Params

from crosscheck.core.failures import Kind
from crosscheck.grading.convert import PAIR, Trouble
from crosscheck.grading.forms.layout import Layout

Pairs = list[tuple[Any, Any]]
KEYS = {  # of a dictionary: those of W and of b
    "W1": ("W{}", "b{}"), "w1": ("w{}", "b{}"), "weights1": ("weights{}", "bias{}"), "W_1": ("W_{}", "b_{}"),
    "Theta1": ("Theta{}", "b{}"), "weight1": ("weight{}", "bias{}"), "weights_1": ("weights_{}", "biases_{}"),
}  # fmt: skip
WORDS = {
    "dictionary": "a dictionary W1, b1, ...", "layers": "a tuple of (W, b)", "list": "a list W1, b1, ...",
    "lists": 'a dictionary of lists "W", "b"', "dictionaries": 'a list of dictionaries "W", "b"', PAIR: "w and b",
}  # fmt: skip
HOLDS = {
    "dictionary": "dictionary",
    "list": "list",
    "lists": "dictionary of lists",
    "dictionaries": "list of dictionaries",
    PAIR: "dictionary",
}


def packed(packing: str, pairs: Pairs, keys: tuple[str, str] = KEYS["W1"]) -> Any:
    """Return the parameters in one of the ways of WORDS."""
    match packing:
        case "layers":
            return tuple(Layer(W, b) for W, b in pairs)
        case "list":
            return [array for pair in pairs for array in pair]
        case "lists":
            return {"W": [W for W, _ in pairs], "b": [b for _, b in pairs]}
        case "dictionaries":
            return [{"W": W, "b": b} for W, b in pairs]
        case "w, b":  # PAIR
            return {"w": pairs[0][0], "b": pairs[0][1]}
    return {key.format(l): a for l, pair in enumerate(pairs, 1) for key, a in zip(keys, pair, strict=True)}


def unpacked(packing: str, given: Any, L: int, keys: tuple[str, str] = KEYS["W1"]) -> Pairs:
    """Return W and b of each layer out of what was packed, whatever stands there by now; None for what is gone."""

    def at(place: Any, *path: Any) -> Any:
        try:
            for key in path:
                place = place[key]
            return place
        except (KeyError, IndexError, TypeError):
            return None

    match packing:
        case "layers":
            return [(at(given, l, 0), at(given, l, 1)) for l in range(L)]
        case "list":
            return [(at(given, 2 * l), at(given, 2 * l + 1)) for l in range(L)]
        case "lists":
            return [(at(given, "W", l), at(given, "b", l)) for l in range(L)]
        case "dictionaries":
            return [(at(given, l, "W"), at(given, l, "b")) for l in range(L)]
        case "w, b":
            return [(at(given, "w"), at(given, "b"))]
    return [(at(given, keys[0].format(l)), at(given, keys[1].format(l))) for l in range(1, L + 1)]


class Own(Protocol):
    """Parameters in a shape of the program's own, see template.py."""

    @property
    def shown(self) -> str:
        """Say what they are."""

    def filled(self, network: Network, pairs: Pairs, layout: Layout) -> Any:
        """Return parameters that hold these W and b. Raises Trouble."""

    def read(self, thing: Any, network: Network, layout: Layout) -> Pairs:
        """Return the W and b that parameters hold by now. Raises Trouble."""


class Way(NamedTuple):
    """How a network is handed over. own: in a shape of the program's own, whatever packing says."""

    layout: Layout
    packing: str = "dictionary"
    keys: tuple[str, str] = KEYS["W1"]
    own: Own | None = None

    @property
    def takes(self) -> str:
        """How parameters are handed over, of WORDS, or in words of its own."""
        return self.packing if self.own is None else self.own.shown

    def environment(self, network: Network, params: Params, X: Array, Y: Array | None) -> dict[str, Any]:
        """Return all that a function may ask for, by the roles of roles.py; arrays are copies."""
        Y_given = None if Y is None else self.layout.Y(Y)
        return self.handing(network, self.layout.given(params), self.layout.X(X), Y_given, X.shape[1])

    def handing(self, network: Network, pairs: Pairs, X: Any, Y: Any, m: int) -> dict[str, Any]:
        """Return the same of arrays of any kind, as they are given."""
        if self.packing == PAIR and network.L > 1:
            raise Trouble(Kind.DEPTH, "it takes w and b, which is logistic regression with one output")
        own = None if self.own is None else self.own.filled(network, pairs, self.layout)
        inside: dict[str, Any] = {"X": X, "m": m, "parameters": own}
        if self.own is None:
            inside["parameters"] = packed(self.packing, pairs, self.keys)
        if Y is not None:
            inside["Y"] = Y
        weights, biases = [W for W, _ in pairs], [b for _, b in pairs]
        inside |= {"weights": weights, "biases": biases, "w": weights, "b": biases, "L": network.L}
        if network.L == 1:
            inside |= {"w": pairs[0][0], "b": pairs[0][1]}
        for l, (W, b) in enumerate(pairs, 1):
            inside |= {f"W{l}": W, f"b{l}": b}
        sizes = list(network.n)
        return inside | {"layer_dims": sizes, "layers_dims": sizes, "layer_sizes": sizes, "n_layers": network.L}

    def changed(self, environment: Mapping[str, Any], params: Params, X: Array, Y: Array | None) -> list[str]:
        """Return the names of what is no longer what was given; parameters of the program's own are its own."""
        pairs, L = self.layout.given(params), len(params)
        found = [("X", environment["X"], self.layout.X(X))]
        found += [] if Y is None else [("Y", environment["Y"], self.layout.Y(Y))]
        inside = pairs if self.own else unpacked(self.packing, environment["parameters"], L, self.keys)
        for l, (pair, now) in enumerate(zip(pairs, inside, strict=True), 1):
            for kind, before, packed_now in zip("Wb", pair, now, strict=True):
                name = kind.lower() if self.layout.number and L == 1 else f"{kind}{l}"
                found += [(name, packed_now, before), (name, environment[f"{kind}{l}"], before)]
        return list(dict.fromkeys(name for name, now, before in found if not _same(now, before)))

    def refilled(self, environment: Mapping[str, Any], params: Params, X: Array, Y: Array | None) -> str:
        """Return what holds other arrays by now, where those that were given are as they were; or nothing."""
        if self.own or not self.changed(environment, params, X, Y):
            return ""
        arrays = [(environment[f"W{l}"], environment[f"b{l}"]) for l in range(1, len(params) + 1)]
        as_given = {**environment, "parameters": packed(self.packing, arrays, self.keys)}
        return "" if self.changed(as_given, params, X, Y) else HOLDS.get(self.packing, "")


def _same(now: Any, before: Any) -> bool:
    try:
        now = now.detach().cpu().numpy() if hasattr(now, "detach") else now
        now = np.asarray(now)
        return bool(np.array_equal(now, before, equal_nan=now.dtype.kind == "f"))
    except Exception:  # whatever stands there by now
        return False


def keys_in(text: str) -> tuple[str, str]:
    """Return how a program writes the keys of its dictionary, W1 and b1 unless it says otherwise.

    >>> keys_in("parameters['w1']"), keys_in("p['W1']")
    (('w{}', 'b{}'), ('W{}', 'b{}'))
    """
    for key, pair in KEYS.items():
        stem = key.rstrip("1")
        quoted = [f"{q}{stem}{end}" for q in "'\"" for end in ("1", "2", "{", "'", '"')]
        if any(each in text for each in quoted):
            return pair
    return KEYS["W1"]
