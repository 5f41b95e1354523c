"""Modules as frozen dataclasses that JAX sees through, without any further package. One example is a vector; vmap does the rest."""
from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Linear:
    weight: jax.Array   # (out, in)
    bias: jax.Array     # (out,)

    def __call__(self, x):
        return self.weight @ x + self.bias


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class MLP:
    layers: list[Linear]

    @classmethod
    def init(cls, key, sizes):
        layers = []
        for n_in, n_out in zip(sizes, sizes[1:]):
            key, sub = jax.random.split(key)
            layers.append(Linear(jax.random.normal(sub, (n_out, n_in)) * n_in**-0.5, jnp.zeros(n_out)))
        return cls(layers)

    def __call__(self, x):
        for layer in self.layers[:-1]:
            x = jax.nn.sigmoid(layer(x))
        return self.layers[-1](x)


def loss(model: MLP, x, y):
    """x (m, n_x), y (m, n_y)."""
    z = jax.vmap(model)(x)
    return -jnp.mean(jnp.sum(y * jax.nn.log_sigmoid(z) + (1 - y) * jax.nn.log_sigmoid(-z), axis=-1))


def sgd(model: MLP, x, y, lr):
    grads = jax.grad(loss)(model, x, y)
    return jax.tree.map(lambda p, g: p - lr * g, model, grads)


if __name__ == "__main__":
    key = jax.random.key(0)
    x = jax.random.normal(key, (100, 3))
    y = (x[:, :1] > 0).astype(jnp.float32)
    model = MLP.init(key, [3, 5, 1])
    for _ in range(100):
        model = sgd(model, x, y, 1.0)
    print(loss(model, x, y))
