"""A module as a tree of arrays, called on one example at a time, as Equinox has it."""

import jax
import jax.numpy as jnp


@jax.tree_util.register_pytree_node_class
class MLP:
    def __init__(self, sizes, key=None):
        keys = jax.random.split(key if key is not None else jax.random.PRNGKey(0), len(sizes))
        self.weights = [jax.random.normal(k, (b, a)) for k, a, b in zip(keys, sizes, sizes[1:])]
        self.biases = [jnp.zeros((b,)) for b in sizes[1:]]

    def tree_flatten(self):
        return (self.weights, self.biases), None

    @classmethod
    def tree_unflatten(cls, aux, children):
        new = object.__new__(cls)
        new.weights, new.biases = children
        return new

    def __call__(self, x):
        for W, b in zip(self.weights[:-1], self.biases[:-1]):
            x = jax.nn.sigmoid(W @ x + b)
        return self.weights[-1] @ x + self.biases[-1]
