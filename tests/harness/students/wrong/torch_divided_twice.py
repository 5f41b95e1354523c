"""Two layers in PyTorch by hand; dZ1 is divided by m, and dW1 and db1 again."""

import torch


def cost_and_gradients(parameters, X, Y):
    X, Y = torch.from_numpy(X), torch.from_numpy(Y)
    W1, b1, W2, b2 = (torch.from_numpy(parameters[name]) for name in ("W1", "b1", "W2", "b2"))
    m = X.shape[1]
    A1 = torch.tanh(W1 @ X + b1)
    Z2 = W2 @ A1 + b2
    cost = torch.nn.functional.binary_cross_entropy_with_logits(Z2, Y)
    dZ2 = torch.sigmoid(Z2) - Y
    dZ1 = W2.T @ dZ2 * (1 - A1**2) / m
    return cost, {
        "dW1": dZ1 @ X.T / m,
        "db1": dZ1.sum(dim=1, keepdim=True) / m,
        "dW2": dZ2 @ A1.T / m,
        "db2": dZ2.sum(dim=1, keepdim=True) / m,
    }
