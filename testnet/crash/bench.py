"""What every case shares: the program, places to work in, named checks, a load of transactions and what was acknowledged to it."""

import json
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from devnode import DevNode, Trouble, request  # noqa: E402, F401 - the cases take them from here

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SENDERS = 6
CUT = (OSError, urllib.error.URLError, json.JSONDecodeError, ConnectionError, socket.timeout)
MIB = 1 << 20


class Bench:
    """One run: its program, its checks, its times, and a directory that goes at the end unless a check failed."""

    def __init__(self, bttc, chance):
        self.bttc = bttc
        self.chance = chance
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="bttc-crash-"))
        self.passed = self.failed = 0
        self.starts = []  # seconds from the start of a process to its first answer, after a crash
        self.verifies = []  # (bytes, seconds) of db verify
        self.nodes = []

    def check(self, what, holds, why=""):
        """One named check, one line."""
        if holds:
            self.passed += 1
            print(f"ok   crash: {what}", flush=True)
        else:
            self.failed += 1
            print(f"FAIL crash: {what} | {str(why)[:1500]}", flush=True)
        return holds

    def place(self, name):
        """A new directory."""
        path = self.root / name
        path.mkdir(parents=True)
        return path

    def node(self, place, **options):
        """A node whose log lies in `place`; ended at the latest when the bench is closed."""
        node = DevNode(place, self.bttc, **options)
        self.nodes.append(node)
        return node

    def start(self, node):
        """Starts a node after a crash: the time to its first answer is kept."""
        node.start()
        self.starts.append(node.answered_after)
        return node

    def cli(self, *arguments, timeout=120, prefix=()):
        """Runs a command of the program to its end."""
        command = [*prefix, str(self.bttc), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)

    def spawn(self, *arguments):
        """Starts a command that is to be killed."""
        command = [str(self.bttc), *map(str, arguments)]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def refused(self, what, done, *words):
        """The command ended with code 1 and one paragraph in which each of the words stands."""
        text = done.stdout + done.stderr
        missing = [word for word in words if word not in text]
        signalled = done.returncode < 0 or done.returncode > 2
        self.check(what, done.returncode == 1 and not missing and not signalled, f"code {done.returncode}, without {missing}: {text[-1200:]}")

    def sound(self, what, data):
        """`db verify` finds nothing."""
        done = self.cli("db", "verify", "--json", "--datadir", data, timeout=600)
        lines = done.stdout.splitlines()
        good = done.returncode == 0 and lines and '"findings":0' in lines[-1]
        if good:
            summary = json.loads(lines[-1])["summary"]
            self.verifies.append((summary["bytes"], summary["seconds"]))
        return self.check(f"{what}: db verify finds nothing", good, (done.stdout + done.stderr)[-1500:])

    def close(self):
        """Ends what still runs, says the times, cleans up."""
        for node in self.nodes:
            if node.running():
                node.kill()
        if self.starts:
            print(
                f"     crash: start to first answer after a crash: median {statistics.median(self.starts):.3f} s, "
                f"max {max(self.starts):.3f} s over {len(self.starts)} starts"
            )
        if self.verifies:
            size, seconds = max(self.verifies)
            print(f"     crash: db verify: {len(self.verifies)} times; the largest {size / MIB:.1f} MiB in {seconds:.2f} s")
        if self.failed:
            print(f"     crash: everything is kept in {self.root}")
        else:
            shutil.rmtree(self.root, ignore_errors=True)


def call(node, method, *params):
    """The result of a JSON-RPC call."""
    answer = request(node.http, method, params)
    if "error" in answer:
        raise Trouble(f"{method}: {answer['error']}")
    return answer["result"]


def head(node):
    """Height of the node's head."""
    return int(call(node, "eth_blockNumber"), 16)


def recipient(account):
    """An address that gets money from one sender only."""
    return "0x" + "77" * 8 + account[2:26].lower()


def send(node, account, within=10.0):
    """One transfer of one wei; its receipt."""
    sent = call(node, "eth_sendTransaction", {"from": account, "to": recipient(account), "value": "0x1"})
    end = time.monotonic() + within
    while time.monotonic() < end:
        receipt = call(node, "eth_getTransactionReceipt", sent)
        if receipt:
            return receipt
        time.sleep(0.005)
    raise Trouble(f"no receipt of {sent} within {within} s")


def copy(source, target):
    """Copies a directory with its holes."""
    subprocess.run(["cp", "-r", "--sparse=always", str(source), str(target)], check=True, timeout=60)


class Load:
    """Senders that each pay one wei at a time to an address of their own, and what was acknowledged to them."""

    def __init__(self, node, accounts=None):
        self.node = node
        self.accounts = accounts or call(node, "eth_accounts")[:SENDERS]
        self.lock = threading.Lock()
        self.receipts = {}  # transaction hash -> receipt as it was given out
        self.strange = []  # answers that neither a receipt nor a cut connection explains
        self.cut = threading.Event()  # set just before the node is told to go: refusals are expected from then on
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._send, args=(a,), daemon=True) for a in self.accounts]

    def start(self, least=0, within=60.0):
        """Starts the senders and waits for `least` receipts."""
        for thread in self.threads:
            thread.start()
        end = time.monotonic() + within
        while self.acknowledged() < least:
            if time.monotonic() > end or self.strange:
                raise Trouble(f"only {self.acknowledged()} receipts within {within} s; {self.strange[:3]}")
            time.sleep(0.01)
        return self

    def acknowledged(self):
        """Number of receipts given out so far."""
        with self.lock:
            return len(self.receipts)

    def end(self):
        """Waits until every sender has noticed."""
        self.stopping.set()
        for thread in self.threads:
            thread.join(15)
        return self

    def _send(self, account):
        while not self.stopping.is_set():
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


class Ledger:
    """All that one datadir ever acknowledged, and the checks that it is still there."""

    def __init__(self, bench):
        self.bench = bench
        self.receipts = {}
        self.accounts = []

    def copy(self):
        """The same up to now; what a copy of the datadir acknowledges is its own."""
        twin = Ledger(self.bench)
        twin.receipts, twin.accounts = dict(self.receipts), list(self.accounts)
        return twin

    def add(self, load):
        """Takes in what a load was given."""
        self.receipts |= load.receipts
        self.accounts = self.accounts or load.accounts

    def holds(self, name, node, recent=None, goes_on=True):
        """Everything that must hold when the node is back; `recent` limits the receipts asked for to those of the last round."""
        check = self.bench.check
        asked = self.receipts if recent is None else recent
        last = max((int(r["blockNumber"], 16) for r in self.receipts.values()), default=0)
        height = head(node)
        check(f"{name}: the head {height} is not below block {last}, the last acknowledged", height >= last)
        lost = [h for h, r in asked.items() if call(node, "eth_getTransactionReceipt", h) != r]
        check(f"{name}: all {len(asked)} acknowledged receipts are as they were", not lost, f"{len(lost)} differ: {lost[:3]}")
        if goes_on:
            receipt = send(node, self.accounts[0])
            self.receipts[receipt["transactionHash"]] = receipt
            check(f"{name}: it goes on making blocks", receipt["status"] == "0x1", receipt)

    def adds_up(self, name, node):
        """The blocks are one chain, and the balances are what its transactions add up to."""
        height = head(node)
        parent, breaks, paid = None, [], dict.fromkeys(map(recipient, self.accounts), 0)
        for number in range(height + 1):
            block = call(node, "eth_getBlockByNumber", hex(number), True)
            if block is None or int(block["number"], 16) != number or parent not in (None, block["parentHash"]):
                breaks.append(number)
                break
            parent = block["hash"]
            for tx in block["transactions"]:
                if tx["to"] in paid:
                    paid[tx["to"]] += int(tx["value"], 16)
        self.bench.check(f"{name}: blocks 0 to {height} are one chain", not breaks, f"broken at {breaks}")
        held = {a: int(call(node, "eth_getBalance", a, hex(height)), 16) for a in paid}
        self.bench.check(f"{name}: balances are what the blocks add up to", held == paid, f"held {held}, paid {paid}")
