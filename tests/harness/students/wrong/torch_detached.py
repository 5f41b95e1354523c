"""Two layers in PyTorch with the graph cut between them."""

import torch


def cost_and_gradients(parameters, X, Y):
    tensors = {name: torch.tensor(array, requires_grad=True) for name, array in parameters.items()}
    A1 = torch.tanh(tensors["W1"] @ torch.from_numpy(X) + tensors["b1"]).detach()
    Z2 = tensors["W2"] @ A1 + tensors["b2"]
    cost = torch.nn.functional.binary_cross_entropy_with_logits(Z2, torch.from_numpy(Y), reduction="sum") / X.shape[1]
    cost.backward()
    return cost.item(), {f"d{name}": tensor.grad for name, tensor in tensors.items()}
