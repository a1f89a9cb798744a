import numpy as np

a = np.array([3, 1, 2, 3, -1, 0])
rows = np.array([[3, 1], [2, 5], [3, 0]])
words = np.array(["pear", "Apple", "fig", "äpfel", "apple"])
mixed = np.random.default_rng(7).integers(0, 50, 300)
# ---
np.sort(a), np.sort(a)[::-1], np.sort(rows, axis=0), np.sort(rows, axis=None)
np.argsort(a, kind="stable").tolist(), np.argsort(rows, axis=0).tolist(), np.argsort(-a, kind="stable").tolist()
np.sort(mixed), np.sort(mixed, kind="heapsort"), np.sort(mixed, kind="stable"), np.sort(mixed.astype("i2")), np.sort(mixed.astype("f4"))
np.argsort(mixed, kind="stable").tolist()
np.argsort(mixed).tolist() == np.argsort(mixed, kind="stable").tolist()
np.sort([np.nan, 1, -np.inf, np.inf, 0]), np.argsort([np.nan, 1, 0]).tolist()
np.sort(words), np.argsort(words).tolist(), np.sort(words.astype(object)), np.sort(np.array([b"b", b"a"]))
np.sort(np.array([2 + 1j, 1 + 5j, 1 + 2j])), np.sort(np.array(["2024-03-01", "2023-01-01", "NaT"], "M8[D]")), np.sort([True, False])
np.sort(np.array([1, "a"], dtype=object))
np.sort(np.array([(2, "b"), (1, "z"), (2, "a")], dtype=[("n", int), ("s", "U1")]), order=["n", "s"])
np.lexsort(([1, 0, 1, 0], [2, 2, 1, 1])).tolist(), np.partition(a, 2)[2], np.sort(np.partition(a, 3)[:3]), np.argpartition(a, 0)[0] + 0
np.searchsorted([1, 2, 2, 3], [2, 2.5, 0], side="right").tolist(), np.searchsorted([3, 1, 2], 2, sorter=[1, 2, 0]) + 0
np.searchsorted(["a", "c"], "b") + 0, np.where(a > 1)[0].tolist(), np.where(a > 1, a, 0), np.nonzero(rows > 2)[1].tolist()
np.flatnonzero(a).tolist(), np.argwhere(rows > 2).tolist(), np.extract(a > 1, a), np.compress([0, 1, 1], rows, axis=0)
np.isin(a, [1, 3]), np.isin(words, ["fig"], invert=True), np.intersect1d(a, [3, 0, 9]), np.union1d([1, 2], [2, 5])
np.setdiff1d(a, [3]), np.setxor1d([1, 2], [2, 3]), np.intersect1d([1, 1, 2], [2, 1], return_indices=True)[0]
np.flip(rows), np.flip(rows, 1), np.flipud(rows), np.fliplr(rows), np.rot90(rows), np.roll(a, 2), np.roll(rows, 1, axis=1)
np.sort_complex([2, 1 + 1j, 1]), np.trim_zeros([0, 0, 1, 2, 0]), np.unique(mixed).size
np.sort(np.array([3, 1, 2], dtype=">i4")), np.sort(np.array([0.5, 0.25], dtype="f2")), np.sort(np.array([2**63, 1], dtype="u8"))
np.array_split(np.arange(7), 3), np.split(np.arange(6), [2, 3]), np.hsplit(np.eye(2), 2)
np.split(np.arange(7), 3)
