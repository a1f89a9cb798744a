import numpy as np

f = np.array([1.0, 1e-5, 123456.789, np.nan, np.inf, -0.0])
s = np.array(["Apple", "kiwi ", "Ünïcode", ""])
big = np.arange(2000).reshape(50, 40)
# ---
repr(f), str(f), repr(f.astype("f4")), str(f[:3].astype("f2"))
repr(np.array([0.1, 0.2, 0.30000000000000004])), str(np.array([1e100, 1])), repr(np.array([1e-300, 1e300])), repr(np.array([1.5, 2.0]))
repr(big), str(big[:2, :3]), repr(np.zeros((0, 3))), repr(np.array(5)), str(np.arange(1001))
repr(np.array([1 + 2j, 3.5 - 1e10j])), repr(np.array([True, False])), repr(np.array(["a", "b"])), repr(np.array([b"x"])), repr(np.array([None, {1: 2}], dtype=object))
repr(np.float64(0.1)), repr(np.float32(0.1)), repr(np.int8(5)), repr(np.bool_(True)), repr(np.str_("x")), repr(np.complex128(1 - 2j)), repr(np.datetime64("2024-01-01")), repr(np.float16(0.1))
str(np.float64(1e16)), str(np.float64(1e15)), str(np.float32(1e-7)), str(np.float64(5e-324)), str(np.float64(1.7976931348623157e308)), str(np.float64(123456789.123456789))
f"{np.float64(3.14159):.2f}", f"{np.int64(5):05d}", f"{np.float32(0.1)}", "%.3e" % np.float64(12345.678), format(np.float64(0.5), "%"), f"{np.array(2.5)}"
np.array2string(f, precision=3), np.array2string(np.arange(5), separator=", "), np.array2string(f[:3], formatter={"float": "{:.1f}".format}), np.array2string(f[:2], floatmode="fixed"), np.array2string(np.array([1e-10, 1]), suppress_small=True)
np.format_float_positional(1e-7), np.format_float_scientific(123456, precision=3), np.format_float_positional(np.float32(0.1)), np.format_float_positional(3.0, trim="-"), np.format_float_positional(0.1, precision=30, unique=False)
np.binary_repr(-5, 8), np.base_repr(255, 16), np.typename("i"), np.array([1, 2]).__format__(""), np.array_repr(np.arange(3)), np.array_str(f[:2], precision=2)
(np.set_printoptions(precision=2, suppress=True), str(f), np.set_printoptions(precision=8, suppress=False))[1]
(np.set_printoptions(threshold=5, edgeitems=1), str(np.arange(10)), np.set_printoptions(threshold=1000, edgeitems=3))[1]
(np.set_printoptions(legacy="1.25"), repr(np.float64(0.1)), repr(np.array([0.1])), np.set_printoptions(legacy=False))[1:3]
np.strings.upper(s), np.strings.lower(s), np.char.strip(s), np.char.title(s), np.strings.str_len(s).tolist(), np.strings.add(s, "!"), np.char.multiply(s[:2], 2)
np.strings.find(s, "i").tolist(), np.strings.count(s, "p").tolist(), np.strings.startswith(s, "A"), np.strings.replace(s, "p", "P"), np.char.split(np.array(["a b", "c"])), np.char.partition(np.array(["a-b"]), "-")
np.strings.center(s[:2], 8, "*"), np.char.zfill(np.array(["5", "-3"]), 4), np.strings.isnumeric(np.array(["1", "x"])), np.char.join("-", np.array(["abc"])), np.char.encode(s[2:3], "utf-8"), np.char.decode(np.array([b"\xc3\xa4"]), "utf-8")
np.strings.index(s, "zz")
np.char.equal(s, s), np.char.compare_chararrays(np.array(["a "]), np.array(["a"]), "==", True), s == "kiwi ", s < "b", np.strings.slice(s, 1, 3)
(sd := np.array(["short", "a considerably longer string"], dtype=np.dtypes.StringDType())), np.strings.upper(sd), sd + "!", np.sort(sd), sd == "short"
np.array(["a", np.nan, "c"], dtype=np.dtypes.StringDType(na_object=np.nan)), np.array(["1", "2"], dtype="T").astype(int), np.array([1.5, 2], dtype="f8").astype("T")
np.array([1, "two"], dtype=np.dtypes.StringDType(coerce=False))
np.array(list("hello")).tobytes()[:8], np.array(["ab"], "U3").nbytes, np.array(["ab", "abc"]).dtype, np.array("x" * 10).dtype
np.str_("abc").upper(), np.bytes_(b"ab") + b"c", np.array(["a"]) + np.array(["b"]), np.array(["x"], dtype="S")
np.loadtxt(["1 2", "3 4"]), np.loadtxt(["1,2.5", "3,x"], delimiter=",", dtype=str), np.genfromtxt(["1,,3", "4,5,6"], delimiter=","), np.genfromtxt(["a b", "1 2"], names=True)
np.loadtxt(["1 x"])
np.loadtxt(["1 2 # c", "", "3 4"], unpack=True), np.loadtxt(["1:2"], delimiter=":", converters={0: lambda v: float(v) * 10}), np.loadtxt(["1 2 3", "4 5 6"], usecols=[0, 2], skiprows=1, dtype=int), np.genfromtxt(["1 2 3", "4 5"], invalid_raise=False)
np.strings.slice(s, None), np.strings.slice(s, None, None, -1), np.strings.slice(s, -3, None)
