import jax
import jax.numpy as jnp
from jax import grad, jit, value_and_grad


def forward(params, x):
    """returns logits, shape (1, m)"""
    h = jax.nn.relu(jnp.dot(params['W1'], x) + params['b1'])
    return jnp.dot(params['W2'], h) + params['b2']


def loss(params, x, y):
    z = forward(params, x)
    # stable bce with logits
    return jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log(1 + jnp.exp(-z)))


@jit
def update(params, x, y, lr):
    value, grads = value_and_grad(loss)(params, x, y)
    return {k: params[k] - lr * grads[k] for k in params}, value


def predict(params, x):
    p = forward(params, x)
    return (p > 0.5).astype(int)


def main():
    k1, k2, k3 = jax.random.split(jax.random.PRNGKey(42), 3)
    x = jax.random.normal(k1, (2, 400))
    y = (jnp.linalg.norm(x, axis=0, keepdims=True) < 1).astype(float)
    params = {'W1': jax.random.normal(k2, (16, 2)), 'b1': jnp.zeros((16, 1)),
              'W2': jax.random.normal(k3, (1, 16)) * 0.1, 'b2': jnp.zeros((1, 1))}
    for i in range(500):
        params, value = update(params, x, y, 0.3)
    print('loss', value, 'acc', jnp.mean(predict(params, x) == y))


if __name__ == '__main__':
    main()
