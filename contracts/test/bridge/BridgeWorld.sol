// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {BridgeHashes} from "../../system/bridge/BridgeHashes.sol";
import {Deposit, RootView} from "../../system/interfaces/IBridgeInbox.sol";
import {eq, ok} from "../system/SystemTest.sol";
import {vm} from "../system/Vm.sol";
import {BridgeTest, RootModel} from "./BridgeTest.sol";

/// Takes BTT, or does not.
contract Door {
    bool public closed;

    function shut(bool closed_) external {
        closed = closed_;
    }

    receive() external payable {
        require(!closed);
    }
}

/// Users, validators, governance and attackers doing whatever the fuzzer says, beside a plain model of what must come of it. The fourth
/// validator lies whenever it can.
contract BridgeWorld is BridgeTest {
    enum State {
        Recorded,
        Delivered,
        Kept,
        Replayed,
        Refunded
    }

    uint256 internal constant USERS = 4;
    uint256 public constant TOKENS = 3;
    uint256 public constant STOCK = BRIDGE_RESERVE + BTT_LOCKED;

    Door public door = new Door();

    /// The model: what became of each nonce, when it was kept, and who holds what, by root chain and token there.
    mapping(uint256 root => mapping(uint256 nonce => State)) public states;
    mapping(uint256 root => mapping(uint256 nonce => uint256)) internal keptAt;
    mapping(uint256 root => mapping(address token => mapping(address holder => uint256))) public held;
    /// What the root chain's bridge has locked: deposits less exits and refunds.
    mapping(uint256 root => mapping(address token => uint256)) public locked;
    mapping(uint256 root => mapping(address token => bool)) internal paused;
    mapping(uint256 root => uint256) public executed;
    uint256 public exits;
    /// How often each of them came about.
    mapping(State => uint256) public happened;

    constructor() {
        bridgeGenesis();
        locked[TRON][TRON_BTT] = BTT_LOCKED;
    }

    function user(uint256 i) public view returns (address) {
        i %= USERS;
        return i == 3 ? address(door) : address(uint160(0xACC0 + i));
    }

    function rootOf(uint256 i) public pure returns (uint256) {
        return i % 2 + 1;
    }

    function tokenAt(uint256 i) public pure returns (address) {
        return i % TOKENS == 0 ? address(0) : i % TOKENS == 1 ? USDT : TRON_BTT;
    }

    function isBtt(uint256 root, address rootToken) public pure returns (bool) {
        return root == TRON && rootToken == TRON_BTT;
    }

    function model(uint256 root) external view returns (RootModel) {
        return models[root];
    }

    function here(uint256 root, address rootToken) internal pure returns (address) {
        return isBtt(root, rootToken) ? address(0) : inbox.tokenOf(root, rootToken);
    }

    function deposit(uint256 r, uint256 t, uint256 who, uint64 amount) external {
        (uint256 root, address rootToken) = (rootOf(r), tokenAt(t));
        models[root].deposit(Deposit(rootToken, user(who >> 8), user(who), amount));
        locked[root][rootToken] += amount;
    }

    function syncMetadata(uint256 r, uint256 t, bool fit) external {
        models[rootOf(r)].syncMetadata(names(tokenAt(t), fit ? "Name" : "", "SYM", 6));
    }

    /// An honest validator vouches for all of a prefix it sees. Its vote may come too late: then it changes nothing.
    function attest(uint256 i, uint256 r, uint256 upTo) external {
        uint256 root = rootOf(r);
        uint64 to = uint64(models[root].count());
        if (upTo % 4 == 0 && to > 0) to = uint64(upTo % to) + 1;
        bytes32 chainHash = models[root].chain(to);
        vm.prank(signer(i % 3));
        (bool done,) = address(inbox).call(abi.encodeCall(inbox.attest, (root, to, chainHash)));
        done;
    }

    /// All three honest ones agree.
    function agree(uint256 r) public {
        uint256 root = rootOf(r);
        uint64 to = models[root].count();
        bytes32 chainHash = models[root].chain(to);
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(signer(i));
            (bool done,) = address(inbox).call(abi.encodeCall(inbox.attest, (root, to, chainHash)));
            done;
        }
    }

    /// The liar says anything.
    function lie(uint256 r, uint64 to, bytes32 chainHash) external {
        uint256 root = rootOf(r);
        RootView memory before = inbox.rootChain(root);
        vm.prank(signer(3));
        (bool done,) = address(inbox).call(abi.encodeCall(inbox.attest, (root, before.executed + to % 1100, chainHash)));
        RootView memory now_ = inbox.rootChain(root);
        ok(!done || now_.acceptedChain == before.acceptedChain, "one liar of four decides nothing");
    }

    function stranger(address who, uint256 r, uint64 to, bytes32 chainHash) external {
        if (set.powerOf(who) != 0 || who == address(vm)) return;
        vm.prank(who);
        (bool done,) = address(inbox).call(abi.encodeCall(inbox.attest, (rootOf(r), to, chainHash)));
        ok(!done, "strangers have no vote");
    }

    function execute(uint256 r, uint256 cut, bool first) external {
        if (first) agree(r);
        uint256 root = rootOf(r);
        RootView memory view_ = inbox.rootChain(root);
        if (view_.accepted == view_.executed) return;
        uint256 from = view_.executed;
        if (models[root].record(from).isMetadata) {
            bytes32[] memory after_ = models[root].rest(from + 1, view_.accepted);
            inbox.executeMetadata(root, models[root].record(from).metadata, after_);
            executed[root] = from + 1;
            return;
        }
        uint256 to = from + 1;
        uint256 most = from + cut % 6 + 1;
        while (to < view_.accepted && to < most && !models[root].record(to).isMetadata) ++to;
        for (uint256 nonce = from; nonce < to; ++nonce) {
            bool fails = !expected(root, models[root].record(nonce).deposit);
            become(root, nonce, fails ? State.Kept : State.Delivered);
            if (fails) keptAt[root][nonce] = time;
        }
        executed[root] = to;
        inbox.executePart(root, models[root].deposits(from, to), models[root].rest(to, view_.accepted));
    }

    /// Whether a delivery must work now; if so the model's balances follow.
    function expected(uint256 root, Deposit memory d) private returns (bool) {
        if (paused[root][d.token]) return false;
        if (isBtt(root, d.token) && d.to == address(door) && door.closed()) return false;
        held[root][d.token][d.to] += d.amount;
        return true;
    }

    function become(uint256 root, uint256 nonce, State state) private {
        states[root][nonce] = state;
        ++happened[state];
    }

    /// Any nonce, with its own deposit: only a kept one can be delivered, and only if it works by now.
    function replay(uint256 r, uint256 nonce) external {
        uint256 root = rootOf(r);
        if (models[root].count() == 0) return;
        nonce %= models[root].count();
        Deposit memory d = models[root].record(nonce).deposit;
        bool works = states[root][nonce] == State.Kept && expected(root, d);
        (bool done,) = address(inbox).call(abi.encodeCall(inbox.replay, (root, uint64(nonce), d)));
        ok(done == works, "replayed if and only if it was kept and works now");
        if (done) become(root, nonce, State.Replayed);
    }

    /// Any nonce: only one kept for 7 days goes back.
    function refund(uint256 r, uint256 nonce) external {
        uint256 root = rootOf(r);
        if (models[root].count() == 0) return;
        nonce %= models[root].count();
        Deposit memory d = models[root].record(nonce).deposit;
        bool works = states[root][nonce] == State.Kept && time >= keptAt[root][nonce] + 7 days && !paused[root][d.token]
            && d.amount != 0;
        (bool done,) = address(inbox).call(abi.encodeCall(inbox.refund, (root, uint64(nonce), d)));
        ok(done == works, "refunded if and only if it was kept for a week");
        if (!done) return;
        become(root, nonce, State.Refunded);
        locked[root][d.token] -= d.amount;
        ++exits;
    }

    function exit(uint256 r, uint256 t, uint256 who, uint256 amount) external {
        (uint256 root, address rootToken, address from) = (rootOf(r), tokenAt(t), user(who));
        uint256 most = held[root][rootToken][from];
        if (most == 0) return;
        amount = amount % most + 1;
        bool btt = isBtt(root, rootToken);
        address token_ = here(root, rootToken);
        vm.prank(from);
        outbox.exit{value: btt ? amount : 0}(root, token_, address(0xBEEF), amount);
        held[root][rootToken][from] -= amount;
        locked[root][rootToken] -= amount;
        ++exits;
    }

    /// Attackers: the next deposits with one word changed, or those that were carried out already.
    function forge(uint256 r, uint256 how, address word) external {
        uint256 root = rootOf(r);
        RootView memory view_ = inbox.rootChain(root);
        bool old = how % 2 == 0;
        (uint256 from, uint256 to) = old ? (0, view_.executed) : (view_.executed, view_.accepted);
        if (from == to) return;
        Deposit[] memory list = models[root].deposits(from, to);
        if (!old && how % 3 == 0) list[how % list.length].to = word;
        if (!old && how % 3 == 1) list[how % list.length].amount += 1;
        if (!old && how % 3 == 2) list[how % list.length].token = word;
        if (!old && keccak256(abi.encode(list)) == keccak256(abi.encode(models[root].deposits(from, to)))) return;
        (bool done,) = address(inbox).call(abi.encodeCall(inbox.execute, (root, list)));
        ok(!done, "a forged or repeated deposit");
    }

    function pause(uint256 r, uint256 t, bool on) external {
        (uint256 root, address rootToken) = (rootOf(r), tokenAt(t));
        if (paused[root][rootToken] == on) return;
        uint256 what = uint160(here(root, rootToken));
        vm.prank(TIMELOCK);
        if (on) inbox.pause(what);
        else inbox.unpause(what);
        paused[root][rootToken] = on;
    }

    function shut(bool closed) external {
        door.shut(closed);
    }

    /// An epoch ends; votes given in it are void.
    function epoch() external {
        close();
    }

    function pass(uint256 seconds_) external {
        next(seconds_ % 5 days);
    }
}
