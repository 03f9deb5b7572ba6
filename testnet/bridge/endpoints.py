"""Endpoints of a root chain that fail on demand: proxies between relayers and the root chain's one node (python3 stdlib).

Each relayer asks under a path of its own, `/NUMBER`, so that a fault can be for one of them or for all.
"""

import http.client
import json
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ALL = None  # every relayer
PATIENCE = 15  # seconds that a question waits for the node behind to be known
NOW = ("/wallet/getnowblock", "/walletsolidity/getnowblock")


class Down(Exception):
    """The endpoint breaks the connection."""


def down(_ask, _path, _body):
    raise Down


def _turned(digits):
    """Hex with another last byte."""
    return digits[:-2] + f"{int(digits[-2:], 16) ^ 0x5A:02x}"


def lies(ask, path, body):
    """Other ids of blocks, and other amounts in logs: nothing that it says of the past is true."""
    answer = ask(path, body)
    result = answer.get("result")
    if body.get("method") == "eth_getBlockByNumber" and result:
        result["hash"] = _turned(result["hash"])
    if body.get("method") == "eth_getLogs":
        for log in result or []:
            # The second word: of a deposit it is the amount.
            log["data"] = _turned(log["data"][:130]) + log["data"][130:]
    if "blockID" in answer:
        answer["blockID"] = _turned(answer["blockID"])
    return answer


def lags(blocks):
    """Its heads are so many blocks behind."""

    def fault(ask, path, body):
        answer = ask(path, body)
        if body.get("method") == "eth_getBlockByNumber" and not body["params"][0].startswith("0x"):
            number = max(int(answer["result"]["number"], 16) - blocks, 0)
            return ask(path, {**body, "params": [hex(number), False]})
        if path in NOW:
            number = max(answer["block_header"]["raw_data"].get("number", 0) - blocks, 0)
            return ask("/wallet/getblock", {"id_or_num": str(number), "detail": False})
        return answer

    return fault


def forges(change):
    """Tells another story: `change` gets each log, and changes what it likes."""

    def fault(ask, path, body):
        answer = ask(path, body)
        if body.get("method") == "eth_getLogs":
            for log in answer.get("result") or []:
                change(log)
        return answer

    return fault


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):
        """A relayer that has heard enough from the others hangs up."""


class Endpoint:
    """One more endpoint of a root chain. Questions wait until the node behind it is known."""

    def __init__(self):
        self.upstream, self.faults, self.asked = None, {}, 0
        self.known = threading.Event()
        self.way = threading.local()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                try:
                    text = json.dumps(endpoint.answer(self.path, body)).encode()
                except (Down, OSError, http.client.HTTPException, json.JSONDecodeError):
                    self.close_connection = True
                    return
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.name = f"127.0.0.1:{self.server.server_port}"
        self.url = f"http://{self.name}/{{node}}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def leads_to(self, upstream):
        self.upstream = upstream
        self.known.set()

    def fails(self, fault, relayer=ALL):
        """From now on towards one relayer, or all."""
        self.faults[relayer] = fault

    def heal(self):
        self.faults = {}

    def answer(self, path, body):
        _, relayer, *rest = path.split("/")
        if not self.known.wait(PATIENCE):
            raise Down
        fault = self.faults.get(int(relayer)) or self.faults.get(ALL)
        path = "/" + "/".join(rest)
        self.asked += 1
        return fault(self._forward, path, body) if fault else self._forward(path, body)

    def _forward(self, path, body):
        """Asks the node behind; each thread, which is each connection of a relayer, has one to it."""
        try:
            return self._ask(path, body)
        except (OSError, http.client.HTTPException):
            # It may have been closed in the meantime.
            self.way.connection = None
            return self._ask(path, body)

    def _ask(self, path, body):
        way = getattr(self.way, "connection", None)
        if way is None:
            at = urllib.parse.urlsplit(self.upstream)
            way = self.way.connection = http.client.HTTPConnection(at.hostname, at.port, timeout=20)
        way.request("POST", path, json.dumps(body), {"content-type": "application/json"})
        return json.loads(way.getresponse().read())
