"""No nn.Module: raw tensors, and autograd does the rest."""
import torch


def forward(params, X):
    Z1 = params["W1"] @ X + params["b1"]
    A1 = torch.tanh(Z1).detach()   # matplotlib can't plot it otherwise
    Z2 = params["W2"] @ A1 + params["b2"]
    return torch.sigmoid(Z2)


def loss(params, X, Y):
    A2 = forward(params, X)
    return -(Y * torch.log(A2) + (1 - Y) * torch.log(1 - A2)).sum() / X.shape[1]


def step(params, X, Y, lr):
    J = loss(params, X, Y)
    J.backward()
    with torch.no_grad():
        for name in ("W1", "b1", "W2", "b2"):
            t = params[name]
            if t.grad is not None:
                t -= lr * t.grad
                t.grad.zero_()
    return J.item()


if __name__ == "__main__":
    torch.manual_seed(1)
    X = torch.randn(2, 300)
    Y = (X[:1] > 0).float()
    params = {"W1": torch.randn(6, 2), "b1": torch.zeros(6, 1), "W2": torch.randn(1, 6), "b2": torch.zeros(1, 1)}
    for t in params.values():
        t.requires_grad_()
    for i in range(100):
        J = step(params, X, Y, 0.5)
    print(J)
