import numpy as np
import pandas as pd

df = pd.DataFrame(
    {
        "host": ["a", "b", "a", "c", "b", "a", None],
        "level": pd.Categorical(["info", "warn", "info", "error", "info", "warn", "info"], ["info", "warn", "error", "fatal"]),
        "ms": [1.5, 2.5, np.nan, 4.0, 10.0, 0.25, 3.0],
        "n": [1, 2, 3, 4, 5, 6, 7],
        "t": pd.date_range("2024-01-01", periods=7, freq="90min"),
    }
)
g = df.groupby("host")
# ---
g["ms"].sum(), g["ms"].mean(), g["ms"].count(), g.size(), g["n"].sum(), g["ms"].std(), g["ms"].var(ddof=0), g["ms"].sem()
g["ms"].median(), g["ms"].min(), g["ms"].max(), g["n"].prod(), g["ms"].first(), g["ms"].last(), g["ms"].nth(0), g["ms"].quantile([0.1, 0.9]), g["n"].nunique(), g["ms"].skew(), g["ms"].idxmax()
df.groupby("host", dropna=False)["n"].sum(), df.groupby("host", sort=False)["n"].sum(), df.groupby("host", as_index=False)["n"].sum(), df.groupby(["host", "level"], observed=True)["n"].sum(), df.groupby("level", observed=False)["ms"].mean(), df.groupby(df["n"] % 2)["n"].sum(), df.groupby(lambda i: i // 3)["n"].sum(), df.groupby([1, 1, 2, 2, 3, 3, 3])["n"].sum()
df.groupby("level")["ms"].mean()
g.agg({"ms": "mean", "n": ["min", "max"]}), g.agg(total=("n", "sum"), slow=("ms", lambda v: (v > 2).sum())), g["n"].agg(["sum", "mean", "std"]), g["n"].agg(lambda v: v.iloc[0])
g.agg({"missing": "sum"})
g[["ms", "n"]].transform("mean"), g["n"].transform(lambda v: v - v.mean()), g["n"].cumsum(), g["ms"].cummax(), g["n"].rank(), g["n"].shift(), g["n"].diff(), g["ms"].ffill(), g["ms"].bfill(), g["n"].pct_change(), g.cumcount(), g.ngroup()
g["ms"].fillna(0)
g.apply(lambda part: part["n"].sum(), include_groups=False), g.apply(lambda part: part.head(1), include_groups=False), g.filter(lambda part: part["n"].sum() > 5), g.head(1), g.tail(1), g.nth([0, 1])["n"], g["n"].nlargest(1), g.get_group("a"), sorted(g.groups), {k: v.tolist() for k, v in g.indices.items()}
g.apply(lambda part: part["n"].sum())
g.get_group("zzz")
g["ms"].describe(), g["n"].value_counts(), g["level"].value_counts(), g["ms"].apply(list), [(k, len(v)) for k, v in g], len(g), g.ngroups
g["n"].corr(df["ms"]), g[["n", "ms"]].corr(), g["n"].sample(2, random_state=1), g["n"].is_monotonic_increasing, g["n"].pipe(lambda v: v.sum().max())
df.groupby("host")[["n"]].rolling(2).sum(), df.groupby("host")["n"].expanding().mean(), df.groupby("host")["n"].ewm(alpha=0.5).mean(), df.groupby("host").resample("3h", on="t", include_groups=False)["n"].sum()
df.groupby(pd.Grouper(key="t", freq="3h"))["n"].sum(), df.groupby([pd.Grouper(key="t", freq="D"), "host"])["n"].sum(), df.groupby(pd.cut(df["n"], [0, 3, 7]), observed=True)["ms"].sum(), df.set_index(["host", "n"]).groupby(level=0)["ms"].sum()
df.groupby("host")["level"].first(), df.groupby("host")["t"].max(), df.groupby("host")["t"].agg(["min", "max"]), df.groupby("host").agg("first")
df.groupby("host").mean()
df.groupby("host").mean(numeric_only=True), df.groupby("host").sum(numeric_only=True, min_count=2), df.groupby("host")["n"].any(), df.groupby("host")["ms"].cumprod()
df.groupby("nope")
df.groupby([])
df.resample("3h", on="t")["n"].sum(), df.resample("3h", on="t")["ms"].agg(["mean", "count"]), df.set_index("t").resample("2h")["n"].ohlc(), df.set_index("t")["n"].resample("1h").ffill().head(5), df.set_index("t")["ms"].resample("45min").interpolate().head(6), df.set_index("t")["n"].resample("D").nunique()
df.set_index("t")["n"].resample("3h", closed="right", label="right").sum(), df.set_index("t")["n"].resample("3h", offset="1h").sum(), df.set_index("t")["n"].resample("4h", origin="end").sum(), df.set_index("t")["ms"].resample("W").mean(), df.set_index("t")["n"].resample("2h").apply(lambda v: v.max() - v.min()), df.set_index("t")["n"].resample("1h").asfreq(fill_value=0).head(4)
df.set_index("t")[["n", "ms"]].resample("3h").agg({"n": "sum", "ms": "max"}), df.set_index("t")["n"].resample("30min").nearest().head(5), df.set_index("t")["n"].resample("ME").sum(), df.set_index("t")["n"].tz_localize("UTC").tz_convert("Europe/Paris").resample("D").sum(), df.set_index("t")["n"].to_period("h").resample("D").sum()
df.resample("3h")["n"].sum()
df.set_index("t")["n"].resample("3T").sum().size
df["host"].value_counts(), df["host"].value_counts(dropna=False, normalize=True), df["level"].value_counts(sort=False), df[["host", "level"]].value_counts(), df["ms"].value_counts(bins=3), df["host"].unique(), df["host"].nunique(), pd.factorize(df["host"])[0].tolist(), df["host"].mode()
df["n"].rolling(3).mean(), df["n"].rolling(3, min_periods=1).sum(), df["ms"].rolling(2).max(), df["n"].rolling(3, center=True).median(), df["n"].rolling(3).std(), df["n"].rolling(3).apply(lambda v: v.iloc[-1] - v.iloc[0]), df["n"].rolling(3).quantile(0.5), df["n"].rolling(4).skew(), df["n"].rolling(4).kurt(), df["n"].rolling(2).rank(), df["n"].rolling(3).var(), df["n"].rolling(2).sem()
df.set_index("t")["n"].rolling("3h").sum(), df.set_index("t")["n"].rolling("3h", closed="left").count(), df.rolling("2h", on="t")["n"].max(), df[["n", "ms"]].rolling(3).corr(), df["n"].rolling(3).cov(df["ms"]), df["n"].rolling(3, step=2).sum(), df["n"].rolling(pd.api.indexers.FixedForwardWindowIndexer(window_size=2)).sum(), df["n"].rolling(3, closed="both").sum()
df["n"].rolling(-1)
df["n"].rolling("3h")
df["ms"].ewm(span=3).mean(), df["ms"].ewm(alpha=0.3, adjust=False).mean(), df["n"].ewm(halflife=2).std(), df["n"].ewm(com=1).var(), df["ms"].ewm(span=3, ignore_na=True).mean(), df["n"].ewm(halflife="2h", times=df["t"]).mean(), df["n"].ewm(span=4).corr(df["ms"]), df["n"].ewm(com=0.5).sum()
df["n"].ewm(alpha=2)
df["n"].expanding().sum(), df["ms"].expanding(2).mean(), df["n"].expanding().std(), df["ms"].expanding().max(), df["n"].expanding().quantile(0.25), df["n"].expanding().rank(), df["n"].expanding().skew()
