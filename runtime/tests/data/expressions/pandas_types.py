import numpy as np
import pandas as pd

cat = pd.Series(pd.Categorical(["lo", "hi", None, "lo"], categories=["lo", "mid", "hi"], ordered=True))
ints = pd.array([1, None, 3], dtype="Int64")
text = pd.Series(["GET /a?x=1 200", "post /Ünï 404", None, ""])
mi = pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["k", "n"])
m = pd.Series([10, 20, 30], index=mi)
# ---
cat, cat.cat.codes, cat.cat.categories, cat.min(), cat.sort_values(), cat > "lo", cat.value_counts(), cat.cat.add_categories("max").cat.categories, cat.cat.remove_unused_categories().cat.categories, cat.cat.rename_categories(str.upper), cat.cat.reorder_categories(["hi", "mid", "lo"]), cat.astype(str), cat.cat.as_unordered(), cat.isna(), cat.mode(), cat.map({"lo": 1, "hi": 2}), cat.fillna("mid"), cat.describe(), cat.memory_usage() > 0
cat.cat.set_categories(["lo"]), pd.Categorical([1, 2, 1]), pd.Categorical.from_codes([0, 1, -1], ["x", "y"]), pd.CategoricalDtype(["a"], ordered=True), pd.api.types.union_categoricals([pd.Categorical(["a"]), pd.Categorical(["b"])]), repr(cat), pd.concat([cat, cat]).dtype, pd.concat([cat, pd.Series(["z"])]).dtype
cat + "x"
(c := cat.copy(), c.__setitem__(0, "new"))
pd.Series(["a"]).cat
cat.cat.as_unordered() > "lo"
ints, ints + 1, ints.sum(), ints == 1, ints.isna(), ints.fillna(0), ints.to_numpy(dtype=float, na_value=np.nan), ints / 2, ints // 0, ints.mean(), pd.Series(ints).cumsum(), pd.Series(ints).value_counts(), pd.Series(ints).astype("Float64"), pd.Series(ints).dtype, ints**2, -ints, ints > 2
pd.array([1, 2]), pd.array([1.5, None]), pd.array([True, None]), pd.array(["a", None]), pd.array(["a"], dtype="string[python]"), pd.array([1, 2], dtype="UInt8") + 254, pd.array([True, None]) | True, pd.array([True, None]) & True, pd.array([True, False]).any(), pd.array([0.1, None], "Float32")
pd.array([1.5], dtype="Int64")
pd.array(["x"], dtype="Int64")
pd.NA == 1, pd.NA | True, pd.NA & True, pd.NA + 1, pd.NA ** 0, repr(pd.NA), pd.isna([pd.NA, None, np.nan, pd.NaT, 0]), pd.notna("x"), pd.Series([1, pd.NA]).dtype, pd.Series([1, None]).dtype, pd.Series([None, "a"]).isna(), pd.NA is pd.NA
bool(pd.NA)
text.str.lower(), text.str.len(), text.str.split(), text.str.split(" ", expand=True), text.str.contains("GET"), text.str.contains(r"\d{3}$", na=False), text.str.extract(r"(?P<verb>\w+) (?P<path>\S+) (?P<code>\d+)"), text.str.findall(r"\d"), text.str.replace("a", "b"), text.str.replace(r"\d+", lambda found: str(int(found[0]) + 1), regex=True), text.str[:3], text.str.get(0), text.str.startswith("GET"), text.str.strip(), text.str.upper()
text.str.extractall(r"(\d)"), text.str.partition(" "), text.str.rsplit(" ", n=1), text.str.pad(16, fillchar="."), text.str.zfill(4), text.str.cat(sep="|"), text.str.cat(text, sep="-", na_rep="?"), text.str.title(), text.str.swapcase(), text.str.count("/"), text.str.find("/"), text.str.match("GET"), text.str.fullmatch("GET.*"), text.str.isupper(), text.str.slice_replace(0, 3, "X"), text.str.repeat(2), text.str.encode("utf-8"), text.str.normalize("NFD").str.len(), text.str.casefold(), text.str.wrap(5), text.str.removeprefix("GET "), text.str.translate({65: "B"}), text.str.join("-"), text.str.isnumeric()
pd.Series([1]).str
text.str.extract("no group")
text.str.contains("("[:0]), text.str.contains("(", regex=False)
pd.Series(["a,b", "c"], dtype="string").str.split(","), pd.Series(["a", None], dtype="string").str.upper(), pd.Series(["a", None], dtype="string") + "x", pd.Series(["b", "a"], dtype="string").sort_values(), pd.Series(["1"], dtype="string").astype("Int64"), pd.Series(["a"], dtype="string") == "a", pd.Index(["a b", "c"]).str.split(), pd.Series(["a"], dtype="string").dtype
pd.Series(["a"], dtype="string[pyarrow]")
m, m["a"], m.loc[("a", 2)], m.xs(1, level="n"), m.unstack(), m.groupby(level="k").sum(), m.reset_index(), m.swaplevel().sort_index(), m.index.get_level_values("n"), m.loc[pd.IndexSlice[:, 1]], m.index.names, m.index.levels, mi.to_frame(index=False), mi.droplevel(0), mi.nlevels, m.sort_index(level="n", ascending=False), repr(mi), mi.tolist(), m.sum()
m["z"]
m.loc[("a", 5)]
pd.MultiIndex.from_product([["x", "y"], [1, 2]]), pd.MultiIndex.from_arrays([[1, 1], ["a", "b"]]), pd.MultiIndex.from_frame(pd.DataFrame({"p": [1], "q": [2]})), mi.set_names(["A", "B"]), mi.append(mi).is_unique, mi.get_loc(("a", 2)), mi.isin([("b", 1)]), mi.union(pd.MultiIndex.from_tuples([("c", 9)], names=["k", "n"])), mi.get_indexer([("b", 1), ("z", 0)]).tolist(), mi.is_monotonic_increasing, mi.map(lambda pair: pair[1])
pd.DataFrame(np.arange(6).reshape(3, 2), index=mi, columns=pd.MultiIndex.from_tuples([("u", "p"), ("u", "q")])), pd.DataFrame({("u", "p"): [1], ("v", "q"): [2]})["u"], pd.DataFrame({("u", "p"): [1], ("v", "q"): [2]}).stack(future_stack=True), pd.DataFrame(np.arange(3), index=mi).loc["a"], pd.DataFrame(np.arange(3), index=mi).query("n == 1")
pd.Interval(0, 1), 0.5 in pd.Interval(0, 1), pd.Interval(0, 1).overlaps(pd.Interval(1, 2)), pd.Interval(0, 5, closed="both").length, pd.interval_range(0, 4, 2), pd.IntervalIndex.from_breaks([0, 1, 2]).get_loc(1.5), pd.IntervalIndex.from_breaks([0, 1, 2]).get_indexer([0.5, 9]).tolist(), pd.Series(range(2), index=pd.interval_range(0, 2)).loc[1.5], pd.arrays.IntervalArray.from_tuples([(0, 1), (2, 3)]).mid, pd.interval_range(pd.Timestamp("2024-01-01"), periods=2, freq="D"), pd.Interval(1, 3) - 1, repr(pd.IntervalIndex.from_breaks([0, 1]))
pd.Interval(2, 1)
pd.IntervalIndex.from_breaks([0, 1]).get_loc(7)
pd.Index([3, 1, 2]).sort_values(), pd.Index([1, 2]).union([2, 3]), pd.Index([1, 2]).difference([2]), pd.Index(["a", "b"]).get_indexer(["b", "z"]).tolist(), pd.Index([1, 1]).has_duplicates, pd.RangeIndex(5)[1:3], pd.Index([1, 2, 3]).slice_indexer(2, 3), pd.Index([1, 2]).astype(str), pd.Index([1.5, 2]), pd.Index([1, "a"]), pd.Index([1, 2]).isin([2]), pd.Index(["b", "a"]).argsort().tolist(), pd.Index([1, 2, 3]).where([True, False, True]), pd.Index([0, 1]).insert(1, 9), pd.Index([1, 2]).symmetric_difference([2, 3]), repr(pd.Index(range(200))), pd.RangeIndex(3) + 1, pd.Index([1, 2]).append(pd.Index(["x"])), pd.Index([2, 1]).is_monotonic_increasing
pd.Index([1, 2]).get_loc(5)
pd.Index([1, 2])[5]
(i := pd.Index([1, 2]), i.__setitem__(0, 5))
pd.arrays.SparseArray([0, 0, 1]), pd.Series(pd.arrays.SparseArray([0, 0, 1])).sparse.density, pd.Series([0.0, 1.0]).astype("Sparse[float]") + 1, pd.Series([b"x"]), pd.Series([(1, 2)]), pd.Series([{1}]), pd.Series([1j]), pd.Series(np.array([1, 2], dtype="f2")), pd.Series([pd.Timestamp("2024", tz="UTC")]).dtype, pd.Series([pd.Period("2024-01")]).dtype, pd.Series([pd.Interval(0, 1)]).dtype
pd.api.types.infer_dtype([1, "a"]), pd.api.types.is_numeric_dtype("f4"), pd.api.types.is_datetime64_any_dtype(pd.Series(pd.to_datetime(["2024"]))), pd.api.types.pandas_dtype("Int8"), pd.api.types.is_list_like("a"), pd.api.types.infer_dtype(pd.Series([1.5, None])), pd.Series([1, 2]).convert_dtypes().dtype, pd.Series(["a", 1]).infer_objects().dtype, pd.api.types.is_integer(np.int64(1)), pd.api.types.pandas_dtype("datetime64[ns, UTC]")
pd.api.types.pandas_dtype("nope")
