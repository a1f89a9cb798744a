//! What NumPy's and pandas's values become in a result, in the log, and as an exception.

use actiond_runtime::End;

use crate::support::{Bench, ending, log};

/// Expressions, each with the ending of a run that returns its value indented below it.
const ROWS: &str = include_str!("results.txt");

const EVALUATE: &str = "
import datetime, decimal, enum
import numpy as np
import pandas as pd
from pandas import NA, NaT
nan = float('nan')
def main(data):
    # The second time beside what the encoder refuses: each value is then looked at one by one.
    return eval(data[0]) if len(data) == 1 else [eval(data[0]), float('inf')]
";

#[tokio::test]
async fn values_of_numpy_and_pandas_become_json() {
    let bench = Bench::data().await;
    let action = bench.ready(EVALUATE).await;
    let mut wrong = Vec::new();
    let lines = ROWS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (expressions, endings): (Vec<_>, Vec<_>) = lines.partition(|line| !line.starts_with("    "));
    assert_eq!(expressions.len(), endings.len(), "each expression has an ending");
    for (expression, expected) in expressions.into_iter().zip(endings.into_iter().map(str::trim)) {
        let alone = bench.run(&action, &serde_json::to_string(&[expression]).unwrap()).await;
        if ending(&alone) != expected {
            wrong.push(format!("{expression}\n  is {}\n not {expected}", ending(&alone)));
        }
        if matches!(alone.end, End::Returned(_)) {
            let beside = bench.run(&action, &serde_json::to_string(&[expression, ""]).unwrap()).await;
            if ending(&beside) != format!("[{expected},null]") {
                wrong.push(format!("{expression}\n  is, one by one, {}\n not {expected}", ending(&beside)));
            }
        }
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}

/// Statements, and what is logged, or how the run ends if it does not return.
const LOGGED: &[(&str, &[&str])] = &[
    ("logger.info('%d %s %.1f', np.int64(3), np.float64(0.5), np.float32(2))", &["INFO action 3 0.5 2.0"]),
    ("logger.info(np.float64(0.5)); logger.info(np.arange(3))", &["INFO action 0.5", "INFO action [0 1 2]"]),
    ("logger.info('%s', np.arange(3))", &["INFO action [0 1 2]"]),
    ("logger.info('%s', pd.Series([1.5, 2]).mean())", &["INFO action 1.75"]),
    ("logger.info(pd.DataFrame({'a': [1]}))", &["INFO action    a\n0  1"]),
    ("logger.info('%s', pd.DataFrame({'a': [1]}))", &["INFO action    a\n0  1"]),
    ("logger.log(logging.WARNING, pd.NaT)", &["WARNING action NaT"]),
    (
        "print(np.array([1.5, np.nan]), pd.Timestamp('2024-01-01'))",
        &["INFO stdout [1.5 nan] 2024-01-01 00:00:00"],
    ),
    ("warnings.warn(str(np.int64(3)))", &["WARNING warnings main.py:7: UserWarning: 3"]),
    ("raise ValueError(np.float64(1.5), np.arange(2))", &["ValueError: (np.float64(1.5), array([0, 1]))"]),
    ("raise KeyError(np.int64(3))", &["KeyError: np.int64(3)"]),
    ("sys.exit(np.int64(0))", &["SystemExit: exit code 1: 0"]),
    ("pd.DataFrame({'a': [1]})['b']", &["KeyError: 'b'"]),
    (
        "if pd.Series([1, 2]): pass",
        &[
            "ValueError: The truth value of a Series is ambiguous. Use a.empty, a.bool(), a.item(), a.any() or a.all().",
        ],
    ),
];

#[tokio::test]
async fn values_of_numpy_and_pandas_can_be_logged_and_raised() {
    let bench = Bench::data().await;
    for (body, expected) in LOGGED {
        let head = "import logging, sys, warnings\nimport numpy as np\nimport pandas as pd";
        let outcome =
            bench.outcome(&format!("{head}\n\n\ndef main(data, logger):\n    {body}\n"), "[]").await;
        let lines = match &outcome.end {
            End::Returned(_) => log(&outcome),
            End::Raised(_) | End::Stopped(_) | End::Cancelled => vec![ending(&outcome)],
        };
        assert_eq!(lines, *expected, "for {body}");
    }
}

/// What the base guest has no NumPy for is said where it is missed.
#[tokio::test]
async fn the_base_guest_has_neither() {
    let bench = Bench::new().await;
    for name in ["numpy", "pandas"] {
        let outcome = bench.outcome(&format!("import {name}\ndef main(): pass"), "[]").await;
        assert_eq!(ending(&outcome), format!("ModuleNotFoundError: No module named '{name}'"));
    }
}
