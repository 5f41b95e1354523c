# logistic regression on the breast cancer data, run: python logreg_numpy.py
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def cost_and_gradients(parameters, X, Y):
    w, b = parameters['w'], parameters['b']
    m = X.shape[1]
    z = w.T @ X + b
    A = sigmoid(z)
    # log(1 + e^z) - y z is the same as the cross entropy, without log(0)
    cost = np.sum(np.logaddexp(0, z) - Y * z) / m
    dz = A - Y
    return cost, {'dw': X @ dz.T / m, 'db': dz.sum() / m}


data = load_breast_cancer()
X = StandardScaler().fit_transform(data.data).T
Y = data.target.reshape(1, -1)

parameters = {'w': np.zeros((X.shape[0], 1)), 'b': 0.0}
for i in range(300):
    cost, grads = cost_and_gradients(parameters, X, Y)
    parameters = {'w': parameters['w'] - 0.1 * grads['dw'], 'b': parameters['b'] - 0.1 * grads['db']}
    if i % 50 == 0:
        print('iteration', i, 'cost', cost)

prediction = sigmoid(parameters['w'].T @ X + parameters['b']) > 0.5
print('accuracy', np.mean(prediction == Y))
