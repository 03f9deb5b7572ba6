"""The brakes of root bridges: the guardian's pause, the delay of large exits, the limit of a day. And deposits that are kept."""

from network import wait
from play import BTT, ETHER, STUBBORN, TRX, fresh, init_code
from stages import Stages

HOUR = 3_600
NOBODY = "OwnableUnauthorizedAccount(address)"


class Brakes(Stages):
    """Each is tripped by real value, told in words, and passed again in the end."""

    def warp(self, seconds):
        """Time passes on Ethereum."""
        self.ethereum.ask("evm_increaseTime", seconds)
        self.ethereum.ask("evm_mine")

    def pays(self, exit_, sender, root):
        """Claims by command; the events."""
        return self.commands.told("claim", exit_, *root.reach, sender=sender)["events"]

    def guardian_of(self, root):
        """Pauses a root bridge, and tries whatever else: only the owner may do that. Nobody else may pause."""
        net, bridge = self.network, root.bridge
        pause, asset = net.encode("pause()"), net.encode("setAsset(address,bool,uint104,uint16,uint104)", 0, 1, 10**30, 1_000, 10**30)
        net.refused(root.name, 8, bridge, pause, error="NotGuardian(address,address)")
        net.send(root.name, "guardian", bridge, pause)
        for sender in ("guardian", 8):
            for call in (net.encode("endPause()"), asset, net.encode("setGuardian(address)", 0), net.encode("transferOwnership(address)", 1)):
                net.refused(root.name, sender, bridge, call, error=NOBODY)
        net.refused(root.name, "guardian", bridge, pause, error="PauseCoolDown(uint256,uint64)")
        net.refused(root.name, "guardian", root.checkpoints, net.encode("announceRecovery(bytes32,uint64)", 1, 1), error=NOBODY)

    def refuses_all(self, root, exit_, sender):
        """While it is paused the commands say so, and so do status and RPC."""
        wait("the pause to be told", 40, lambda: "Paused      until" in self.commands.shown())
        says = ["E1424", "is paused", "until"]
        self.commands.refused("claim", exit_, *root.reach, sender=sender, says=says)
        self.commands.refused("deposit", "1", "native", "--root", root.name, "--to", self.network.accounts[sender], *root.reach, sender=sender, says=says)
        (told,) = self.network.ask("bridge_exit", exit_)["exits"]
        assert "paused that root chain until" in told["reason"], f"the pause is not told: {told}"

    def tron_pauses(self):
        """The guardian pauses TRON's bridge with an exit under way; its owner ends the pause, and the exit is paid."""
        net, root, sender = self.network, self.tron, 7
        tx, to, amount = self.to_claim
        self.guardian_of(root)
        self.refuses_all(root, tx, sender)
        net.send(root.name, "owner", root.bridge, net.encode("endPause()"))
        events = self.pays(tx, sender, root)
        assert [event["name"] for event in events] == ["ExitPaid"], f"a claim did {events}"
        assert root.balance(root.btt, to) == amount, f"{to} has {root.balance(root.btt, to)} after a claim of {amount}"
        self.sees("paid", tx)
        self.commands.refused("claim", tx, *root.reach, sender=sender, says=["E1421"])
        # And deposits are taken again.
        before = net.holds(root, None, net.accounts[sender])
        made = self.commands.told("deposit", "3", "native", "--root", root.name, "--to", net.accounts[sender], *root.reach, sender=sender)
        self.count(self.sent_in, (root.id, None), 3 * TRX)
        transfer = f"{root.name}/{made['deposit']['nonce']}"
        wait(f"{transfer} to be executed", 45, lambda: "Stage       executed" in self.commands.shown(transfer))
        assert net.holds(root, None, net.accounts[sender]) == before + 3 * TRX, "the deposit did not arrive"

    def leave_ethereum(self):
        """A large exit and a small one."""
        root = self.ethereum
        self.large, _ = self.leave(root, None, 30 * ETHER, fresh(51), 1)
        self.small, _ = self.leave(root, None, ETHER, fresh(52), 1)

    def large_exit(self):
        """A large exit waits a day, is paid up to the limit of the day, and then the rest; a pause in between ends by itself."""
        root, sender, to = self.ethereum, 7, fresh(51)
        for tx in (self.large, self.small):
            self.sees("checkpointed", tx, within=90)
        limits = self.limits(root)
        assert limits["payments"]["atOnce"] == str(5 * ETHER), f"limits are {limits}"
        events = self.pays(self.large, sender, root)
        assert [event["name"] for event in events] == ["ExitDelayed"] and root.balance(None, to) == 0, f"a claim did {events}"
        why = self.sees("delayed", self.large)
        assert "24 hours" in why, why
        self.commands.refused("claim", self.large, *root.reach, sender=sender, says=["E1422", "24 hours"])

        self.guardian_of(root)
        self.refuses_all(root, self.small, sender)
        self.warp(72 * HOUR)
        wait("the pause to be over", 40, lambda: "Paused      until" not in self.commands.shown())
        self.pays(self.small, sender, root)
        assert root.balance(None, fresh(52)) == ETHER, "the small exit was not paid"
        self.sees("paid", self.small)

        (paid,) = self.pays(self.large, sender, root)
        # A quarter of what may leave in a day, less what the small exit took and a little that drained since.
        first, least = int(paid["amount"]), 24 * ETHER
        assert least <= first < least + ETHER // 10 and root.balance(None, to) == first, f"the first part is {paid}"
        why = self.sees("partly paid", self.large)
        assert "limit of the day" in why, why
        left = int(self.limits(root)["payments"]["available"])
        assert left < ETHER // 10, f"{left} may leave though the limit is used up"
        self.warp(8 * HOUR)
        (paid,) = self.pays(self.large, sender, root)
        assert int(paid["left"]) == 0 and root.balance(None, to) == 30 * ETHER, f"the rest is {paid}"
        self.sees("paid", self.large)
        # Its relayers bear the leap of time.
        self.moves_in(root, None, ETHER // 4, self.network.accounts[5], 5)
        return f"{first / ETHER:.3f} ETH of 30 in the first part"

    def limits(self, root):
        (told,) = self.commands.told("limits", "--root", root.name, "--token", "0x" + "0" * 40)
        return told

    def kept(self):
        """A receiver refuses; the commands deliver later what is kept, and say from when on it can go back."""
        net, root, amount, sender = self.network, self.tron, 9 * BTT, 7
        stubborn = net.send("bttc", 8, None, init_code(STUBBORN))["transaction"]["contract"]
        tx, _ = self.deposit(root, root.btt, amount, stubborn, 5)
        why = self.sees("kept", tx, "--root", root.name, within=60)
        assert "ReceiverRefused" in why, why
        nonce = self.of_rpc(tx, ("--root", root.name), 0)["nonce"]
        assert f"{root.name}/{nonce}" in self.commands.shown(), "the kept deposit is not named"
        self.commands.refused("replay", root.name, nonce, sender=sender, says=["E1418", "does not take"])
        # Seven days cannot pass here; the contract's own tests let them.
        self.commands.refused("refund", root.name, nonce, sender=sender, says=["E1417", "possible from"])
        assert net.balance(stubborn) == 0, "something was delivered"
        net.send("bttc", 8, stubborn, "0x01")
        self.commands.told("replay", root.name, nonce, sender=sender)
        assert net.balance(stubborn) == amount, f"the receiver has {net.balance(stubborn)} after the replay"
        self.sees("replayed", tx, "--root", root.name)
        self.commands.refused("replay", root.name, nonce, sender=sender, says=["E1416", "replayed"])


