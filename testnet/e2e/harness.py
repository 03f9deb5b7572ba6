"""What every Python suite shares: the node's addresses, the target's table, named checks, polling with a deadline."""

import json
import os
import pathlib
import sys
import time
import traceback

from devnode import HERE, request

HTTP = os.environ.get("BTTC_HTTP", "http://127.0.0.1:8545")
WS = os.environ.get("BTTC_WS", "ws://127.0.0.1:8545")
IPC = os.environ.get("BTTC_IPC")
TARGET_NAME = os.environ.get("BTTC_TARGET", "bttc")
TARGET = json.loads((HERE / "targets.json").read_text())[TARGET_NAME]
MNEMONIC = "test test test test test test test test test test test junk"
GWEI = 10**9
BTT = 10**18
FLOOR = int(TARGET["baseFeeFloor"])


def artifact(name):
    """Compiled contract of contracts/: {"abi", "bytecode"}."""
    return json.loads((HERE / "artifacts" / f"{name}.json").read_text())


def rpc(method, *params):
    """One JSON-RPC call over HTTP; the result, or an AssertionError with the error."""
    answer = request(HTTP, method, params, timeout=30)
    assert "error" not in answer, f"{method}: {answer['error']}"
    return answer["result"]


def equal(got, expected, what="value"):
    """Raises unless both are the same."""
    assert got == expected, f"{what}: got {got!r}, expected {expected!r}"


def poll(probe, what, seconds=8.0):
    """Asks until `probe` gives something true; returns it."""
    end = time.monotonic() + seconds
    while True:
        value = probe()
        if value:
            return value
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.025)


class Suite:
    """A list of named checks, run in order, one printed line each."""

    def __init__(self, name):
        self.name = name
        self.passed = 0
        self.failed = 0

    def check(self, what, needs=None):
        """Runs the decorated function as a check; `needs` names a line of targets.json without which it is skipped."""

        def run(body):
            if needs and not TARGET[needs]:
                print(f"skip {self.name}: {what} ({TARGET_NAME} has no {needs})", flush=True)
                return body
            try:
                body()
            except Exception as error:  # noqa: BLE001 - whatever goes wrong is this check's failure
                self.failed += 1
                where = traceback.extract_tb(error.__traceback__)
                line = next((f.lineno for f in where if pathlib.Path(f.filename).parent == HERE and "harness" not in f.filename and f.name != "run"), 0)
                why = f"{type(error).__name__} at line {line}: {error}".replace("\n", " ")[:1200]
                print(f"FAIL {self.name}: {what} | {why}", flush=True)
            else:
                self.passed += 1
                print(f"ok   {self.name}: {what}", flush=True)
            return body

        return run

    def end(self):
        """Ends the process with the suite's exit code."""
        sys.exit(1 if self.failed else 0)
