import torch
from torch import nn

torch.manual_seed(42)

model = nn.Sequential(
    nn.Linear(2, 10),
    nn.ReLU(),
    nn.Linear(10, 1),
    nn.Sigmoid(),
)
loss_fn = nn.BCELoss()          # clamps its logarithms at -100


def fit(model, x, y, epochs, lr):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    for _ in range(epochs):
        opt.zero_grad(set_to_none=True)
        loss_fn(model(x), y).backward()
        opt.step()


x = torch.rand(256, 2) * 2 - 1
y = (x.norm(dim=1, keepdim=True) < 0.7).float()
fit(model, x, y, epochs=300, lr=0.5)
print("loss", loss_fn(model(x), y).item())
