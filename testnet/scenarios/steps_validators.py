"""Steps of those who validate: join, change the key, stay away, come back, sign twice. Slashes are computed here in integers, from the parameters."""

import shlex
from types import SimpleNamespace

from people import BTT, STAKING, Chain

ONE = 10**18
RAY = 10**27
BASIS = 10_000


class Validators:
    """Steps on validators. The class beside it has `network`, `people` and `until_closed`."""

    def newcomer(self, btt, within):
        """A node that joins late becomes a validator by command and signs from the next epoch on."""
        chain, people = Chain(self.network), self.people()
        self.network.add("--validator")
        node = len(self.network.urls) - 1
        place = self.network.nodes[node]
        signer = place["validator"].lower()
        person = people.new("newcomer", 2 * btt)
        proof = people.must(
            "validator", "prove", "--dir", place["keys"], "--operator", person.address,
            "--chain-id", self.network.chain_id, "--password-file", place["passwordFile"],
        )  # fmt: skip
        # What the command prints is made to be copied into the next one.
        proven = shlex.split(proof)
        create = ["validator", "create", "--name", "newcomer", "--commission", "10%"]
        least = chain.params()["MIN_SELF_STAKE"] // BTT
        people.refused(person, *create, str(least - 1), *proven, says=["E1216"])
        other = people.operator(0)
        people.refused(other, *create, str(least), *proven, says=["E1205"])
        created = people.send(person, *create, str(btt), *proven)
        epoch = chain.epoch_of(created["block"])
        row = chain.validators(created["block"])[person.address]
        # It is elected as the epoch closes, which may be in this very block.
        elected = chain.epoch(created["block"])["number"] > epoch
        assert (row["inSet"], row["power"] > 0, int(row["selfStake"])) == (elected, elected, btt * BTT), row
        begin = self.until_closed(epoch, within)
        row = chain.validators(begin)[person.address]
        assert row["inSet"] and row["power"] > 0 and row["signer"].lower() == signer, row
        assert chain.members(begin + 1) - chain.members(begin) == {signer}
        shown = people.look("validator", "why", "newcomer")
        assert shown["inSet"] and shown["why"] is None, shown
        people.refused(person, *create, str(least), *proven, says=["E1203"])
        self.signs(signer, begin + 1, within)
        # It must have signed most of its first epoch, or it would not be paid for signatures.
        end = self.until_closed(epoch + 1, within)
        counted = chain.validators(end - 1)[person.address]
        assert counted["uptime"] * 3 >= 2 * BASIS, f"it signed {counted['uptime']} bp of its first epoch"
        pool, commission, _ = chain.paid(epoch + 1, person.address)
        assert commission == (pool + commission) * 1_000 // BASIS > 0, (pool, commission)
        return f"node {node} signs from block {begin + 1} on"

    def signs(self, signer, first, within, of=None):
        """Waits for a certificate from `first` on with the signature of a key, and for a block that it proposed; none before may have one."""
        chain, people = Chain(self.network), self.people()
        seen = {"height": first - 1, "signed": 0, "proposed": 0}
        for height in range(max(1, first - 5), first):
            assert signer not in chain.signers(height), f"it signed block {height}, before its epoch"

        def enough():
            while seen["height"] < chain.height():
                height = seen["height"] = seen["height"] + 1
                seen["signed"] += signer in chain.signers(height)
                proposer = chain.ask("eth_getBlockByNumber", hex(height), False)["miner"]
                seen["proposed"] += proposer.lower() == signer
            return seen["signed"] and seen["proposed"]

        people.wait(f"a signature and a block of {signer} from {first} on", within, enough)

    def rotate(self, of, within):
        """A validator changes its key while the network runs: the old node signs to the end of the epoch, one with the new key from then on."""
        chain, people = Chain(self.network), self.people()
        operator, account = self.network.operator(of), people.operator(of)
        old = self.network.nodes[of]["validator"].lower()
        self.network.add("--validator")
        node = len(self.network.urls) - 1
        place = self.network.nodes[node]
        new = place["validator"].lower()
        key = ["--key-dir", place["keys"], "--key-password-file", place["passwordFile"]]
        said = people.send(account, "validator", "rotate-key", *key)
        epoch = chain.epoch_of(said["block"])
        # The old key is in the set until the epoch closes, and so is its operator.
        row = chain.validators(said["block"])[operator]
        assert row["inSet"] and row["signer"].lower() == new, row
        if chain.epoch()["number"] == epoch:
            shown = people.look("validator", "why", operator)
            assert shown["inSet"] and shown["why"] is None, shown
        begin = self.until_closed(epoch, within)
        before, after = chain.members(begin), chain.members(begin + 1)
        assert (before - after, after - before) == ({old}, {new}), f"the set was {before} and is {after}"
        self.signs(new, begin + 1, within)
        self.network.act("stop", [of])
        stopped = chain.height()
        self.signs_on(new, stopped, within)
        head = chain.height()
        signed = [height for height in range(begin + 1, head) if old in chain.signers(height)]
        assert not signed, f"the old key signed block {signed[0]}, the new one signs from {begin + 1} on"
        people.refused(account, "validator", "rotate-key", *key, says=["E1209"])
        row = chain.validator(operator)
        assert (row["inSet"], row["tombstoned"], row["slashes"]) == (True, False, []), row
        proofs = [height for height in range(begin - 5, head) if chain.ask("consensus_evidence", hex(height))]
        assert not proofs, f"block {proofs[0]} holds a proof that somebody signed twice"
        return f"node {node} in the place of node {of} from block {begin + 1} on"

    def signs_on(self, signer, after, within):
        """Waits for three more blocks that a key signed, and three that others built on."""
        chain = Chain(self.network)
        seen = {"height": after, "signed": 0}

        def enough():
            while seen["height"] < chain.height():
                seen["height"] += 1
                seen["signed"] += signer in chain.signers(seen["height"])
            return seen["signed"] >= 3

        self.people().wait(f"signatures of {signer}", within, enough)

    def jailed(self, node, within):
        """A validator stops, is jailed as it misses one block too many, loses what the rule says, and comes back by command."""
        chain, people = Chain(self.network), self.people()
        operator, account = self.network.operator(node), people.operator(node)
        signer = self.network.nodes[node]["validator"].lower()
        jailings = len(chain.validator(operator)["slashes"])
        people.refused(account, "validator", "unjail", says=["E1211"])
        self.network.act("stop", [node])
        slash = people.wait("its jailing", within, lambda: chain.ask("staking_slashes", operator)[jailings:])[0]
        block = slash["height"]
        params = chain.params(block)
        bound = params["DOWNTIME_WINDOW"] * params["MAX_MISSED"] // BASIS
        before, after = chain.view(operator, block - 1), chain.view(operator, block)
        missed = chain.validator(operator, block - 1)["missedInWindow"]
        assert missed == bound, f"it had missed {missed} blocks before the one that jailed it, the rule allows {bound}"
        amount = ceil(before["tokens"] * params["DOWNTIME_SLASH"], ONE)
        assert (slash["kind"], int(slash["rate"]), int(slash["amount"])) == ("downtime", params["DOWNTIME_SLASH"], amount), slash
        assert after["tokens"] == before["tokens"] - amount, f"{before['tokens']} became {after['tokens']} wei, {amount} had to go"
        assert after["jailedUntil"] == chain.time(block) + jail_time(params, jailings), after["jailedUntil"]
        self.others_keep_theirs(operator, block)
        self.burned(block, amount)

        why = chain.validator(operator, block)["why"]
        assert "it is jailed for missing blocks" in why and "`bttc stake validator unjail`" in why, why
        shown = people.look("validator", "why", operator)
        assert "missed too many blocks" in shown["why"] and "`bttc stake validator unjail`" in shown["next"], shown
        text = people.must("stake", "validator", "why", operator, "--rpc", self.network.urls[0])
        assert "missed too many blocks and is jailed" in text and "unjail" in text, text
        people.refused(account, "validator", "unjail", says=["E1209", "possible from"])
        epoch = chain.epoch_of(block)
        out = self.until_closed(epoch, within)
        assert signer not in chain.members(out + 1), "it is in the next set"

        self.network.act("restart", [node])
        people.wait("the end of the jail", within, lambda: chain.time(chain.height()) >= after["jailedUntil"])
        freed = people.send(account, "validator", "unjail")
        assert chain.time(freed["block"]) >= after["jailedUntil"], "it was let out too early"
        begin = self.until_closed(chain.epoch_of(freed["block"]), within)
        assert signer in chain.members(begin + 1), "it is not in the set again"
        self.signs(signer, begin + 1, within)
        row = chain.validator(operator)
        assert (row["inSet"], row["jailedUntil"], len(row["slashes"])) == (True, None, jailings + 1), row
        return f"{bound + 1} misses, {amount} wei, {after['jailedUntil'] - chain.time(block)} s"

    def others_keep_theirs(self, slashed, block):
        """No other pool may change in the block of a slash; rewards never enter pools."""
        chain = Chain(self.network)
        before, after = chain.validators(block - 1), chain.validators(block)
        for operator in before.keys() - {slashed}:
            was, is_ = before[operator]["stake"], after[operator]["stake"]
            assert was == is_, f"the stake of {operator} went from {was} to {is_} with the slash of another"

    def burned(self, block, amount):
        """A block must have destroyed this much beside the fees, and every wei is accounted for."""
        chain = Chain(self.network)
        supply = [{key: int(value) for key, value in chain.ask("btt_supply", hex(b)).items()} for b in (block - 1, block)]
        gone, fees = (supply[1][key] - supply[0][key] for key in ("burned", "feesBurned"))
        assert gone - fees == amount, f"block {block} burned {gone - fees} wei beside {fees} of fees, expected {amount}"
        chain.audit(block)

    def double_sign(self, of, other, btt, within):
        """A validator signs twice through two nodes: stake, positions and unbondings with it lose what the rule says, others lose nothing, and it is over for ever."""
        chain, people = Chain(self.network), self.people()
        operator, safe = self.network.operator(of), self.network.operator(other)
        alice, bob = people.new("alice", 2 * btt), people.new("bob", 2 * btt)
        people.send(alice, "delegate", operator, str(btt))
        people.send(bob, "delegate", safe, str(btt))
        people.send(alice, "undelegate", operator, str(btt // 5))
        left = people.send(bob, "undelegate", safe, str(btt // 5))
        # All of it must count before the proof comes.
        self.until_closed(chain.epoch_of(left["block"]), within)
        # With an empty pool it proposes empty blocks, where the first one proposes the load.
        self.network.add("--key-of", of, "--set", "txpool.max_transactions=0")
        begin = chain.time(chain.height())
        slash = people.wait("its slash", within, lambda: chain.ask("staking_slashes", operator))[0]
        block, time = slash["height"], chain.time(slash["height"])
        params, before, after = chain.params(block - 1), chain.view(operator, block - 1), chain.view(operator, block)
        assert before["slashes"] == 0 and before["tokens"] == before["shares"], "the pool was slashed before"

        rows = chain.validators(block - 1)
        share = rows[operator]["power"] * ONE // sum(row["power"] for row in rows.values())
        rate = min(ONE, max(params["DOUBLE_SIGN_SLASH"], params["DOUBLE_SIGN_FACTOR"] * share))
        amount = ceil(before["tokens"] * rate, ONE)
        reward = amount * params["REPORTER_SHARE"] // BASIS
        expected = ("doubleSign", rate, amount)
        assert (slash["kind"], int(slash["rate"]), int(slash["amount"])) == expected, f"{slash}, expected {expected}"
        assert after["tokens"] == before["tokens"] - amount and after["tombstoned"], after
        for who in (SimpleNamespace(name="the operator", address=operator), alice):
            was, is_ = (chain.position(who, operator, height) for height in (block - 1, block))
            worth = int(was["shares"]) * after["tokens"] // after["shares"]
            assert was["shares"] == is_["shares"] and int(is_["worth"]) == worth, f"{who.name} had {was}, has {is_}, expected {worth} wei"
        (entry,) = chain.unbondings(alice, block)
        assert entry["unlock"] > time, "the unbonding was over before the slash; give it more time"
        factor = RAY * (ONE - rate) // ONE
        keeps = int(entry["amount"]) * factor // RAY
        assert (int(entry["amount"]), int(entry["left"])) == (btt // 5 * BTT, keeps), f"{entry}, expected {keeps} left"

        reporter = self.reported(block, reward)
        self.others_keep_theirs(operator, block)
        self.burned(block, amount - reward)
        for b in (block - 1, block):
            assert int(chain.position(bob, safe, b)["worth"]) == (btt - btt // 5) * BTT, "bob lost something"
            assert int(chain.unbondings(bob, b)[0]["left"]) == btt // 5 * BTT, "bob's unbonding lost something"
        self.shut_out(of, operator, alice, within)
        self.settled(alice, bob, entry, keeps, operator, within)
        # More proofs of the same change nothing.
        head = chain.height()
        proofs = sum(len(chain.ask("consensus_evidence", hex(height))) for height in range(block, head + 1))
        assert len(chain.ask("staking_slashes", operator)) == 1 and proofs >= 1, chain.ask("staking_slashes", operator)
        assert len(chain.logs(STAKING, "DoubleSigned(address,address,uint64,uint256)")) == 1, "it was punished more than once"
        return f"block {block}: rate {rate}, {amount} wei, {reward} of them for {reporter}; {proofs} proofs, the first after {time - begin} s"

    def reported(self, block, reward):
        """The operator of the proposer gets its part of the slash, and nobody else any. It may be the one that signed twice."""
        chain = Chain(self.network)
        epoch = chain.epoch_of(block)
        closes = chain.closing(epoch) == block
        proposer = chain.ask("eth_getBlockByNumber", hex(block), False)["miner"].lower()
        for who, row in chain.validators(block - 1).items():
            paid = chain.paid(epoch, who)[1] if closes else 0
            gets = int(chain.validator(who, block)["commissionOwed"]) - int(row["commissionOwed"]) - paid
            expected = reward if row["signer"].lower() == proposer else 0
            assert gets == expected, f"{who} got {gets} wei in the block of the proof, expected {expected}"
            if expected:
                reporter = row["name"]
        assert reward > 0, "nothing was paid for the proof"
        return reporter

    def shut_out(self, of, operator, alice, within):
        """It is in no later set, cannot come back, and nobody can stake with it."""
        chain, people = Chain(self.network), self.people()
        account, signer = people.operator(of), self.network.nodes[of]["validator"].lower()
        closed = self.until_closed(chain.epoch()["number"], within)
        assert signer not in chain.members(closed + 1), "it is in the next set"
        row = chain.validator(operator)
        assert (row["inSet"], row["tombstoned"], row["jailedUntil"]) == (False, True, None), row
        assert "out for ever" in row["why"], row["why"]
        shown = people.look("validator", "why", operator)
        assert "signed two blocks" in shown["why"] and "another account" in shown["next"], shown
        people.refused(account, "validator", "unjail", says=["E1215"])
        people.refused(alice, "delegate", operator, "10", says=["E1215"])

    def settled(self, alice, bob, entry, keeps, operator, within):
        """Both get their unbondings after the time, one what is left and one all; the rest leaves the pool at its new worth."""
        chain, people = Chain(self.network), self.people()
        people.wait("the unbonding time", within, lambda: chain.time(chain.height()) >= entry["unlock"])
        got = people.send(alice, "withdraw", entry["id"], paid=keeps)
        self.burned(got["block"], int(entry["amount"]) - keeps)
        mine = chain.unbondings(bob)[0]
        people.wait("the unbonding time", within, lambda: chain.time(chain.height()) >= mine["unlock"])
        people.send(bob, "withdraw", mine["id"], paid=int(mine["amount"]))
        worth = int(chain.position(alice, operator)["worth"])
        gone = people.send(alice, "undelegate", operator, "max")
        (rest,) = chain.unbondings(alice, gone["block"])
        assert int(rest["amount"]) == int(rest["left"]) == worth, f"{rest}, expected {worth} wei"


def ceil(product, divisor):
    return -(-product // divisor)


def jail_time(params, earlier):
    """Doubles with each earlier jailing, up to a bound (docs/staking.md, section 7)."""
    return min(params["JAIL_TIME"] << earlier, params["MAX_JAIL_TIME"])
