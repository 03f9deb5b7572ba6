"""People of a scenario: accounts that act through the commands of `bttc`, and what must then have happened to the wei."""

import json
import time

from devnode import request
from eth_abi import decode
from eth_account import Account
from eth_utils import keccak, to_checksum_address
from home import Home

BTT = 10**18
GWEI = 10**9
POLL = 0.1  # seconds between two looks while something is waited for
STAKING = "0x0000000000000000000000000000000000001002"
VALIDATOR_SET = "0x0000000000000000000000000000000000001000"


def number(quantity):
    return int(quantity, 16)


class Person:
    """An account with a key file that a command made."""

    def __init__(self, name, address, keystore, password):
        self.name, self.address, self.keystore, self.password = name, to_checksum_address(address), keystore, password


class People(Home):
    """Everybody who acts on one network."""

    def __init__(self, network):
        super().__init__(network.bttc, network.dir)
        self.network = network
        self.all = {}

    def new(self, name, btt):
        """A fresh account with a key that `bttc account new` made, paid by the development account that no load uses."""
        person = self._keep(name, "new")
        payer = Account.from_key(self.network.accounts[-1]["privateKey"])
        ask = lambda method, *params: request(self.network.urls[0], method, params, 10)["result"]  # noqa: E731
        signed = payer.sign_transaction({
            "chainId": self.network.chain_id, "nonce": number(ask("eth_getTransactionCount", payer.address, "latest")),
            "to": person.address, "value": btt * BTT, "gas": 21_000,
            "maxFeePerGas": 50_000 * GWEI, "maxPriorityFeePerGas": 5 * GWEI,
        })  # fmt: skip
        answer = request(self.network.urls[0], "eth_sendRawTransaction", [signed.raw_transaction.to_0x_hex()], 10)
        assert "result" in answer, answer
        self.wait(f"the payment to {name}", 30, lambda: ask("eth_getTransactionReceipt", answer["result"]))
        assert self.balance(person.address) == btt * BTT, "the account did not get what it was paid"
        return person

    def operator(self, node):
        """The operator of a validator of the genesis, its key imported with `bttc account import`."""
        name = f"operator{node}"
        if name not in self.all:
            key = self.home / f"{name}.key"
            key.touch(0o600)
            key.write_text(self.network.nodes[node]["operator"]["privateKey"] + "\n")
            self._keep(name, "import", "--key-file", key)
        return self.all[name]

    def _keep(self, name, *how):
        password, keystore = self.home / f"{name}.password", self.home / name
        password.touch(0o600)
        password.write_text(f"the password of {name}\n")
        verb, *more = how
        address = self.must("account", "--keystore", keystore, verb, *more, "--password-file", password).split()[0]
        self.all[name] = Person(name, address, keystore, password)
        return self.all[name]

    def look(self, *arguments, node=0, tool="stake"):
        """A command of `bttc stake` or `bttc gov` that only looks; its JSON."""
        return json.loads(self.must(tool, *arguments, "--rpc", self.network.urls[node], "--json"))

    def send(self, person, *arguments, paid=0, node=0, tool="stake"):
        """A command that sends; what it says. The balance must have changed by value, fee and `paid` alone, to the wei.

        `paid` is what the account gets by it, or a function of the answer.
        """
        said = json.loads(self.must(tool, *arguments, *self._signing(person), "--rpc", self.network.urls[node], "--json"))
        assert said["state"] == "included", said
        receipt = self.network.ask(node, "eth_getTransactionReceipt", said["hash"])
        block, fee = number(receipt["blockNumber"]), number(receipt["gasUsed"]) * number(receipt["effectiveGasPrice"])
        assert (said["block"], int(said["fee"])) == (block, fee), f"the command tells another block or fee than the receipt: {said}"
        before, after = self.balance(person.address, block - 1, node), self.balance(person.address, block, node)
        paid = paid(said) if callable(paid) else paid
        expected = before - int(said["plan"]["value"]) - fee + paid
        assert after == expected, f"{person.name} has {after} after {arguments}, expected {expected}: {after - expected:+} wei"
        return said

    def refused(self, person, *arguments, says, tool="stake"):
        """A command that must fail before anything is sent; its error must say all of `says`."""
        before = self.network.ask(0, "eth_getTransactionCount", person.address, "pending")
        code, out, errors = self.run(tool, *arguments, *self._signing(person), "--rpc", self.network.urls[0])
        assert code, f"{arguments} was not refused: {out}"
        missing = [text for text in says if text not in errors]
        assert not missing, f"the error of {arguments} does not say {missing[0]!r}: {errors}"
        assert before == self.network.ask(0, "eth_getTransactionCount", person.address, "pending"), "something was sent all the same"

    def _signing(self, person):
        return ["--keystore", person.keystore, "--password-file", person.password, "-y"]

    def balance(self, address, block=None, node=0):
        return number(self.network.ask(node, "eth_getBalance", address, "latest" if block is None else hex(block)))

    def wait(self, what, within, found):
        """Asks again and again until there is something."""
        end = time.monotonic() + within
        while not (value := found()):
            assert time.monotonic() < end, f"{what}: not within {within} s"
            time.sleep(POLL)
        return value


class Chain:
    """What one node says of staking, at blocks that are named."""

    VIEW = ("address", "address", *["uint256"] * 6, "uint16", "uint16", *["uint64"] * 4, "bool", "bool", "bool", "uint256", "uint256", "string", "string")
    FIELDS = (
        "operator", "signer", "tokens", "shares", "warming", "selfStake", "commissionOwed", "perShare", "commission", "nextCommission",
        "nextCommissionTime", "commissionChangedAt", "jailedUntil", "rotatedAt", "listed", "left", "tombstoned", "jailings", "slashes", "name", "site",
    )  # fmt: skip

    def __init__(self, network, node=0):
        self.network, self.node = network, node

    def ask(self, method, *params):
        answer = request(self.network.urls[self.node], method, params, 20)
        assert "result" in answer, f"{method}{params} was answered with {answer}"
        return answer["result"]

    def height(self):
        return number(self.ask("eth_blockNumber"))

    def time(self, block):
        return number(self.ask("eth_getBlockByNumber", hex(block), False)["timestamp"])

    def validators(self, block=None):
        """Rows of `staking_validators` by operator."""
        answer = self.ask("staking_validators", *([] if block is None else [hex(block)]))
        return {row["operator"]: row for row in answer["validators"]}

    def validator(self, operator, block=None):
        return self.ask("staking_validator", operator, *([] if block is None else [hex(block)]))

    def view(self, operator, block):
        """All that the contract keeps of a validator."""
        data = keccak(text="validator(address)")[:4].hex() + operator[2:].lower().rjust(64, "0")
        answer = self.ask("eth_call", {"to": STAKING, "data": "0x" + data}, hex(block))
        (values,) = decode([f"({','.join(self.VIEW)})"], bytes.fromhex(answer[2:]))
        return dict(zip(self.FIELDS, values, strict=True))

    def position(self, person, operator, block=None):
        """What somebody has with a validator; None if nothing."""
        rows = self.ask("staking_delegations", person.address, *([] if block is None else [hex(block)]))
        return next((row for row in rows if row["operator"] == operator), None)

    def unbondings(self, person, block=None):
        return self.ask("staking_unbondings", person.address, *([] if block is None else [hex(block)]))

    def params(self, block=None):
        return {row["name"]: int(row["value"]) for row in self.ask("btt_params", *([] if block is None else [hex(block)]))}

    def epoch(self, block=None):
        return self.ask("staking_epoch", *([] if block is None else [hex(block)]))

    def epoch_of(self, block):
        """The epoch that a block belongs to; the state after its last block is that of the next."""
        return self.epoch(block - 1)["number"]

    def logs(self, address, event, *topics, first=0):
        """Logs of an event such as `Left(address)`; topics are numbers, addresses or None."""
        word = lambda topic: None if topic is None else f"0x{topic if isinstance(topic, int) else int(topic, 16):064x}"  # noqa: E731
        wanted = ["0x" + keccak(text=event).hex(), *map(word, topics)]
        return self.ask("eth_getLogs", {"address": address, "topics": wanted, "fromBlock": hex(first), "toBlock": "latest"})

    def closing(self, epoch):
        """The block that closed an epoch; None while it runs."""
        found = self.logs(VALIDATOR_SET, "EpochClosed(uint64,uint256,bytes32)", epoch + 1)
        return number(found[0]["blockNumber"]) if found else None

    def paid(self, epoch, operator):
        """What a closing gave a member: to its pool, to its operator, and the tips in both."""
        found = self.logs(STAKING, "MemberPaid(uint64,address,uint256,uint256,uint256)", epoch, operator)
        return tuple(decode(["uint256"] * 3, bytes.fromhex(found[0]["data"][2:]))) if found else (0, 0, 0)

    def signers(self, block):
        """Who signed the certificate of a block."""
        return {signed["validator"].lower() for signed in self.ask("consensus_certificate", hex(block))["signatures"]}

    def members(self, block):
        """Keys that may sign a block."""
        return {member["address"].lower() for member in self.ask("consensus_validators", hex(block))["validators"]}

    def audit(self, block):
        """Every wei must be accounted for."""
        found = self.ask("btt_auditSupply", hex(block))
        assert found["holds"] and found["exact"], f"the supply is wrong at block {block}: {found}"
        return found
