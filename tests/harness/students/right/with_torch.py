"""Any number of layers with ReLU in PyTorch: autograd, and the cost from the logits."""

import torch


def cost_and_gradients(parameters, X, Y):
    tensors = {name: torch.tensor(array, requires_grad=True) for name, array in parameters.items()}
    A, L = torch.from_numpy(X), len(parameters) // 2
    for l in range(1, L + 1):
        Z = tensors[f"W{l}"] @ A + tensors[f"b{l}"]
        A = torch.relu(Z)
    cost = torch.nn.functional.binary_cross_entropy_with_logits(Z, torch.from_numpy(Y), reduction="sum") / X.shape[1]
    cost.backward()
    return cost, {f"d{name}": tensor.grad for name, tensor in tensors.items()}
