"""What a run over the bridge of a local network does: checks, deposits, exits, claims, and the times that they take."""

import argparse
import concurrent.futures
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time

from network import CUT, OUTBOX, Trouble, wait

BTT = 10**18
ETHER = 10**18
TRX = 10**6
TUSD = 10**6
DELIVERY = 45  # seconds from finality there to delivery here, at most
CHECKPOINT = 60  # seconds from an exit to its checkpoint there, at most
# Takes BTT once it has been called with data, refuses it before that.
STUBBORN = "3615600a5760015f55005b5f546013575f5ffd5b00"


def init_code(runtime):
    """Creation code that leaves `runtime`, of less than 256 bytes."""
    return f"0x60{len(runtime) // 2:02x}8060095f395ff3{runtime}"


def fresh(tag):
    """An address that nobody has."""
    return f"0xb71d9e{tag:034x}"


class Play:
    """One run."""

    def __init__(self, network, seconds):
        self.network, self.ethereum, self.tron = network, network.ethereum, network.tron
        self.passed = self.failed = 0
        self.seconds, self.end = seconds, time.monotonic() + seconds
        self.delivered, self.claimable = [], []  # seconds
        self.sent_in, self.sent_out = {}, {}  # by (root, token): what came in and left, as we sent it
        self.books = threading.Lock()  # over all of these

    def count(self, sums, key, amount):
        with self.books:
            sums[key] = sums.get(key, 0) + amount

    def check(self, what, action):
        begin = time.monotonic()
        try:
            assert begin < self.end, f"the time of {self.seconds} s is over"
            note = action()
        except (AssertionError, Trouble, subprocess.TimeoutExpired, *CUT) as error:
            with self.books:
                self.failed += 1
            print(f"FAIL {what} | {type(error).__name__}: {error}", flush=True)
            return False
        with self.books:
            self.passed += 1
        print(f"ok   {what} ({time.monotonic() - begin:.1f} s{'; ' + note if note else ''})", flush=True)
        return True

    # Deposits.

    def deposit(self, root, token, amount, to, sender):
        """Sends a deposit and waits until it is final there; its hash and when that was seen."""
        net = self.network
        if token is None:
            done = net.send(root.name, sender, root.bridge, net.encode("depositNative(address)", to), amount, final=True)
        else:
            net.send(root.name, sender, token, net.encode("approve(address,uint256)", root.bridge, amount))
            data = net.encode("deposit(address,address,uint256)", token, to, amount)
            done = net.send(root.name, sender, root.bridge, data, final=True)
        self.count(self.sent_in, (root.id, token), amount)
        return done["hash"], time.monotonic()

    def carried_out(self, root, tx, seen, stage="executed", node=0, within=DELIVERY):
        """Waits until a deposit is where it should be; what `bridge_deposit` tells of it."""
        def look():
            told = self.network.ask("bridge_deposit", tx, root.id, node=node)
            return next((of for of in told["deposits"] if of["stage"] == stage), None)

        found = wait(f"a deposit from {root.name} {stage}", within, look)
        seconds = time.monotonic() - seen
        if stage == "executed":
            self.delivered.append(seconds)
        return found

    def moves_in(self, root, token, amount, to, sender):
        before = self.network.holds(root, token, to)
        tx, seen = self.deposit(root, token, amount, to, sender)
        self.carried_out(root, tx, seen)
        after = self.network.holds(root, token, to)
        assert after == before + amount, f"{to} has {after} after a deposit of {amount} from {root.name}, before {before}"

    def at_once(self, action, rows):
        with concurrent.futures.ThreadPoolExecutor(max_workers=len(rows)) as pool:
            for done in [pool.submit(action, *row) for row in rows]:
                done.result()

    @staticmethod
    def spread(what, seconds):
        ordered = sorted(seconds)
        return f"{what}: median {ordered[len(ordered) // 2]:.1f} s, longest {ordered[-1]:.1f} s" if ordered else ""

    # Exits.

    def leave(self, root, token, amount, to, sender, node=0):
        """An exit here; its transaction and when it was final."""
        net = self.network
        is_btt = token is not None and token == root.btt
        here = 0 if is_btt else net.token_here(root, token)
        data = net.encode("exit(uint256,address,address,uint256)", root.id, here, to, amount)
        done = net.send("bttc", sender, OUTBOX, data, amount if is_btt else 0, node=node)
        self.count(self.sent_out, (root.id, token), amount)
        return done["hash"], time.monotonic()

    def until_claimable(self, root, tx, left, node=0, within=CHECKPOINT):
        def look():
            (exit_,) = self.network.ask("bridge_exit", tx, node=node)["exits"]
            assert exit_["stage"] in ("final", "waiting for checkpoint", "checkpointed"), f"an exit is {exit_}"
            return exit_["stage"] == "checkpointed"

        wait(f"a checkpoint on {root.name} for an exit", within, look)
        self.claimable.append(time.monotonic() - left)

    def claim(self, root, token, amount, to, tx, sender, node=0):
        """Claims with the calldata that a node gives; the receiver must have exactly the amount, once, and nobody less or more."""
        net = self.network
        proof = net.ask("bridge_getExitProof", tx, node=node)
        assert proof["rootBridge"].lower() == root.bridge.lower(), f"the proof is for {proof['rootBridge']}"
        before, data = root.balance(token, to), proof["calldata"]
        forged = data[:10] + data[10 : 10 + 4 * 64] + f"{amount + 1:064x}" + data[10 + 5 * 64 :]
        net.refused(root.name, sender, root.bridge, forged, error="WrongExitRoot(bytes32,bytes32)")
        net.send(root.name, sender, root.bridge, data)
        after = root.balance(token, to)
        assert after == before + amount, f"{to} has {after} on {root.name} after a claim of {amount}, before {before}"
        net.refused(root.name, sender, root.bridge, data, error="AlreadyPaid(uint32)")

    def moves_out(self, root, token, amount, to, sender, claimer):
        tx, left = self.leave(root, token, amount, to, sender)
        self.until_claimable(root, tx, left)
        self.claim(root, token, amount, to, tx, claimer)
        stage = lambda: self.network.ask("bridge_exit", tx)["exits"][0]["stage"] == "paid"  # noqa: E731
        wait(f"an exit to {root.name} told as paid", 20, stage)

    def relay_is_well(self, node):
        roots = self.network.ask("bridge_status", node=node)["roots"]
        return all(root["relay"] and root["relay"]["lastError"] is None and (root["relay"]["records"] or 0) >= root["executed"] for root in roots)

    def books_agree(self):
        """What a root bridge holds is what came in less what left; here there is as much of it; no BTT was made."""
        net = self.network
        for root in (self.ethereum, self.tron):
            for symbol, token in (("coin", None), *root.tokens.items()):
                key = (root.id, token)
                moved = self.sent_in.get(key, 0) - self.sent_out.get(key, 0)
                if symbol == "BTT":
                    first = 100_000_000 * BTT
                    assert root.locked(token) == first + moved, f"{root.name} holds {root.locked(token)} BTT, expected {first + moved}"
                    continue
                supply = net.view(net.token_here(root, token), "totalSupply()")[0]
                assert root.locked(token) == moved == supply, f"{symbol} of {root.name}: {root.locked(token)} there, {supply} here, {moved} expected"
        status = net.ask("bridge_status")
        btt = int(status["reserve"]) + sum(int(root["bttLocked"]) for root in status["roots"])
        assert btt == 1_100_000_000 * BTT, f"reserve and locked BTT add up to {btt}"
        audit = net.ask("btt_auditSupply", "latest")
        assert audit["holds"] and audit["exact"], f"the supply is wrong: {audit}"

    def agree(self):
        net = self.network
        goal = max(height or 0 for height in net.heights())
        wait("all nodes at one height", 30, lambda: all((height or 0) >= goal for height in net.heights()))
        hashes = {net.ask("eth_getBlockByNumber", hex(goal), False, node=node)["hash"] for node in range(len(net.nodes))}
        assert len(hashes) == 1, f"the nodes differ at height {goal}: {hashes}"
        for node in range(len(net.nodes)):
            wait(f"the relayer of node {node} to be well", 30, lambda node=node: self.relay_is_well(node))
        return f"height {goal}"

    def is_up(self, seconds):
        assert set(self.network.states) == {"running"}, f"nodes are {self.network.states}"
        assert seconds < 90, f"it took {seconds:.1f} s"
        return f"up after {seconds:.1f} s"


def arguments(doc):
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bttc", required=True, type=pathlib.Path)
    parser.add_argument("--anvil", type=pathlib.Path, help="without it BTTC_ANVIL or the PATH says where anvil is")
    parser.add_argument("--keep", type=pathlib.Path, help="leave data and logs here")
    return parser


def run(args, begin):
    """Plays what `begin` makes of a directory, and ends the network whatever becomes of it; the exit code."""
    base = args.keep / "net" if args.keep else pathlib.Path(tempfile.mkdtemp(prefix="bridge-")) / "net"
    play = None
    try:
        play = begin(base)
        play.play()
    finally:
        down = [str(args.bttc), "testnet", "--dir", str(base), "down", "--keep"]
        subprocess.run(down, capture_output=True, timeout=90, check=False)
    if play.failed:
        print(f"     data and logs: {base}", flush=True)
    elif not args.keep:
        shutil.rmtree(base.parent, ignore_errors=True)
    print(f"{play.passed} passed, {play.failed} failed")
    return 1 if play.failed else 0
