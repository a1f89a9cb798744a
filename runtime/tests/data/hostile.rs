//! Hostile scripts in the guest with NumPy and pandas: the base guest's table, and one of their own.

use crate::{
    hostile::{
        self,
        Bound::{Fuel, Millis, Usual},
        HEAD, PROBE, Row, SOME_FUEL, check,
    },
    support::Bench,
};

/// NumPy's and pandas's own loops.
const ROWS: &[Row] = &[
    // Memory: arrays that cannot be, and arrays that there is no room for.
    ("np.zeros(1 << 40)", Usual, "ValueError: Maximum allowed dimension exceeded"),
    ("np.zeros((1 << 16, 1 << 16))", Usual, "ValueError: array is too big…"),
    ("np.zeros((1 << 16, 1 << 16, 1 << 16), 'u1')", Usual, "ValueError: array is too big…"),
    ("np.zeros((0, 1 << 40))", Usual, "ValueError: Maximum allowed dimension exceeded"),
    ("np.zeros(-1)", Usual, "ValueError: negative dimensions are not allowed"),
    (
        "np.zeros((2,) * 65)",
        Usual,
        "ValueError: maximum supported dimension for an ndarray is currently 64, found 65",
    ),
    (
        "np.zeros(1 << 27)",
        Usual,
        "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 1.00 GiB for an array with shape (134217728,) and data \
         type float64",
    ),
    (
        "np.empty(1 << 28, 'u1')",
        Usual,
        "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 256. MiB…",
    ),
    ("try: np.zeros(1 << 27)\n    except MemoryError: return 'caught'", Usual, "\"caught\""),
    (
        "x = []\n    while True: x.append(np.ones(1 << 17))",
        Usual,
        "numpy._core._exceptions._ArrayMemoryError: Unable…",
    ),
    (
        "x = np.ones(1 << 10)\n    while True: x = np.concatenate([x, x])",
        Usual,
        "numpy._core._exceptions._ArrayMemoryError: …",
    ),
    ("np.arange(1e12)", Usual, "ValueError: Maximum allowed size exceeded"),
    ("np.repeat(np.zeros(1 << 16), 1 << 16)", Usual, "ValueError: Maximum allowed size exceeded"),
    ("np.broadcast_to(0, (1 << 40,))", Usual, "ValueError: …"),
    (
        "np.lib.stride_tricks.as_strided(np.zeros(1), (1 << 27,), (0,)).copy()",
        Usual,
        "numpy._core._exceptions._ArrayMemoryError: …",
    ),
    ("np.outer(np.ones(20_000), np.ones(20_000))", Usual, "ValueError: array is too big…"),
    ("np.arange(1 << 24).astype(object)", Usual, "MemoryError: "),
    ("x = bytearray(140 << 20); np.unique(np.arange(3_000_000))", Usual, "stopped: memory"),
    ("np.unique(np.arange(9_000_000).astype('U8'))", Usual, "…MemoryError: …"),
    ("np.sort(np.zeros(20_000_000), kind='stable')", Usual, "…MemoryError: …"),
    (
        "pd.DataFrame({'a': range(100_000)}).merge(pd.DataFrame({'b': range(100_000)}), how='cross')",
        Usual,
        "…Error: …",
    ),
    ("pd.date_range('1700', '2260', freq='ms')", Usual, "ValueError: Maximum allowed size exceeded"),
    ("pd.get_dummies(pd.Series(range(20_000)))", Usual, "…MemoryError: …"),
    ("pd.concat([pd.DataFrame(np.zeros((1 << 20, 4)))] * 8)", Usual, "…MemoryError: …"),
    (
        "y = bytearray(120 << 20); x = pd.Series(['x'])\n    while True: x = pd.concat([x, x + 'x'])",
        Usual,
        "…MemoryError: …",
    ),
    // Types.
    ("np.dtype([(f'f{i}', 'i4') for i in range(10 ** 6)])", Fuel(3_000_000_000), "stopped: fuel"),
    ("np.dtype(','.join(['i4'] * 10 ** 6))", SOME_FUEL, "stopped: fuel"),
    ("np.dtype('V99999999999')", Usual, "TypeError: data type 'V99999999999' not understood"),
    ("np.zeros(1, 'S2147483647')", Usual, "…Error: …"),
    (
        "np.dtype(('i4', (1 << 15, 1 << 15, 4)))",
        Usual,
        "ValueError: invalid shape in fixed-type tuple: dtype size in bytes must fit into a C int.",
    ),
    (
        "d = np.dtype('i4')\n    for i in range(10 ** 5): d = np.dtype([('a', d)])\n    return str(d)",
        Usual,
        "…Error: …",
    ),
    (
        "np.dtype({'names': ['a', 'b'], 'formats': ['O', 'u4'], 'offsets': [0, 0]})",
        Usual,
        "TypeError: Cannot create a NumPy dtype with overlapping object fields",
    ),
    // Buffers: what lies in the guest's own memory, or a trap.
    ("return np.lib.stride_tricks.as_strided(np.zeros(1, 'u1'), (1 << 16,), (1,)).shape", Usual, "[65536]"),
    ("np.lib.stride_tricks.as_strided(np.zeros(1, 'u1'), (1 << 28,), (1,)).sum()", Usual, "stopped: fault"),
    ("np.lib.stride_tricks.as_strided(np.zeros(1, 'u1'), (1 << 28,), (-1,)).sum()", Usual, "stopped: fault"),
    ("np.lib.stride_tricks.as_strided(np.zeros(1, 'u1'), (2,), (1 << 30,))[1]", Usual, "stopped: fault"),
    (
        "np.lib.stride_tricks.as_strided(np.zeros(1, 'u1'), (1 << 28,), (1,))[:] = 255",
        Usual,
        "stopped: fault",
    ),
    (
        "np.lib.stride_tricks.as_strided(np.zeros(1, 'u1'), (1 << 28,), (-1,))[:] = 255",
        Usual,
        "stopped: fault",
    ),
    (
        "np.lib.stride_tricks.as_strided(np.zeros(1), (-1,), (8,))",
        Usual,
        "ValueError: negative dimensions are not allowed",
    ),
    ("return int(forged(16, 4)[0] >= 0)", Usual, "1"),
    ("forged(1 << 31, 4).sum()", Usual, "stopped: fault"),
    ("forged((1 << 32) - 8, 8).sum()", Usual, "stopped: fault"),
    ("forged((1 << 32) - 8, 64).sum()", Usual, "stopped: fault"),
    ("forged(1 << 70, 4)", Usual, "…Error: …"),
    ("forged(1 << 33, 4).sum()", Usual, "OverflowError: …"),
    ("forged(16, 1 << 28)[:] = b'x'[0]", Usual, "stopped: fault"),
    ("class A: __array_struct__ = 1\n    np.asarray(A())", Usual, "…Error: …"),
    (
        "np.frombuffer(b'12345678', 'O')",
        Usual,
        "ValueError: cannot create an OBJECT array from memory buffer",
    ),
    ("np.zeros(3, 'u8').view('O')", Usual, "TypeError: Cannot change data-type for array of references."),
    ("np.frombuffer(b'abc', 'u1', count=100)", Usual, "ValueError: buffer is smaller than requested size"),
    (
        "np.frombuffer(b'abc', 'u1').setflags(write=True)",
        Usual,
        "ValueError: cannot set WRITEABLE flag to True of this array",
    ),
    (
        "np.ndarray((1 << 20,), 'u1', buffer=b'abc')",
        Usual,
        "TypeError: buffer is too small for requested array",
    ),
    (
        "np.ndarray((3,), 'u1', buffer=b'abc', strides=(1 << 20,))",
        Usual,
        "ValueError: strides is incompatible with shape of requested array and size of buffer",
    ),
    (
        "np.zeros(3).__setstate__((1, (1 << 20,), np.dtype('u1'), False, b'x'))",
        Usual,
        "ValueError: buffer size does not match array size",
    ),
    (
        "a = np.zeros(3); m = memoryview(a); a.resize(1000)",
        Usual,
        "ValueError: cannot resize an array that references or is referenced…",
    ),
    ("memoryview(np.zeros(3)).cast('B')[100]", Usual, "IndexError: index out of bounds on dimension 1"),
    (
        "d = np.dtype([('a', 'i4')]); d.__setstate__((3, '|', None, ('a',), {'a': (np.dtype('O'), 1 << 30)}, 4, 1, 0)); str(np.zeros(1, d))",
        Usual,
        "stopped: fault",
    ),
    (
        "np._core.multiarray.scalar(np.dtype('O'), b'x' * 8)",
        Usual,
        "TypeError: Cannot unpickle a scalar with object dtype.",
    ),
    (
        "r = np.random.RandomState(1); r.set_state(('MT19937', np.zeros(624, 'u4'), 1 << 29, 0, 0.0)); r.rand()",
        Usual,
        "stopped: fault",
    ),
    // Texts that are evaluated: as far as Python gets in a sandbox.
    (
        "DF.query(\"@__import__('os').system('id')\")",
        Usual,
        "ValueError: \"__pd_eval_local___import__\" is not a supported function",
    ),
    (
        "DF.eval(\"__import__('os').getcwd()\")",
        Usual,
        "ValueError: \"__import__\" is not a supported function",
    ),
    (
        "DF.eval(\"@os.system('id')\")",
        Usual,
        "OSError: [Errno 58] a sandbox is one interpreter and cannot start processes",
    ),
    ("DF.eval(\"@pd.io.common.os.abort()\")", Usual, "stopped: fault"),
    ("DF.query('@os._exit(7)')", Usual, "SystemExit: exit code 7"),
    ("pd.eval(\"open('/etc/passwd')\")", Usual, "ValueError: \"open\" is not a supported function"),
    ("DF.query('+'.join(['a'] * 10 ** 4))", Usual, "RecursionError: …"),
    ("DF.query('a > ' + '-' * 10 ** 5 + '1')", Usual, "MemoryError: Parser stack overflowed…"),
    ("DF.query('(' * 10 ** 5)", Usual, "tokenize.TokenError: …"),
    ("pd.eval('3 ** 10 ** 8')", SOME_FUEL, "stopped: fuel"),
    // Pickles, and files that lie.
    (
        "pickle.loads(b\"cos\\nsystem\\n(S'id'\\ntR.\")",
        Usual,
        "OSError: [Errno 58] a sandbox is one interpreter and cannot start processes",
    ),
    (
        "pd.read_pickle(io.BytesIO(b\"cos\\nsystem\\n(S'id'\\ntR.\"))",
        Usual,
        "OSError: [Errno 58] a sandbox is one interpreter and cannot start processes",
    ),
    ("pd.read_pickle(io.BytesIO(b'cos\\n_exit\\n(I7\\ntR.'))", Usual, "SystemExit: exit code 7"),
    ("pickle.loads(b'\\x80\\x04\\x8e\\x00\\x00\\x00\\x40\\x00\\x00\\x00\\x00')", Usual, "…Error: …"),
    (
        "np.load(io.BytesIO(pickle.dumps([1])))",
        Usual,
        "ValueError: This file contains pickled (object) data…",
    ),
    (
        "np.load(io.BytesIO(b\"cos\\nsystem\\n(S'id'\\ntR.\"), allow_pickle=True)",
        Usual,
        "_pickle.UnpicklingError: Failed to interpret file …",
    ),
    ("f = io.BytesIO(); np.save(f, np.array([lambda: 0], dtype=object))", Usual, "…Error: …"),
    (
        "np.load(npy(b\"{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776,), }\"))",
        Usual,
        "ValueError: …",
    ),
    (
        "np.load(npy(b\"{'descr': '<f8', 'fortran_order': False, 'shape': (134217728,), }\"))",
        Usual,
        "…Error: …",
    ),
    (
        "np.load(npy(b\"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\"))",
        Usual,
        "ValueError: Object arrays cannot be loaded when allow_pickle=False",
    ),
    (
        "np.load(npy(b\"{'descr': __import__('os'), 'fortran_order': False, 'shape': (1,), }\"))",
        Usual,
        "ValueError: malformed node or string on line 1: …",
    ),
    (
        "np.load(npy(b\"{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }\", 1 << 20))",
        Usual,
        "ValueError: Header info length (1048576) is large and may not be safe to load securely.…",
    ),
    (
        "import zipfile\n    x = bytearray(120 << 20); f = io.BytesIO()\n    with zipfile.ZipFile(f, 'w', zipfile.ZIP_DEFLATED) as z: z.writestr('a.npy', npy(b\"{'descr': '|u1', 'fortran_order': False, 'shape': (20971520,), }\").read() + bytes(20 << 20))\n    y = [np.load(io.BytesIO(f.getvalue()))['a'] for _ in range(9)]",
        Usual,
        "…MemoryError: …",
    ),
    // Recursion.
    ("a = np.empty(1, object); a[0] = a; return a", Usual, "TypeError: result[0]: contains itself"),
    ("a = np.empty(1, object); a[0] = a; return str(a)", Usual, "\"[array(..., dtype=object)]\""),
    ("a = np.empty(1, object); a[0] = a; a == a", Usual, "stopped: stack"),
    ("a = np.empty(1, object); a[0] = a; copy.deepcopy(a)", Usual, "RecursionError: …"),
    (
        "a = None\n    for i in range(10 ** 5): b = np.empty(1, object); b[0] = a; a = b\n    return a",
        Usual,
        "RecursionError: …",
    ),
    (
        "a = None\n    for i in range(10 ** 5): b = np.empty(1, object); b[0] = a; a = b\n    del a, b\n    return 'freed'",
        Usual,
        "stopped: stack",
    ),
    ("x = []\n    for i in range(10 ** 5): x = [x]\n    np.array(x)", Usual, "ValueError: …"),
    ("x = []; x.append(x); np.array(x)", Usual, "ValueError: …"),
    (
        "x = []; x.append(x); pd.Series([x]).to_json()",
        Usual,
        "OverflowError: Maximum recursion level reached",
    ),
    (
        "x = []\n    for i in range(10 ** 5): x = [x]\n    pd.Series([x]).to_json()",
        Usual,
        "OverflowError: Maximum recursion level reached",
    ),
    ("pd.read_json(io.StringIO('[' * 10 ** 5))", Usual, "ValueError: …"),
    (
        "x = {}\n    for i in range(900): x = {'a': x}\n    return len(pd.json_normalize(x).columns)",
        Usual,
        "0",
    ),
    (
        "x = {}\n    for i in range(10 ** 5): x = {'a': x}\n    pd.json_normalize(x)",
        Usual,
        "RecursionError: …",
    ),
    (
        "x = pd.Series([1])\n    for i in range(4_000): x = pd.Series([x])\n    return x",
        Usual,
        "RecursionError: …",
    ),
    // Never ending, for fuel and for time.
    ("pd.Series(['a' * 60 + 'b']).str.contains(r'(a+)+$')", SOME_FUEL, "stopped: fuel"),
    ("pd.Series(['a' * 60 + 'b']).str.contains(r'(a+)+$')", Millis(150), "stopped: time"),
    ("pd.read_csv(io.StringIO('a' * 60 + 'b'), sep=r'(a+)+$', engine='python')", SOME_FUEL, "stopped: fuel"),
    ("np.sort(np.random.rand(1 << 23))", SOME_FUEL, "stopped: fuel"),
    ("np.sort(np.random.rand(1 << 23))", Millis(150), "stopped: time"),
    ("np.ones((1_500, 1_500)) @ np.ones((1_500, 1_500))", SOME_FUEL, "stopped: fuel"),
    ("np.ones((1_500, 1_500)) @ np.ones((1_500, 1_500))", Millis(150), "stopped: time"),
    ("np.linalg.svd(np.random.rand(600, 600))", SOME_FUEL, "stopped: fuel"),
    ("np.fft.fft(np.ones(1 << 21))", SOME_FUEL, "stopped: fuel"),
    ("a = np.ones(1 << 10)\n    while True: a.sum()", Millis(150), "stopped: time"),
    ("np.multiply.reduce(np.arange(1, 10 ** 5, dtype=object))", SOME_FUEL, "stopped: fuel"),
    (
        "np.einsum_path(','.join(chr(97 + i) + chr(98 + i) for i in range(24)), *[np.ones((2, 2))] * 24, optimize='optimal')",
        SOME_FUEL,
        "stopped: fuel",
    ),
    (
        "np.einsum(','.join(chr(97 + i) for i in range(26)) + '->', *[np.ones(2)] * 26)",
        SOME_FUEL,
        "stopped: fuel",
    ),
    ("DF.groupby('a').apply(lambda g: [0 for _ in iter(int, 1)])", SOME_FUEL, "stopped: fuel"),
    ("pd.DataFrame({'a': np.random.rand(1 << 20)}).groupby('a').sum()", SOME_FUEL, "stopped: fuel"),
    ("pd.DataFrame({'a': np.random.rand(1 << 21)}).sort_values('a')", Millis(150), "stopped: time"),
    ("DF.set_index(pd.to_datetime([0, 10 ** 18])).resample('ms').sum()", Usual, "…Error: …"),
    ("pd.Series(np.zeros(1 << 16)).rolling(1 << 15).apply(sum)", SOME_FUEL, "stopped: fuel"),
    ("np.random.seed(np.arange(1 << 22))", SOME_FUEL, "stopped: fuel"),
    ("np.random.default_rng(np.arange(1 << 22))", SOME_FUEL, "stopped: fuel"),
    ("np.random.default_rng(1 << (1 << 22))", SOME_FUEL, "stopped: fuel"),
    ("np.random.poisson(1e300)", Usual, "ValueError: lam value too large"),
    // Output.
    (
        "return np.zeros(1_000_000)",
        Usual,
        "ResultTooLarge: the result has 4000001 bytes of JSON, the limit is 1048576",
    ),
    (
        "return pd.DataFrame(np.zeros((20_000, 10)))",
        Usual,
        "ResultTooLarge: the result has 1640001 bytes of JSON, the limit is 1048576",
    ),
    ("return pd.DataFrame(np.zeros((1_000_000, 10)))", Usual, "MemoryError: "),
    ("return len(repr(pd.DataFrame(np.zeros((1 << 20, 10))))) < 10_000", Usual, "true"),
    (
        "pd.set_option('display.max_rows', None); repr(pd.DataFrame(np.zeros((1 << 20, 4))))",
        SOME_FUEL,
        "stopped: fuel",
    ),
    ("np.set_printoptions(threshold=1 << 30); repr(np.zeros(1 << 20))", SOME_FUEL, "stopped: fuel"),
    ("while True: logger.info(DF)", SOME_FUEL, "stopped: fuel"),
    ("raise ValueError(np.zeros(1 << 20))", Usual, "ValueError: [0. 0. 0. ... 0. 0. 0.]"),
    (
        "pd.DataFrame(np.zeros((1 << 17, 10))).to_csv('/tmp/x')",
        Usual,
        "OSError: [Errno 51] No space left on device",
    ),
    // Changing it for whoever comes next.
    (
        "np.add = np.ndarray = pd.DataFrame = pd.isna = None; pd.core.frame.DataFrame._iter_column_arrays = None",
        Usual,
        "null",
    ),
    (
        "np.seterr(all='raise'); np.random.seed(1); pd.set_option('display.max_rows', 1); warnings.simplefilter('error')",
        Usual,
        "null",
    ),
    (
        "import actiond_shim.result as r; r._unpack = None; return np.int64(1)",
        Usual,
        "TypeError: result: cannot turn int64 into JSON",
    ),
    ("import actiond_shim.action as a; a.generators = (1,); return 1", Usual, "1"),
    ("import _actiond; _actiond.reseed((1,))", Usual, "TypeError: not a generator of this version"),
    (
        "import _actiond; _actiond.reseed((datetime.datetime_CAPI,))",
        Usual,
        "ValueError: PyCapsule_GetPointer called with incorrect name",
    ),
    ("KEPT.append(np.full(1 << 20, 0x5EC2E75EC2E75EC2, 'u8'))", Usual, "null"),
];

const DATA_HEAD: &str = "
import datetime, io, warnings
import numpy as np
import pandas as pd
DF = pd.DataFrame({'a': [1, 2]})
KEPT = []

def forged(address, size):
    class Forged:
        __array_interface__ = {'shape': (size,), 'typestr': '|u1', 'data': (address, False), 'version': 3}
    return np.asarray(Forged())

def npy(header, size=118):
    start = b'\\x93NUMPY\\x02\\x00' + size.to_bytes(4, 'little')
    return io.BytesIO(start + header.ljust(size - 1) + b'\\n')
";

/// Beside what the base guest's probe looks for: what NumPy and pandas keep, and memory that is not cleared.
const DATA_PROBE: (&str, &str) = (
    "
import os
import numpy as np
import pandas as pd
def main():
    seen, kept = 0, []
    for size in (8, 512, 1 << 12, 1 << 18, 1 << 20):
        kept.append(np.empty(size, 'u8'))
        seen += int((kept[-1] == 0x5EC2E75EC2E75EC2).sum())
    frame = pd.DataFrame({'a': [1, 2, 2], 'b': [0.5, None, 1]})
    sums = frame.groupby('a')['b'].sum()
    return [seen, np.geterr()['divide'], pd.get_option('display.max_rows'), sums, frame, repr(frame), os.listdir('/tmp')]
",
    r#"[0,"warn",60,[0.5,1.0],[{"a":1,"b":0.5},{"a":2,"b":null},{"a":2,"b":1.0}],"   a    b\n0  1  0.5\n1  2  NaN\n2  2  1.0",[]]"#,
);

#[tokio::test]
async fn what_the_base_guest_withstands_this_one_does() {
    check(&Bench::data().await, HEAD, hostile::ROWS, PROBE).await;
}

#[tokio::test]
async fn hostile_scripts_with_numpy_and_pandas_end_as_they_should() {
    check(&Bench::data().await, &format!("{HEAD}{DATA_HEAD}"), ROWS, DATA_PROBE).await;
}
