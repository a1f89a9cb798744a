import numpy as np
from numpy import ma

m = ma.array([1, 2, 3, 4], mask=[0, 1, 0, 0])
f = ma.masked_invalid([1.0, np.nan, 3.0, np.inf])
grid = ma.masked_greater(np.arange(9).reshape(3, 3), 6)
# ---
m, f, grid
m + 1, m * m, m / 0, f - m
m.sum(), m.mean(), m.std(), m.max(), m.min(), m.prod(), m.count(), ma.median(m)
grid.sum(axis=0), grid.mean(axis=1), grid.count(axis=1).tolist(), grid.argmax() + 0
m.filled(-1), m.compressed(), f.filled(), m.tolist(), m.mask, m.fill_value, f.fill_value
ma.masked_where(m > 2, m), ma.masked_equal([1, 2, 1], 1), ma.masked_inside([1, 5, 9], 2, 6), ma.masked_values([1.0, 1.1], 1.1)
ma.sqrt([-1.0, 4.0]), ma.log([0.0, 1.0]), ma.divide([1, 2], [0, 2]), ma.power([2.0, -2.0], 0.5)
m[1], m[1] is ma.masked, m[m > 1], m == 2, (m > 2).any()
(c := m.copy(), c.__setitem__(1, 9), c.__setitem__(0, ma.masked), c)[3]
(c := m.copy(), c.harden_mask(), c.__setitem__(1, 9), c)[3]
ma.concatenate([m, [5]]), ma.where(m > 2, m, 0), ma.sort(ma.array([3, 1, 2], mask=[0, 1, 0])), ma.unique(ma.array([1, 1, 2], mask=[0, 1, 0]))
ma.average(f, weights=[1, 1, 1, 1]), ma.cov([1.0, 2, 4], [2.0, 1, 3]), ma.corrcoef([1.0, 2, 4], [2.0, 1, 3])
repr(m), str(grid), repr(ma.masked), repr(ma.array(["a", "b"], mask=[1, 0]))
ma.array([1, 2], mask=[1, 0, 0])
ma.getmaskarray(ma.array([1, 2])), ma.mask_or(np.array([True, False]), np.array([False, False])), ma.is_masked(m), ma.allequal(m, m), ma.dot(grid, grid)
ma.notmasked_edges(m).tolist(), ma.flatnotmasked_contiguous(m), ma.clump_masked(m), ma.compress_rows(grid), ma.mask_rowcols(grid, 0)
ma.array([(1, 2.0), (3, 4.0)], mask=[(0, 1), (0, 0)], dtype=[("a", int), ("b", float)])
ma.masked_array([1.5, 2.5], mask=True).mean(), ma.masked_all(2).mask, ma.zeros(2), ma.arange(3), ma.anom([1.0, 2, 3])
ma.var([1.0, 2, 4], ddof=1), ma.ediff1d(m), ma.diff(m), ma.polyfit([0, 1, 2], ma.array([1.0, 9, 5], mask=[0, 1, 0]), 1).round(9)
int(ma.array(1, mask=True))
