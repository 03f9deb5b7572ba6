#!/usr/bin/env python3
"""Writes `genesis/<network>/genesis.json`, the first state and the rules of each network.

Input are the settings below and `contracts/predeploys/predeploys.json`. Output is a geth-style genesis file; rules of
our own are in `config.bttc`, and what consensus puts into the first header is filled in by the node.

    python3 genesis/build.py           writes the files
    python3 genesis/build.py --check   fails if a committed file is not what would be written

Source of the numbers: docs/protocol.md, sections 1, 3, 4 and 6.
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PREDEPLOYS = HERE.parent / "contracts" / "predeploys" / "predeploys.json"

BTT = 10**18  # wei
GWEI = 10**9  # wei
SUPPLY = 990_000_000_000 * BTT
TREASURY = "0x0000000000000000000000000000000000001004"

MIN_BASE_FEE = 9_000 * GWEI
GAS_LIMIT = 60_000_000

# Accounts 0 to 9 of `test test test test test test test test test test test junk`, path m/44'/60'/0'/0/i. Everybody
# has their keys.
DEV_ACCOUNTS = [
    "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
    "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
    "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
    "0x90F79bf6EB2c4f870365E785982E1f101E93b906",
    "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65",
    "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc",
    "0x976EA74026E726554dB657fA54763abd0C3a0aa9",
    "0x14dC79964da2C08b23698B3D3cc7Ca32193d9955",
    "0x23618e81E3f5cdF7f54C3d65f7FBc0aBf5B21E8f",
    "0xa0Ee7A142d267C1f36714E4a8F75612F20a79720",
]
DEV_BALANCE = 1_000_000_000 * BTT
# Account 100 of the same mnemonic; README.md has its key.
DEV_VALIDATOR = "0x8C3229EC621644789d7F61FAa82c6d0E5F97d43D"

# 2026-11-20 00:00:00 UTC
DRAFT_TIMESTAMP = 1_795_132_800

NETWORKS = {
    "dev": {
        "chain_id": 990992,
        "dev": True,
        # The node sets the time of every later block from its clock.
        "timestamp": 0,
        "balances": {address: DEV_BALANCE for address in DEV_ACCOUNTS},
        "validators": [{"address": DEV_VALIDATOR, "power": 1}],
    },
    # Drafts: balances and validators come with the staking contracts, see README.md.
    "testnet": {"chain_id": 990991, "timestamp": DRAFT_TIMESTAMP, "balances": {}, "validators": []},
    "mainnet": {"chain_id": 990990, "timestamp": DRAFT_TIMESTAMP, "balances": {}, "validators": []},
}

FORK_BLOCKS = [
    "homesteadBlock",
    "eip150Block",
    "eip155Block",
    "eip158Block",
    "byzantiumBlock",
    "constantinopleBlock",
    "petersburgBlock",
    "istanbulBlock",
    "muirGlacierBlock",
    "berlinBlock",
    "londonBlock",
    "arrowGlacierBlock",
    "grayGlacierBlock",
    "mergeNetsplitBlock",
]
FORK_TIMES = ["shanghaiTime", "cancunTime", "pragueTime", "osakaTime"]


def config(network):
    """Rules: every Ethereum fork up to Osaka from the first block on, and our own."""
    bttc = {"dev": True} if network.get("dev") else {}
    bttc |= {
        "minBaseFee": hex(MIN_BASE_FEE),
        "elasticity": 2,
        "baseFeeDenominator": 50,
        "burnPercent": 50,
        "stakersPercent": 40,
        "treasuryPercent": 10,
        "blockTimeMs": 500,
        "idleTimeMs": 2000,
        "validators": network["validators"],
    }
    if bttc["burnPercent"] + bttc["stakersPercent"] + bttc["treasuryPercent"] != 100:
        raise SystemExit("the shares of the base fee must add up to 100 percent")
    return {
        "chainId": network["chain_id"],
        **{name: 0 for name in FORK_BLOCKS},
        "terminalTotalDifficulty": 0,
        "terminalTotalDifficultyPassed": True,
        **{name: 0 for name in FORK_TIMES},
        "bttc": bttc,
    }


def alloc(network, predeploys):
    """First state: the whole supply and the predeployed contracts."""
    accounts = {}
    for contract in predeploys:
        account = {"balance": "0x0", "nonce": hex(contract["nonce"]), "code": contract["code"]}
        if contract["storage"]:
            account["storage"] = contract["storage"]
        accounts[contract["address"]] = account

    balances = dict(network["balances"])
    if TREASURY in balances:
        raise SystemExit("the treasury gets what is left of the supply, it must not be listed")
    balances[TREASURY] = SUPPLY - sum(balances.values())
    if balances[TREASURY] < 0:
        raise SystemExit("the balances are more than the supply")
    for address, balance in balances.items():
        accounts.setdefault(address, {})["balance"] = hex(balance)

    spellings = {address.lower() for address in accounts}
    if len(spellings) != len(accounts):
        raise SystemExit("an address is listed twice in different spellings")
    if sum(int(account["balance"], 16) for account in accounts.values()) != SUPPLY:
        raise SystemExit("the balances do not add up to the supply")
    return dict(sorted(accounts.items(), key=lambda item: int(item[0], 16)))


def genesis(network, predeploys):
    """The whole file."""
    zero = "0x" + "00" * 32
    return {
        "config": config(network),
        "nonce": "0x0",
        "timestamp": hex(network["timestamp"]),
        "extraData": "0x",
        "gasLimit": hex(GAS_LIMIT),
        "difficulty": "0x0",
        "mixHash": zero,
        "coinbase": "0x" + "00" * 20,
        "number": "0x0",
        "parentHash": zero,
        "baseFeePerGas": hex(MIN_BASE_FEE),
        "alloc": alloc(network, predeploys),
    }


def main(arguments):
    if arguments not in ([], ["--check"]):
        raise SystemExit("usage: python3 genesis/build.py [--check]")
    predeploys = json.loads(PREDEPLOYS.read_text(encoding="utf-8"))
    stale = []
    for name, network in NETWORKS.items():
        text = json.dumps(genesis(network, predeploys), indent=2) + "\n"
        path = HERE / name / "genesis.json"
        if not arguments:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(f"genesis/{name}/genesis.json")
    if stale:
        raise SystemExit(f"not what genesis/build.py writes: {', '.join(stale)}; run it and commit the result")


if __name__ == "__main__":
    main(sys.argv[1:])
