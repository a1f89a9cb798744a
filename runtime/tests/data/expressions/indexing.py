import numpy as np

a = np.arange(24).reshape(2, 3, 4)
v = np.arange(10)
# ---
a[1, 2, 3], a[-1], a[:, 1:, ::2], a[..., 0], a[:, None, 0].shape
v[::-2], v[8:2:-3], v[100:], v[-3:], v[slice(None)]
v[[1, 3, 3]], v[v % 2 == 0], v[np.array([[0, 1], [2, 3]])], a[[0, 1], [1, 2], [2, 3]], a[:, [0, 2]][:, :, [1]]
a[np.ix_([0, 1], [0, 2], [1])], a[a > 20], a[1][a[1] % 2 == 1]
v[10]
v[[1, 20]]
v[1.5]
v["a"]
a[0, 0, 0, 0]
v[np.array([True, False])]
(b := v.copy(), b.__setitem__(slice(2, 5), 0), b)[2]
(b := v.copy(), b.__setitem__([1, 1, 2], [5, 6, 7]), b)[2]
(b := v.copy(), np.add.at(b, [1, 1, 2], 10), b)[2]
(b := v.copy(), b.__setitem__(b > 5, -1), b)[2]
(b := v.copy(), b.__setitem__(0, 2**40), b)[2]
(b := v.copy(), b.__setitem__(0, 1.9), b)[2]
(b := v.astype("i1"), b.__setitem__(0, 300), b)[2]
(b := v.copy(), b.__setitem__(slice(0, 3), [1, 2]))
(b := v.copy(), np.put(b, [0, -1], [7, 8]), b)[2], np.take(v, [1, 2]), np.take(a, 1, axis=2), np.take(v, [11, -13], mode="wrap")
np.take(v, [12])
np.choose([0, 1, 0], [[1, 2, 3], [4, 5, 6]]), np.take_along_axis(a[0], np.argsort(-a[0], axis=1), 1), np.diagonal(a[0]), np.diag_indices(2)[0].tolist()
np.unravel_index(17, (3, 7))[1] + 0, np.ravel_multi_index(([1, 2], [3, 4]), (3, 7)).tolist(), np.tril_indices(3)[0].tolist(), np.triu(a[0])
np.unravel_index(100, (3, 7))
a.reshape(4, -1), a.reshape(3, 8, order="F"), a.ravel(order="F"), a.T.shape, a.transpose(2, 0, 1).shape, a.swapaxes(0, 2).strides == (8, 32, 96)
a.reshape(5, 5)
a.strides, a.nbytes, a.itemsize, a.flags["C_CONTIGUOUS"], a.T.flags.f_contiguous, a[:, ::2].flags.contiguous
np.squeeze(a[:1, :1]), np.expand_dims(v, 1).shape, np.moveaxis(a, 0, -1).shape, np.atleast_2d(v).shape, np.broadcast_to([1, 2], (2, 2)), np.broadcast_shapes((3, 1), (1, 4))
np.broadcast_to(v, (3, 3))
np.lib.stride_tricks.sliding_window_view(v, 4)[::3], np.shares_memory(v, v[2:]), np.may_share_memory(v[:2], v[5:])
np.insert(v, 2, [100, 101]), np.delete(v, [0, -1]), np.append(v, 99), np.delete(a[0], 1, axis=1), np.resize(v, (2, 7)), np.pad([1, 2], (2, 1), mode="reflect"), np.pad([[1]], 1, constant_values=9)
[list(map(int, index)) for index in np.ndindex(2, 2)], [(int(x), i) for i, x in np.ndenumerate(v[:2])], [int(x) for x in np.nditer(a[0, :2])], list(v[:2])
v.tolist(), v.item(3), a.flat[5], v.searchsorted(4) + 0, v.tobytes()[:16], v[3:].base is v, memoryview(a).shape
v.setflags(write=False), v.__setitem__(0, 1)
np.copyto(v, [1, 2])
np.fill_diagonal(a[0], 5), a[0]
np.place(v, v > 7, [0]), v
np.einsum("i,j->ij", v[:2], v[:3]), np.tensordot(a[0], a[1], axes=([0, 1], [0, 1])), np.inner(v, v), np.outer([1, 2], [3]), np.dot(v, v), np.vdot([1j], [1j]), np.kron([1, 2], [1, 1])
np.take(np.arange(1000), [2**31, -2**33, 2**32 + 1], mode="wrap"), np.take(np.arange(1000), np.array([2**32 - 1], dtype="u4"), mode="wrap")
(lambda x: (np.put(x, [2**31 + 1], 7, mode="wrap"), x))(np.arange(50)), np.choose([2**31, 1], [[n, -n] for n in range(30)], mode="wrap")
np.ravel_multi_index(([2**31, 5], [1, 2**32]), (300, 400), mode="wrap"), np.take([10, 20, 30], [2**31, -2**40], mode="clip")
v[np.array([2**32 - 1], dtype="u4")]
np.arange(100)[np.arange(24).reshape(2, 3, 4).transpose(1, 0, 2)].strides, np.arange(100)[np.arange(24).reshape(4, 6).T[::2]].strides, np.arange(100)[np.arange(24).reshape(4, 6)[:, ::2]].strides
