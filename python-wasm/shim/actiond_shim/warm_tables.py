"""Warming NumPy and pandas: walks what runs do with tables, as `warm.py` does for the rest."""

import io
import warnings

import numpy as np
import pandas as pd

from . import result

_ROUNDS = 12
_RECORDS = [
    {"_timestamp": 1_700_000_000_000_000 + number * 250_000, "pod": f"pod-{number % 3}", "level": ("info", "error")[number % 2],
     "log": f"GET /items/{number} took {number * 7 % 50} ms", "took": number * 7 % 50 + 0.5, "code": 200 + number % 2, "ok": None}
    for number in range(40)
]  # fmt: skip


def walk() -> None:
    """Do a little of what actions do with tables, often enough for the interpreter to settle."""
    # What it warns of is ours, and is no part of what a script has seen.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(_ROUNDS):
            frame = _read()
            for step in (_select, _group, _over_time, _join, _write, _count):
                step(frame)


def _read() -> pd.DataFrame:
    frame = pd.DataFrame(_RECORDS)
    frame["time"] = pd.to_datetime(frame["_timestamp"], unit="us")
    pd.to_datetime(["2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"])
    pd.to_datetime(pd.Series(["2024-01-01 10:00:00", None]), errors="coerce")
    pd.to_datetime("2024-01-01", utc=True)
    pd.json_normalize([{"a": {"b": 1}, "c": [1]}, {"a": {"b": 2}}])
    pd.read_json(io.StringIO('[{"a":1,"b":"x"},{"a":2.5,"b":null}]'))
    pd.read_csv(io.StringIO("a,b,c\n1,x,2024-01-01\n2.5,,2024-01-02\n"), parse_dates=["c"])
    pd.DataFrame({"a": [1, 2], "b": np.zeros(2), "c": pd.Categorical(["x", "y"])}).astype({"a": "float64"})
    pd.DataFrame.from_records([(1, "a")], columns=["n", "s"])
    return frame


def _select(frame: pd.DataFrame) -> None:
    slow = frame[frame["took"] > 10]
    frame[(frame["level"] == "error") & frame["pod"].isin(["pod-1"])]
    frame.loc[frame["code"] == 200, ["pod", "took"]]
    frame.query("took > 10 and pod == 'pod-1'")
    slow.sort_values("took", ascending=False).head(3).reset_index(drop=True)
    slow.assign(half=slow["took"] / 2).rename(columns={"half": "h"}).drop(columns=["h"])
    frame.nlargest(2, "took")
    frame.drop_duplicates("pod")
    frame["took"].fillna(0).round(1).astype(int).clip(0, 20)
    frame["ok"].isna().sum()
    frame.dropna(subset=["took"])
    frame["log"].str.extract(r"/items/(?P<item>\d+) took (?P<ms>\d+)")["ms"].astype(int)
    frame["log"].str.contains("GET", regex=False).any()
    frame["log"].str.upper().str.replace("GET", "PUT").str.split(" ", expand=True)
    frame["took"].map(lambda value: value + 1)
    frame.apply(lambda row: row["took"] * 2, axis=1)
    frame.iloc[0]["pod"], frame.at[0, "took"], frame["took"].iloc[-1]
    for _ in frame.head(2).itertuples():
        pass
    for _ in frame.head(2).iterrows():
        pass


def _group(frame: pd.DataFrame) -> None:
    groups = frame.groupby("pod")
    groups["took"].agg(["mean", "max", "count"]).reset_index()
    groups.agg(slowest=("took", "max"), lines=("log", "size"), codes=("code", "nunique"))
    groups["took"].sum(), groups.size(), groups["took"].quantile(0.5), groups["took"].transform("mean")
    frame.groupby(["pod", "level"], as_index=False)["took"].mean()
    frame.groupby(["pod", "level"]).size().unstack(fill_value=0)
    frame.groupby("pod")["took"].apply(lambda values: values.max() - values.min())
    for _ in groups:
        pass
    frame["level"].value_counts().to_dict()
    frame["pod"].unique(), frame["pod"].nunique(), frame["took"].describe(), frame["took"].quantile([0.5, 0.99])
    frame.pivot_table(index="pod", columns="level", values="took", aggfunc="mean")
    pd.crosstab(frame["pod"], frame["level"])
    pd.cut(frame["took"], [0, 10, 100], labels=["fast", "slow"]).value_counts()


def _over_time(frame: pd.DataFrame) -> None:
    times = frame.set_index("time")
    times.resample("1s")["took"].mean().fillna(0)
    times.resample("2s").agg({"took": ["mean", "max"], "code": "count"})
    times.groupby("pod").resample("5s")["took"].sum()
    times.groupby([pd.Grouper(freq="5s"), "pod"]).size()
    times["took"].rolling(5).mean(), times["took"].rolling("2s").sum(), times["took"].ewm(span=3).mean()
    times["took"].diff(), times["took"].shift(1), times["took"].cumsum(), times["took"].pct_change()
    frame["time"].dt.floor("min"), frame["time"].dt.hour, frame["time"].dt.strftime("%H:%M")
    frame["time"].dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin")
    (frame["time"].max() - frame["time"].min()).total_seconds()
    pd.date_range("2024-01-01", periods=3, freq="h")


def _join(frame: pd.DataFrame) -> None:
    pods = pd.DataFrame({"pod": ["pod-0", "pod-1"], "node": ["a", "b"]})
    frame.merge(pods, on="pod", how="left")
    frame.join(pods.set_index("pod"), on="pod")
    pd.concat([frame, frame], ignore_index=True)


def _write(frame: pd.DataFrame) -> None:
    frame.to_dict("records")
    frame.to_dict("list")
    frame.to_json(orient="records")
    frame.to_csv(index=False)
    str(frame), repr(frame["took"])
    for value in (frame, frame["took"], frame["took"].to_numpy(), {"at": frame["time"].max(), "n": frame["code"].sum()}):
        result.encode(value)


def _count(frame: pd.DataFrame) -> None:
    took = frame["took"].to_numpy()
    took.mean(), took.std(), took.max(), np.percentile(took, [50, 99]), np.median(took), took.argmax()
    np.histogram(took, bins=4), np.unique(took, return_counts=True), np.bincount(frame["code"].to_numpy())
    np.array([1, 2, 3]) * 2.5 + np.arange(3)
    np.where(took > 10, 1, 0).sum()
    np.sort(took)[::-1], np.argsort(took), np.cumsum(took), np.diff(took)
    np.concatenate([took, took]).reshape(2, -1).T @ np.ones(2)
    np.linalg.norm(took), np.linalg.solve(np.eye(2), np.ones(2)), np.polyfit([0, 1, 2], [0, 1, 2], 1)
    np.fft.rfft(took), np.random.default_rng(1).normal(size=3), np.random.rand(2)
    np.corrcoef(took, took), np.isnan(took).any(), np.round(took, 1).tolist()
    with np.errstate(divide="ignore", invalid="ignore"):
        np.zeros(2) / np.zeros(2)
