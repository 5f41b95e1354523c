"""What goes into anyone's function and what comes out of it, turned into Params and back; see load.py.

Every refusal is in the user's own names: dw where they say dw, dW1 where they say dW1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from crosscheck_impls.interface import Array, Layer, Network, Params

from crosscheck.core.failures import Kind, Refusal

PAIR = "w, b"  # the form of logistic regression's own; the others are in load.py
CUT = "None: nothing was computed for it. In torch that is the .grad of what J does not depend on: look for detach(), "
CUT += ".data, .item() or NumPy on the way from it to J, and for requires_grad"


class Trouble(Refusal):
    """A function that did not answer as agreed: the kind, and words for the one who wrote it.

    Kinds: RAISES, RETURNS (something else), SHAPE, MISSING (gradients), DEPTH (not for such a network).
    """


def layers(depth: int) -> str:
    """Say a depth.

    >>> layers(1), layers(3)
    ('1 layer', '3 layers')
    """
    return f"{depth} layer{'s' if depth > 1 else ''}"


def shapes(network: Network, m: int, form: str, with_labels: bool = True) -> str:
    """Return the shapes of what a function is given, in the names of its own form.

    >>> shapes(Network.of((2, 1)), 400, PAIR)
    'X (2, 400), w (2, 1), b a number, Y (1, 400)'
    """
    if form == PAIR:
        inside = [f"w ({network.n[0]}, 1), b a number"]
    else:
        pairs = enumerate(zip(network.n[1:], network.n, strict=False), start=1)
        inside = [f"W{l} ({n}, {before}) b{l} ({n}, 1)" for l, (n, before) in pairs]
    return ", ".join([f"X ({network.n[0]}, {m})", *inside, *([f"Y ({network.n[-1]}, {m})"] if with_labels else [])])


def a_network(network: Network, m: int, form: str, with_labels: bool = True) -> str:
    """Return what a function is given, in a few words."""
    return f"a network with {layers(network.L)}: {shapes(network, m, form, with_labels)}"


def packed(form: str, params: Params) -> dict[str, Any]:
    """Return copies of the parameters in the form that a function takes, by the name of the argument."""
    copies = tuple(Layer(W.copy(), b.copy()) for W, b in params)
    if form == PAIR:
        return {"w": copies[0].W.T, "b": float(copies[0].b[0, 0])}
    if form == "layers":
        return {"parameters": copies}
    return {"parameters": {f"{k}{l}": a for l, layer in enumerate(copies, 1) for k, a in zip("Wb", layer, strict=True)}}


def inputs(
    form: str, given: Mapping[str, Any], params: Params, data: Mapping[str, Array]
) -> list[tuple[str, Any, Array]]:
    """Return name, what is there after the call, and what was given, of every array. data: X, and Y if it is given."""
    arrays = [(name, given[name], original) for name, original in data.items()]
    if form == PAIR:
        return [*arrays, ("w", given["w"], params[0].W.T)]
    inside = given["parameters"]
    for l, layer in enumerate(params, 1):
        for k, (kind, original) in enumerate(zip("Wb", layer, strict=True)):
            array = inside[l - 1][k] if form == "layers" else inside.get(f"{kind}{l}")
            arrays.append((f"{kind}{l}", array, original))
    return arrays


def what(returned: Any) -> str:
    """Return what somebody returned, in words.

    >>> what((1.0, 2.0, 3.0))
    '3 things'
    """
    if isinstance(returned, tuple | list):
        return f"{len(returned)} things"
    return "nothing (None): a return is missing" if returned is None else f"a {type(returned).__name__}"


def apart(returned: Any) -> tuple[Any, Any]:
    """Return the cost and the gradients, in whichever order they came."""
    if not isinstance(returned, tuple | list) or len(returned) != 2:
        raise Trouble(Kind.RETURNS, f"it returns {what(returned)}, expected two: the cost and the gradients")
    first, second = returned
    for cost, gradients in ((first, second), (second, first)):
        if isinstance(gradients, Mapping):
            return cost, gradients
    for cost, gradients in ((first, second), (second, first)):
        if isinstance(gradients, tuple | list):
            return cost, gradients
    kinds = f"a {type(first).__name__} and a {type(second).__name__}"
    raise Trouble(
        Kind.RETURNS, f'it returns {kinds}, expected a number and the gradients: cost, {{"dW1": dW1, "db1": db1}}'
    )


def unpacked(arrays: Any, form: str, network: Network, prefix: str) -> Params:
    """Return gradients, or params, as Params; prefix: `d`, or nothing. Raises Trouble, in the user's own names."""
    layers, lacking = [], []
    pairs, things = not isinstance(arrays, Mapping), "gradients" if prefix else "parameters"
    if pairs and form == PAIR:
        raise Trouble(Kind.RETURNS, f'the {things} are {what(arrays)}, expected {{"dw": dw, "db": db}}')
    if pairs and not isinstance(arrays, tuple | list):
        raise Trouble(Kind.RETURNS, f"the {things} are {what(arrays)}, expected a dictionary, or (W, b) of each layer")
    if pairs and len(arrays) != network.L:
        count = f"{len(arrays)} layer{'s' if len(arrays) != 1 else ''}"
        raise Trouble(Kind.MISSING, f"{count} of {things} came back, expected {network.L}")
    for l, (n, before) in enumerate(zip(network.n[1:], network.n, strict=False), 1):
        layer = []
        for k, (kind, shape) in enumerate((("W", (n, before)), ("b", (n, 1)))):
            plain = kind.lower() if form == PAIR else f"{kind}{l}"
            name = prefix + plain
            if pairs:
                if not isinstance(arrays[l - 1], tuple | list) or len(arrays[l - 1]) != 2:
                    expected = f"({prefix}W, {prefix}b)"
                    raise Trouble(
                        Kind.RETURNS, f"the {things} of layer {l} are {what(arrays[l - 1])}, expected {expected}"
                    )
                array = arrays[l - 1][k]
            else:
                spellings = (name, plain, f"{prefix}{kind}", f"{prefix}{kind}{l}")
                key = next((each for each in spellings if each in arrays), None)
                if key is None:
                    lacking.append(name)
                    continue
                array = arrays[key]
            layer.append(_shaped(to_numpy(array, name), name, shape, form == PAIR))
        if len(layer) == 2:
            layers.append(Layer(*layer))
    if lacking:
        raise Trouble(
            Kind.MISSING, f"{', '.join(lacking)} did not come back; only {', '.join(map(str, arrays)) or 'nothing'}"
        )
    return tuple(layers)


def _shaped(array: Array, name: str, shape: tuple[int, ...], column: bool) -> Array:
    """Return W or b in the shape (n, k). column: w is (n_x, 1), and b a number. Raises Trouble."""
    if column and name.endswith("b"):
        if array.size == 1:
            return array.reshape(1, 1)
        sums = ": the sum over the examples, over m" if name == "db" else ""
        raise Trouble(Kind.SHAPE, f"{name} has shape {array.shape}, expected a number{sums}")
    wanted = shape[::-1] if column else shape
    if array.shape == wanted:
        return array.T if column else array
    rank = f" (rank {array.ndim})" if array.ndim != 2 else ""
    turned = array.ndim == 2 and array.shape == wanted[::-1]
    remedy = ""
    if turned:
        remedy = ": it is transposed"
    elif array.ndim == 1 and array.size == wanted[0] * wanted[1]:
        remedy = f": a sum loses its axis unless it has keepdims=True; or {name}.reshape{wanted}"
    raise Trouble(Kind.SHAPE, f"{name} has shape {array.shape}{rank}, expected {wanted}{remedy}")


def to_numpy(array: Any, name: str) -> Array:
    """Return anybody's array as NumPy's. Raises Trouble."""
    if array is None:
        raise Trouble(Kind.RETURNS, f"{name} is {CUT}")
    try:
        converted = np.array(array.detach().cpu().numpy() if hasattr(array, "detach") else array)
    except Exception as error:
        raise Trouble(Kind.RETURNS, f"{name} is a {type(array).__name__}, expected an array of numbers") from error
    if converted.dtype.kind not in "biuf":
        raise Trouble(Kind.RETURNS, f"{name} is an array of {converted.dtype}, expected one of numbers")
    return converted
