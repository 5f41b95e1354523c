import numpy as np
import matplotlib.pyplot as plt


class NeuralNetwork:
    """One hidden tanh layer, one sigmoid output."""

    def __init__(self, n_x, n_h, n_y=1, learning_rate=0.1, seed=None):
        rng = np.random.default_rng(seed)
        self.W1 = rng.standard_normal((n_h, n_x)) * 0.01
        self.b1 = np.zeros((n_h, 1))
        self.W2 = rng.standard_normal((n_y, n_h)) * 0.01
        self.b2 = np.zeros((n_y, 1))
        self.learning_rate = learning_rate
        self.losses = []

    @staticmethod
    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    def forward(self, X):
        self.X = X
        self.Z1 = np.dot(self.W1, X) + self.b1
        self.A1 = np.tanh(self.Z1)
        self.Z2 = np.dot(self.W2, self.A1) + self.b2
        self.A2 = self.sigmoid(self.Z2)
        return self.A2

    def compute_loss(self, Y):
        m = Y.shape[1]
        return -np.sum(Y * np.log(self.A2) + (1 - Y) * np.log(1 - self.A2)) / m

    def backward(self, Y):
        m = Y.shape[1]
        dZ2 = self.A2 - Y
        self.dW2 = np.dot(dZ2, self.A1.T) / m
        self.db2 = np.sum(dZ2, axis=1, keepdims=True) / m
        dZ1 = np.dot(self.W2.T, dZ2) * (1 - self.A1 ** 2)
        self.dW1 = np.dot(dZ1, self.X.T) / m
        self.db1 = np.sum(dZ1, axis=1, keepdims=True) / m

    def update(self):
        self.W1 -= self.learning_rate * self.dW1
        self.b1 -= self.learning_rate * self.db1
        self.W2 -= self.learning_rate * self.dW2
        self.b2 -= self.learning_rate * self.db2

    def train(self, X, Y, epochs=1000, print_every=None):
        for epoch in range(epochs):
            self.forward(X)
            self.losses.append(self.compute_loss(Y))
            self.backward(Y)
            self.update()
            if print_every and epoch % print_every == 0:
                print(f"epoch {epoch}: {self.losses[-1]:.4f}")

    def predict(self, X):
        return (self.forward(X) > 0.5).astype(int)

    def plot(self):
        plt.plot(self.losses)
        plt.show()


if __name__ == "__main__":
    from sklearn.datasets import make_moons
    X, y = make_moons(200, noise=0.1, random_state=0)
    nn = NeuralNetwork(2, 6, learning_rate=1.0, seed=0)
    nn.train(X.T, y.reshape(1, -1), 2000, print_every=500)
    print(np.mean(nn.predict(X.T) == y))
