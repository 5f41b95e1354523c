"""A torch.nn.Module with fixed sizes and a training loop in the file."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(2, 4)
        self.out = nn.Linear(4, 1)

    def forward(self, x):
        return torch.sigmoid(self.out(torch.tanh(self.hidden(x))))


if __name__ == "__main__":
    model = Net()
    for epoch in range(1000):
        model(torch.randn(10, 2))
