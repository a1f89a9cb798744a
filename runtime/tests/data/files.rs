//! Arrays and frames in files: below `/tmp`, which is one run's own, and beside `main.py`, which can be read.

use crate::support::{Bench, ending, matches};

/// (body of `main`, how it ends; `…` stands for anything)
const ROWS: &[(&str, &str)] = &[
    ("np.save('/tmp/x.npy', np.arange(3)); return np.load('/tmp/x.npy')", "[0,1,2]"),
    (
        "np.save('/tmp/zürich', np.eye(2)); return [os.listdir('/tmp'), np.load('/tmp/zürich.npy')]",
        "[[\"zürich.npy\"],[[1.0,0.0],[0.0,1.0]]]",
    ),
    (
        "np.savez_compressed('/tmp/x.npz', a=np.arange(2), b=np.ones(1)); z = np.load('/tmp/x.npz'); return [z['a'], z['b']]",
        "[[0,1],[1.0]]",
    ),
    (
        "a = np.arange(100_000); np.save('/tmp/x.npy', a); return bool((np.load('/tmp/x.npy') == a).all())",
        "true",
    ),
    (
        "np.asfortranarray(np.arange(6).reshape(2, 3)).tofile('/tmp/x'); return np.fromfile('/tmp/x', dtype=int)",
        "[0,1,2,3,4,5]",
    ),
    (
        "np.arange(9)[::2].tofile('/tmp/x', sep=','); return [open('/tmp/x').read(), np.fromfile('/tmp/x', sep=',', dtype=int)]",
        "[\"0,2,4,6,8\",[0,2,4,6,8]]",
    ),
    // Through an open file, in turns with Python's own reads and writes.
    (
        "with open('/tmp/x', 'w+b') as f:\n        f.write(b'head'); np.arange(3, dtype='i1').tofile(f); f.write(b'tail'); np.arange(3, dtype='i1').tofile(f); at = f.tell()\n        f.seek(4); a = np.fromfile(f, dtype='i1', count=3)\n        return [at, a, f.read(4).decode(), np.fromfile(f, dtype='i1'), f.tell()]",
        "[14,[0,1,2],\"tail\",[0,1,2],14]",
    ),
    (
        "with open('/tmp/x', 'wb', buffering=0) as f:\n        np.arange(3, dtype='i1').tofile(f); f.write(b'!')\n    return open('/tmp/x', 'rb').read()",
        "\"AAECIQ==\"",
    ),
    (
        "np.arange(9, dtype='i1').tofile('/tmp/x'); return np.fromfile('/tmp/x', dtype='i1', offset=6)",
        "[6,7,8]",
    ),
    (
        "for i in range(200): np.arange(3).tofile('/tmp/x'); np.fromfile('/tmp/x')\n    return 'closed'",
        "\"closed\"",
    ),
    ("np.array([object()]).tofile('/tmp/x')", "OSError: cannot write object arrays to a file in binary mode"),
    ("np.arange(3).tofile(io.BytesIO())", "io.UnsupportedOperation: fileno"),
    ("f = io.BytesIO(); np.save(f, np.arange(3)); f.seek(0); return np.load(f)", "[0,1,2]"),
    // No room: large pieces are told by NumPy, what waits in a buffer by the system.
    ("np.zeros(1 << 20).tofile('/tmp/x')", "OSError: 1048576 requested and … written"),
    ("np.save('/tmp/x.npy', np.zeros(1 << 20))", "OSError: 1048576 requested and … written"),
    (
        "open('/tmp/full', 'wb').write(bytes(4 << 20)); np.arange(3).tofile('/tmp/x')",
        "OSError: [Errno 51] No space left on device",
    ),
    (
        "open('/tmp/full', 'wb').write(bytes(4 << 20)); pd.DataFrame({'a': [1]}).to_csv('/tmp/x')",
        "OSError: [Errno 51] No space left on device",
    ),
    ("np.save('/action/x.npy', np.zeros(1))", "…Error: …"),
    ("np.load('/etc/passwd')", "FileNotFoundError: …"),
    ("np.load('/tmp/x.npy')", "FileNotFoundError: [Errno 44] No such file or directory: '/tmp/x.npy'"),
    // pandas.
    (
        "df = pd.DataFrame({'a': [1, 2], 'b': ['x', 'ü']}); df.to_csv('/tmp/x.csv', index=False); return pd.read_csv('/tmp/x.csv')",
        "[{\"a\":1,\"b\":\"x\"},{\"a\":2,\"b\":\"ü\"}]",
    ),
    (
        "df = pd.DataFrame({'a': [1, 2]}); df.to_csv('/tmp/x.csv.gz', index=False); return pd.read_csv('/tmp/x.csv.gz')",
        "[{\"a\":1},{\"a\":2}]",
    ),
    (
        "df = pd.DataFrame({'a': [1, 2]}); df.to_pickle('/tmp/x'); return pd.read_pickle('/tmp/x')",
        "[{\"a\":1},{\"a\":2}]",
    ),
    (
        "df = pd.DataFrame({'a': [1, 2]}); df.to_json('/tmp/x', orient='records'); return pd.read_json('/tmp/x')",
        "[{\"a\":1},{\"a\":2}]",
    ),
    (
        "db = sqlite3.connect(':memory:'); pd.DataFrame({'a': [1, 2]}).to_sql('t', db, index=False); return pd.read_sql('select sum(a) as s from t', db)",
        "[{\"s\":3}]",
    ),
    ("return pd.read_csv('beside.csv')", "[{\"a\":1,\"b\":2}]"),
    ("return pd.read_csv('beside.csv', engine='python', dtype='float')", "[{\"a\":1.0,\"b\":2.0}]"),
    // What a sandbox has not.
    ("np.memmap('/tmp/x', mode='w+', shape=(3,))", "…Error: …"),
    ("np.save('/tmp/x.npy', np.arange(3)); np.load('/tmp/x.npy', mmap_mode='r')", "…Error: …"),
    ("pd.read_csv('beside.csv', memory_map=True)", "…Error: …"),
    ("pd.read_excel('/tmp/x.xlsx')", "…Error: …"),
    ("pd.read_parquet('/tmp/x.parquet')", "ImportError: …"),
    (
        "pd.read_csv('http://127.0.0.1:9/x.csv')",
        "urllib.error.URLError: <urlopen error [Errno 2] not allowed to reach 127.0.0.1:9 (loopback): ask for the rule \"127.0.0.1:9\">",
    ),
    ("pd.DataFrame({'a': [1]}).to_clipboard()", "…Error: …"),
    ("np.ctypeslib.load_library('libc', '.')", "ImportError: ctypes is not available."),
    ("np.arange(3).ctypes.data_as(None)", "…Error: …"),
];

#[tokio::test]
async fn arrays_and_frames_go_to_files_and_back() {
    let bench = Bench::data().await;
    let mut wrong = Vec::new();
    for (body, expected) in ROWS {
        let main = format!(
            "import io, os, sqlite3\nimport numpy as np\nimport pandas as pd\ndef main(data):\n    {body}\n"
        );
        let source = bench.source(&[("main.py", &main), ("beside.csv", "a,b\n1,2\n")]);
        let actiond_runtime::Preparation::Ready(action) = bench.prepare(source).await else {
            panic!("not ready: {body}")
        };
        let outcome = bench.run(&action, "[]").await;
        if !matches(&ending(&outcome), expected) {
            wrong.push(format!("{body}\n  ended {}\n  not   {expected}", ending(&outcome)));
        }
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}
