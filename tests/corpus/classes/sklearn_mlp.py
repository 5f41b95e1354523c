"""MLP in the manner of scikit-learn: coefs_, intercepts_, fit, predict_proba, predict, score."""
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_X_y, check_array, check_is_fitted


class MyMLPClassifier(ClassifierMixin, BaseEstimator):
    def __init__(self, hidden_layer_sizes=(10,), learning_rate_init=0.1, max_iter=200, random_state=None, warm_start=False):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.random_state = random_state
        self.warm_start = warm_start

    def _init(self, n_features):
        rng = np.random.RandomState(self.random_state)
        sizes = [n_features, *self.hidden_layer_sizes, 1]
        self.coefs_ = [rng.normal(0, 1 / np.sqrt(a), (a, b)) for a, b in zip(sizes[:-1], sizes[1:])]
        self.intercepts_ = [np.zeros(b) for b in sizes[1:]]

    def _forward(self, X):
        activations = [X]
        for i, (W, b) in enumerate(zip(self.coefs_, self.intercepts_)):
            Z = activations[-1] @ W + b
            last = i == len(self.coefs_) - 1
            activations.append(1 / (1 + np.exp(-Z)) if last else np.maximum(Z, 0))
        return activations

    def _gradients(self, activations, y):
        m = len(y)
        delta = (activations[-1] - y) / m
        coef_grads, intercept_grads = [], []
        for i in reversed(range(len(self.coefs_))):
            coef_grads.insert(0, activations[i].T @ delta)
            intercept_grads.insert(0, delta.sum(axis=0))
            if i > 0:
                delta = (delta @ self.coefs_[i].T) * (activations[i] > 0)
        return coef_grads, intercept_grads

    def fit(self, X, y):
        X, y = check_X_y(X, y)
        self.classes_ = np.unique(y)
        y = (y == self.classes_[-1]).astype(float).reshape(-1, 1)
        if not (self.warm_start and hasattr(self, "coefs_")):
            self._init(X.shape[1])
        self.loss_curve_ = []
        for self.n_iter_ in range(1, self.max_iter + 1):
            activations = self._forward(X)
            p = activations[-1]
            self.loss_curve_.append(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)))
            if self.n_iter_ == self.max_iter:
                break
            coef_grads, intercept_grads = self._gradients(activations, y)
            for i in range(len(self.coefs_)):
                self.coefs_[i] = self.coefs_[i] - self.learning_rate_init * coef_grads[i]
                self.intercepts_[i] = self.intercepts_[i] - self.learning_rate_init * intercept_grads[i]
        self.loss_ = self.loss_curve_[-1]
        return self

    def predict_proba(self, X):
        check_is_fitted(self)
        p = self._forward(check_array(X))[-1]
        return np.hstack([1 - p, p])

    def predict(self, X):
        return self.classes_[(self.predict_proba(X)[:, 1] > 0.5).astype(int)]


if __name__ == "__main__":
    from sklearn.datasets import make_moons
    X, y = make_moons(300, noise=0.2, random_state=1)
    print(MyMLPClassifier(max_iter=1000, learning_rate_init=0.5, random_state=0).fit(X, y).score(X, y))
