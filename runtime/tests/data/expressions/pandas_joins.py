import numpy as np
import pandas as pd

left = pd.DataFrame({"k": ["a", "b", "c", "b"], "x": [1, 2, 3, 4]})
right = pd.DataFrame({"k": ["b", "a", "d", "b"], "y": [10.0, 20.0, 30.0, 40.0]})
trades = pd.DataFrame({"t": pd.to_datetime(["2024-01-01 10:00:01", "2024-01-01 10:00:03", "2024-01-01 10:00:07"]), "s": ["A", "B", "A"], "p": [1.0, 2.0, 3.0]})
quotes = pd.DataFrame({"t": pd.to_datetime(["2024-01-01 10:00:00", "2024-01-01 10:00:02", "2024-01-01 10:00:06"]), "s": ["A", "B", "A"], "q": [9, 8, 7]})
wide = pd.DataFrame({"id": [1, 2], "a1": [5, 6], "a2": [7, 8]})
# ---
left.merge(right), left.merge(right, how="left"), left.merge(right, how="outer", indicator=True), left.merge(right, how="right"), left.merge(right, on="k", how="inner", sort=True), left.merge(right, how="cross").shape
left.merge(right, left_on="x", right_on="y", how="outer"), left.merge(left, on="k", suffixes=("_l", "_r")), left.set_index("k").join(right.set_index("k")), left.join(right, lsuffix="_l", rsuffix="_r"), left.merge(right.set_index("k"), left_on="k", right_index=True)
left.merge(right, on="k", validate="one_to_one")
left.merge(right, on="zz")
left.merge(right, left_on="k", right_on="y")
left.join(right)
pd.merge_asof(trades, quotes, on="t"), pd.merge_asof(trades, quotes, on="t", by="s"), pd.merge_asof(trades, quotes, on="t", direction="forward"), pd.merge_asof(trades, quotes, on="t", tolerance=pd.Timedelta("500ms")), pd.merge_asof(trades, quotes, on="t", direction="nearest", allow_exact_matches=False)
pd.merge_asof(trades[::-1], quotes, on="t")
pd.merge_ordered(left, right, fill_method="ffill"), pd.concat([left, right]), pd.concat([left, right], axis=1), pd.concat([left, right], ignore_index=True, join="inner"), pd.concat({"l": left, "r": right}, names=["src"]), pd.concat([left["x"], right["y"]], axis=1, keys=["p", "q"])
pd.concat([])
pd.concat([left, left], verify_integrity=True)
pd.concat([pd.Series([1]), pd.Series([1.5]), pd.Series(["x"])]), pd.concat([pd.DataFrame(), left]).dtypes, left.combine_first(pd.DataFrame({"x": [9] * 6, "z": [1] * 6})), pd.DataFrame({"a": [1, np.nan]}).combine_first(pd.DataFrame({"a": [5, 6]})), left.align(right, join="outer", axis=1)[0].columns
pd.DataFrame({"a": [1.0, 2.0]}).compare(pd.DataFrame({"a": [1.0, 3.0]})), left.isin(["a", 2]), left.isin({"x": [1, 4]}), left.assign(z=lambda d: d.x * 2), left.update(pd.DataFrame({"x": [7]})), left.reindex([2, 0, 9]), left.reindex(columns=["x", "w"], fill_value=0)
left.pivot_table(index="k", values="x"), left.pivot_table(index="k", values="x", aggfunc=["sum", "count"], margins=True), left.assign(c=[1, 1, 2, 2]).pivot_table(index="k", columns="c", values="x", fill_value=0), pd.crosstab(left["k"], left["x"] > 2), pd.crosstab(left["k"], left["x"] > 2, normalize="index"), pd.crosstab(left["k"], left["x"] > 1, values=left["x"], aggfunc="sum")
left.assign(c=[1, 2, 1, 1]).pivot(index="k", columns="c", values="x")
left.pivot(index="k", columns="x", values="x"), wide.melt("id"), wide.melt(id_vars="id", value_vars=["a2"], var_name="v", value_name="w"), pd.wide_to_long(wide, "a", i="id", j="n"), wide.set_index("id").stack(future_stack=True), wide.set_index("id").stack(future_stack=True).unstack(), wide.T, wide.transpose().dtypes
left.assign(c=1).pivot(index="k", columns="c", values="x")
pd.get_dummies(left["k"]), pd.get_dummies(left, prefix="p", drop_first=True, dtype=int), pd.from_dummies(pd.get_dummies(left["k"])), pd.Series(["a|b", "b", None]).str.get_dummies(), pd.DataFrame({"a": [[1, 2], [], [3]], "b": [1, 2, 3]}).explode("a"), pd.Series([[1], 2, None]).explode(), pd.lreshape(wide, {"a": ["a1", "a2"]})
pd.cut([1, 5, 10], 3), pd.cut([1, 5, 10], [0, 5, 10], labels=["lo", "hi"]), pd.cut(pd.Series([1, 7, np.nan]), [0, 5], right=False), pd.cut([1, 2, 3], 2, labels=False).tolist(), pd.cut([0.1, 0.2], bins=[0, 0.15, 1], precision=1, include_lowest=True), pd.cut(pd.date_range("2024", periods=3), 2)
pd.qcut([1, 2, 3, 4, 100], 4), pd.qcut(range(10), [0, 0.3, 1], labels=["a", "b"]), pd.qcut([1, 1, 1, 2], 2, duplicates="drop"), pd.qcut(pd.Series(range(5)), 2, retbins=True)[1]
pd.qcut([1, 1, 1, 2], 3)
pd.cut([1, 2], [2, 1])
left.merge(right, on="k").groupby("k").agg(x=("x", "sum"), y=("y", "mean")).reset_index().sort_values("y", ascending=False).to_dict("records")
left.merge(pd.DataFrame({"k": pd.Categorical(["a", "b"]), "z": [1, 2]}), on="k").dtypes, pd.DataFrame({"i": [1, 2]}).merge(pd.DataFrame({"i": [1.0, 3.0], "v": [5, 6]}), on="i", how="outer"), pd.DataFrame({"i": pd.array([1, None], "Int64")}).merge(pd.DataFrame({"i": pd.array([None, 1], "Int64"), "v": [5, 6]}), on="i")
