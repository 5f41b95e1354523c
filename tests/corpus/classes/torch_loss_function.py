import torch
import torch.nn.functional as F


def loss(W1, b1, W2, b2, W3, b3, X, Y):
    """Cross entropy of a 3-layer net (leaky ReLU); examples are rows, W as in torch: (out, in)."""
    h = F.leaky_relu(F.linear(X, W1, b1))
    h = F.leaky_relu(F.linear(h, W2, b2))
    logits = F.linear(h, W3, b3)
    # one label per row
    return F.binary_cross_entropy_with_logits(logits, Y, reduction="none").sum(dim=-1).mean()


if __name__ == "__main__":
    torch.manual_seed(0)
    sizes = [4, 8, 6, 1]
    params = []
    for n_in, n_out in zip(sizes, sizes[1:]):
        params += [torch.randn(n_out, n_in) / n_in**0.5, torch.zeros(n_out)]
    for p in params:
        p.requires_grad_()
    X = torch.randn(200, 4)
    Y = (X.sum(1, keepdim=True) > 0).float()
    for epoch in range(200):
        J = loss(*params, X, Y)
        for p, g in zip(params, torch.autograd.grad(J, params)):
            p.data -= 0.3 * g
    print(J.item())
