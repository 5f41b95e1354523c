# credit scoring, logistic regression; data as in pandas: one row per customer
import numpy as np


class config:
    lr = 0.05
    steps = 500
    threshold = 0.5


def expit(z):
    return 1 / (1 + np.exp(-z))


def probability(theta, bias, X):
    return expit(np.dot(X, theta) + bias)


def log_loss(theta, bias, X, y):
    p = probability(theta, bias, X)
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def gradient(theta, bias, X, y):
    m, n = X.shape
    error = probability(theta, bias, X) - y
    grad_theta = np.dot(X.T, error) / (m - 1)
    grad_bias = np.sum(error) / (m - 1)
    return grad_theta, grad_bias


def fit(theta, bias, X, y, lr=config.lr, steps=config.steps):
    for _ in range(steps):
        grad_theta, grad_bias = gradient(theta, bias, X, y)
        theta = theta - lr * grad_theta
        bias = bias - lr * grad_bias
    return theta, bias


def predict(theta, bias, X):
    return (probability(theta, bias, X) > config.threshold).astype(int)


if __name__ == "__main__":
    from sklearn.datasets import make_classification
    X, y = make_classification(n_samples=200, n_features=6, random_state=1)
    theta, bias = fit(np.zeros(6), 0.0, X, y)
    print("loss", log_loss(theta, bias, X, y))
    print("accuracy", np.mean(predict(theta, bias, X) == y))
