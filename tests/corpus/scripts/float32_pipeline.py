from typing import Dict, Tuple

import numpy as np

DTYPE = np.float32


def to32(x: np.ndarray) -> np.ndarray:
    return np.asarray(x, dtype=DTYPE)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return DTYPE(1) / (DTYPE(1) + np.exp(-x))


def forward(params: Dict[str, np.ndarray], X: np.ndarray) -> Tuple[np.ndarray, ...]:
    Z1 = to32(params["W1"]) @ to32(X) + to32(params["b1"])
    A1 = np.maximum(Z1, DTYPE(0))
    Z2 = to32(params["W2"]) @ A1 + to32(params["b2"])
    return Z1, A1, sigmoid(Z2)


def compute(params: Dict[str, np.ndarray], X: np.ndarray, Y: np.ndarray) -> Tuple[float, Dict[str, np.ndarray]]:
    """Loss and gradients in single precision, ready for the GPU port."""
    X, Y = to32(X), to32(Y)
    m = DTYPE(X.shape[1])
    Z1, A1, A2 = forward(params, X)

    loss = -np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / m

    dZ2 = (A2 - Y) / m
    grads = {}
    grads["dW2"] = dZ2 @ A1.T
    grads["db2"] = dZ2.sum(axis=1, keepdims=True)
    dZ1 = to32(params["W2"]).T @ dZ2
    dZ1[Z1 <= 0] = 0
    grads["dW1"] = dZ1 @ X.T / m
    grads["db1"] = dZ1.sum(axis=1, keepdims=True)
    return float(loss), grads


def predict(params: Dict[str, np.ndarray], X: np.ndarray) -> np.ndarray:
    return (forward(params, X)[-1] > 0.5).astype(np.uint8)


if __name__ == "__main__":
    rng = np.random.default_rng(3)
    X = rng.normal(size=(20, 512)).astype(DTYPE)
    Y = (X.sum(axis=0, keepdims=True) > 0).astype(DTYPE)
    params = {"W1": rng.normal(size=(32, 20)) * 0.2, "b1": np.zeros((32, 1)),
              "W2": rng.normal(size=(1, 32)) * 0.2, "b2": np.zeros((1, 1))}
    for epoch in range(200):
        loss, grads = compute(params, X, Y)
        params = {k: v - 0.5 * grads["d" + k] for k, v in params.items()}
    print(loss, np.mean(predict(params, X) == Y))
