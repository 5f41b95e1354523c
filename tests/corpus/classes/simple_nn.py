import numpy as np

class SimpleNN(object):
    def __init__(self, input_size, hidden_size, output_size):
        self.params = {}
        self.params['W1'] = 0.1 * np.random.randn(hidden_size, input_size)
        self.params['b1'] = np.zeros((hidden_size, 1))
        self.params['W2'] = 0.1 * np.random.randn(output_size, hidden_size)
        self.params['b2'] = np.zeros((output_size, 1))

    def tanh_derivative(self, x):
        return 1 - x ** 2

    def loss(self, X, y=None):
        """
        With y: (loss, grads); without: the probabilities.
        X is (D, N), y is (1, N).
        """
        W1, b1 = self.params['W1'], self.params['b1']
        W2, b2 = self.params['W2'], self.params['b2']
        N = X.shape[1]

        z1 = W1 @ X + b1
        h = np.tanh(z1)
        scores = W2 @ h + b2
        probs = 1 / (1 + np.exp(-scores))
        if y is None:
            return probs

        loss = -np.sum(y * np.log(probs) + (1 - y) * np.log(1 - probs))

        grads = {}
        dscores = (probs - y) / N
        grads['W2'] = dscores @ h.T
        grads['b2'] = np.sum(dscores, axis=1, keepdims=True)
        dh = W2.T @ dscores
        dz1 = dh * self.tanh_derivative(z1)
        grads['W1'] = dz1 @ X.T
        grads['b1'] = np.sum(dz1, axis=1, keepdims=True)
        return loss, grads

    def train(self, X, y, learning_rate=1e-1, num_iters=100, verbose=False):
        for it in range(num_iters):
            loss, grads = self.loss(X, y)
            for p in self.params:
                self.params[p] -= learning_rate * grads[p]
            if verbose and it % 10 == 0:
                print('iteration %d / %d: loss %f' % (it, num_iters, loss))

    def predict(self, X):
        return self.loss(X) > 0.5
