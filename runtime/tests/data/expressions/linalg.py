import numpy as np

a = np.array([[4.0, 1.0, 2.0], [1.0, 3.0, 0.5], [2.0, 0.5, 5.0]])
b = np.array([[1.0, 2.0], [3.0, 4.0]])
big = np.random.default_rng(11).normal(size=(20, 20))
right = np.random.default_rng(12).normal(size=(20, 3))
whole = np.arange(1, 10).reshape(3, 3)
# ---
a @ a, whole @ whole, b @ [1, 2], np.matmul(whole, [1, 0, 2])
np.dot(big, right)
big.astype("f4") @ right.astype("f4")
(big + 1j * big.T) @ right
np.linalg.multi_dot([b, b, b]), np.linalg.matrix_power(b, 5), np.linalg.matrix_power(whole, 3), np.linalg.matrix_power(b, -1)
np.linalg.inv(b)
np.linalg.inv(a)
np.linalg.inv(big)
np.linalg.det(b), np.linalg.det(a)
np.linalg.det(big), np.linalg.slogdet(big)
np.linalg.solve(b, [5, 6])
np.linalg.solve(a, [1, 2, 3])
np.linalg.solve(big, right)
np.linalg.inv(np.zeros((2, 2)))
np.linalg.inv(np.ones((2, 3)))
np.linalg.solve(np.array([[1.0, 2], [2, 4]]), [1, 2])
np.linalg.cholesky(a)
np.linalg.cholesky(-a)
np.linalg.cholesky(big @ big.T + 20 * np.eye(20))
np.abs(np.linalg.qr(a)[1])
np.linalg.qr(big, mode="r").shape, np.linalg.qr(right).Q.shape
np.linalg.svd(a, compute_uv=False)
np.linalg.svd(big, compute_uv=False)
np.linalg.eigvalsh(a)
np.linalg.eigh(b @ b.T).eigenvalues
np.sort(np.linalg.eigvals(b))
np.sort_complex(np.linalg.eigvals(big))
np.linalg.eigvals(np.array([[0.0, 1], [-1, 0]]))
np.linalg.eig(np.array([[2.0, 0], [0, 3]])).eigenvalues
np.linalg.lstsq(right, big[:, 0])[0]
np.linalg.lstsq(np.array([[1.0, 0], [1, 1], [1, 2]]), [1, 2, 4])[0]
np.linalg.pinv(right[:5])
np.linalg.matrix_rank(whole) + 0, np.linalg.matrix_rank(np.eye(3)) + 0
np.linalg.cond(b), np.linalg.cond(whole) > 1e15
np.linalg.norm([3, 4]), np.linalg.norm(b), np.linalg.norm(b, 1), np.linalg.norm(b, np.inf), np.linalg.norm([1, 2, 3], 3)
np.linalg.norm(b, 2), np.linalg.norm(a, "nuc")
np.linalg.norm(big, axis=0)
np.linalg.norm([1, 2], "x")
np.linalg.tensorsolve(np.eye(4).reshape(2, 2, 2, 2), b), np.linalg.tensorinv(np.eye(4).reshape(2, 2, 2, 2), ind=2).shape
np.linalg.vecdot([1, 2], [3, 4]), np.linalg.cross([1, 0, 0], [0, 1, 0]), np.linalg.outer([1], [2, 3]), np.linalg.matrix_transpose(b)
np.linalg.inv(np.stack([b, a[:2, :2]]))
np.matmul(np.ones((2, 3)), np.ones((2, 3)))
np.linalg.det([[1, 2], [3, "x"]])
np.linalg.eigvals(np.array([[np.nan, 1], [1, 1]]))
np.einsum("ij,jk,kl", b, b, b), np.einsum("bij,bjk->bik", np.stack([b, b]), np.stack([b, b]))
