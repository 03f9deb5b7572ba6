#!/usr/bin/env python3
"""Kills the node under load and looks at what is left.

  testnet/e2e/restart.py --bttc target/release/bttc            5 kills
  testnet/e2e/restart.py --bttc PATH --kills 20 --seed 7

Accounts of the development chain send transfers all the time. At a random moment the node gets SIGKILL and is
started again on the same datadir: no receipt that was given out may be missing, the head may not be lower, the
blocks must be one chain that adds up to the balances, and the state must prove itself against the head's state root
(with PyPI `trie`). At last SIGTERM under the same load must end it within 5 s with exit code 0 and lose nothing.
The last line is `N passed, N failed`; exit code 1 if anything failed.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import socket
import sys
import tempfile
import threading
import time
import urllib.error

from devnode import HERE, DevNode, Trouble, request

PYTHON = HERE / ".venv/bin/python"
SENDERS = 6
LEAST_LOAD = 20  # receipts a round must have given out before it may be cut
CUT = (OSError, urllib.error.URLError, json.JSONDecodeError, ConnectionError, socket.timeout)


class Load:
    """Senders that each pay one wei at a time to an address of their own, and what was acknowledged to them."""

    def __init__(self, node, accounts):
        self.node = node
        self.accounts = accounts
        self.lock = threading.Lock()
        self.receipts = {}  # transaction hash -> receipt as it was given out
        self.strange = []  # answers that neither a receipt nor a cut connection explains
        self.cut = threading.Event()  # set just before the node is told to go: refusals are expected from then on
        self.calm = threading.Event()  # no new transactions; what was sent is waited for
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._send, args=(a,), daemon=True) for a in accounts]

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def acknowledged(self):
        with self.lock:
            return len(self.receipts)

    def rest(self):
        """Lets every sender finish what it has sent."""
        self.calm.set()
        for thread in self.threads:
            thread.join(15)

    def end(self):
        """Waits until every sender has noticed that the node is gone."""
        self.stopping.set()
        for thread in self.threads:
            thread.join(15)

    def _send(self, account):
        while not self.calm.is_set() and not self.stopping.is_set():
            try:
                fields = {"from": account, "to": recipient(account), "value": "0x1"}
                sent = request(self.node.http, "eth_sendTransaction", [fields])
                if "result" not in sent:
                    if not self.cut.is_set():
                        self.strange.append(sent.get("error"))
                    return
                while not self.stopping.is_set():
                    receipt = request(self.node.http, "eth_getTransactionReceipt", [sent["result"]])["result"]
                    if receipt:
                        with self.lock:
                            self.receipts[sent["result"]] = receipt
                        break
                    time.sleep(0.002)
            except CUT:
                return
            except (KeyError, TypeError) as error:
                if not self.cut.is_set():
                    self.strange.append(repr(error))
                return


def recipient(account):
    """An address that gets money from one sender only."""
    return "0x" + "77" * 8 + account[2:26].lower()


class Checks:
    """Named checks and how many passed."""

    def __init__(self):
        self.passed = self.failed = 0

    def __call__(self, what, holds, why=""):
        if holds:
            self.passed += 1
            print(f"ok   restart: {what}", flush=True)
        else:
            self.failed += 1
            print(f"FAIL restart: {what} | {str(why)[:1000]}", flush=True)
        return holds


class Rounds:
    """One datadir through all its restarts."""

    def __init__(self, node, checks, prove):
        self.node = node
        self.checks = checks
        self.prove = prove
        self.receipts = {}
        self.accounts = []

    def call(self, method, *params):
        answer = request(self.node.http, method, params)
        if "error" in answer:
            raise Trouble(f"{method}: {answer['error']}")
        return answer["result"]

    def load(self):
        """Starts the senders and waits until the round has something to lose."""
        load = Load(self.node, self.accounts).start()
        end = time.monotonic() + 60
        while load.acknowledged() < LEAST_LOAD:
            if time.monotonic() > end or load.strange:
                raise Trouble(f"only {load.acknowledged()} receipts within 60 s; {load.strange[:3]}")
            time.sleep(0.01)
        return load

    def after(self, name, load):
        """Everything that must hold when the node is back."""
        load.end()
        self.receipts |= load.receipts
        self.checks(f"{name}: every sender got receipts or a cut", not load.strange, load.strange[:3])
        last = max(int(r["blockNumber"], 16) for r in self.receipts.values())
        head = int(self.call("eth_blockNumber"), 16)
        self.checks(f"{name}: the head {head} is not below block {last}, the last acknowledged", head >= last)
        lost = [h for h, r in self.receipts.items() if self.call("eth_getTransactionReceipt", h) != r]
        self.checks(f"{name}: all {len(self.receipts)} acknowledged receipts are as they were", not lost, f"{len(lost)} differ: {lost[:3]}")
        self.blocks(name, head)
        self.state(name)
        self.goes_on(name)

    def blocks(self, name, head):
        """The blocks are one chain, and the balances are what its transactions add up to."""
        parent, breaks, paid = None, [], dict.fromkeys(map(recipient, self.accounts), 0)
        for number in range(head + 1):
            block = self.call("eth_getBlockByNumber", hex(number), True)
            if block is None or int(block["number"], 16) != number or parent not in (None, block["parentHash"]):
                breaks.append(number)
                break
            parent = block["hash"]
            for tx in block["transactions"]:
                if tx["to"] in paid:
                    paid[tx["to"]] += int(tx["value"], 16)
        self.checks(f"{name}: blocks 0 to {head} are one chain", not breaks, f"broken at {breaks}")
        held = {a: int(self.call("eth_getBalance", a, hex(head)), 16) for a in paid}
        self.checks(f"{name}: balances are what the blocks add up to", held == paid, f"held {held}, paid {paid}")

    def state(self, name):
        """The state proves itself against the head's state root."""
        try:
            for account in [*self.accounts, *map(recipient, self.accounts)]:
                proof = self.prove(self.call, account)
                counted = int(self.call("eth_getTransactionCount", account, "latest"), 16)
                if int(proof["nonce"], 16) != counted:
                    raise AssertionError(f"nonce of {account}: {proof['nonce']} proven, {counted} said")
        except Exception as error:  # noqa: BLE001 - any failure to prove is the finding
            self.checks(f"{name}: the state proves itself against the head's state root", False, repr(error))
        else:
            self.checks(f"{name}: the state proves itself against the head's state root", True)

    def goes_on(self, name):
        """A new transaction is mined."""
        sent = self.call("eth_sendTransaction", {"from": self.accounts[0], "to": recipient(self.accounts[0]), "value": "0x1"})
        end = time.monotonic() + 10
        receipt = None
        while receipt is None and time.monotonic() < end:
            receipt = self.call("eth_getTransactionReceipt", sent)
            time.sleep(0.01)
        if receipt:
            self.receipts[sent] = receipt
        self.checks(f"{name}: it goes on making blocks", receipt is not None and receipt["status"] == "0x1", receipt)


def play(node, kills, chance, checks, prove):
    """All rounds: the kills, then the orderly end."""
    rounds = Rounds(node.start(), checks, prove)
    rounds.accounts = rounds.call("eth_accounts")[:SENDERS]
    for number in range(1, kills + 1):
        load = rounds.load()
        time.sleep(chance.uniform(0.0, 1.5))  # the random moment itself; nothing is waited for
        load.cut.set()
        node.kill()
        node.start()
        rounds.after(f"kill {number}", load)
    load = rounds.load()
    load.cut.set()
    if not node.bttc:
        load.rest()  # anvil tears its state file when it ends under load, which the checks below do see
    code, seconds = node.stop(within=15.0)
    checks(f"SIGTERM under load: exit code 0 within 5 s ({seconds:.2f} s)", code == 0 and seconds < 5.0, f"code {code} after {seconds:.1f} s")
    node.start()
    rounds.after("SIGTERM", load)
    begin_head = rounds.call("eth_getBlockByNumber", "latest", False)
    code, seconds = node.stop(within=15.0)
    checks(f"SIGTERM when idle: exit code 0 within 5 s ({seconds:.2f} s)", code == 0 and seconds < 5.0, f"code {code} after {seconds:.1f} s")
    node.start()
    checks("SIGTERM when idle: the same head and state root", rounds.call("eth_getBlockByNumber", "latest", False) == begin_head)
    node.stop()


def main():
    """Reads the arguments, plays, says how many checks passed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--bttc", metavar="PATH", type=pathlib.Path, help="the bttc binary")
    which.add_argument("--anvil", action="store_true", help="anvil with a state file: only the orderly end (to develop this script)")
    parser.add_argument("--kills", type=int, default=5, help="how often to kill it (default 5)")
    parser.add_argument("--seed", type=int, default=None, help="seed of the random moments")
    options = parser.parse_args()
    if sys.executable != str(PYTHON):
        if not PYTHON.exists():
            parser.error("the Python environment is missing; `testnet/e2e/run` makes it at its first use")
        os.execv(PYTHON, [str(PYTHON), *sys.argv])
    from proof import proven  # needs the environment's packages

    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(2**32)
    print(f"     restart: seed {seed}")
    datadir = pathlib.Path(tempfile.mkdtemp(prefix="e2e-restart-"))
    bttc = options.bttc.resolve() if options.bttc else None
    extra = [] if bttc else ["--state", str(datadir / "state.json"), "--preserve-historical-states"]
    node = DevNode(datadir, bttc, extra=extra)
    checks = Checks()
    try:
        play(node, options.kills if bttc else 0, random.Random(seed), checks, proven)
    except (Trouble, *CUT) as trouble:
        checks("the rounds are played to their end", False, f"{trouble!r}; last lines of the log: {node.tail(8)}")
    finally:
        if node.running():
            node.kill()
        if checks.failed:
            print(f"     restart: datadir and log kept in {datadir}")
        else:
            shutil.rmtree(datadir)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
