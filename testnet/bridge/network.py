"""A local network with both root chains, driven by `bttc testnet` and asked over JSON-RPC (python3 stdlib)."""

import json
import pathlib
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from devnode import Trouble  # noqa: E402

POLL = 0.2  # seconds between two looks while something is waited for
INBOX = "0x0000000000000000000000000000000000001001"
STAKING = "0x0000000000000000000000000000000000001002"
OUTBOX = "0x0000000000000000000000000000000000001008"
CUT = (OSError, urllib.error.URLError, json.JSONDecodeError, KeyError, TypeError)


def post(url, body, timeout=20):
    ask = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(ask, timeout=timeout) as reply:
        return json.load(reply)


def word(value):
    """One argument of a call: a number, or an address."""
    return f"{int(value, 16) if isinstance(value, str) else int(value):064x}"


def number(quantity):
    return int(quantity, 16)


def wait(what, within, found):
    """Asks again and again until there is something; what it is."""
    end = time.monotonic() + within
    while True:
        value = found()
        if value:
            return value
        assert time.monotonic() < end, f"{what}: not within {within} s"
        time.sleep(POLL)


class Root:
    """A root chain as `bttc testnet status --json` tells of it."""

    def __init__(self, network, told):
        self.network, self.id, self.name = network, told["rootId"], told["root"]
        self.bridge, self.checkpoints, self.url, self.http = told["rootBridge"], told["checkpoints"], told["jsonRpc"], told["http"]
        self.tokens = {token["symbol"]: token["address"] for token in told["tokens"]}
        self.btt = self.tokens.get("BTT")
        # For the commands of `bttc bridge`.
        more = ["--root-solid", told["solid"], "--root-json-rpc", self.url] if told["solid"] else []
        self.reach = ["--root-rpc", self.http, *more]
        self.written = {token["symbol"]: token["written"] for token in told["tokens"]}

    def ask(self, method, *params, timeout=20):
        answer = post(self.url, {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}, timeout)
        assert "result" in answer, f"{self.name}: {method} was answered with {answer}"
        return answer["result"]

    def view(self, to, signature, *arguments):
        """What a view answers, as a list of words."""
        data = self.network.encode(signature, *arguments)
        answer = self.ask("eth_call", {"to": to, "data": data}, "latest")[2:]
        return [number(answer[at : at + 64]) for at in range(0, len(answer), 64)]

    def tip(self):
        """Of the checkpoints: hash of the trusted set, height."""
        trusted, height, _ = self.view(self.checkpoints, "trusted()")
        return trusted, height

    def balance(self, token, who):
        """Of a token, or of the coin where there is none."""
        if token is None:
            return number(self.ask("eth_getBalance", who, "latest"))
        return self.view(token, "balanceOf(address)", who)[0]

    def locked(self, token):
        return self.view(self.bridge, "assetOf(address)", token or 0)[0]

    def control(self, **command):
        """A command to the TRON simulator; how it stands after it."""
        return post(f"{self.http}/simulator/command", command)

    def status(self):
        return post(f"{self.http}/simulator/status", {})


class Network:
    """Four validators that relay, Ethereum and TRON."""

    def __init__(self, bttc, anvil, directory, more=()):
        self.bttc, self.dir = str(bttc), str(directory)
        self.selectors = {}
        begin = time.monotonic()
        up = ["up", "--bridge", "--epoch", "20s", "--block-time", "200ms", "--idle-time", "500ms", "--json", *more]
        told = json.loads(self.command(*up, *(["--anvil", anvil] if anvil else []), seconds=150))
        self.seconds_up = time.monotonic() - begin
        self.nodes = [node["http"] for node in told["nodes"]]
        self.states = [node["state"] for node in told["nodes"]]
        self.accounts = [account["address"] for account in told["accounts"]]
        self.data = [node["datadir"] for node in told["nodes"]]
        self.metrics_at = [node["metrics"] for node in told["nodes"]]
        self.pids = [node["pid"] for node in told["nodes"]]
        self.logs = [node["log"] for node in told["nodes"]]
        self.keys = {number: account["privateKey"] for number, account in enumerate(told["accounts"])}
        self.chain_id = told["chainId"]
        self.operators = [node["operator"]["address"] for node in told["nodes"]]
        self.ethereum, self.tron = (Root(self, root) for root in told["bridge"]["roots"])
        self.lock = threading.Lock()

    def command(self, *arguments, seconds=90):
        """One `bttc testnet` command; its output."""
        line = [self.bttc, "testnet", "--dir", self.dir, *map(str, arguments)]
        done = subprocess.run(line, capture_output=True, text=True, timeout=seconds, check=False)
        if done.returncode:
            raise Trouble(f"`bttc testnet {' '.join(map(str, arguments))[:300]}` failed: {done.stderr.strip()[-800:]}")
        return done.stdout

    def ask(self, method, *params, node=0, timeout=20):
        answer = post(self.nodes[node], {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}, timeout)
        assert "result" in answer, f"{method}{params} was answered with {answer}"
        return answer["result"]

    def encode(self, signature, *arguments):
        """Calldata of a call whose arguments are all one word."""
        if signature not in self.selectors:
            self.selectors[signature] = self.ask("web3_sha3", "0x" + signature.encode().hex())[:10]
        return self.selectors[signature] + "".join(map(word, arguments))

    def view(self, to, signature, *arguments, node=0):
        answer = self.ask("eth_call", {"to": to, "data": self.encode(signature, *arguments)}, "latest", node=node)[2:]
        return [number(answer[at : at + 64]) for at in range(0, len(answer), 64)]

    def send(self, on, sender, to, data="0x", value=0, final=False, node=0):
        """A transaction of a development account; what `bttc testnet call` tells of it."""
        arguments = ["call", "--on", on, "--from", sender, "--data", data, "--value", value, "--node", node]
        arguments += ["--to", to] if to else []
        arguments += ["--final"] if final else []
        return json.loads(self.command(*arguments))

    def refused(self, *arguments, error):
        """A transaction that the contract must refuse, with this error."""
        try:
            self.send(*arguments)
        except Trouble as trouble:
            assert f"error {self.encode(error)}" in str(trouble), f"refused for another reason than {error}: {trouble}"
            return
        raise AssertionError(f"{arguments[:3]} was not refused")

    def metric(self, name, root, node=0):
        """What a node tells of a root chain; none if it does not yet."""
        with urllib.request.urlopen(self.metrics_at[node], timeout=20) as reply:
            lines = reply.read().decode().splitlines()
        found = [line for line in lines if line.startswith(f"{name}{{") and f'root="{root.id}"' in line]
        return float(found[0].rsplit(" ", 1)[1]) if found else None

    def balance(self, who):
        return number(self.ask("eth_getBalance", who, "latest"))

    def token_here(self, root, token):
        """Where a token of a root chain is, or will be."""
        return f"0x{self.view(INBOX, 'tokenOf(uint256,address)', root.id, token or 0)[0]:040x}"

    def holds(self, root, token, who):
        """What somebody has here of a token of a root chain."""
        if token is not None and token == root.btt:
            return self.balance(who)
        here = self.token_here(root, token)
        if self.ask("eth_getCode", here, "latest") == "0x":
            return 0
        return self.view(here, "balanceOf(address)", who)[0]

    def intents(self, node, root):
        """What a relayer has on its disk of what it sends to a root chain; none before it sent anything."""
        path = pathlib.Path(self.data[node], "bridge", str(root.id), "intents")
        return json.loads(path.read_text().split("\n", 1)[1]) if path.exists() else {"open": {}, "closed": []}

    def heights(self):
        found = []
        for node in range(len(self.nodes)):
            try:
                found.append(number(self.ask("eth_blockNumber", node=node, timeout=5)))
            except CUT:
                found.append(None)
        return found
