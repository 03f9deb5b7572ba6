"""Steps of those who hold BTT: they delegate, earn, leave; commissions change; the supply is right all the time."""

import csv
import io
import json
import threading

from people import BTT, STAKING, Chain, People, number

RAY = 10**27
BASIS = 10_000


class Staking:
    """Steps on the staking contracts. The class beside it has `network` and `random`."""

    def people(self):
        if not hasattr(self, "_people"):
            self._people = People(self.network)
        return self._people

    def until_closed(self, epoch, within):
        """Waits for the end of an epoch and a block of the next; its last block."""
        chain, people = Chain(self.network), self.people()
        block = people.wait(f"the end of epoch {epoch}", within, lambda: chain.closing(epoch))
        people.wait(f"a block after {block}", within, lambda: chain.height() > block)
        return block

    def audit(self, epochs, within):
        """At the end of each of the next epochs, and a block later, every wei is accounted for."""
        chain = Chain(self.network)
        first = chain.epoch()["number"]
        for epoch in range(first, first + epochs):
            block = self.until_closed(epoch, within)
            for height in (block - 1, block, block + 1):
                chain.audit(height)
        return f"epochs {first} to {first + epochs - 1}"

    def delegate(self, who, to, btt, within):
        """A newcomer stakes, earns, claims, takes a part back, waits for it and gets it; each balance is right to the wei."""
        chain, people = Chain(self.network), self.people()
        operator = self.network.operator(to)
        person = people.new(who, 2 * btt)
        people.refused(person, "delegate", operator, "0.5", says=["E1216", "needed at least 1 BTT"])
        people.refused(person, "delegate", operator, str(3 * btt), says=["E1003"])

        staked = people.send(person, "delegate", f"validator {to}", str(btt))
        (event,) = staked["events"]
        assert (event["name"], event["operator"], event["amount"]) == ("Delegated", operator, str(btt * BTT)), event
        epoch = chain.epoch_of(staked["block"])
        position = chain.position(person, operator, staked["block"])
        shares = int(position["shares"])
        # It counts from the next epoch on, which begins after this very block if that closed one.
        active = shares if chain.epoch(staked["block"])["number"] > epoch else 0
        assert (int(position["worth"]), int(position["active"]), int(position["pendingReward"])) == (btt * BTT, active, 0), position
        (shown,) = people.look("positions", person.address)["positions"]
        assert (shown["operator"], int(shown["worth"])) == (operator, btt * BTT), shown

        # The epoch of the stake pays it nothing, the next one does.
        warm, first = self.until_closed(epoch, within), self.until_closed(epoch + 1, within)
        assert int(chain.position(person, operator, warm)["pendingReward"]) == 0, "it earned in the epoch in which it was staked"
        earned = shares * (chain.view(operator, first)["perShare"] - chain.view(operator, warm)["perShare"]) // RAY
        pending = int(chain.position(person, operator, first)["pendingReward"])
        assert pending == earned > 0, f"pending are {pending} wei, the pool owes {earned}"
        pool, of = chain.view(operator, first - 1), chain.paid(epoch + 1, operator)
        fair = of[0] * shares // (pool["shares"] - BTT - pool["warming"])
        assert abs(earned - fair) <= 1, f"{earned} of {of[0]} wei for the pool, its part is {fair}"
        history = chain.ask("staking_rewards", person.address, epoch, epoch + 1)["history"]
        assert [(row["epoch"], int(row["amount"])) for row in history] == [(epoch + 1, earned)], history

        claimed = people.send(person, "claim", paid=self.claimed)
        due = self.claimed(claimed)
        before = chain.position(person, operator, claimed["block"] - 1)
        after = chain.position(person, operator, claimed["block"])
        # Whoever closes an epoch in that very block comes after its transactions.
        assert due == int(before["pendingReward"]) >= earned, f"{due} wei were paid, {before['pendingReward']} were pending"
        assert int(after["shares"]) == shares
        self.exported(person, [claimed])
        self.leave(person, operator, btt // 2, within)
        return f"{earned} wei in epoch {epoch + 1}"

    @staticmethod
    def claimed(said):
        return sum(int(event["amount"]) for event in said["events"] if event["name"] == "Claimed")

    def exported(self, person, payments):
        """`rewards export` lists the payments, in both formats."""
        people, expected = self.people(), [(said["hash"], self.claimed(said)) for said in payments]
        answer = people.look("rewards", "export", person.address, "--format", "json")
        assert [(row["transaction"], int(row["amount"])) for row in answer["payments"]] == expected, answer
        assert int(answer["total"]) == sum(amount for _, amount in expected), answer
        text = people.must("stake", "rewards", "export", person.address, "--rpc", self.network.urls[0])
        rows = list(csv.DictReader(io.StringIO(text)))
        wei = [int(whole) * BTT + int(part.ljust(18, "0")) for whole, _, part in (row["amount_btt"].partition(".") for row in rows)]
        assert [(row["transaction"], amount) for row, amount in zip(rows, wei, strict=True)] == expected, text
        assert all(row["kind"] == "reward" for row in rows), text

    def leave(self, person, operator, btt, within):
        """Takes stake back, sees the date, cannot have it earlier, and has it then."""
        chain, people = Chain(self.network), self.people()
        # What was earned meanwhile stays pending: taking stake back pays nothing.
        left = people.send(person, "undelegate", operator, str(btt))
        start = chain.time(left["block"])
        unlock = start + chain.params(left["block"])["UNBONDING_TIME"]
        (entry,) = chain.unbondings(person, left["block"])
        assert (entry["start"], entry["unlock"], int(entry["amount"]), int(entry["left"])) == (start, unlock, btt * BTT, btt * BTT), entry
        assert [event["time"] for event in left["events"] if event["name"] == "Undelegated"] == [unlock], left["events"]
        (shown,) = people.look("positions", person.address)["unbondings"]
        assert (shown["unlock"], int(shown["left"])) == (unlock, btt * BTT), shown
        rest = int(chain.position(person, operator, left["block"])["worth"])
        before = int(chain.position(person, operator, left["block"] - 1)["worth"])
        assert rest == before - btt * BTT, f"{rest} wei stay of {before}"
        people.refused(person, "withdraw", entry["id"], says=["E1209", "is paid out from"])
        people.wait("the unbonding time", within, lambda: chain.time(chain.height()) >= unlock)
        paid = people.send(person, "withdraw", entry["id"], paid=btt * BTT)
        assert chain.time(paid["block"]) >= unlock, "it was paid out too early"
        assert chain.unbondings(person, paid["block"]) == []
        people.refused(person, "withdraw", entry["id"], says=["E1222"])

    def commission(self, of, points, too_many, within):
        """An operator announces a rise: more than a day allows is refused, the date is told in the RPC, in the command and to who subscribed."""
        chain, people = Chain(self.network), self.people()
        operator, account = self.network.operator(of), people.operator(of)
        old = chain.validators()[operator]["commission"]
        people.refused(
            account, "validator", "commission", f"{(old + too_many) / 100}%",
            says=["E1207", f"{(old + too_many) / 100}%".replace(".0%", "%"), f"to {(old + points) / 100}%"],
        )  # fmt: skip
        self.told = Told(self.network.nodes[of]["ws"], "commissions")
        said = people.send(account, "validator", "commission", f"{(old + points) / 100}%", node=of)
        in_force = chain.time(said["block"]) + chain.params(said["block"])["COMMISSION_NOTICE"]
        assert [event["time"] for event in said["events"]] == [in_force], said["events"]
        expected = {"commission": old + points, "inForce": in_force}
        people.wait("the block on the other node", within, lambda: chain.height() >= said["block"])
        assert chain.validators(said["block"] - 1)[operator]["nextCommission"] is None
        row = chain.validators(said["block"])[operator]
        assert (row["commission"], row["nextCommission"]) == (old, expected), row
        (shown,) = [row for row in people.look("validators")["validators"] if row["operator"] == operator]
        assert (shown["commission"], shown["nextCommission"]) == (old, expected), shown
        news = people.wait("the announcement over the subscription", within, lambda: self.told.items[:1])[0]
        expected = (operator, old + points, in_force, said["block"])
        assert (news["operator"], news["commission"], news["inForce"], news["height"]) == expected, news
        self.announced = (operator, old, old + points, in_force)
        return f"from {old} to {old + points} bp at {in_force}"

    def commission_in_force(self, within):
        """The rise that was announced comes into force at the first closing from its date on, and not earlier; payments follow it."""
        chain, people = Chain(self.network), self.people()
        operator, old, new, due = self.announced
        changed = people.wait("the change", within, lambda: chain.logs(STAKING, "CommissionChanged(address,uint16)", operator))
        block = number(changed[0]["blockNumber"])
        epoch = chain.epoch_of(block)
        assert chain.closing(epoch) == block, f"it came into force in block {block}, which closes no epoch"
        earlier, now = chain.time(chain.closing(epoch - 1)), chain.time(block)
        assert earlier < due <= now, f"due at {due}, in force at {now}, and an epoch had closed at {earlier}"
        assert [chain.view(operator, b)["commission"] for b in (block - 1, block)] == [old, new]
        assert chain.validators(block)[operator]["nextCommission"] is None
        news = people.wait("the change over the subscription", within, lambda: self.told.items[1:2])[0]
        assert (news["commission"], news["inForce"], news["height"]) == (new, None, block), news
        self.told.end()
        # The epoch that ended with it was paid by the old one, the next by the new one.
        self.until_closed(epoch + 1, within)
        for closed, points in ((epoch, old), (epoch + 1, new)):
            pool, commission, _ = chain.paid(closed, operator)
            assert commission == (pool + commission) * points // BASIS > 0, f"epoch {closed}: {commission} of {pool + commission} wei"
        return f"due at {due}, in force at {now}"


class Told:
    """A subscription of `staking_subscribe`; what it told so far."""

    def __init__(self, url, kind):
        from websockets.sync.client import connect

        self.items, self.socket = [], connect(url, open_timeout=10, proxy=None)
        self.socket.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "staking_subscribe", "params": [kind]}))
        answer = json.loads(self.socket.recv(10))
        assert "result" in answer, answer
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def _listen(self):
        from websockets.exceptions import ConnectionClosed

        try:
            for text in self.socket:
                self.items.append(json.loads(text)["params"]["result"])
        except ConnectionClosed:
            pass

    def end(self):
        self.socket.close()
        self.thread.join(10)
