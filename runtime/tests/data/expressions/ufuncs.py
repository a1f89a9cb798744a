import numpy as np

x = np.array([-2.5, -1.0, -0.0, 0.0, 0.3, 1.0, 2.5, 1e10])
small = np.linspace(-3, 3, 25)
positive = np.array([1e-300, 0.1, 0.5, 1.0, 2.0, 10.0, 12345.678, 1e300])
f4 = np.linspace(-3, 3, 9, dtype="f4")
# ---
x + 1, x - x, x * 3, x / 7
np.array([1.0, -1.0, 0.0]) / 0
np.array([1, -1, 0]) / 0
np.array([1, -1, 0]) // 0
np.array([5, -5]) % 0
np.log(np.array([-1.0, 0.0]))
np.sqrt(-1.0)
np.exp(1000.0)
np.exp(np.array([710.0, -800.0]))
np.float64(1e308) * 10
np.float64(1e-308) * 1e-308
np.arcsin(2.0), np.arctanh(1.0)
np.errstate(divide="raise").__class__.__name__, np.geterr()
[np.seterr(divide="raise"), np.array([1.0]) / 0]
[np.seterr(divide="raise"), np.float64(1.0) / 0]
[np.seterr(invalid="raise"), np.log(np.array([-1.0]))]
[np.seterr(invalid="raise"), np.array([np.inf]) - np.inf]
[np.seterr(over="raise"), np.exp(np.array([1000.0]))]
[np.seterr(over="raise"), np.array([1e308]) * 10]
[np.seterr(under="raise"), np.array([1e-308]) * 1e-308]
[np.seterr(all="ignore"), np.array([1.0, 0.0]) / 0]
[np.seterr(all="warn"), np.array([1e-308]) * 1e-308]
[np.seterr(invalid="raise"), np.array([np.nan]) < 1]
[np.seterr(invalid="raise"), np.array([np.nan, 1e300]).astype("f4")]
[np.seterr(over="raise"), np.int32(2**31 - 1) + np.int32(1)]
np.floor_divide([7, -7], [2, 2]), np.remainder([7, -7], 3), np.fmod([7, -7], 3), np.divmod([7, -7], 3)
np.floor_divide([7.5, -7.5, np.inf], 2.0), np.remainder([7.5, -7.5, 1.0], [2.0, 2.0, np.inf])
np.power(2, [0, 1, 62, 63]), np.power(2.0, [-1, 0.5, 1024.0])
np.power(2, -1)
np.power([2, 3], 2.5), np.float_power([2, 4], 0.5), np.square([3, -4]), np.reciprocal([2.0, 4.0])
np.reciprocal(np.array([2, 1]))
np.sin(small)
np.cos(small)
np.tan(small)
np.arcsin(small / 3), np.arccos(small / 3)
np.arctan(small), np.arctan2(small, 0.5)
np.sinh(small), np.cosh(small), np.tanh(small)
np.arcsinh(small), np.arccosh(positive[3:])
np.exp(small), np.exp2(small), np.expm1(small)
np.log(positive), np.log2(positive), np.log10(positive), np.log1p(positive)
np.sqrt(positive), np.cbrt(small)
np.hypot([3, 1e200], [4, 1e200]), np.logaddexp(1.0, [2.0, 800.0]), np.logaddexp2(1.0, 2.0)
np.sin(f4), np.exp(f4), np.tanh(f4)
np.log(np.abs(f4) + 1), np.sqrt(np.abs(f4))
np.sin(np.array([1e5, 1e22, 1e300]))
np.deg2rad([0, 90, 180]), np.rad2deg([1.0]), np.unwrap([0, 3, 6.5, 10])
np.sinc([0, 0.5, 1]), np.i0([0.5, 2.0]), np.heaviside([-1, 0, 1], 0.5)
np.exp(np.array([1j, 1 + 1j])), np.sqrt(np.array([-1 + 0j])), np.log(np.array([-1 + 0j]))
np.abs([-1, 2]), np.absolute(-2.5), np.fabs(-3), np.sign([-2.0, 0, 3, np.nan]), np.positive(-1), np.negative([1, -2])
np.abs(np.array([-128], dtype="i1"))
np.rint([0.5, 1.5, 2.5, -0.5]), np.round([2.675, 1.005], 2), np.round(1234, -2), np.floor([-0.5]), np.ceil([-0.5]), np.trunc([-1.7])
np.around([0.5, 1.5, -2.5]), np.fix([-1.7, 1.7]), np.modf([1.5, -2.25]), np.frexp([8.0, 0.3]), np.ldexp([0.5], [4])
np.isnan([np.nan, 1]), np.isinf([-np.inf]), np.isfinite([1, np.inf]), np.signbit([-0.0, 0.0]), np.copysign(1, [-0.0])
np.nextafter(1, 2), np.spacing(1.0), np.nextafter(np.float32(0), np.float32(1))
np.maximum([1, np.nan], [2, 1]), np.fmax([1, np.nan], [2, 1]), np.minimum([3], [1, 2]), np.clip([1, 5, 9], 2, 6)
np.add.reduce([1, 2, 3]), np.add.accumulate([1, 2, 3]), np.multiply.outer([1, 2], [3, 4]), np.add.reduceat(range(8), [0, 4, 1, 5])
np.logical_and([1, 0], [1, 1]), np.logical_xor([1, 0], 1), np.bitwise_xor(6, 3), np.equal([1, 2], [1, 3])
np.add([1, 2], [1, 2, 3])
np.add("a", 1)
np.sin("a")
np.interp([0.5, 1.5, 9], [0, 1, 2], [10, 20, 40]), np.convolve([1, 2, 3], [0, 1, 0.5]), np.correlate([1, 2, 3], [0, 1, 0.5])
np.gradient([1, 4, 9, 16.0]), np.diff([1, 4, 9], n=2), np.ediff1d([1, 3, 6]), np.cross([1, 2, 3], [4, 5, 6]), np.trapezoid([1, 2, 3])
np.nan_to_num([np.nan, np.inf, -np.inf, 1]), np.real_if_close([1 + 0j]), np.vectorize(lambda a: a + 1)([1, 2])
np.frompyfunc(lambda a, b: a * b, 2, 1)([1, 2], 3), np.piecewise(x, [x < 0, x >= 0], [-1, 1]), np.select([x < 0], [x], 9)
np.add.reduceat(np.arange(8), np.array([0, 4])), np.add.reduceat(np.arange(8), np.array([0, 4, 1], "i8"))
divmod(np.float64(1), np.float64(0))
np.float64(1) // np.float64(0)
divmod(np.float64(4), np.finfo("f8").tiny), np.divmod(np.array([4.0]), np.finfo("f8").tiny)
np.float16(65504) // np.float16(6e-8)
np.array([65504], dtype="f2") // np.float16(6e-8)
(lambda x: (np.power.at(x, [0], -1.0), x))(np.zeros(1))
(lambda x: (np.floor_divide.at(x, [0, 0], [0.0, 2.0]), x))(np.ones(2))
(lambda x: (np.multiply.at(x, [0], 1e300), x))(np.full(2, 1e300))
np.array([40000, 300, -5], dtype=np.longdouble).astype("i2"), np.array([300, -5], dtype=np.longdouble).astype("i1"), np.array([300, -5], dtype=np.longdouble).astype("u1"), np.array([70000, -5], dtype=np.longdouble).astype("u2")
np.array([3e9, 1e19, np.nan], dtype=np.longdouble).astype("i4"), np.array([1e19, 1e20, -1.0], dtype=np.longdouble).astype("u8"), np.array([9007199254740993], dtype=np.longdouble).astype("i8")
np.array([1e300], dtype=np.longdouble).astype("f4"), np.array([1e300], dtype=np.longdouble).astype("f2")
np.array([np.inf + 0j, 1e300 + 0j]).astype("i4"), np.array([1e300j]).astype("c8")
np.ones(1000) / np.zeros(1000), (lambda x: np.divide(x, 0.0, out=x))(np.ones(600)), (lambda x: np.sqrt(x, out=x))(-np.ones(600))
