from functools import partial

import jax
import jax.numpy as jnp


def init(key, sizes):
    params = []
    for n_in, n_out in zip(sizes, sizes[1:]):
        key, sub = jax.random.split(key)
        params.append((jax.random.normal(sub, (n_out, n_in)) / jnp.sqrt(n_in), jnp.zeros((n_out, 1))))
    return params


def logits(params, X):
    *hidden, (W, b) = params
    for V, c in hidden:
        X = jnp.tanh(V @ X + c)
    return W @ X + b


def loss(params, X, Y):
    z = logits(params, X)
    return jnp.sum(jnp.logaddexp(0.0, z) - Y * z) / X.shape[1]


@partial(jax.jit, static_argnames="alpha")
def step(params, X, Y, alpha=0.1):
    grads = jax.grad(loss)(params, X, Y)
    return jax.tree_util.tree_map(lambda p, g: p - alpha * g, params, grads)


def predict(params, X):
    return logits(params, X) > 0


if __name__ == "__main__":
    key = jax.random.PRNGKey(0)
    X = jax.random.normal(key, (2, 200))
    Y = (X[:1] * X[1:] > 0).astype(jnp.float32)
    params = init(key, [2, 8, 4, 1])
    for _ in range(300):
        params = step(params, X, Y, alpha=0.5)
    print(loss(params, X, Y), (predict(params, X) == Y).mean())
