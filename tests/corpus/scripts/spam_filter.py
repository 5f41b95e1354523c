"""Spam filter: one hidden layer, keras-like names"""
import pickle
import sys
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward(params, x):
    z1 = np.dot(params['w1'], x) + params['b1']
    a1 = np.tanh(z1)
    z2 = np.dot(params['w2'], a1) + params['b2']
    return a1, sigmoid(z2)


def loss_and_grad(params, x, y):
    n = x.shape[1]
    a1, p = forward(params, x)
    loss = -np.sum(y * np.log(p + 1e-8) + (1 - y) * np.log(1 - p + 1e-8)) / n
    dz2 = p - y
    dz1 = np.dot(params['w2'].T, dz2) * (1 - a1 ** 2)
    grad = {
        'w1': np.dot(dz1, x.T) / n,
        'b1': dz1.mean(axis=1, keepdims=True),
        'w2': np.dot(dz2, a1.T) / n,
        'b2': dz2.mean(axis=1, keepdims=True),
    }
    return loss, grad


def fit(params, x, y, lr=0.1, epochs=100):
    params = {k: v.copy() for k, v in params.items()}
    for epoch in range(epochs):
        loss, grad = loss_and_grad(params, x, y)
        for k in params:
            params[k] -= lr * grad[k]
    return params


if __name__ == '__main__':
    if len(sys.argv) < 2:
        sys.exit('usage: spam_filter.py FEATURES.pkl')
    with open(sys.argv[1], 'rb') as f:
        x, y = pickle.load(f)
    rng = np.random.RandomState(0)
    params = {'w1': rng.randn(10, x.shape[0]) * .01, 'b1': np.zeros((10, 1)),
              'w2': rng.randn(1, 10) * .01, 'b2': np.zeros((1, 1))}
    fit(params, x, y)
