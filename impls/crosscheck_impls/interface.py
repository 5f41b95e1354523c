"""The contract that every implementation keeps: what a network is, what parameters are, what is called.

Examples are columns. X is (n[0], m), Y is (n[L], m), W[l] is (n[l], n[l-1]), b[l] is (n[l], 1);
Z[l], A[l], dZ[l] and dA[l] are (n[l], m). Nothing here computes: no framework is imported.
"""

from crosscheck_impls.contract import (
    CONTRACT,
    DECLARED,
    VARIANTS,
    Declaration,
    Fit,
    Framework,
    FromNumpy,
    GradientDescent,
    Gradients,
    Model,
    Variant,
    declaration,
    load,
)
from crosscheck_impls.network import (
    ACTIVATIONS,
    DTYPES,
    KINKED,
    OUTPUTS,
    Array,
    BadInput,
    Layer,
    Loss,
    Network,
    Params,
    Side,
    check,
    check_descent,
    check_differentiable,
    nearest,
)

__all__ = [
    "ACTIVATIONS",
    "CONTRACT",
    "DECLARED",
    "DTYPES",
    "KINKED",
    "OUTPUTS",
    "VARIANTS",
    "Array",
    "BadInput",
    "Declaration",
    "Fit",
    "Framework",
    "FromNumpy",
    "GradientDescent",
    "Gradients",
    "Layer",
    "Loss",
    "Model",
    "Network",
    "Params",
    "Side",
    "Variant",
    "check",
    "check_descent",
    "check_differentiable",
    "declaration",
    "load",
    "nearest",
]
