import io

import numpy as np
import pandas as pd

RECORDS = '[{"t":"2024-01-01T00:00:00Z","ms":12.5,"ok":true,"tag":null},{"t":"2024-01-01T00:00:01Z","ms":7,"ok":false,"tag":"ä"}]'
CSV = "t,host,ms,n\n2024-01-01,a,1.5,1\n2024-01-02,b,,2\n2024-01-03,c,1e-3,3\n"
deep = [{"id": 1, "user": {"name": "x", "geo": {"lat": 1.5}}, "tags": ["a", "b"]}, {"id": 2, "user": {"name": "y"}, "tags": []}]


def csv(text, **options):
    return pd.read_csv(io.StringIO(text), **options)


def json(text, **options):
    return pd.read_json(io.StringIO(text), **options)


# ---
json(RECORDS)
json(RECORDS, dtype=False, convert_dates=False)
json(RECORDS, convert_dates=["t"]).dtypes
json('{"a":1,"b":"x"}\n{"a":2,"c":3}\n', lines=True)
json('{"a":{"0":1,"1":2},"b":{"0":3.5,"1":null}}')
json('{"columns":["a"],"index":[5,6],"data":[[1],[2]]}', orient="split")
json('{"x":{"a":1},"y":{"a":2}}', orient="index")
json("[[1,2],[3,4]]", orient="values")
json('[1.1,2.2]', typ="series"), json('{"a":1}', typ="series")
json('[{"n":9223372036854775807},{"n":1}]'), json('[{"n":9007199254740993}]')
json('[{"n":18446744073709551616}]')
json('[{"f":0.1234567890123456789}]', precise_float=True), json('[{"f":1e-320},{"f":1.7976931348623157e308}]')
json('[{"date":1704067200000},{"date":1704153600000}]'), json('[{"stamp_at":1704067200}]', date_unit="s")
json('[{"a":1')
json('{"a":1}')
json("[]"), json("{}")
json('[{"a":"\\u00e4\\ud83d\\ude00"}]')
[piece.shape for piece in json('{"a":1}\n{"a":2}\n{"a":3}\n', lines=True, chunksize=2)]
pd.json_normalize(deep)
pd.json_normalize(deep, sep="_", max_level=1)
pd.json_normalize(deep, record_path="tags", meta=["id", ["user", "name"]])
pd.json_normalize({"a": {"b": [{"c": 1}, {"c": 2}]}}, ["a", "b"])
pd.json_normalize(deep, record_path="missing")
csv(CSV), csv(CSV).dtypes
csv(CSV, parse_dates=["t"], index_col="t")
csv(CSV, dtype={"n": "int8", "host": "category"}), csv(CSV, usecols=["n", "ms"]), csv(CSV, nrows=1), csv(CSV, skiprows=[1])
csv("a;b\n1,5;2\n", sep=";", decimal=","), csv("a b\n1  2\n", sep=r"\s+"), csv("1\t2\n", sep="\t", header=None), csv("a,b\n1,000;2", thousands=",", sep=";")
csv("a,b\n'x,y',2\n", quotechar="'"), csv('a,b\n"x ""q""",2\n'), csv("a,b\n# note\n1,2 # end\n", comment="#"), csv("a,b\n1,\\N\n", na_values=["\\N"])
csv("a,b\n1,NA\nnull,x\n"), csv("a\nNA\nx\n", keep_default_na=False), csv("a,b\n,\n"), csv("a\n\n1\n", skip_blank_lines=False)
csv("a,a,b\n1,2,3\n"), csv(" a , b\n 1, x\n", skipinitialspace=True), csv("a,b\n1,2\n3\n"), csv("x\n001\n", dtype=str)
csv("a,b\n1,2,3\n4,5,6,7\n")
csv("a,b\n1,2\n3,4,5\n")
csv("a,b\n1,2\n3,4,5\n", on_bad_lines="skip"), csv("a,b\n1,2\n3,4,5\n", on_bad_lines="warn")
csv("")
csv("a\nx\n", dtype={"a": int})
csv("a\n1\n\n", dtype={"a": "Int64"}), csv("a\nTrue\nFalse\n"), csv("a\nyes\nno\n", true_values=["yes"], false_values=["no"]), csv("a\n9223372036854775808\n"), csv("a\n1\n99999999999999999999\n")
csv("f\n0.1\n1e400\n-1e-400\n0.30000000000000004\n"), csv("f\n0.1\n123456.7890123456789\n", float_precision="round_trip"), csv("f\n0.1\n3.14159265358979311\n", float_precision="legacy")
csv("d\n01/02/2024\n", parse_dates=["d"]), csv("d\n01/02/2024\n", parse_dates=["d"], dayfirst=True), csv("d,t\n2024-01-01,10:00\n", parse_dates=["d"], date_format="%Y-%m-%d")
csv(CSV, engine="python"), csv(CSV, engine="python", sep=None), csv("a,b\n1,2\n3,4\n", engine="python", skipfooter=1)
csv("k,a,b\nx,1,2\ny,3,4\n", index_col=0), csv("i,j,v\n1,2,3\n1,3,4\n", index_col=[0, 1]), csv("a,b\nc,d\n1,2\n", header=[0, 1])
[piece.sum().to_dict() for piece in csv("a\n1\n2\n3\n", chunksize=2)], csv(CSV, converters={"n": lambda v: int(v) * 2}), csv("a\n1\n2\n", names=["z"], header=0), csv("a,b\n1,2\n", dtype_backend="numpy_nullable").dtypes
pd.read_csv(io.BytesIO("a\nä\n".encode("latin-1")), encoding="latin-1"), pd.read_csv(io.BytesIO("\ufeffa\n1\n".encode()))
pd.read_csv(io.BytesIO(b"a\n\xff\n"))
pd.read_fwf(io.StringIO("ab  12\ncd   3\n"), header=None), pd.read_fwf(io.StringIO("ab  12\n"), widths=[2, 4], names=["k", "v"])
pd.read_table(io.StringIO("a\tb\n1\t2\n")), pd.DataFrame.from_records([(1, "x")], columns=["n", "s"]), pd.DataFrame.from_dict({"a": [1, 2]}, orient="index", columns=["p", "q"])
