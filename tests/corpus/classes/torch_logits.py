import torch
from torch import nn


class MLP(nn.Module):
    def __init__(self, n_in: int = 2, hidden: tuple[int, ...] = (16, 8), n_out: int = 1):
        super().__init__()
        sizes = [n_in, *hidden]
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.out = nn.Linear(sizes[-1], n_out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.hidden:
            x = torch.relu(layer(x))
        return self.out(x)  # logits

    @torch.no_grad()
    def predict(self, x: torch.Tensor) -> torch.Tensor:
        return (self(x).sigmoid() > 0.5).int()


criterion = nn.BCEWithLogitsLoss()


def train(model, x, y, lr=0.1, epochs=100):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for epoch in range(epochs):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
    return loss.item()


if __name__ == "__main__":
    torch.manual_seed(0)
    x = torch.randn(500, 2)
    y = (x.prod(dim=1, keepdim=True) > 0).float()
    model = MLP()
    print(train(model, x, y, lr=0.5, epochs=500))
    print((model.predict(x) == y).float().mean())
