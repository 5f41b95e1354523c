import numpy as np
# cost and gradient live apart, the gradient is what I need for my optimiser


def logistic(t):
    return 1/(1+np.exp(-t))


def hidden(params, X):
    return logistic(np.dot(params['W1'], X) + params['b1'])


def output(params, X):
    return logistic(np.dot(params['W2'], hidden(params, X)) + params['b2'])


def cost(params, X, Y):
    P = output(params, X)
    return -np.average(Y*np.log(P) + (1-Y)*np.log(1-P))


def gradients(params, X, Y):
    H = hidden(params, X)
    P = output(params, X)
    m = X.shape[1]
    E = (P-Y)/m
    dW2 = E @ H.T
    db2 = E.sum(axis=1)
    B = params['W2'].T @ E * (H - H**2)
    dW1 = B @ X.T
    db1 = B.sum(axis=1)
    return dict(dW1=dW1, db1=db1, dW2=dW2, db2=db2)


def check(params, X, Y, h=1e-6):
    """slow numerical gradient, entry by entry"""
    g = gradients(params, X, Y)
    for k in params:
        for i in np.ndindex(params[k].shape):
            old = params[k][i]
            params[k][i] = old + h
            up = cost(params, X, Y)
            params[k][i] = old - h
            down = cost(params, X, Y)
            params[k][i] = old
            slope = (up-down)/(2*h)
            assert abs(slope - g['d'+k].reshape(params[k].shape)[i]) < 1e-6, (k, i)


rng = np.random.default_rng(5)
params = {'W1': rng.normal(size=(3, 2)), 'b1': rng.normal(size=(3, 1)), 'W2': rng.normal(size=(1, 3)), 'b2': rng.normal(size=(1, 1))}
X = rng.normal(size=(2, 9))
Y = rng.integers(0, 2, size=(1, 9))
check(params, X, Y)
print('ok')
