import numpy as np
import matplotlib.pyplot as plt


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def compute_cost(X, y, w, b):
    m = X.shape[0]
    f = sigmoid(X @ w + b)
    return (-y @ np.log(f) - (1 - y) @ np.log(1 - f)) / m


def compute_gradient(X, y, w, b):
    m, n = X.shape
    dj_dw = np.zeros(n)
    dj_db = 0.
    for i in range(m):
        f_wb_i = sigmoid(np.dot(X[i], w) + b)
        err_i = f_wb_i - y[i]
        for j in range(n):
            dj_dw[j] += err_i * X[i, j]
            dj_db += err_i
    return dj_db / m, dj_dw / m


def gradient_descent(X, y, w, b, alpha, num_iters):
    J = []
    for i in range(num_iters):
        # update w
        dj_db, dj_dw = compute_gradient(X, y, w, b)
        w = w - alpha * dj_dw
        # update b
        dj_db, dj_dw = compute_gradient(X, y, w, b)
        b = b - alpha * dj_db
        J.append(compute_cost(X, y, w, b))
    return w, b, J


def predict(X, w, b):
    return (sigmoid(X @ w) > 0.5).astype(int)


def main():
    data = np.genfromtxt('ex2data2.txt', delimiter=',')
    X, y = data[:, 0:2], data[:, 2]
    w, b, J = gradient_descent(X, y, np.zeros(2), 0., 0.01, 1000)
    plt.plot(J)
    plt.show()
    print('accuracy:', (predict(X, w, b) == y).mean())


if __name__ == '__main__':
    main()
