"""An action: runs one of CPython's own test modules and returns what became of each test.

It is given [module, ids of tests to leave out]. Before each test it prints its name, so that the log of a run that
does not return ends with what it was doing.
"""

import logging
import os
import sys
import unittest
import warnings
from collections.abc import Iterator
from enum import Enum
from types import ModuleType

_MESSAGE_CHARS_MAX = 300
# As `python -m test -u decimal`. The other resources are networks, sound, windows, gigabytes and hours.
_RESOURCES = ["decimal"]
# These ask for the platform where they mean sockets.
_WITHOUT_SOCKETS = {"test.test_selectors", "test.test_socket", "test.test_urllib_response"}


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
        self.skips[getattr(test, "test_case", test).id()] = " ".join(reason.split()) or "(without a word)"

    def _note(self, test, err) -> None:
        # The first is the cause; what follows, while the test is cleaned up, is not.
        kind, error, _ = err
        message = " ".join(f"{kind.__qualname__}: {error}".split())[:_MESSAGE_CHARS_MAX]
        self.failed.setdefault(test.id(), message)


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
    _claim_sockets(support, module)
    _stand_in()
    try:
        tests = list(_tests(unittest.defaultTestLoader.loadTestsFromName(module)))
    except unittest.SkipTest as skip:
        return {"run": 0, "failed": {}, "skipped": {module: str(skip)}}
    unknown = set(left_out) - {test.id() for test in tests}
    if unknown:
        raise ValueError(f"{module} has no {sorted(unknown)}")
    tally = Tally()
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        unittest.TestSuite(test for test in tests if test.id() not in left_out).run(tally)
    return {"run": tally.testsRun, "failed": tally.failed, "skipped": tally.skips}


def _claim_sockets(support: ModuleType, module: str) -> None:
    """Tell `test.support` what it takes for missing in every WASI."""
    # Not at the top: no part of the image either. It asks for the platform when it is imported.
    from test.support import socket_helper

    support.has_socket_support = True
    socket_helper.has_gethostname = True
    if module in _WITHOUT_SOCKETS:
        support.is_wasi = False


def _stand_in() -> None:
    """Let test modules be imported that want more than the guest has: what uses it fails, and the other tests run."""
    import ssl
    from ssl import certificate

    def decode(path: str) -> dict:
        with open(path, "rb") as file:
            return certificate.decode(certificate.split_pem(file.read())[0])

    sys.modules["tty"] = ModuleType("tty")
    sys.modules["_ssl"] = ssl._ssl = ModuleType("_ssl")
    ssl._ssl._test_decode_cert = decode
    ssl._PROTOCOL_NAMES = {number: name for name, number in ssl._SSLMethod.__members__.items()}
    ssl._TLSContentType = ssl._TLSMessageType = ssl._TLSAlertType = Enum("Traced", [])


def _tests(tests: unittest.TestSuite | unittest.TestCase) -> Iterator[unittest.TestCase]:
    if not isinstance(tests, unittest.TestSuite):
        yield tests
        return
    for test in tests:
        yield from _tests(test)
