import io
import os
import pickle

import numpy as np
import pandas as pd

df = pd.DataFrame(
    {
        "n": [1, 2, 3],
        "f": [0.1, np.nan, 1e20],
        "s": ["a", None, "ä,\"q\""],
        "t": pd.to_datetime(["2024-01-01", "NaT", "2024-02-29 12:30:00.123456789"], format="ISO8601"),
        "c": pd.Categorical(["x", "y", "x"]),
    },
    index=[10, 20, 30],
)


def text(write, **options):
    stream = io.StringIO()
    write(stream, **options)
    return stream.getvalue()


def through(write, read, name):
    path = os.path.join(tmp, name)
    write(path)
    return read(path)


# ---
text(df.to_csv), text(df.to_csv, index=False, sep=";", na_rep="-", float_format="%.2f"), text(df.to_csv, columns=["n"], header=["N"]), text(df.to_csv, date_format="%d.%m.%Y")
text(df.to_csv, quoting=1), text(df.to_csv, decimal=",", lineterminator="\r\n", quotechar="'")
df.to_json(), df.to_json(orient="records"), df.to_json(orient="split"), df.to_json(orient="index"), df.to_json(orient="values"), df.to_json(orient="columns")
df.to_json(orient="records", lines=True), df.to_json(date_format="iso"), df.to_json(orient="records", date_format="iso", date_unit="ns"), df.to_json(double_precision=3, indent=1), df.to_json(force_ascii=False)
df.to_json(orient="table")
pd.Series([1.0, np.nan, np.inf]).to_json(), pd.Series({"a": 1}).to_json(orient="records"), pd.DataFrame({"a": [{"b": 1}, [1, 2]]}).to_json(), pd.Series([pd.Timedelta("1h")]).to_json(date_format="iso")
pd.DataFrame({"a": [2**53 + 1, -(2**63)]}).to_json(), pd.DataFrame({"a": [1e-7, 123456789.123456789, 1e16]}).to_json(), pd.DataFrame({"a": [0.1 + 0.2]}).to_json(double_precision=15)
pd.DataFrame({"a": [object()]}).to_json(default_handler=lambda value: "?"), pd.DataFrame({"a": [b"x"]}).to_json()
pd.DataFrame({"a": [1]}).to_json(double_precision=20)
df.to_dict(), df.to_dict("records"), df.to_dict("list"), df.to_dict("split"), df.to_dict("tight"), df.to_dict("index"), df["n"].to_dict()
[type(value).__name__ for value in df.to_dict("records")[0].values()], df.to_records(), df.to_numpy(), df[["n", "f"]].to_numpy(dtype="f4"), df["t"].to_numpy(), df["n"].tolist(), df.values.shape
repr(df), str(df["t"]), df.to_string(index=False), df.to_string(na_rep="-", float_format="{:.1f}".format), repr(df.dtypes), repr(df.index), repr(df.columns)
text(lambda buf: df.info(buf=buf, memory_usage=False))
df.to_html(), df[["n"]].to_html(index=False, classes="x"), df.head(1)._repr_html_()
repr(pd.DataFrame(np.arange(1000).reshape(100, 10))), repr(pd.Series(range(100))), repr(pd.DataFrame({f"col{i}": [i * 1.5] for i in range(30)})), repr(pd.DataFrame()), repr(pd.Series([], dtype=float))
repr(pd.Series([1e10, 0.001])), repr(pd.Series([0.1, 100])), repr(pd.Series([1e-10, 1e10])), repr(pd.DataFrame({"a": ["x" * 100]})), repr(pd.Series([True, None])), repr(pd.Series(["日本", "a"]))
[pd.set_option("display.precision", 2), repr(df), pd.reset_option("display.precision")][1]
[pd.set_option("display.max_rows", 4), repr(pd.Series(range(10))), pd.reset_option("display.max_rows")][1]
through(df.to_csv, lambda path: pd.read_csv(path, index_col=0), "d.csv")
through(df.to_csv, lambda path: pd.read_csv(path, index_col=0), "d.csv.gz"), through(df.to_csv, lambda path: pd.read_csv(path, index_col=0), "ä.csv.zip"), through(df.to_csv, pd.read_csv, "d.csv.bz2"), through(df.to_csv, pd.read_csv, "d.csv.xz")
through(df.to_pickle, pd.read_pickle, "d.pkl"), through(df.to_pickle, pd.read_pickle, "d.pkl.gz")
through(df.to_json, pd.read_json, "d.json"), through(lambda path: df.to_json(path, orient="records", lines=True), lambda path: pd.read_json(path, lines=True), "d.jsonl.gz")
pickle.loads(pickle.dumps(df)).equals(df), pickle.loads(pickle.dumps(df["c"])), pickle.loads(pickle.dumps(df.index)), pickle.loads(pickle.dumps(pd.Timestamp("2024-01-01", tz="Europe/Paris"))), pickle.loads(pickle.dumps(pd.Period("2024-01"))), pickle.loads(pickle.dumps(pd.Interval(0, 1))), pickle.loads(pickle.dumps(pd.NA)) is pd.NA
df.to_parquet(os.path.join("/tmp", "x.parquet"))
df.to_markdown()
pd.read_html("<table></table>")
df.memory_usage(index=False)[["n", "f", "t"]], df.shape, df.size, df.ndim, df.empty, df.axes[0]
hash(pd.Timestamp("2024-01-01")) == hash(pd.Timestamp("2024-01-01").to_pydatetime()), pd.util.hash_pandas_object(df), pd.util.hash_array(np.array(["a", "b"], dtype=object)), pd.util.hash_pandas_object(pd.Index([1, 2]))
