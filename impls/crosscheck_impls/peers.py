"""What the fast paths are timed against: other people's training loops, and the bare matrix products.

Each is `start(network, params, X, Y, alpha, device)` with NumPy arrays of one dtype, and returns run(iterations),
which comes back when everything is computed. A library is imported when its peer starts.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import Any, TypeAlias

from crosscheck_impls.interface import Array, Network, Params, load

Run: TypeAlias = Callable[[int], Any]
Start: TypeAlias = Callable[[Network, Params, Array, Array, float, str], Run]


def implementation(name: str) -> Start:
    """Return one of ours, `framework/variant`, as a peer; fetching the costs waits for the device."""

    def start(network: Network, params: Params, X: Array, Y: Array, alpha: float, device: str) -> Run:
        framework_name, _, variant = name.partition("/")
        framework = load(framework_name)
        framework.configure(str(X.dtype))
        given = [tuple(type(layer)(*(framework.from_numpy(a, device) for a in layer)) for layer in params)]
        there = (network, given[0], framework.from_numpy(X, device), framework.from_numpy(Y, device), alpha)
        return lambda iterations: framework.to_numpy(framework.fit(variant, *there, iterations)[1])

    return start


def scikit_learn(network: Network, params: Params, X: Array, Y: Array, alpha: float, device: str) -> Run:
    """MLPClassifier, full batch, plain gradient descent, its own initial weights; LogisticRegression for one layer.

    LogisticRegression has no gradient descent: an iteration of its lbfgs is one cost and one gradient, and as a rule
    one pass over the data.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore", ConvergenceWarning)
    rows, labels = X.T, Y[0]
    if network.L == 1:

        def passes(iterations: int) -> None:
            model = LogisticRegression(C=1e9, tol=1e-300, max_iter=iterations).fit(rows, labels)
            if model.n_iter_[0] < iterations:
                raise RuntimeError(f"stopped after {model.n_iter_[0]} of {iterations} iterations")

        return passes

    def run(iterations: int) -> None:
        MLPClassifier(
            network.n[1:-1], activation={"tanh": "tanh", "relu": "relu"}[network.g[0]], solver="sgd", alpha=0.0,
            batch_size=X.shape[1], learning_rate_init=alpha, momentum=0.0, nesterovs_momentum=False, shuffle=False,
            max_iter=iterations, tol=0.0, n_iter_no_change=iterations + 1, random_state=0,
        ).fit(rows, labels)  # fmt: skip

    return run


def optax_loop(network: Network, params: Params, X: Array, Y: Array, alpha: float, device: str) -> Run:
    """JAX with an optax step, jitted, in a Python loop: the idiom of optax's own examples."""
    import jax
    import optax

    jax_ = load("jax")
    jax_.configure(str(X.dtype))
    start = tuple(type(layer)(*(jax_.from_numpy(a, device) for a in layer)) for layer in params)
    inputs, labels = jax_.from_numpy(X, device), jax_.from_numpy(Y, device)
    functions = {"tanh": jax.numpy.tanh, "relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid}
    optimizer = optax.sgd(alpha)

    def loss(params: Any) -> Any:
        A = inputs
        for l, (W, b) in enumerate(params):
            A = W @ A + b
            if l < network.L - 1:
                A = functions[network.g[l]](A)
        return optax.sigmoid_binary_cross_entropy(A, labels).mean()

    @jax.jit
    def step(params: Any, state: Any) -> Any:
        J, gradient = jax.value_and_grad(loss)(params)
        updates, state = optimizer.update(gradient, state)
        return optax.apply_updates(params, updates), state, J

    def run(iterations: int) -> Any:
        params, state = start, optimizer.init(start)
        costs = []
        for _ in range(iterations):
            params, state, J = step(params, state)
            costs.append(J)
        return jax.device_get((params, costs))

    return run


def keras(backend: str) -> Start:
    """Keras 3: Sequential, SGD, fit in one batch an epoch, on the named backend."""

    def start(network: Network, params: Params, X: Array, Y: Array, alpha: float, device: str) -> Run:
        os.environ["KERAS_BACKEND"] = backend
        import keras

        load(backend).configure(str(X.dtype))  # x64 and the precision of products as in ours
        keras.config.set_floatx(str(X.dtype))
        layers = [keras.layers.Dense(n, activation=g) for n, g in zip(network.n[1:-1], network.g[:-1], strict=True)]
        model = keras.Sequential([keras.layers.Input((network.n[0],)), *layers, keras.layers.Dense(network.n[-1])])
        model.compile(keras.optimizers.SGD(alpha), keras.losses.BinaryCrossentropy(from_logits=True))
        model.set_weights([a for W, b in params for a in (W.T, b[:, 0])])
        rows, labels = X.T.copy(), Y.T.copy()
        whole = {"batch_size": X.shape[1], "shuffle": False, "verbose": 0}
        return lambda iterations: model.fit(rows, labels, epochs=iterations, **whole).history["loss"]

    return start


def _operands(network: Network, params: Params, X: Array) -> list[tuple[Array, Array, Array]]:
    """Return W[l], A[l-1] and dZ[l] of each layer, as arrays of those shapes."""
    shape = [X, *(X[:1].repeat(n, axis=0) for n in network.n[1:])]
    return [(W, shape[l], shape[l + 1]) for l, (W, _) in enumerate(params)]


def products_numpy(network: Network, params: Params, X: Array, Y: Array, alpha: float, device: str) -> Run:
    """The 3L - 1 products of one iteration and nothing else, into memory that is there already."""
    import numpy as np

    products: list[tuple[Any, Array, Array, Array]] = []
    for l, (W, A, dZ) in enumerate(_operands(network, params, X)):
        products += [(np.dot, W, A, np.empty_like(dZ)), (np.dot, dZ, A.T, np.empty_like(W))]
        if l:
            products.append((np.multiply if len(W) == 1 else np.dot, W.T, dZ, np.empty_like(A)))

    def run(iterations: int) -> None:
        for _ in range(iterations):
            for product, left, right, out in products:
                product(left, right, out=out)

    return run


def products_torch(network: Network, params: Params, X: Array, Y: Array, alpha: float, device: str) -> Run:
    """The 3L - 1 products of one iteration and nothing else, into memory that is there already."""
    import torch

    from crosscheck_impls.with_torch.fast import product

    given = load("torch").from_numpy
    products = []
    for l, arrays in enumerate(_operands(network, params, X)):
        W, A, dZ = (given(array, device) for array in arrays)
        products += [(W, A, torch.empty_like(dZ)), (dZ, A.T, torch.empty_like(W))]
        if l:
            products.append((W.T, dZ, torch.empty_like(A)))

    def run(iterations: int) -> None:
        for _ in range(iterations):
            for left, right, out in products:
                product(left, right, out)
        if device == "cuda":
            torch.cuda.synchronize()

    return run


def products_jax(network: Network, params: Params, X: Array, Y: Array, alpha: float, device: str) -> Run:
    """The 3L - 1 products of one iteration and nothing else, in one compiled call."""
    import jax

    framework = load("jax")
    framework.configure(str(X.dtype))
    given = framework.from_numpy
    layers = [tuple(given(array, device) for array in arrays) for arrays in _operands(network, params, X)]

    @jax.jit
    def products(layers: Any) -> Any:
        computed = []
        for l, (W, A, dZ) in enumerate(layers):
            computed += [W @ A, A @ dZ.T]
            if l:
                computed.append(jax.lax.optimization_barrier(W.T) @ dZ)
        return computed

    def run(iterations: int) -> None:
        for _ in range(iterations):
            done = products(layers)
        jax.block_until_ready(done)

    return run


keras_on_jax, keras_on_torch = keras("jax"), keras("torch")
