"""An action: runs one of CPython's own test modules and returns what became of each test.

It is given [module, ids of tests to leave out]. Before each test it prints its name, so that the log of a run that
does not return ends with what it was doing.
"""

import logging
import os
import unittest
import warnings
from collections.abc import Iterator

_MESSAGE_CHARS_MAX = 300
# As `python -m test -u decimal`. The other resources are networks, sound, windows, gigabytes and hours.
_RESOURCES = ["decimal"]


class Tally(unittest.TestResult):
    """What became of each test, by its id; a test with subtests is one."""

    def __init__(self) -> None:
        super().__init__()
        self.failed: dict[str, str] = {}
        self.skips: dict[str, str] = {}

    def startTest(self, test) -> None:
        super().startTest(test)
        os.write(1, f"{test.id()}\n".encode())

    def addError(self, test, err) -> None:
        self._note(test, err)

    def addFailure(self, test, err) -> None:
        self._note(test, err)

    def addSubTest(self, test, subtest, err) -> None:
        if err is not None:
            self._note(test, err)

    def addUnexpectedSuccess(self, test) -> None:
        self.failed[test.id()] = "it passed, though CPython expects it to fail"

    def addSkip(self, test, reason: str) -> None:
        self.skips[getattr(test, "test_case", test).id()] = " ".join(reason.split())

    def _note(self, test, err) -> None:
        kind, error, _ = err
        self.failed[test.id()] = " ".join(f"{kind.__qualname__}: {error}".split())[:_MESSAGE_CHARS_MAX]


def main(data: list) -> dict:
    """Run the module's tests."""
    module, left_out = data
    # As `python -m test` has it: an empty working directory, and `logging` as it comes.
    os.mkdir("/tmp/work")
    os.chdir("/tmp/work")
    logging.root.setLevel(logging.WARNING)
    logging.lastResort.setLevel(logging.WARNING)
    # Not at the top: it looks at the working directory, and is no part of the image.
    from test import support

    support.use_resources = _RESOURCES
    tests = list(_tests(unittest.defaultTestLoader.loadTestsFromName(module)))
    unknown = set(left_out) - {test.id() for test in tests}
    if unknown:
        raise ValueError(f"{module} has no {sorted(unknown)}")
    tally = Tally()
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        unittest.TestSuite(test for test in tests if test.id() not in left_out).run(tally)
    return {"run": tally.testsRun, "failed": tally.failed, "skipped": tally.skips}


def _tests(tests: unittest.TestSuite | unittest.TestCase) -> Iterator[unittest.TestCase]:
    if not isinstance(tests, unittest.TestSuite):
        yield tests
        return
    for test in tests:
        yield from _tests(test)
