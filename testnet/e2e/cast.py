"""cast, as people use it in a terminal: send, call, receipts, blocks, logs, fees, 7702, rpc, access lists, tracing."""

import json
import os
import subprocess

from harness import BTT, FLOOR, GWEI, HTTP, MNEMONIC, TARGET, Suite, artifact, equal, rpc
from devnode import tool

suite = Suite("cast")
at = {}
KEY = ["--mnemonic", MNEMONIC, "--mnemonic-index", "5"]


def cast(*arguments, fails=False, url=True):
    """Runs cast; its output, or its error when it must fail."""
    command = [tool("cast"), arguments[0], *(["--rpc-url", HTTP] if url else []), *map(str, arguments[1:])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=os.environ | {"FOUNDRY_OFFLINE": "true"})
    if fails:
        assert done.returncode != 0, f"cast {arguments[0]} was accepted: {done.stdout}"
        return done.stderr + done.stdout
    assert done.returncode == 0, f"cast {' '.join(map(str, arguments))[:200]}: {done.stderr.strip()[:600]}"
    return done.stdout.strip()


def send(*arguments, key=KEY):
    """cast send; the receipt as JSON."""
    return json.loads(cast("send", *key, "--json", *arguments))


ME = cast("wallet", "address", *KEY, url=False)
OTHER = cast("wallet", "address", "--mnemonic", MNEMONIC, "--mnemonic-index", 6, url=False)


@suite.check("chain-id, client, block-number, balance, gas-price, basefee")
def _():
    equal(int(cast("chain-id")), TARGET["chainId"])
    assert cast("client").lower().startswith(TARGET["clientName"])
    equal(int(cast("balance", ME)), int(TARGET["balance"]))
    equal(int(cast("block-number")), int(rpc("eth_blockNumber"), 16))
    assert int(cast("base-fee")) >= FLOOR and int(cast("gas-price")) >= FLOOR


@suite.check("send value with types 0, 1 and 2")
def _():
    for kind, flags in ((0, ["--legacy"]), (1, ["--legacy", "--access-list", "[]"]), (2, ["--gas-price", 40_000 * GWEI, "--priority-gas-price", 9])):
        before = int(cast("balance", OTHER)), int(cast("balance", ME))
        receipt = send(OTHER, "--value", "1.5ether", *flags)
        if kind != 1:
            equal(int(receipt["type"], 16), kind, "type")
        equal((int(receipt["status"], 16), int(receipt["gasUsed"], 16)), (1, 21_000))
        equal(int(cast("balance", OTHER)) - before[0], 15 * BTT // 10)
        equal(before[1] - int(cast("balance", ME)), 15 * BTT // 10 + 21_000 * int(receipt["effectiveGasPrice"], 16))


@suite.check("deploy with send --create, call, send, read logs and storage")
def _():
    compiled = artifact("Coin")
    arguments = cast("abi-encode", "f(uint256)", 1000, url=False)
    receipt = send("--create", compiled["bytecode"] + arguments[2:])
    at["coin"] = coin = receipt["contractAddress"]
    send(coin, "transfer(address,uint256)", OTHER, 40)
    equal(cast("call", coin, "balanceOf(address)(uint256)", OTHER), "40")
    logs = json.loads(cast("logs", "--address", coin, "--from-block", 0, "Transfer(address,address,uint256)", "--json"))
    equal([int(log["data"], 16) for log in logs], [1000, 40])
    equal(int(cast("storage", coin, 2), 16), 1000)
    assert cast("code", coin).startswith("0x6080")


@suite.check("OpenZeppelin ERC-721 and ERC-1155 by cast")
def _():
    pictures = send("--create", artifact("Pictures")["bytecode"])["contractAddress"]
    send(pictures, "mint(address,uint256)", ME, 3)
    send(pictures, "transferFrom(address,address,uint256)", ME, OTHER, 3)
    equal(cast("call", pictures, "ownerOf(uint256)(address)", 3), OTHER)
    items = send("--create", artifact("Items")["bytecode"])["contractAddress"]
    send(items, "mint(address,uint256,uint256)", ME, 1, 7)
    equal(cast("call", items, "balanceOf(address,uint256)(uint256)", ME, 1), "7")


@suite.check("a revert names its reason; a custom error shows its data")
def _():
    at["probe"] = probe = send("--create", artifact("Probe")["bytecode"])["contractAddress"]
    assert "the reason in words" in cast("call", probe, "failString()", fails=True)
    selector = cast("sig", "Refused(uint256,address)", url=False)
    assert selector in cast("call", probe, "failCustom(uint256)", 4, fails=True)
    # anvil names it "panic: division ...", geth only "division or modulo by zero"
    assert "division or modulo by zero" in cast("call", probe, "failDivide(uint256)", 0, fails=True).lower()
    assert "n must be above ten" in cast("send", probe, "failRequire(uint256)", 1, *KEY, fails=True)


@suite.check("estimate, access-list, nonce, tx, receipt, block")
def _():
    equal(int(cast("estimate", OTHER, "--value", 1, "--from", ME)), 21_000)
    assert at["probe"].lower() in cast("access-list", at["probe"], "store(uint256)", 5, "--from", ME).lower()
    receipt = send(at["probe"], "note(uint256,string)", 6, "cast")
    hash_ = receipt["transactionHash"]
    equal(json.loads(cast("tx", hash_, "--json"))["hash"], hash_)
    equal(json.loads(cast("receipt", hash_, "--json"))["blockHash"], receipt["blockHash"])
    block = json.loads(cast("block", receipt["blockHash"], "--json"))
    equal(block["transactions"], [hash_])
    equal(int(cast("nonce", ME)), int(rpc("eth_getTransactionCount", ME, "latest"), 16))


@suite.check("EIP-7702: send --auth delegates and clears")
def _():
    wallet = send("--create", artifact("Wallet")["bytecode"])["contractAddress"]
    receipt = send(OTHER, "--auth", wallet)
    equal(int(receipt["type"], 16), 4)
    equal(cast("code", ME), "0xef0100" + wallet[2:].lower())
    equal(cast("call", ME, "whoami()(address)"), ME)
    send(OTHER, "--auth", "0x" + "00" * 20)
    equal(cast("code", ME), "0x")


@suite.check("a signed transaction is published: mktx and publish")
def _():
    raw = cast("mktx", OTHER, "--value", 5, *KEY)
    receipt = json.loads(cast("publish", raw, "--json"))
    equal(int(receipt["status"], 16), 1)


@suite.check("call with overrides of state and block")
def _():
    value = cast("call", at["probe"], "stored()(uint256)", "--override-state-diff", f"{at['probe']}:0x{'00' * 32}:0x{'00' * 31}4d")
    equal(value, "77")


@suite.check("cast run replays a mined transaction")
def _():
    receipt = send(at["probe"], "put(uint256,uint256)", 1, 2)
    shown = cast("run", receipt["transactionHash"], "--quick")
    assert "successfully executed" in shown.lower(), shown


@suite.check("proof and rpc")
def _():
    proof = json.loads(cast("proof", ME, "0x" + "00" * 32))
    equal(proof["address"].lower(), ME.lower())
    equal(json.loads(cast("rpc", "eth_chainId")), hex(TARGET["chainId"]))
    assert "-32601" in cast("rpc", "eth_fly", fails=True)


@suite.check("cast shows the refusal of a fee below the floor", needs="enforcesFloor")
def _():
    said = cast("send", OTHER, "--value", 1, "--legacy", "--gas-price", FLOOR - 1, *KEY, fails=True)
    assert any(word in said.lower() for word in ("floor", "base fee", "underpriced", "minimum", "9,000", "9000")), said


@suite.check("find-block and age")
def _():
    last = rpc("eth_getBlockByNumber", "latest", False)
    equal(int(cast("find-block", int(last["timestamp"], 16) + 1)), int(last["number"], 16))
    assert cast("age", "latest")


suite.end()
