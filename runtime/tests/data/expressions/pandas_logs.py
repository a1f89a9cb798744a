import io
import json

import numpy as np
import pandas as pd

rng = np.random.default_rng(2024)
COUNT = 1000
logs = pd.DataFrame(
    {
        "time": pd.Timestamp("2024-05-01T00:00:00Z") + pd.to_timedelta(np.cumsum(rng.exponential(20.0, COUNT)).round(3), unit="s"),
        "level": rng.choice(["DEBUG", "INFO", "WARN", "ERROR"], COUNT, p=[0.2, 0.6, 0.15, 0.05]),
        "service": rng.choice(["api", "auth", "db", "web"], COUNT),
        "ms": rng.gamma(2.0, 30.0, COUNT).round(3),
        "status": rng.choice([200, 201, 404, 500], COUNT, p=[0.85, 0.05, 0.07, 0.03]),
        "user": rng.integers(1, 60, COUNT),
    }
)
lines = logs.head(50).apply(lambda r: f"{r.time.isoformat()} [{r.level}] {r.service}: took {r.ms}ms status={r.status} user=u{r.user}", axis=1)
pattern = r"^(?P<time>\S+) \[(?P<level>\w+)\] (?P<service>\w+): took (?P<ms>[\d.]+)ms status=(?P<status>\d+) user=u(?P<user>\d+)$"
jsonl = logs.head(100).to_json(orient="records", lines=True, date_format="iso")
# ---
logs.dtypes, logs.shape, logs.head(3), logs.describe(), logs["level"].value_counts()
logs.groupby("service")["ms"].agg(["count", "mean", "std", "min", "median", "max"])
logs.groupby("service")["ms"].quantile([0.5, 0.9, 0.99]).unstack()
logs.groupby(["service", "level"]).size().unstack(fill_value=0)
logs.set_index("time").resample("15min")["ms"].agg(["count", "mean"]).head(10)
logs.set_index("time").groupby("service").resample("1h")["ms"].mean().round(6)
logs.assign(error=logs["status"] >= 500).groupby("service")["error"].mean()
logs.set_index("time")["ms"].rolling("5min").mean().tail(5), logs["ms"].rolling(50).quantile(0.95).tail(3), logs["ms"].ewm(span=20).mean().tail(3)
logs[logs["ms"] > logs["ms"].mean() + 3 * logs["ms"].std()][["time", "service", "ms"]]
logs.query("level == 'ERROR' and ms > 50").sort_values("ms", ascending=False).head(5).to_dict("records")
logs.pivot_table(index="service", columns="level", values="ms", aggfunc="mean")
logs.pivot_table(index=logs["time"].dt.hour, columns="service", values="ms", aggfunc="count", fill_value=0)
logs.groupby(logs["time"].dt.floor("h"))["status"].apply(lambda v: (v >= 400).mean())
logs.groupby("user")["time"].agg(lambda v: (v.max() - v.min()).total_seconds()).nlargest(5)
logs.sort_values(["user", "time"]).groupby("user")["time"].diff().dt.total_seconds().describe()
(logs.sort_values(["user", "time"]).groupby("user")["time"].diff() > pd.Timedelta("30min")).cumsum().iloc[-1]
logs["status"].map(lambda v: f"{v // 100}xx").value_counts(normalize=True)
pd.cut(logs["ms"], [0, 10, 50, 100, 500], labels=["fast", "ok", "slow", "bad"]).value_counts(sort=False)
pd.crosstab(logs["service"], logs["status"], margins=True)
lines.str.extract(pattern).astype({"ms": float, "status": int, "user": "int32"}).head(5)
pd.to_datetime(lines.str.extract(pattern)["time"]).diff().max(), lines.str.contains("ERROR").sum(), lines.str.len().describe()
pd.read_json(io.StringIO(jsonl), lines=True).dtypes, pd.read_json(io.StringIO(jsonl), lines=True).equals(logs.head(100).assign(time=logs.head(100)["time"].astype("datetime64[ns, UTC]"))), pd.read_json(io.StringIO(jsonl), lines=True)["ms"].sum()
pd.DataFrame([json.loads(line) for line in jsonl.splitlines()]).groupby("level")["ms"].sum()
logs.to_csv(index=False)[:300], pd.read_csv(io.StringIO(logs.to_csv(index=False)), parse_dates=["time"]).equals(logs), hash(logs.to_csv()) == hash(logs.to_csv())
logs.groupby("service").apply(lambda part: part.nlargest(2, "ms")[["level", "ms"]], include_groups=False)
logs.drop_duplicates(["service", "level"]).sort_values(["service", "level"])["ms"].to_list(), logs.duplicated("user").sum(), logs["user"].nunique()
logs.merge(pd.DataFrame({"service": ["api", "db"], "owner": ["x", "y"]}), how="left").groupby("owner", dropna=False)["ms"].sum()
pd.merge_asof(logs[logs.level == "ERROR"], pd.DataFrame({"time": pd.date_range("2024-05-01", periods=6, freq="h", tz="UTC"), "deploy": range(6)}), on="time").groupby("deploy").size()
logs.set_index("time").between_time("01:00", "02:00").shape, logs.set_index("time").loc["2024-05-01 02"].shape, logs.set_index("time").tz_convert("America/New_York").index[:2], logs["time"].dt.tz_convert("Asia/Tokyo").dt.day_name().value_counts()
logs.select_dtypes("number").corr().round(9), logs[["ms", "user"]].cov(), np.polyfit(logs.index, logs["ms"], 1).round(9), np.histogram(logs["ms"], bins=8), np.percentile(logs["ms"], [50, 95, 99])
logs.nlargest(3, "ms").to_json(orient="records", date_format="iso"), logs.tail(2).to_dict("records"), logs.head(2).to_json(orient="split"), logs["level"].astype("category").cat.codes.sum()
logs.set_index("time")["ms"].resample("30min").max().interpolate().round(3).tolist()[:8], logs.set_index("time")["ms"].resample("1min").count().rolling(10).sum().max(), logs.groupby(pd.Grouper(key="time", freq="2h"))["user"].nunique()
pd.util.hash_pandas_object(logs[["level", "service", "user"]]).sum(), logs.memory_usage(index=False)[["ms", "status", "user"]].tolist(), logs.sample(5, random_state=7)["user"].tolist(), logs.iloc[::250]["time"].astype(str).tolist()
