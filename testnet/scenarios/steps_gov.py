"""Steps of governance: a parameter changes by vote, by `bttc gov`; what may not be is refused by the commands, and by the chain where they are gone round."""

import concurrent.futures

from devnode import request
from eth_abi import decode, encode
from eth_account import Account
from eth_utils import keccak
from people import BTT, GWEI, Chain, number

GOVERNOR = "0x0000000000000000000000000000000000001005"
TIMELOCK = "0x0000000000000000000000000000000000001006"
PARAMS = "0x0000000000000000000000000000000000001007"
STATES = (
    "deposit", "lapsed", "canceled", "waiting", "voting", "no quorum", "vetoed", "defeated", "succeeded", "queued", "executed", "expired",
)  # fmt: skip
FOR, AGAINST = 1, 2
# Numbers of parameters (docs/parameters.md).
MIN_BASE_FEE, VOTING_PERIOD = 0, 31
# Enough for any of these calls, so that a failing one is tried on chain too.
GAS = 3_000_000


def call(signature, *values):
    """Calldata of a function such as `set(uint256,uint256)`."""
    types = signature[signature.index("(") + 1 : -1]
    return keccak(text=signature)[:4] + encode(split(types), list(values))


def split(types):
    return types.split(",") if types else []


class Governance:
    """Steps on the governor. The class beside it has `network`, `people` and `until_closed`."""

    def vote(self, rise_gwei, within):
        """The lowest base fee rises by vote: proposed, paid for, voted on, queued, executed, in force with the next epoch, and held by blocks and pool."""
        chain = Chain(self.network)
        old = chain.params()["MIN_BASE_FEE"]
        new = old + rise_gwei * GWEI
        action = [(PARAMS, call("set(uint256,uint256)", MIN_BASE_FEE, new))]
        self.refused_beforehand(old, new)
        self.not_allowed(old, new)

        deposit = chain.params()["PROPOSAL_DEPOSIT"]
        first = deposit // 10
        self.reverts(0, self.proposal(action), first - 1, "FirstDepositTooSmall(uint256,uint256)", first - 1, first)
        change = ["--title", "The lowest base fee rises", "--set", f"minBaseFee={new // GWEI} gwei", "--deposit", str(first // BTT)]
        said = self.does(0, "propose", *change)
        assert (said["events"][0]["name"], said["plan"]["details"]["lane"]) == ("Proposed", "standard"), said
        proposal = self.view("count()", "uint256")
        targets, _, data = self.view("actions(uint256)", "address[]", "uint256[]", "bytes[]", given=[proposal])
        assert list(zip(targets, data, strict=True)) == action, f"the command proposed {data} to {targets}"
        self.must_be(proposal, "deposit")
        self.people().refused(self.people().operator(0), "vote", proposal, "for", says=["E1314"], tool="gov")
        self.reverts(0, call("vote(uint256,uint8)", proposal, FOR), 0, "WrongState(uint256,uint8)", proposal, 0)
        rest = call("deposit(uint256)", proposal)
        self.reverts(1, rest, deposit, "DepositTooLarge(uint256,uint256)", deposit, deposit - first)
        paid = self.does(1, "deposit", proposal)["block"]

        self.voted(proposal, paid, within)
        self.until(proposal, "succeeded", within)
        self.reverts(0, call("execute(uint256)", proposal), 0, "WrongState(uint256,uint8)", proposal, STATES.index("succeeded"))
        queued = self.does(2, "queue", proposal)["block"]
        eta = chain.time(queued) + chain.params(queued)["TIMELOCK_DELAY"]
        self.must_be(proposal, "queued")
        self.waits(proposal, eta, within)
        done = self.does(2, "execute", proposal)["block"]
        assert chain.time(done) >= eta, f"it ran at {chain.time(done)}, before {eta}"
        self.must_be(proposal, "executed")
        self.reverts(0, call("execute(uint256)", proposal), 0, "WrongState(uint256,uint8)", proposal, STATES.index("executed"))
        block = self.in_force(done, old, new, within)
        self.given_back(proposal, first, deposit - first)
        return f"proposal {proposal}: {old // GWEI} to {new // GWEI} gwei from block {block + 1} on"

    def does(self, node, *arguments, paid=0):
        """A command of `bttc gov` by the operator of a node."""
        people = self.people()
        return people.send(people.operator(node), *arguments, paid=paid, tool="gov")

    def refused_beforehand(self, old, new):
        """The commands refuse what the chain would refuse, and say why."""
        people, chain = self.people(), Chain(self.network)
        most = next(int(row["max"]) for row in chain.ask("btt_params") if row["name"] == "MIN_BASE_FEE") // GWEI
        gwei = lambda value: f"minBaseFee={value} gwei"  # noqa: E731
        for arguments, says in (
            (["--set", gwei(most + 1)], ["E1302", f"{most:,} gwei"]),
            (["--set", gwei(old // GWEI + 50_000)], ["E1303"]),
            (["--set", gwei(old // GWEI)], ["E1306"]),
            (["--set", gwei(new // GWEI), "--set", "quorum=45%"], ["E1308"]),
            (["--set", gwei(new // GWEI), "--lane", "long"], ["E1309", "standard lane"]),
            (["--call", TIMELOCK, "0xfe0d94c1"], ["E1310"]),
        ):
            people.refused(people.operator(0), "propose", "--title", "No", *arguments, says=says, tool="gov")

    def not_allowed(self, old, new):
        """What is out of bounds, of two lanes, on no list, or of nobody's right, fails, tried beforehand and on chain."""
        chain = Chain(self.network)
        row = next(row for row in chain.ask("btt_params") if row["name"] == "MIN_BASE_FEE")
        most, least, step = (int(row[key]) for key in ("max", "min", "step"))
        set_ = lambda id_, value: (PARAMS, call("set(uint256,uint256)", id_, value))  # noqa: E731
        first = chain.params()["PROPOSAL_DEPOSIT"] // 10
        wrong = [
            ([set_(MIN_BASE_FEE, most + 1)], "OutOfBounds(uint256,uint256,uint256,uint256)", (MIN_BASE_FEE, most + 1, least, most)),
            ([set_(MIN_BASE_FEE, least - 1)], "OutOfBounds(uint256,uint256,uint256,uint256)", (MIN_BASE_FEE, least - 1, least, most)),
            ([set_(MIN_BASE_FEE, old + step + 1)], "StepTooLarge(uint256,uint256,uint256,uint256)", (MIN_BASE_FEE, old + step + 1, old, step)),
            ([set_(MIN_BASE_FEE, old)], "Unchanged(uint256,uint256)", (MIN_BASE_FEE, old)),
            # One of fees, one of governance: standard and long lane.
            ([set_(MIN_BASE_FEE, new), set_(VOTING_PERIOD, 20)], "MixedLanes(uint8,uint8,uint256)", (0, 1, 1)),
            ([(TIMELOCK, call("execute(uint256)", 1))], "NotAllowed(address,bytes4)", (TIMELOCK, keccak(text="execute(uint256)")[:4])),
        ]
        for actions, error, values in wrong:
            self.reverts(0, self.proposal(actions), first, error, *values)
        # Nobody sets a parameter beside the timelock, and nobody queues beside the governor.
        operator = self.network.operator(0).lower()
        self.reverts(0, set_(MIN_BASE_FEE, new)[1], 0, "WrongCaller(address,address)", operator, TIMELOCK, to=PARAMS)
        queue = call("queue(uint256,uint8,address[],uint256[],bytes[])", 1, 0, [], [], [])
        self.reverts(0, queue, 0, "WrongCaller(address,address)", operator, GOVERNOR, to=TIMELOCK)
        assert chain.params()["MIN_BASE_FEE"] == old and self.view("count()", "uint256") == 0, "something was proposed or set all the same"

    @staticmethod
    def proposal(actions):
        targets, data = [target for target, _ in actions], [data for _, data in actions]
        return call("propose(address[],uint256[],bytes[],string)", targets, [0] * len(actions), data, "The lowest base fee rises.")

    def voted(self, proposal, paid, within):
        """Three pools are for it and one against; each has the weight of its stake as the epoch closed."""
        chain = Chain(self.network)
        # The epoch may have ended meanwhile.
        self.must_be(proposal, "waiting", "voting")
        closed = self.until_closed(chain.epoch_of(paid), within)
        self.until(proposal, "voting", within)
        self.reverts(0, call("queue(uint256)", proposal), 0, "WrongState(uint256,uint8)", proposal, STATES.index("voting"))
        self.reverts(0, call("vote(uint256,uint8)", proposal, 5), 0, "BadChoice(uint256,uint256,uint256)", 5, 1, 4)
        stakes = [int(chain.validators(closed)[self.network.operator(node)]["stake"]) for node in range(4)]
        for node in range(3):
            self.people().operator(node)
        # Three by command, at once, as the vote is short; one by a bare call.
        with concurrent.futures.ThreadPoolExecutor() as pool:
            against = pool.submit(self.act, 3, call("vote(uint256,uint8)", proposal, AGAINST))
            said = list(pool.map(lambda node: self.does(node, "vote", proposal, "for"), range(3)))
            against.result()
        weights = [int(one["plan"]["details"]["weight"]) for one in said]
        assert weights == stakes[:3], f"the command told weights {weights}, the stakes were {stakes}"
        cast, total, quorum = self.view("tally(uint256)", "(uint128,uint128,uint128,uint128)", "uint256", "uint256", given=[proposal])
        # In the order of the choices: for, against, abstain, veto.
        assert cast == (sum(stakes[:3]), stakes[3], 0, 0), f"the tally is {cast}, the stakes are {stakes}"
        assert total == sum(stakes) and quorum == -(-total * chain.params()["QUORUM"] // 10_000), (total, quorum, stakes)

    def waits(self, proposal, eta, within):
        """It cannot be executed before its delay is over."""
        chain, people = Chain(self.network), self.people()
        if chain.time(chain.height()) < eta - 2:
            people.refused(people.operator(0), "execute", proposal, says=["E1320"], tool="gov")
            self.fails(0, call("execute(uint256)", proposal), error="TooEarly(uint256,uint256,uint256)")
            self.must_be(proposal, "queued")
        people.wait("the delay of the timelock", within, lambda: chain.time(chain.height()) >= eta)

    def in_force(self, done, old, new, within):
        """The floor is the old one to the end of the epoch, the new one from then on, for blocks and for the pool."""
        chain, people = Chain(self.network), self.people()
        base_fee = lambda height: number(chain.ask("eth_getBlockByNumber", hex(height), False)["baseFeePerGas"])  # noqa: E731
        row = next(row for row in chain.ask("btt_params", hex(done)) if row["name"] == "MIN_BASE_FEE")
        closes = chain.closing(chain.epoch_of(done)) == done
        assert (int(row["value"]), row["pending"] and int(row["pending"])) == ((new, None) if closes else (old, new)), row
        block = self.until_closed(chain.epoch_of(done), within)
        assert chain.params(block)["MIN_BASE_FEE"] == new
        head = people.wait("blocks of the next epoch", within, lambda: (chain.height() > block + 2) and chain.height())
        low = [height for height in range(block + 1, head + 1) if base_fee(height) < new]
        assert not low, f"block {low[0]} has a base fee of {base_fee(low[0])} wei, the floor is {new}"
        # The chain is quiet: its fee had sunk to the floor, and no block of the epoch kept to the new one too early.
        assert base_fee(block) < new, f"block {block} has a base fee of {base_fee(block)} wei already"
        refused = self.raw(3, b"", 0, self.network.operator(3), gas=21_000, cap=new - 1)
        message = refused.get("error", {}).get("message", "")
        assert "max fee per gas less than block base fee" in message and f"never below {new // GWEI}" in message, refused
        taken = self.raw(3, b"", 0, self.network.operator(3), gas=21_000, cap=new)
        assert "result" in taken, taken
        people.wait("a transaction at the floor", within, lambda: chain.ask("eth_getTransactionReceipt", taken["result"]))
        return block

    def given_back(self, proposal, *deposits):
        """Who paid the deposit gets it back, once, whoever asks for it."""
        people = self.people()
        first, *others = deposits
        self.does(0, "refund", proposal, paid=first)
        people.refused(people.operator(0), "refund", proposal, says=["E1319"], tool="gov")
        for node, amount in enumerate(others, 1):
            who = self.network.operator(node)
            give = call("returnDeposit(uint256,address)", proposal, who)
            block = self.act(3, give)
            got = people.balance(who, block) - people.balance(who, block - 1)
            assert got == amount, f"{who} got {got} wei back of {amount}"
            self.reverts(3, give, 0, "NoDeposit(uint256,address)", proposal, who.lower())

    def raw(self, node, data, value, to, gas=GAS, cap=None):
        """A transaction of the operator of a node, sent as it is; the answer of the node."""
        chain = Chain(self.network)
        account = Account.from_key(self.network.nodes[node]["operator"]["privateKey"])
        signed = account.sign_transaction({
            "chainId": self.network.chain_id, "nonce": number(chain.ask("eth_getTransactionCount", account.address, "latest")),
            "to": to, "value": value, "data": data, "gas": gas, "maxFeePerGas": cap or 50_000 * GWEI, "maxPriorityFeePerGas": 0,
        })  # fmt: skip
        return request(self.network.urls[0], "eth_sendRawTransaction", [signed.raw_transaction.to_0x_hex()], 10)

    def mined(self, node, data, value, to):
        """The receipt of such a transaction."""
        chain, people = Chain(self.network), self.people()
        answer = self.raw(node, data, value, to)
        assert "result" in answer, answer
        return people.wait("its receipt", 30, lambda: chain.ask("eth_getTransactionReceipt", answer["result"]))

    def act(self, node, data, value=0, to=GOVERNOR):
        """A call that must succeed; its block."""
        receipt = self.mined(node, data, value, to)
        if receipt["status"] != "0x1":
            raise AssertionError(f"a call of node {node}'s operator failed in block {number(receipt['blockNumber'])}: {self.tried(node, data, value, to)}")
        return number(receipt["blockNumber"])

    def tried(self, node, data, value, to):
        """What the newest state answers to a call."""
        ask = {"from": self.network.operator(node), "to": to, "data": "0x" + data.hex(), "value": hex(value), "gas": hex(GAS)}
        return request(self.network.urls[0], "eth_call", [ask, "latest"], 10)

    def reverts(self, node, data, value, error, *values, to=GOVERNOR):
        """A call that must fail with this error and these values, beforehand and on chain."""
        got = self.fails(node, data, value, to, error)
        found = decode(split(error[error.index("(") + 1 : -1]), got[4:])
        assert found == values, f"{error} has {found}, expected {values}"

    def fails(self, node, data, value=0, to=GOVERNOR, error=None):
        """A call that must fail, with this error if one is named; what it reverted with."""
        people, who = self.people(), self.network.operator(node)
        answer = self.tried(node, data, value, to)
        assert "error" in answer, f"a call that must fail with {error} was answered with {answer}"
        got = bytes.fromhex((answer["error"].get("data") or "0x")[2:])
        assert error is None or got[:4] == keccak(text=error)[:4], f"it failed with {answer['error']}, expected {error}"
        receipt = self.mined(node, data, value, to)
        assert receipt["status"] == "0x0", f"{error} was not thrown on chain"
        block, fee = number(receipt["blockNumber"]), number(receipt["gasUsed"]) * number(receipt["effectiveGasPrice"])
        assert people.balance(who, block) == people.balance(who, block - 1) - fee, "a call that failed took more than its fee"
        return got

    def view(self, signature, *types, given=()):
        answer = Chain(self.network).ask("eth_call", {"to": GOVERNOR, "data": "0x" + call(signature, *given).hex()}, "latest")
        values = decode(types, bytes.fromhex(answer[2:]))
        return values[0] if len(values) == 1 else values

    def must_be(self, proposal, *states):
        got = STATES[self.view("state(uint256)", "uint8", given=[proposal])]
        assert got in states, f"proposal {proposal} is in the state {got!r}, expected {' or '.join(states)}"

    def until(self, proposal, state, within):
        wanted = STATES.index(state)
        self.people().wait(f"the state {state!r}", within, lambda: self.view("state(uint256)", "uint8", given=[proposal]) == wanted)
