import numpy as np

a = np.arange(24).reshape(2, 3, 4)
f = np.sin(np.arange(1000.0)).round(12)
n = np.array([1.0, np.nan, 3.0, np.inf])
# ---
a.sum(), a.sum(axis=0), a.sum(axis=(0, 2)), a.sum(axis=1, keepdims=True)
f.sum(), f.mean(), f.std(), f.var(ddof=1)
f.astype("f4").sum(), f.astype("f4").mean(), f.astype("f2").sum()
f.cumsum()[-3:], np.add.reduce(f[::3]), np.sum(f, where=f > 0)
np.prod([1, 2, 3, 4]), np.prod(np.arange(1, 21)), np.prod(np.arange(1, 22)), np.cumprod([1.5, 2, 3])
a.min(), a.max(axis=2), np.ptp(a, axis=1), a.argmin(), a.argmax(axis=1).tolist()
np.min([]), 1
np.max(n), np.nanmax(n), np.nanmin(n), np.nansum(n), np.nanmean(n[:3]), np.nanstd(n[:3])
np.nanargmax(n) + 0
np.mean([]), np.median([])
np.nanmean([np.nan])
np.var([1.0], ddof=1)
np.sum([], dtype=float), np.prod([]), np.any([]), np.all([])
np.any(a > 22), np.all(a >= 0), np.count_nonzero(a % 2), np.count_nonzero(a, axis=0).tolist()
np.median([3, 1, 2, 4]), np.median(a, axis=1), np.nanmedian([1, np.nan, 3])
np.percentile(f, [0, 5, 50, 99, 100]), np.quantile(a, 0.3), np.percentile([1, 2, 3, 4], 40, method="lower")
np.percentile([1, 2, 3, 4], 40, method="hazen"), np.percentile([1, 2, 3, 4], 40, method="median_unbiased"), np.nanquantile(n[:3], 0.5)
np.quantile([1, 2, 3], 1.5)
np.average([1, 2, 3], weights=[3, 1, 1]), np.average(a, axis=0).shape
np.average([1, 2], weights=[0, 0])
np.histogram(f, bins=5), np.histogram([1, 2, 1], bins=[0, 1, 2, 3]), np.histogram(f, bins="auto")[0]
np.histogram2d([1, 2, 2], [1, 1, 3], bins=2), np.histogram_bin_edges([1, 5, 9], bins=4), np.digitize([0.5, 2.5], [0, 1, 2]).tolist()
np.bincount([0, 1, 1, 5]).tolist(), np.bincount([0, 1, 1], weights=[0.5, 0.25, 0.25])
np.bincount([-1])
np.corrcoef([1, 2, 3, 4], [1, 3, 2, 5]), np.cov([[1, 2, 3], [4, 4, 6]])
np.logical_or.reduce(a > 30), np.bitwise_or.reduce([1, 2, 8]), np.maximum.accumulate([1, 3, 2, 5]), np.subtract.reduce([10, 1, 2])
np.sum(a, axis=5)
np.trace(np.arange(9).reshape(3, 3)), np.einsum("ii", np.arange(9).reshape(3, 3)), np.einsum("ijk->k", a), np.einsum("ij,jk", np.eye(2), [[1, 2], [3, 4]])
np.sum(np.array([0.1] * 10)), np.sum(np.array([0.1] * 10000)), np.sum(np.array([1e16, 1, -1e16]))
np.sum(np.array(["a", "b"], dtype=object)), np.sum(np.array([2**62, 2**62], dtype=object)), np.max(np.array(["b", "a"]))
np.mean(np.array([True, False, True])), np.sum(np.array([True] * 300)), np.sum([2**62, 2**62]), np.sum(np.array([200] * 3, "u1"))
np.cumulative_sum([1, 2, 3], include_initial=True), np.cumulative_prod([1, 2, 3]), np.nancumsum(n[:3])
np.apply_along_axis(lambda row: row.max() - row.min(), 1, a[0]), np.apply_over_axes(np.sum, a, [0, 2])
np.std(np.arange(10, dtype="i1")), np.var(np.array([1 + 2j, 3 - 1j])), np.mean(np.array([1, 2], "c8"))
np.unique([3, 1, 3, 2]), np.unique(["b", "a", "b"], return_counts=True)[0], np.unique([[1, 2], [1, 2], [0, 5]], axis=0)
[part.tolist() for part in np.unique([3, 1, 3, 2], return_index=True, return_inverse=True, return_counts=True)]
np.unique([np.nan, 1, np.nan]), np.unique_values(np.array([2, 1, 2])), np.unique([1.5, 2.5, 1.5], equal_nan=False)
