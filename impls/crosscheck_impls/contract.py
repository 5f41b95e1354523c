"""What every implementation offers, and how one is loaded. No framework is imported before it is asked for."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

from crosscheck_impls.network import KINKED, Array, BadInput, Network, Params, Side, nearest

# Named here so that nobody has to import a framework in order to list what there is; a test holds it true.
VARIANTS: Mapping[str, tuple[str, ...]] = {
    "numpy": ("loops", "per_example", "textbook", "by_hand", "fast"),
    "torch": ("per_example", "textbook", "by_hand", "fast", "autograd", "native"),
    "jax": ("per_example", "textbook", "by_hand", "fast", "autograd", "native"),
}
# Those of `with_torch.distributed` and its like, each over several processes, or several devices of one process.
DISTRIBUTED: Mapping[str, Mapping[str, Literal["processes", "devices"]]] = {
    "numpy": {"mpi": "processes"},
    "torch": dict.fromkeys(("all_reduce", "ddp", "fsdp", "tensor_parallel", "zero"), "processes"),
    "jax": {"sharded": "devices", "grid": "devices", "shard_map": "devices", "processes": "processes"},
}
# What is run only where it is named.
ON_REQUEST: Mapping[str, tuple[str, ...]] = {"numpy": ("chunked",), "torch": ("chunked",), "jax": ("chunked",)}
# And what a compiler, a recorder or another runtime makes of a variant; it may need what is not there.
COMPILED: Mapping[str, tuple[str, ...]] = {
    "numpy": ("onnx",),
    "torch": ("compiled", "exported", "cuda_graph"),
    "jax": (),
}

# And those of narrow modes, with the precision that each declares: over float32 arrays, and full in float64.
REDUCED: Mapping[str, Mapping[str, str]] = {
    "numpy": {"bf16_products": "bfloat16_products"},
    "torch": {"tf32": "tf32", "autocast_bf16": "bfloat16", "autocast_fp16": "float16", "float8": "float8"},
    "jax": {"tf32": "tf32", "bf16_products": "bfloat16_products", "mixed": "bfloat16", "float8": "float8"},
}


class Declaration(NamedTuple):
    """What a variant says of itself; the harness judges it by that and names it where it matters.

    formulation: what its formulas are, since their rounding errors differ.
        `logits`: J from the logits, dZ[L] = A - Y, sigmoid and tanh without overflow.
        `autodiff`: J from the logits, dZ[L] by differentiating softplus, whose error grows with |Z|.
        `textbook`: the notes to the letter: J through log(A), dA[L] by division, tanh by its definition.
    precision: `full`, or a mode over float32 arrays, which in float64 is full. Products are summed in float32.
        `tf32`: operands of matrix products are cut, or rounded, to 10 bits after the point.
        `bfloat16_products`: they are rounded to bfloat16.
        `bfloat16`: so are Z, A, dA, dZ, dW and db; J, dZ[L], the params and their update are float32, as in autocast.
        `float16`: the same in float16, with the loss times 1024 before the backward pass.
        `float8`: operands are rounded to e4m3, dZ to e5m2, each scaled by a power of two that its largest number fits.
    relu_grad_at_zero: which one-sided derivative at 0 a variant has that cannot honour the network's,
        by activation.
    flushes: whether numbers below the normal range may become 0.
    convention: what these are called where people look them up.
    loops_over: what Python itself loops over, `examples` or every number, so that the harness asks for less.
    sums: the shape of its sums over the examples, which makes the error bound smaller; any order where there is none.
        `("blocks", 4096)`: blocks of 4096 examples one after another, the last one shorter, are added up in any order
        each, and the sums of the blocks in pairs, those sums in pairs again, one without a partner as it is. From
        J and dParams of each block by itself, m[r] times those are added and the total is divided by m, so that
        the blocks asked alone give the same bits: the harness asks. It also takes X and Y as `Chunks`.
    compiles: whether its first call for a network and its shapes makes a program, for which the harness gives it five
        minutes more than the time limit.
    """

    formulation: Literal["logits", "autodiff", "textbook"] = "logits"
    precision: Literal["full", "tf32", "bfloat16_products", "bfloat16", "float16", "float8"] = "full"
    relu_grad_at_zero: tuple[tuple[str, Side], ...] = ()
    flushes: bool = False
    convention: str = ""
    loops_over: Literal["nothing", "examples", "numbers"] = "nothing"
    sums: tuple[Literal["blocks"], int] | None = None
    compiles: bool = False


DECLARED = {
    "formulation": ("logits", "autodiff", "textbook"),
    "precision": ("full", "tf32", "bfloat16_products", "bfloat16", "float16", "float8"),
    "loops_over": ("nothing", "examples", "numbers"),
}


class Chunks(NamedTuple):
    """A matrix (n, m) that lies in a file and is read in parts, in the place of X or Y.

    path: of the file. shape: (n, m). dtype: that of the framework's params. read: (start, stop) -> the columns from
    start to stop as a NumPy array of its own, (n, stop - start), of that dtype. A variant that declares `sums` takes
    two of these, whose columns belong together.
    """

    path: str
    shape: tuple[int, int]
    dtype: Any
    read: Callable[[int, int], Any]


@runtime_checkable
class Gradients(Protocol):
    """(network, params, X, Y) -> J, a scalar array of X's dtype, and dParams, of the shapes of params."""

    def __call__(self, network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
        """Return J and its gradient. X (n[0], m), Y (n[L], m)."""


class GradientDescent(Protocol):
    """(network, params, X, Y, alpha, iterations) -> the last params, and J before each step (iterations,)."""

    def __call__(
        self, network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
    ) -> tuple[Params, Array]:
        """Return the params after the iterations, and J before each of them (iterations,)."""


class Variant(NamedTuple):
    """One way to compute the gradient.

    gradient_descent: its own loop, where it has one; otherwise the framework's, over `gradients`.
    """

    gradients: Gradients
    gradient_descent: GradientDescent | None = None
    declaration: Declaration = Declaration()


class Model(Protocol):
    """One of the notes' three models in one framework: `logistic_regression`, `two_layer`, `l_layer`."""

    def forward(self, network: Network, params: Params, X: Array) -> tuple[Array, Any]:
        """Return Z[L] (n[L], m) and what backward needs again."""

    def cost(self, network: Network, Z: Array, Y: Array) -> Array:
        """Return J, a scalar, from Z[L] (n[L], m) and Y (n[L], m)."""

    def backward(self, network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
        """Return J and dParams."""

    def predict(self, network: Network, params: Params, X: Array) -> Array:
        """Return the classes, 0 or 1, whole numbers (n[L], m); for a regression A[L] itself."""


class FromNumpy(Protocol):
    """(array, device) -> a copy of a NumPy array, of one of EVERY_DTYPE, on the device; the dtype stays."""

    def __call__(self, array: Any, device: str = "cpu") -> Array:
        """Return the copy. Raises BadInput for a device that is not there."""


class Fit(Protocol):
    """Gradient descent on the device with one of the variants."""

    def __call__(
        self, variant: str, network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
    ) -> tuple[Params, Array]:
        """Return the last params, and J before each step (iterations,). Raises BadInput."""


@dataclass(frozen=True)
class Framework:
    """What computes with one kind of array; `from_numpy` and `to_numpy` are the only ways in and out.

    `gradients`, `fit` and `predict` check their arguments once and raise BadInput; the functions behind them do not.

    name: `numpy`, `torch`, `jax`, or what the module calls itself.
    module: the module that was loaded; its other attributes are the framework's too, `framework.l_layer` for one.
    variants: as the module has them, unchecked.
    gradients: by variant. declarations: by variant; `declaration` checks what they say.
    devices: () -> the devices that are there now, out of `cpu` and `cuda`.
    device: array -> the device on which it lies.
    to_numpy: array -> a copy in NumPy; the dtype stays.
    predict: (network, params, X) -> the classes, whole numbers (n[L], m); for a regression A[L].
    environment: () -> versions, threads and precision switches as they are set now.
    configure: dtype -> sets what the framework needs for arrays of that dtype in the whole process: call it once,
        before the first of them.
    """

    name: str
    module: ModuleType
    variants: Mapping[str, Variant]
    gradients: Mapping[str, Gradients]
    declarations: Mapping[str, Declaration]
    devices: Callable[[], tuple[str, ...]]
    device: Callable[[Array], str]
    from_numpy: FromNumpy
    to_numpy: Callable[[Array], Any]
    fit: Fit
    predict: Callable[[Network, Params, Array], Array]
    environment: Callable[[], Mapping[str, Any]]
    configure: Callable[[str], None]

    def __getattr__(self, part: str) -> Any:
        if part == "module" or part.startswith("__"):  # asked for by copy and pickle, before there is a module
            raise AttributeError(part)
        return getattr(self.module, part)


CONTRACT = ("name", "gradients", "devices", "device", "from_numpy", "to_numpy", "fit", "predict")


def load(name: str) -> Framework:
    """Import a framework: `numpy`, `torch`, `jax`, or the dotted path of anyone's module.

    The module needs no more than `gradients`: a function (network, params, X, Y) -> J, dParams, or several by name.
    `variants`, `declarations` and every field of `Framework` are taken from it where it has them; `defaults` says
    what stands in for the rest.

    Raises BadInput where there is no such module or it has no gradients, and ModuleNotFoundError
    where the framework that the module is written for is not installed.

    >>> load("numpy").name
    'numpy'
    """
    if name.startswith(".") or "/" in name:
        raise BadInput(f"implementation {name!r}: not the name of a module; expected my_package.mine, or ./mine.py")
    path = f"crosscheck_impls.with_{name}" if name in VARIANTS else name
    if name not in VARIANTS and "." not in name and importlib.util.find_spec(name) is None:
        raise BadInput(f"implementation {name!r}: no such framework or module; {nearest(name, list(VARIANTS))}")
    try:
        module = importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name is not None and (path == error.name or path.startswith(error.name + ".")):
            raise BadInput(f"implementation {name!r}: no module {error.name!r} on the path; check the name") from error
        raise
    from crosscheck_impls.defaults import complete  # here, since it brings NumPy along

    return complete(module, name)


def declaration(framework: Framework, variant: str) -> Declaration:
    """Return what the variant declares; by default it works from the logits, in full precision. Raises BadInput."""
    said: Any = getattr(framework, "declarations", {}).get(variant, Declaration())
    where = f"implementation {framework.name}/{variant}: declares"
    if not isinstance(said, Declaration):
        raise BadInput(f"{where} a {type(said).__name__}, expected a Declaration({', '.join(Declaration._fields)})")
    declared: Declaration = said
    for field, known in DECLARED.items():
        if getattr(declared, field) not in known:
            raise BadInput(f"{where} {field} {getattr(declared, field)!r}, expected one of {', '.join(known)}")
    if declared.sums is not None and not _blocks(declared.sums):
        raise BadInput(f'{where} sums {declared.sums!r}, expected ("blocks", 4096), or another whole number >= 1')
    declared = declared._replace(relu_grad_at_zero=_sides(declared.relu_grad_at_zero, where))
    if declared.relu_grad_at_zero and not declared.convention:
        words = ", ".join(f"{name} {side}" for name, side in declared.relu_grad_at_zero)
        return declared._replace(convention=f"{framework.name}/{variant} at 0: {words}")
    return declared


def _blocks(declared: Any) -> bool:
    """Return whether sums are declared as they can be."""
    return (
        isinstance(declared, tuple)
        and len(declared) == 2
        and declared[0] == "blocks"
        and type(declared[1]) is int
        and declared[1] >= 1
    )


def _sides(declared: Any, where: str) -> tuple[tuple[str, Side], ...]:
    """Return the declared derivatives at 0 as pairs, from pairs or a dictionary. Raises BadInput."""
    try:
        pairs = tuple((name, side) for name, side in dict(declared).items())
    except (TypeError, ValueError):
        pairs = ((str(declared), ""),)
    for name, side in pairs:
        if name not in KINKED or side not in ("right", "left"):
            raise BadInput(
                f"{where} relu_grad_at_zero {declared!r}, expected (activation, side) pairs such as "
                f'(("relu", "left"),): {" or ".join(KINKED)}, right or left'
            )
    return pairs
