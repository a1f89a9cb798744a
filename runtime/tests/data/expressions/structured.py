import numpy as np
from numpy.lib import recfunctions as rf

r = np.array([("a", 3, 1.5), ("b", 1, 2.5), ("c", 2, np.nan)], dtype=[("name", "U4"), ("n", "i4"), ("x", "f8")])
nested = np.zeros(2, dtype=[("p", [("u", "i2"), ("v", "f4", (2,))]), ("q", "?")])
# ---
r, r["n"], r[["name", "x"]], r[0], r[1]["x"], r.dtype, r.dtype.names, r.dtype.fields["x"]
np.sort(r, order="n"), np.argsort(r, order="n").tolist(), r[r["x"] > 2]
nested, nested["p"]["v"], nested.dtype, nested[0]
r["missing"]
r[["n", "none"]]
(c := r.copy(), c["n"].__setitem__(slice(None), 9), c[0].__setitem__("name", "zz"), c)[3]
(c := r.copy(), c.__setitem__(0, ("long name", 2**20, 1)), c)[2]
np.rec.fromarrays([[1, 2], ["x", "y"]], names="a,b"), np.rec.array([(1, 2.0)], dtype=[("a", int), ("b", float)]).a, r.view(np.recarray).n
rf.append_fields(r, "y", [1, 2, 3], usemask=False), rf.drop_fields(r, "x"), rf.rename_fields(r, {"n": "m"}).dtype.names, rf.structured_to_unstructured(r[["n", "x"]]), rf.unstructured_to_structured(np.arange(4).reshape(2, 2))
rf.join_by("name", r[["name", "n"]], rf.repack_fields(r[["name", "x"]]), usemask=False), rf.merge_arrays([np.array([1, 2]), np.array([3.0])], fill_value=-1), rf.get_fieldstructure(r.dtype)
np.dtype([("a", "i1"), ("b", "i8")]).itemsize, np.dtype([("a", "i1"), ("b", "i8")], align=True).fields, np.dtype({"names": ["a", "b"], "formats": ["i4", "i4"], "offsets": [0, 8]}), np.dtype("i4,f8,U3")
np.dtype([("a", "i4"), ("a", "f4")])
r.astype([("name", "S4"), ("n", "f4"), ("x", "f4")]), r == r, r[:1] == r[1:2], np.array([(1, 2)], "i4,i4").view("i4")
np.array([(1, 2)], dtype="i4,i4") < np.array([(1, 3)], dtype="i4,i4")
r.tolist(), repr(r), str(r[0]), r.tobytes()[:16], np.void(b"abc"), np.zeros(1, "V4")
np.array([(1, [1, 2])], dtype=[("a", int), ("b", int, 2)]), np.array([((1, 2), 3)], dtype=[("t", "i4,i4"), ("u", int)]), np.concatenate([r, r[:1]]).size
np.array([(1, 2, 3)], dtype="i4,i4")
np.lib.recfunctions.stack_arrays([r[:1], r[1:]], usemask=False), rf.find_duplicates(np.ma.array([(1,), (1,), (2,)], dtype=[("a", int)]), key="a"), np.unique(r["name"])
