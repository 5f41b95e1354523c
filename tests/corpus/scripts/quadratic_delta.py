"""
mlp with the quadratic cost, C = 1/2n sum |y - a|^2
weights and biases in lists, as in the online book
"""
import numpy as np


def sigmoid(z):
    return 1.0/(1.0+np.exp(-z))


def sigmoid_prime(z):
    return sigmoid(z)*(1-sigmoid(z))


def feedforward(weights, biases, x):
    a = x
    activations = [x]
    for w, b in zip(weights, biases):
        a = sigmoid(np.dot(w, a)+b)
        activations.append(a)
    return activations


def cost(weights, biases, x, y):
    n = x.shape[1]
    a = feedforward(weights, biases, x)[-1]
    return 0.5*np.sum((a-y)**2)/n


def backprop(weights, biases, x, y):
    """Return (nabla_b, nabla_w), the gradient of the cost, layer by layer."""
    n = x.shape[1]
    nabla_b = [np.zeros(b.shape) for b in biases]
    nabla_w = [np.zeros(w.shape) for w in weights]
    activations = feedforward(weights, biases, x)
    delta = (activations[-1]-y) * sigmoid_prime(activations[-1])
    nabla_b[-1] = delta.sum(axis=1, keepdims=True)/n
    nabla_w[-1] = np.dot(delta, activations[-2].transpose())/n
    for l in range(2, len(weights)+1):
        delta = np.dot(weights[-l+1].transpose(), delta) * sigmoid_prime(activations[-l])
        nabla_b[-l] = delta.sum(axis=1, keepdims=True)/n
        nabla_w[-l] = np.dot(delta, activations[-l-1].transpose())/n
    return (nabla_b, nabla_w)


def gradient_descent(weights, biases, x, y, eta, epochs):
    for j in range(epochs):
        nabla_b, nabla_w = backprop(weights, biases, x, y)
        weights = [w-(eta/len(x))*nw for w, nw in zip(weights, nabla_w)]
        biases = [b-(eta/len(x))*nb for b, nb in zip(biases, nabla_b)]
    return weights, biases


if __name__ == "__main__":
    import gzip
    import pickle
    with gzip.open('mnist.pkl.gz', 'rb') as f:
        training_data, _, _ = pickle.load(f, encoding='latin1')
    x = training_data[0][:1000].T
    y = np.eye(10)[training_data[1][:1000]].T
    sizes = [784, 30, 10]
    biases = [np.random.randn(k, 1) for k in sizes[1:]]
    weights = [np.random.randn(k, j) for j, k in zip(sizes[:-1], sizes[1:])]
    weights, biases = gradient_descent(weights, biases, x, y, 3.0, 30)
