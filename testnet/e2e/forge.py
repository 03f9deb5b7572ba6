"""Foundry: `forge create`, `forge script --broadcast` and `forge test --fork-url` with the npm compiler."""

import json
import os
import subprocess

from harness import HTTP, MNEMONIC, TARGET, Suite, equal, rpc
from devnode import HERE, tool

suite = Suite("forge")
at = {}
KEY = ["--mnemonics", MNEMONIC, "--mnemonic-indexes", "7"]


def forge(*arguments, check=True, **environment):
    """Runs forge in this folder; its output."""
    done = subprocess.run(
        [tool("forge"), *map(str, arguments)],
        cwd=HERE, capture_output=True, text=True, timeout=150, check=False, env=os.environ | environment,
    )  # fmt: skip
    assert done.returncode == 0 or not check, f"forge {arguments[0]}: {(done.stderr + done.stdout).strip()[-1000:]}"
    return done.stdout


@suite.check("forge build with the npm compiler")
def _():
    forge("build")


@suite.check("forge create --broadcast")
def _():
    key = ["--mnemonic", MNEMONIC, "--mnemonic-index", "8"]
    made = forge("create", "contracts/Tokens.sol:Coin", "--rpc-url", HTTP, *key, "--broadcast", "--json", "--constructor-args", 77)
    address = json.loads(made[made.index("{") :])["deployedTo"]
    answer = rpc("eth_call", {"to": address, "data": "0x18160ddd"}, "latest")
    equal(int(answer, 16), 77, "totalSupply")


@suite.check("forge script --broadcast deploys, mints and uses CREATE2")
def _():
    script = ["foundry/script/Deploy.s.sol:Deploy", "--rpc-url", HTTP, "--broadcast", "--slow", *KEY]
    forge("script", *script, "--sender", rpc("eth_accounts")[7])
    record = json.loads((HERE / f"broadcast/Deploy.s.sol/{TARGET['chainId']}/run-latest.json").read_text())
    equal(len(record["receipts"]), 8, "receipts")
    for receipt in record["receipts"]:
        onchain = rpc("eth_getTransactionReceipt", receipt["transactionHash"])
        equal(onchain["status"], "0x1")
    for name, value in record["returns"].items():
        at[name] = value["value"]
        assert len(rpc("eth_getCode", value["value"], "latest")) > 100, name
    salted = [t for t in record["transactions"] if t["transactionType"] == "CREATE2"]
    equal(len(salted), 1, "CREATE2")


@suite.check("forge test --fork-url: reads, writes, rolls, fuzz")
def _():
    shown = forge(
        "test", "--match-contract", "ForkTest", "--fork-url", HTTP, "--no-storage-caching", "--json", "--fuzz-runs", 32, check=False,
        COIN=at["coin"], PICTURES=at["pictures"], ITEMS=at["items"],
    )  # fmt: skip
    results = json.loads(shown[shown.index("{") :])
    tests = {name: result for contract in results.values() for name, result in contract["test_results"].items()}
    for name, result in tests.items():
        equal((result["status"], result["reason"]), ("Success", None), name)
    equal(len(tests), 5, f"tests ({', '.join(tests)})")


suite.end()
