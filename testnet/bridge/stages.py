"""Every stage of a deposit and of an exit, as RPC and command line tell of it."""

import re
import time

from network import INBOX, OUTBOX, number, wait
from play import BTT, CHECKPOINT, ETHER, Play, fresh

SEEN = 30  # seconds until a stage that lasts is told, at most


class Stages(Play):
    """What both runs of this kind share: looking at a transfer both ways."""

    def sees(self, stage, transfer, *where, node=0, within=SEEN):
        """Waits until `bttc bridge status` and the RPC tell this stage of a transfer of one record; its reason."""
        told = {}

        def look():
            lines = self.commands.shown(transfer, *where, node=node).splitlines()
            said = next((line[12:] for line in lines if line.startswith("Stage ")), "")
            told["said"] = " ".join(said.split())
            told["json"] = self.of_rpc(transfer, where, node)
            return told["said"].split(":")[0] == stage == told["json"]["stage"]

        try:
            wait(f"the stage {stage!r} of {transfer}", within, look)
        except AssertionError as error:
            raise AssertionError(f"{error}; last was {told}") from error
        self.seen.add((("deposit" if where else "exit"), stage))
        return told["json"].get("reason") or ""

    def of_rpc(self, transfer, where, node):
        """The record, or the transaction while there is no record."""
        if where:
            told = self.network.ask("bridge_deposit", transfer, {"ethereum": 1, "tron": 2}[where[1]], node=node)
            records = told["deposits"]
        else:
            told = self.network.ask("bridge_exit", transfer, node=node)
            records = told["exits"]
        assert len(records) <= 1, f"{transfer} has several: {told}"
        return records[0] if records else told

    def deposit_by_stages(self):
        """A deposit from Ethereum, held at every stage. Its block is reorganised away before it is final."""
        net, root, amount = self.network, self.ethereum, ETHER // 8
        to, where = net.accounts[2], ("--root", "ethereum")
        before = net.holds(root, None, to)
        deposit = {"from": net.accounts[9], "to": root.bridge, "value": hex(amount), "data": net.encode("depositNative(address)", to), "gas": hex(300_000)}
        root.ask("evm_setIntervalMining", 0)
        try:
            tx = root.ask("eth_sendTransaction", deposit)
            self.sees("pending", tx, *where)
            root.ask("evm_mine")
            self.sees("seen", tx, *where)
            root.ask("anvil_reorg", 1, [])
            lost = self.sees("unknown", tx, *where)
            assert "does not know" in lost, lost
            # What was lost is sent again; only this one may ever count.
            tx = root.ask("eth_sendTransaction", deposit)
            root.ask("evm_mine")
            self.sees("seen", tx, *where)

            net.send("bttc", "guardian", INBOX, net.encode("pause(uint256)", root.id))
            self.guardian_here(root)
            others = (0, 1, 2)
            for relayer in others:
                self.breaks(root, relayer)
            for _ in range(3):
                root.ask("evm_mine")
            # Relayer 3 is halted: it tells what it sees, but vouches for nothing.
            why = self.sees("final there", tx, *where, node=3)
            assert "no validator" in why and "contradict" in why, f"the trouble of the relayer is not told: {why}"
            self.mends(root, 0)
            why = self.sees("attested", tx, *where, node=3)
            assert "more than two thirds" in why, why
            for relayer in others:
                self.mends(root, relayer)
            why = self.sees("accepted", tx, *where)
            assert "paused here until" in why, f"the pause is not told: {why}"
            assert "PAUSED until" in self.commands.shown(), "the pause of the root chain is not shown"
            assert net.holds(root, None, to) == before, "it was delivered in spite of the pause"
            net.send("bttc", "guardian", INBOX, net.encode("unpause(uint256)", root.id))
            self.sees("executed", tx, *where)
        finally:
            for relayer in (0, 1, 2):
                self.mends(root, relayer)
            root.ask("evm_setIntervalMining", 1)
        self.count(self.sent_in, (root.id, None), amount)
        after = net.holds(root, None, to)
        assert after == before + amount, f"{to} has {after} after a deposit of {amount} that was sent twice, before {before}"

    def guardian_here(self, root):
        """On this chain the guardian pauses and lifts its pauses, and nothing else; nobody else does."""
        net = self.network
        net.refused("bttc", 8, INBOX, net.encode("pause(uint256)", root.id), error="NotGuard(address,address)")
        net.refused("bttc", 8, INBOX, net.encode("unpause(uint256)", root.id), error="NotGuard(address,address)")
        for contract in (INBOX, OUTBOX):
            limit = net.encode("setLimit(uint256,address,uint256)", root.id, 0, 1)
            net.refused("bttc", "guardian", contract, limit, error="WrongCaller(address,address)")
        closed = net.encode("setEnabled(uint256,bool)", root.id, 0)
        net.refused("bttc", "guardian", INBOX, closed, error="WrongCaller(address,address)")
        net.refused("bttc", "guardian", INBOX, net.encode("dropAccepted(uint256)", root.id), error="WrongCaller(address,address)")

    def exit_by_stages(self):
        """An exit by command to TRON, under the default policy; the time until it can be claimed is measured."""
        net, root, sender, to = self.network, self.tron, 6, fresh(41)
        nonce = number(net.ask("eth_getTransactionCount", net.accounts[sender], "latest"))
        # The next but one transaction of its account waits until the next is there.
        line = ["bridge", "exit", "5", "--root", "tron", "--to", to, "--any-form", "--nonce", nonce + 1, "--timeout", "1s"]
        code, _, errors = self.commands.run(*line, *self.commands.key(sender), "--yes", "--rpc", net.nodes[0])
        found = re.search(r"0x[0-9a-f]{64}", errors)
        assert code and found, f"the command ended with {code}: {errors}"
        tx = found[0]
        self.sees("pending", tx)
        net.send("bttc", sender, net.accounts[sender], "0x", 1)
        wait("the exit to be in a block", 20, lambda: net.ask("bridge_exit", tx)["stage"] == "final")
        left = time.monotonic()
        self.count(self.sent_out, (root.id, root.btt), 5 * BTT)
        self.exit_left.set()
        why = self.sees("waiting for checkpoint", tx)
        assert "no checkpoint" in why, why
        self.until_claimable(root, tx, left, within=self.exit_age + CHECKPOINT)
        seconds = self.claimable[-1]
        assert seconds >= self.exit_age - 2, f"claimable after {seconds:.1f} s, though exits wait for {self.exit_age} s"
        self.sees("checkpointed", tx)
        self.to_claim = tx, to, 5 * BTT
        self.default_policy = f"{seconds:.1f} s, of which {self.exit_age} s are its longest wait"
        return f"claimable after {self.default_policy}"
