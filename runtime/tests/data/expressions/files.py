import io
import os
import pathlib
import pickle

import numpy as np

a = np.arange(6).reshape(2, 3)
r = np.array([(1, 2.5, "x")], dtype=[("i", "i4"), ("f", "f8"), ("s", "U3")])


def through(write, read, name):
    path = os.path.join(tmp, name)
    write(path)
    return read(path)


def read(path):
    with open(path) as file:
        return file.read()


def wrote(content):
    return lambda path: pathlib.Path(path).write_bytes(content)


def saved(value):
    stream = io.BytesIO()
    np.save(stream, value)
    return stream


# ---
through(lambda path: np.save(path, a), np.load, "a.npy")
through(lambda path: np.save(path, r), np.load, "r.npy")
through(lambda path: np.save(path, a), np.load, "ä 日本.npy")
through(lambda path: np.savez(path, a=a, r=r), lambda path: {name: value for name, value in np.load(path).items()}, "z.npz")
through(lambda path: np.savez_compressed(path, a), lambda path: np.load(path)["arr_0"], "c.npz")
through(lambda path: np.savetxt(path, a, fmt="%d", header="h", delimiter=","), read, "a.txt")
through(lambda path: np.savetxt(path, [[0.1, 1e300]]), np.loadtxt, "f.txt")
through(lambda path: np.savetxt(path, a), np.loadtxt, "a.txt.gz")
through(lambda path: a.tofile(path), lambda path: np.fromfile(path, dtype=a.dtype), "a.bin")
through(lambda path: a.tofile(path, sep=","), read, "b.txt")
through(lambda path: a.tofile(path), lambda path: np.fromfile(path, dtype=a.dtype, count=2, offset=8), "a.bin")
through(lambda path: a.dump(path), lambda path: np.load(path, allow_pickle=True), "a.pkl")
through(lambda path: np.save(path, np.array([None, 1], dtype=object)), np.load, "o.npy")
through(lambda path: np.save(path, np.array([None, 1], dtype=object)), lambda path: np.load(path, allow_pickle=True), "o.npy")
through(wrote(b"\x93NUMPY\x01\x00"), np.load, "bad.npy")
through(wrote(b"1 2\n3 4\n"), lambda path: np.genfromtxt(path, dtype=int), "g.txt")
saved(a).getvalue()[:64], saved(np.float64(1)).getvalue()[-8:], np.load(io.BytesIO(saved(r).getvalue()))
np.lib.format.read_magic(io.BytesIO(saved(a).getvalue())), np.load(io.BytesIO(saved(a.T).getvalue())).flags.f_contiguous
pickle.loads(pickle.dumps(a)), pickle.loads(pickle.dumps(r)), pickle.loads(pickle.dumps(np.float32(1.5))), pickle.loads(pickle.dumps(np.dtype("M8[s]"))), pickle.loads(pickle.dumps(a, protocol=5))
pickle.loads(pickle.dumps(np.random.default_rng(3))).random(2), pickle.loads(pickle.dumps(np.random.RandomState(3))).rand(2), pickle.loads(pickle.dumps(np.sin)) is np.sin
np.frombuffer(a.tobytes(), dtype=a.dtype), bytes(memoryview(a))[:9], np.asarray(bytearray(b"abc")), a.tobytes(order="F")[:16]
np.frombuffer(b"123")
np.savetxt(io.StringIO(), np.array(["a"], dtype=object), fmt="%d")
np.load(io.BytesIO(b"not an array"))
