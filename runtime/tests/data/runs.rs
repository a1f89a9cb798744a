//! What must differ between runs of a data action, what must not stay, and whose modules win.

use std::collections::HashSet;

use actiond_runtime::{Input, Kept, Preparation};
use tokio_util::sync::CancellationToken;

use crate::support::{Bench, ending, limits};

/// Draws in the import as well: of that, nothing may show in what runs draw.
const DRAWING: &str = "
import numpy as np
import pandas as pd
np.random.seed(1)
np.random.randn()
KEPT = np.random.default_rng(1)
def main(data):
    return eval(data[0])
";

#[tokio::test]
async fn numpys_randomness_differs_between_runs_of_one_image() {
    let bench = Bench::data().await;
    let action = bench.ready(DRAWING).await;
    let sources = [
        "np.random.rand()",
        "np.random.randn()",
        "np.random.standard_normal(2)",
        "np.random.randint(1 << 60)",
        "np.random.permutation(1_000)",
        "np.random.RandomState().rand()",
        "np.random.default_rng().random()",
        "np.random.Generator(np.random.PCG64()).random()",
        "pd.Series(range(1 << 20)).sample(3)",
    ];
    for source in sources {
        let mut seen = HashSet::new();
        for _ in 0..20 {
            seen.insert(ending(&bench.run(&action, &format!("[\"{source}\"]")).await));
        }
        assert_eq!(seen.len(), 20, "{source} repeats");
    }
}

/// What the script seeds itself is as natively.
#[tokio::test]
async fn seeded_randomness_is_numpys() {
    let bench = Bench::data().await;
    let action = bench.ready(DRAWING).await;
    let rows = [
        ("(np.random.seed(42), np.random.rand(2))[1]", "[0.3745401188473625,0.9507143064099162]"),
        ("np.random.default_rng(42).random(2)", "[0.7739560485559633,0.4388784397520523]"),
        ("np.random.RandomState(42).randn()", "0.4967141530112327"),
        ("KEPT.random()", "0.5118216247002567"),
        ("KEPT.random()", "0.5118216247002567"),
    ];
    for (source, expected) in rows {
        let outcome = bench.run(&action, &format!("[\"{source}\"]")).await;
        assert_eq!(ending(&outcome), expected, "for {source}");
    }
}

/// Two runs that go on from one state of a stateful action do not draw the same, not even what one before them drew in advance.
#[tokio::test]
async fn runs_from_one_state_draw_different_numbers() {
    let bench = Bench::data().await;
    let action = bench.ready(DRAWING).await;
    let run = |sandbox: actiond_runtime::Sandbox| async {
        let input = Input::new("[\"np.random.randn()\"]", CancellationToken::new());
        sandbox.call_and_keep(input).await.unwrap()
    };
    let (first, kept) = run(bench.engine.start(&action, &limits()).unwrap()).await;
    let Kept::Saved { saved, .. } = kept else { panic!("{}", ending(&first)) };
    let mut seen = HashSet::from([ending(&first)]);
    for _ in 0..5 {
        seen.insert(ending(&run(bench.engine.resume(&saved, &limits()).unwrap()).await.0));
    }
    assert_eq!(seen.len(), 6, "{seen:?}");
}

/// What a run changes in NumPy and pandas is gone in the next.
#[tokio::test]
async fn settings_do_not_outlive_a_run() {
    let bench = Bench::data().await;
    let look = "[np.geterr()['divide'], np.get_printoptions()['precision'], pd.get_option('display.max_rows'), hasattr(pd.DataFrame, 'mine')]";
    let main = format!(
        "
import warnings
import numpy as np
import pandas as pd
def main(data):
    found = {look}
    np.seterr(all='ignore'); np.set_printoptions(precision=2); pd.set_option('display.max_rows', 5)
    warnings.simplefilter('ignore')
    pd.DataFrame.mine = property(lambda self: 1)
    return [found, {look}]
"
    );
    let action = bench.ready(&main).await;
    for _ in 0..3 {
        let outcome = bench.run(&action, "[]").await;
        assert_eq!(ending(&outcome), "[[\"warn\",8,60,false],[\"ignore\",2,5,true]]");
    }
}

/// Memory that NumPy does not clear is the run's own or zeros, never another run's.
#[tokio::test]
async fn memory_that_is_not_cleared_holds_nothing_of_other_runs() {
    let bench = Bench::data().await;
    let secret = bench
        .ready(
            "
import numpy as np
KEPT = []
def main(data):
    KEPT.append(np.full(data[0] << 17, 0x5EC2E75EC2E75EC2, dtype='u8'))
    del KEPT[:]
    KEPT.extend(np.full(size, 0x5EC2E75EC2E75EC2, dtype='u8') for size in (1, 8, 64, 512, 4096) for _ in range(50))
",
        )
        .await;
    let probe = bench
        .ready(
            "
import numpy as np
def main(data):
    # Of one size after another, so that memory of all kinds is looked at; kept, so that none is looked at twice.
    seen, kept = 0, []
    for size in (1, 8, 64, 512, 4096, 1 << 17, data[0] << 17):
        for _ in range(50 if size <= 4096 else 1):
            kept.append(np.empty(size, dtype='u8'))
            seen += int((kept[-1] == 0x5EC2E75EC2E75EC2).sum())
    return seen
",
        )
        .await;
    for mib in [1, 40, 100, 1] {
        for _ in 0..2 {
            assert_eq!(ending(&bench.run(&secret, &format!("[{mib}]")).await), "null");
            for action in [&probe, &probe] {
                assert_eq!(ending(&bench.run(action, &format!("[{mib}]")).await), "0", "after {mib} MiB");
            }
        }
    }
}

/// An action's own modules win over the guest's, as those of the standard library do.
#[tokio::test]
async fn an_actions_own_modules_win() {
    let bench = Bench::data().await;
    let rows: [(&[(&str, &str)], &str); 4] = [
        (
            &[("main.py", "import numpy\ndef main(): return numpy.OWN"), ("numpy.py", "OWN = 'mine'")],
            "\"mine\"",
        ),
        (
            &[
                ("main.py", "import pandas, pandas.core\ndef main(): return [pandas.OWN, pandas.core.OWN]"),
                ("pandas/__init__.py", "OWN = 1"),
                ("pandas/core.py", "OWN = 2"),
            ],
            "[1,2]",
        ),
        // Of data, not code.
        (
            &[("main.py", "import numpy\ndef main(): return numpy.arange(2)"), ("numpy/data.csv", "1,2")],
            "[0,1]",
        ),
        // Beside `main.py` only: packages that come along are for another system.
        (
            &[
                ("main.py", "import numpy\ndef main(): return numpy.arange(2)"),
                ("dependencies/numpy/__init__.py", "raise ImportError('built for another system')"),
            ],
            "[0,1]",
        ),
    ];
    for (files, expected) in rows {
        let Preparation::Ready(action) = bench.prepare(bench.source(files)).await else {
            panic!("not ready: {files:?}")
        };
        assert_eq!(ending(&bench.run(&action, "[]").await), expected, "for {files:?}");
    }
}

/// An image holds what an action adds: NumPy and pandas are in the base image. Imported anew they would be tens of megabytes.
#[tokio::test]
async fn importing_them_adds_next_to_nothing_to_an_image() {
    let bench = Bench::data().await;
    let mut held = vec![bench.engine.stats().images_hot_bytes];
    let mut actions = Vec::new();
    for imports in ["json", "numpy, pandas"] {
        actions.push(bench.ready(&format!("import {imports}\ndef main(): return 1")).await);
        held.push(bench.engine.stats().images_hot_bytes);
    }
    let costs: Vec<_> = held.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(costs[1] < costs[0] + (8 << 20), "{costs:?} bytes");
}
