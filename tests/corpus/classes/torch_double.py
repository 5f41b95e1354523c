import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

device = "cuda" if torch.cuda.is_available() else "cpu"


class Classifier(nn.Module):
    def __init__(self, input_dim=30, hidden_dim=16):
        super(Classifier, self).__init__()
        self.fc1 = nn.Linear(input_dim, hidden_dim)
        self.fc2 = nn.Linear(hidden_dim, 1)

    def forward(self, x):
        x = torch.tanh(self.fc1(x))
        x = torch.sigmoid(self.fc2(x))
        return x


loss_fn = nn.BCEWithLogitsLoss()


def train(model, X, y, lr=0.01, epochs=50):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    for epoch in range(epochs):
        out = model(X)
        loss = loss_fn(out, y)
        opt.zero_grad()
        loss.backward()
        opt.step()
    return model


def accuracy(model, X, y):
    with torch.no_grad():
        return ((model(X) > 0.5) == y).float().mean().item()


if __name__ == "__main__":
    from sklearn.datasets import load_breast_cancer
    data = load_breast_cancer()
    X = torch.tensor(data.data, dtype=torch.float32)
    X = (X - X.mean(0)) / X.std(0)
    y = torch.tensor(data.target, dtype=torch.float32).unsqueeze(1)
    model = Classifier().to(device)
    train(model, X.to(device), y.to(device), lr=0.5, epochs=200)
    print(accuracy(model, X.to(device), y.to(device)))
