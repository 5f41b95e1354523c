"""Gradients whose products are none: what is said of how they round has to be nothing."""

import os

from crosscheck.mutation.rounding import bfloat16
from crosscheck.qualification import tensor_core
from crosscheck_impls.interface import Layer, load

PRODUCTS = tensor_core.Products


def right(network, params, X, Y):
    return load("numpy").gradients["by_hand"](network, params, X, Y)


def raises(network, params, X, Y):
    raise RuntimeError("no product")


def exits(network, params, X, Y):
    os._exit(3)


def uneven(network, params, X, Y):
    """The last column is another sum."""
    J, ((dW, db),) = right(network, params, X, Y)
    dW[:, -1] *= 2
    return J, (Layer(dW, db),)


def lost(network, params, X, Y):
    """One bit in the middle is lost, as by no rounding."""
    J, ((dW, db),) = right(network, params, X, Y)
    return J, (Layer(dW * (dW != 1 + 2.0**-5), db),)


def narrow_X(network, params, X, Y):
    """X alone passes through bfloat16."""
    return right(network, params, bfloat16(X), Y)


def lies(network, params, X, Y):
    """It has its process say what no product can be."""
    tensor_core.Products = lambda *said: PRODUCTS(*said)._replace(left_bits=99)
    return right(network, params, X, Y)


ALL = (right, raises, exits, uneven, lost, narrow_X, lies)
gradients = {each.__name__: each for each in ALL}
