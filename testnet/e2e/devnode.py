"""A development node as a child process: where its flags, ports and end are known (python3 stdlib)."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
CHAIN_ID = 990992
LOG_BLOCKS = 200  # cap of bttc on the range of eth_getLogs, low so that a test reaches it; also in targets.json


class Trouble(Exception):
    """The run itself cannot go on: what, why and what to do."""


def free_port():
    """A TCP port of the loopback that nobody listens on now."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def request(url, method, params=(), timeout=10):
    """One JSON-RPC call; returns the whole answer (result or error)."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}).encode()
    ask = urllib.request.Request(url, body, {"content-type": "application/json"})
    with urllib.request.urlopen(ask, timeout=timeout) as reply:
        return json.load(reply)


def tool(name):
    """The program itself of a Foundry npm package: the package's wrapper loses exit codes and output."""
    found = sorted(HERE.glob(f"node_modules/@foundry-rs/{name}-*/bin/{name}*"))
    if not found:
        raise Trouble(f"{name} is not installed; run `npm ci` in {HERE.name}, on a platform that Foundry supports")
    return str(found[0])


class DevNode:
    """`bttc node --dev`, or anvil in its place."""

    def __init__(self, datadir, bttc=None, port=None, extra=(), data=None, prefix=()):
        self.datadir = pathlib.Path(datadir)  # log and socket
        self.data = pathlib.Path(data) if data else self.datadir / "data"  # the node's own
        self.prefix = list(prefix)  # a program that starts the node, such as setpriv
        self.bttc = bttc
        self.port = port or free_port()
        self.extra = list(extra)
        self.http = f"http://127.0.0.1:{self.port}"
        self.ws = f"ws://127.0.0.1:{self.port}"
        self.ipc = str(self.datadir / "node.ipc")
        self.log = self.datadir / "node.log"
        self.child = None
        self.answered_after = None  # seconds from start to first answer

    def command(self):
        """The one place that knows the flags of the nodes."""
        if self.bttc:
            return [
                *self.prefix, str(self.bttc), "node", "--dev",
                "--datadir", str(self.data),
                "--rpc.host", "127.0.0.1", "--rpc.port", str(self.port), "--rpc.ipc_path", self.ipc,
                "--rpc.max_log_blocks", str(LOG_BLOCKS),
                *self.extra,
            ]  # fmt: skip
        return [
            tool("anvil"),
            "--chain-id", str(CHAIN_ID), "--port", str(self.port), "--ipc", self.ipc,
            "--hardfork", "osaka", "--gas-limit", "60000000", "--balance", "1000000000",
            "--block-base-fee-per-gas", "9000000000000", "--steps-tracing",
            *self.extra,
        ]  # fmt: skip

    def launch(self):
        """Starts the process and returns at once."""
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(self.command(), stdout=log, stderr=log, start_new_session=True)

    def start(self, deadline=20.0):
        """Starts the node and returns when it answers `eth_chainId`."""
        begin = time.monotonic()
        self.launch()
        while True:
            if self.child.poll() is not None:
                raise Trouble(f"the node ended with code {self.child.returncode} at its start:\n{self.tail()}")
            try:
                answer = request(self.http, "eth_chainId", timeout=2)
                if int(answer["result"], 16) != CHAIN_ID:
                    raise Trouble(f"the node's chain id is {answer['result']}, not {CHAIN_ID}")
                self.answered_after = time.monotonic() - begin
                return self
            except (OSError, KeyError, ValueError):
                if time.monotonic() > begin + deadline:
                    self.kill()
                    raise Trouble(f"no answer to eth_chainId within {deadline} s:\n{self.tail()}") from None
                time.sleep(0.01)

    def ends(self, within=20.0):
        """Waits for the end of a process that must end by itself; its exit code, None if it had to be killed."""
        try:
            return self.child.wait(within)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def tail(self, lines=15):
        """The last lines of the node's log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def running(self):
        """True while the process lives."""
        return self.child is not None and self.child.poll() is None

    def _signal(self, number):
        # The child leads a session of its own, so its group is it and what it started.
        try:
            os.killpg(self.child.pid, number)
        except ProcessLookupError:
            pass

    def kill(self):
        """SIGKILL, as a power cut would."""
        if self.child is not None:
            self._signal(signal.SIGKILL)
            self.child.wait()

    def stop(self, within=5.0):
        """SIGTERM; returns (exit code, seconds it took), the code None if it had to be killed."""
        begin = time.monotonic()
        self._signal(signal.SIGTERM)
        try:
            code = self.child.wait(within)
        except subprocess.TimeoutExpired:
            self.kill()
            code = None
        return code, time.monotonic() - begin

    def environment(self):
        """What a suite reads to find the node."""
        return {
            "BTTC_HTTP": self.http,
            "BTTC_WS": self.ws,
            "BTTC_IPC": self.ipc,
            "BTTC_TARGET": "bttc" if self.bttc else "anvil",
        }
