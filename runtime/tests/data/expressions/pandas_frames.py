import numpy as np
import pandas as pd

df = pd.DataFrame({"a": [3, 1, 2], "b": [1.5, np.nan, -2.0], "c": ["x", "y", "z"]}, index=["r1", "r2", "r3"])
num = df[["a", "b"]]
s = pd.Series([4, -1, 2, 2], index=list("wxyz"), name="s")
# ---
df, df.dtypes, df["a"], df[["c"]], df.loc["r1"], df.iloc[-1, 0], df.at["r2", "c"], df.iat[0, 1], df.loc[df.a > 1, "c"], df.iloc[:, 1:], df.loc["r1":"r2", ["a"]], df.head(1), df.tail(1), df[1:]
df.loc["nope"]
df.iloc[10]
df["nope"]
df.iloc["a"]
df[df["a"]]
num.sum(), num.mean(), num.std(), num.var(), num.min(axis=1), num.median(), num.quantile([0.25, 0.5]), num.cumsum(), num.prod(), num.abs(), num.round(), num.count(), num.sem(), num.skew(), num.idxmax(), num.agg(["min", "max"]), num.nunique(), num.kurt()
df.sum(), df.max()
df.mean()
df.describe(), df.describe(include="all"), df.describe(percentiles=[0.01, 0.99]), s.describe(), df["c"].describe(), num.corr(), num.cov(), num.corrwith(df["a"]), s.corr(s**2), s.corr(s**3, method="spearman"), s.autocorr()
df.sort_values("a"), df.sort_values(["c", "a"], ascending=[False, True]), df.sort_index(ascending=False), df.sort_values("b", na_position="first"), s.sort_values(key=abs), df.nlargest(2, "a"), df.nsmallest(1, "b"), s.rank(method="min"), s.rank(pct=True, ascending=False), df.rank(numeric_only=True), s.argsort().tolist()
df.rename(columns={"a": "A"}), df.rename(str.upper), df.set_index("c"), df.reset_index(), df.reset_index(drop=True), df.drop(columns="b"), df.drop("r1"), df.add_prefix("p_"), df.rename_axis("ix"), df.set_axis([1, 2, 3]), df.filter(like="b"), df.filter(regex="^[ac]$"), df.select_dtypes("number"), df.pop("c"), df.squeeze().shape
df.drop("zzz")
num + 1, num + s, num * num, num / 0, num // 2, num % 2, num**2, -num, num > 1, num.eq(3), num.add(num.loc["r1"], axis=1), num.sub([1, 2, 3], axis=0), num.mul(2, fill_value=0), 1 / num["a"], num["a"] + num["b"], num.dot([1, 2])
s + pd.Series([1, 2], index=["w", "q"]), s.add(pd.Series([1], index=["w"]), fill_value=0), s / 0, s // 0, s % 3, s @ s, s.pow(2), s.clip(0, 3), s.diff(), s.shift(1), s.shift(-1, fill_value=0), s.pct_change(), s.cumprod(), s.cummin(), s.where(s > 0), s.mask(s > 0, 0), s.map({4: "four"}), s.map(lambda v: v * 2), s.replace({2: 20}), s.between(0, 2), s.duplicated(), s.drop_duplicates(), s.unique(), s.is_unique, s.nlargest(2), s.repeat(2).size, s.any(), s.all(), s.to_frame(), s.items().__next__()
df == df
num == pd.DataFrame([[1]])
"x" + df["c"], df["c"] * 2, df["c"] + df["c"], df["c"] > "x", df["c"].max(), df["c"].sum()
df["c"] + 1
df["c"] - df["c"]
df.apply(lambda column: column.iloc[0]), num.apply(np.sqrt), num.apply(lambda row: row.sum(), axis=1), df.map(lambda v: str(v)), num.apply(lambda row: [1, 2], axis=1), num.apply(lambda row: pd.Series({"p": 1}), axis=1), num.transform([np.abs, "cumsum"]), num.pipe(lambda d, k: d * k, 3), df.agg({"a": "sum", "c": "max"}), np.exp(num), np.add(num, num), num.apply("mean")
df.isna(), df.dropna(), df.fillna({"b": 0}), df["b"].ffill(), df["b"].interpolate(), df.dropna(axis=1), df.dropna(thresh=3), df["b"].isna().sum(), df.notna().all(), df["b"].fillna(df["b"].mean()), pd.Series([1, np.nan, np.nan, 4]).interpolate(limit=1), pd.Series([0.0, np.nan, 4, np.nan, 16]).interpolate("linear", limit_direction="both"), df.replace(np.nan, None), df.infer_objects().dtypes
df.fillna(method="ffill")
(c := df.copy(), c.__setitem__("d", [7, 8, 9]), c.insert(0, "z", 0), c)[3], (c := df.copy(), c.loc.__setitem__(("r9", "a"), 5), c)[2], (c := df.copy(), c.iloc.__setitem__((0, 0), 100), c)[2], (c := df.copy(), c.loc.__setitem__((c.a > 1, "b"), 0), c)[2], (c := df.copy(), c.__delitem__("a"), c)[2]
(c := df.copy(), c.loc.__setitem__(("r1", "a"), 1.5), c)[2]
(c := df.copy(), c.__setitem__("d", [1, 2]))
(c := df.copy(), v := c["a"], v.__setitem__(0, 99), c)[3]
(c := df[df.a > 1], c.__setitem__("a", 0), c)[2]
df.astype({"a": "float32", "c": "category"}).dtypes, df["a"].astype(str), df["a"].astype("int8"), pd.Series(["1", "2"]).astype(int), pd.Series([1.0, 2.0]).astype("Int64"), pd.to_numeric(pd.Series(["1", "2.5", "x"]), errors="coerce"), pd.to_numeric(["1", "300"], downcast="integer"), df.convert_dtypes().dtypes, pd.Series([2**40]).astype("int32")
df["b"].astype(int)
pd.Series([1.5]).astype("Int64")
pd.to_numeric(["x"])
df.query("a > 1"), df.query("a > @limit and c != 'x'", local_dict={"limit": 1}), df.query("b.isna()", engine="python"), df.query("index == 'r1'"), df.query("a in [1, 2]"), df.query("1 < a <= 3"), df.query("`a` == 1 or not c == 'y'"), df.query("c.str.startswith('x')", engine="python")
df.query("nope > 1")
df.query("a >")
df.query("__import__('os')")
df.eval("a * 2 + b"), df.eval("d = a + 1"), pd.eval("1 + 2 * 3"), df.eval("a > 1 & b < 2"), df.eval("sqrt(a)"), df.eval("-a ** 2"), pd.eval("df.a + df.b", local_dict={"df": df}), df.eval("x = a\ny = x * 2")
df.eval("a.__class__")
df.itertuples().__next__(), [(label, row.a) for label, row in df.iterrows()], list(df.items())[0][0], df.to_dict("records"), len(df), list(df), "a" in df, df.keys(), df.equals(df.copy()), df.sample(2, random_state=0), df.sample(frac=1, random_state=np.random.RandomState(3)).index, df.sample(2, weights="a", random_state=np.random.default_rng(1)).index, s.sample(3, replace=True, random_state=5)
pd.DataFrame({"a": [1, 2]}, dtype="float32"), pd.DataFrame([[1, 2], [3, 4]], columns=["x", "y"]), pd.DataFrame([{"a": 1}, {"b": 2}]), pd.DataFrame({"a": 5}, index=[0, 1]), pd.DataFrame(np.eye(2)), pd.DataFrame({"a": pd.Series([1], index=[1]), "b": pd.Series([2], index=[2])}), pd.DataFrame([(1, "x")], columns=["n", "s"]), pd.Series({"a": 1, "b": 2}), pd.Series(5, index=range(2)), pd.DataFrame({"a": range(3)}).dtypes, pd.DataFrame([[1, "a"], [2.5, None]]).dtypes, pd.Series([1, 2**63]), pd.Series([2**64]), pd.Series([True, 1]), pd.Series(np.array([1, 2], "i4")).dtype, pd.Series([1, 2]).dtype, pd.Index([1, 2]).dtype
pd.DataFrame({"a": [1, 2], "b": [1]})
pd.DataFrame([[1, 2]], columns=["a"])
pd.DataFrame({"a": 1})
pd.Series([1, 2], index=[1])
bool(df)
pd.Series([2**30] * 4).sum(), pd.DataFrame({"a": [2**31]}).sum(), pd.Series([2**62, 2**62]).sum(), pd.Series([1, 2], dtype="int8").sum(), pd.Series([200, 100], dtype="uint8").cumsum(), pd.Series([2**31 - 1], dtype="int32") + 1, pd.Series([127], dtype="int8") + 1, pd.Series([0.1] * 10).sum(), pd.Series([1e308] * 2).sum(), pd.Series([1, 2]).mean(), pd.Series([1e20, 1, -1e20]).sum()
