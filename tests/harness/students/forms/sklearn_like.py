"""An estimator: fit(X, y) goes on from coefs_ and intercepts_ (warm start), full batch."""

import numpy as np


class Classifier:
    def __init__(self, hidden_layer_sizes=(4,), learning_rate_init=0.1, max_iter=10):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter

    def _initialise(self, n_in):
        sizes = [n_in, *self.hidden_layer_sizes, 1]
        self.coefs_ = [np.random.randn(a, b) for a, b in zip(sizes, sizes[1:])]
        self.intercepts_ = [np.zeros(b) for b in sizes[1:]]

    def fit(self, X, y):
        if not hasattr(self, "coefs_"):
            self._initialise(X.shape[1])
        y = y.reshape(-1, 1)
        for _ in range(self.max_iter):
            acts = [X]
            for W, b in zip(self.coefs_[:-1], self.intercepts_[:-1]):
                acts.append(np.maximum(acts[-1] @ W + b, 0))
            p = 1 / (1 + np.exp(-(acts[-1] @ self.coefs_[-1] + self.intercepts_[-1])))
            d = (p - y) / len(X)
            for l in reversed(range(len(self.coefs_))):
                dW, db = acts[l].T @ d, d.sum(axis=0)
                d = d @ self.coefs_[l].T * (acts[l] > 0)
                self.coefs_[l] = self.coefs_[l] - self.learning_rate_init * dW
                self.intercepts_[l] = self.intercepts_[l] - self.learning_rate_init * db
        return self

    def predict(self, X):
        return X
