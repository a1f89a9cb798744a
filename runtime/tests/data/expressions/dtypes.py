import numpy as np

# ---
np.dtype(int)
np.dtype("q").itemsize, np.dtype("i").itemsize
np.array([2**30] * 4).sum()
np.array([2**30] * 4).cumsum()
np.array([2**31 - 1], dtype="i4") + np.array([1], dtype="i4")
np.array([2**63 - 1]) + 1
np.array([200], dtype="u1") + np.array([100], dtype="u1")
np.int32(2**31 - 1) + np.int32(1)
np.int64(2**63 - 1) * 2
np.uint8(255) + 1
np.uint8(3) - np.uint8(5)
np.array([1], dtype="i1") + 1000
np.array([1], dtype="i1") + np.array([1000], dtype="i2")
np.array([1], dtype="u8") + np.array([1], dtype="i8")
np.array([1], dtype="i4") + np.array([1.0], dtype="f4")
np.array([1], dtype="f4") + 1e300
np.result_type("i4", "u4"), np.result_type("i8", "u8"), np.result_type("i2", "f2")
np.promote_types("i4", "f4"), np.promote_types("u1", "i1"), np.promote_types("S3", "U2")
np.can_cast("i8", "i4"), np.can_cast("i4", "f4"), np.can_cast("i4", "f8"), np.can_cast("f8", "i8", "unsafe")
np.min_scalar_type(300), np.min_scalar_type(-1), np.min_scalar_type(2**40), np.min_scalar_type(1.5)
np.array([1.9, -1.9, 1e10]).astype("i4")
np.array([1.9, -1.9]).astype("i8")
np.array([1e19]).astype("u8")
np.array([-1, 300]).astype("u1")
np.array([np.nan, np.inf, -np.inf]).astype("i8")
np.array([np.nan, np.inf, 3e9]).astype("i4")
np.array([1e40, 1e-50]).astype("f4")
np.array([65504.0, 65520.0, 1e-8]).astype("f2")
np.array(["1", " 2 ", "-3"]).astype(int)
np.array(["1.5", "nan", "-inf", "1e400"]).astype(float)
np.array(["x"]).astype(int)
np.array([1.5, 2.25]).astype(str)
np.array([True, False]).astype("S5")
np.array([1, 0, 2]).astype(bool)
np.iinfo(np.int32), np.iinfo("u8").max, np.iinfo(int).min
np.finfo(float).eps, np.finfo("f4").max, np.finfo("f2").tiny, np.finfo("f4").smallest_subnormal
np.array([1, 2], dtype=">i4").byteswap().view("<i4")
np.array([1.0]).view("u8")
np.array([1, 256], dtype="<u2").view("u1")
np.array([1, 2, 3]).view("f8")
np.int64(5) / np.int64(2), np.int64(5) // np.int64(-2), np.int64(-5) % np.int64(3)
np.float32(0.1) + np.float64(0.2)
np.float32(0.1), float(np.float32(0.1)), np.float16(0.1)
np.float32(16777217)
np.int64(2**53 + 1) * 1.0
np.bool_(True) + np.bool_(True), np.bool_(True) & False, ~np.bool_(True)
-np.array([True])
np.issubdtype(np.int32, np.integer), np.issubdtype("f4", float), np.isdtype(np.dtype("f4"), "real floating")
np.dtype([("a", "i4"), ("b", "f8")], align=True).itemsize
np.dtype("M8[ns]"), np.dtype("m8[25s]"), np.dtype("U10").itemsize
np.array([1, 2], dtype="c8") * (1 + 2j)
np.complex128(1 + 2j) ** 2, np.complex64(1j).conjugate(), np.angle(1j), abs(np.complex64(3 + 4j))
np.array([1, "a", 2.5])
np.array([1, "a", None, 2.5], dtype=object) == "a"
np.dtype("nonsense")
np.int8(200)
np.uint64(-1)
np.array([128], dtype=np.int8)
np.array(["abc"], dtype="S2"), np.array(["ü"], dtype="U1").view("u4")
np.arange(6, dtype="u4").sum().dtype, np.arange(6, dtype="i1").prod().dtype, np.arange(6, dtype="f2").sum().dtype
np.left_shift(1, 40), np.left_shift(np.int32(1), 31), np.right_shift(-8, 1), np.left_shift(1, 64)
np.bitwise_count(np.array([0, 7, 255, -1])), np.invert(np.array([0, 5], dtype="u2"))
np.gcd(12, 18), np.lcm([4, 6], 10), np.gcd.reduce([12, 18, 30])
np.mean(np.array([2**62, 2**62])), np.mean(np.array([1, 2], dtype="f2"))
