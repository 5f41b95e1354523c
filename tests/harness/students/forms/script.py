"""A script that reads a file that is not there, plots, and trains before anything is asked."""

import sys

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

data = pd.read_csv("nowhere.csv")
X_train, X_test = train_test_split(data)
EPSILON = 0.0
LAYERS = [2, 4, 1]
print("loaded", data.shape, file=sys.stderr)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def model_loss(params, x, t):
    (W1, b1), (W2, b2) = params
    a1 = np.tanh(W1 @ x + b1)
    y = sigmoid(W2 @ a1 + b2)
    loss = -np.mean(t * np.log(y + EPSILON) + (1 - t) * np.log(1 - y + EPSILON))
    d2 = (y - t) / x.shape[1]
    d1 = W2.T @ d2 * (1 - a1**2)
    return loss, ((d1 @ x.T, d1.sum(1, keepdims=True)), (d2 @ a1.T, d2.sum(1, keepdims=True)))


def plot(costs):
    plt.plot(costs)
    plt.show()


params = [(np.random.randn(4, 2), np.zeros((4, 1))), (np.random.randn(1, 4), np.zeros((1, 1)))]
for i in range(10**9):
    loss, grads = model_loss(params, X_train, X_test)
    assert loss < 1
plot([loss])
