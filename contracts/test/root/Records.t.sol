// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Asset} from "../../root/Assets.sol";
import {RootBridge} from "../../root/RootBridge.sol";
import {TokenTransfer} from "../../root/TokenTransfer.sol";
import {Deposit, Metadata} from "../../system/interfaces/IBridgeInbox.sol";
import {RootModel} from "../bridge/BridgeTest.sol";
import {vm} from "../system/Vm.sol";
import {BridgeTest} from "./BridgeTest.sol";
import {OWNER, SIDE_CHAIN, ok} from "./RootTest.sol";
import {NamedToken, OddToken} from "./Tokens.sol";

/// Names of tokens among the records, and coins that are locked without one.
contract RecordsTest is BridgeTest {
    NamedToken private named;
    RootModel private model;

    event MetadataSynced(
        uint64 indexed nonce, address indexed token, string name, string symbol, uint8 decimals, bytes32 chainHash
    );
    event Locked(address indexed token, address indexed from, uint256 amount);

    function setUp() public {
        setUpBridge();
        model = new RootModel(SIDE_CHAIN, 1, address(bridge));
        named = newToken();
    }

    /// A listed token with good names.
    function newToken() private returns (NamedToken made) {
        made = new NamedToken();
        made.setNames("Tether USD", "USDT", 6);
        setAsset(address(made), true, CAP, 200, 1);
    }

    /// Holds the bridge against the model.
    function compare(string memory what) private view {
        uint64 count = model.count();
        ok(bridge.recordCount() == count && bridge.recordChain() == model.chain(count), what);
    }

    function bring(NamedToken of_, uint256 amount) private {
        deposit(address(of_), amount);
        model.deposit(Deposit(address(of_), ALICE, BOB, amount));
    }

    function test_namesGoBeforeTheFirstDeposit() external {
        expectNames(named, "Tether USD", "USDT", 6);
        compare("names, then the deposit");
        bring(named, 8);
        compare("names once");
        vm.expectRevert(abi.encodeWithSelector(RootBridge.NamesKnown.selector, named));
        bridge.syncMetadata(address(named));
    }

    function test_theCoinHasNamesOfItsOwn() external {
        ok(bridge.syncMetadata(NATIVE) == 0, "asked for");
        deposit(NATIVE, 5);
        model.syncMetadata(Metadata(NATIVE, "Ether", "ETH", 18));
        model.deposit(Deposit(NATIVE, ALICE, BOB, 5));
        compare("once");

        bridge = new RootBridge(2, roots, OWNER, GUARDIAN);
        model = new RootModel(SIDE_CHAIN, 2, address(bridge));
        setAsset(NATIVE, true, CAP, 200, 1);
        deposit(NATIVE, 5);
        model.syncMetadata(Metadata(NATIVE, "TRON", "TRX", 6));
        model.deposit(Deposit(NATIVE, ALICE, BOB, 5));
        compare("TRON's");
    }

    function test_anybodySyncsWhatIsNewOfWhatIsListed() external {
        NamedToken stranger = new NamedToken();
        stranger.setNames("Spam", "SPAM", 0);
        vm.expectRevert(abi.encodeWithSelector(RootBridge.NotListed.selector, stranger));
        bridge.syncMetadata(address(stranger));

        vm.prank(BOB);
        ok(bridge.syncMetadata(address(named)) == 0, "nonce");
        model.syncMetadata(Metadata(address(named), "Tether USD", "USDT", 6));
        bring(named, 1);
        compare("not again before the first deposit");
        named.setNames("Tether", "USDT", 6);
        bridge.syncMetadata(address(named));
        model.syncMetadata(Metadata(address(named), "Tether", "USDT", 6));
        named.setNames("Tether", "USDt", 6);
        setAsset(address(named), false, CAP, 200, 1);
        bridge.syncMetadata(address(named));
        model.syncMetadata(Metadata(address(named), "Tether", "USDt", 6));
        named.setNames("Tether", "USDt", 7);
        bridge.syncMetadata(address(named));
        model.syncMetadata(Metadata(address(named), "Tether", "USDt", 7));
        compare("any of the three counts, closed or not");
    }

    /// Deposits must go on whatever a token says of itself; then there is no record of it until it can be read.
    function refused(NamedToken made, string memory what) private {
        uint64 before = bridge.recordCount();
        uint256 gas = gasleft();
        deposit(address(made), 5);
        ok(gas - gasleft() < 700_000, string.concat(what, ": bounded"));
        ok(bridge.recordCount() == before + 1, what);
        ok(bridge.assetOf(address(made)).locked == 5 && bridge.assetOf(address(made)).named, what);
        vm.expectRevert(abi.encodeWithSelector(RootBridge.NoNames.selector, made));
        bridge.syncMetadata(address(made));
        // Once it is mended anybody syncs it; deposits do not ask again.
        made.setMood("name()", NamedToken.Mood.Answer);
        made.setMood("symbol()", NamedToken.Mood.Answer);
        made.setMood("decimals()", NamedToken.Mood.Answer);
        made.setNames("Mended", "MND", 18);
        deposit(address(made), 5);
        ok(bridge.recordCount() == before + 2, string.concat(what, ": asked once"));
        bridge.syncMetadata(address(made));
        ok(bridge.recordCount() == before + 3, string.concat(what, ": mended"));
    }

    function withNames(string memory name, string memory symbol, uint256 decimals) private returns (NamedToken made) {
        made = newToken();
        made.setNames(name, symbol, decimals);
    }

    function withAnswer(string memory question, bytes memory answer) private returns (NamedToken made) {
        made = newToken();
        made.setAnswer(question, answer);
    }

    function long(uint256 length) private pure returns (string memory) {
        bytes memory text = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            text[i] = "x";
        }
        return string(text);
    }

    function test_namesThatAreNotPlainAreRefused() external {
        refused(withNames("", "S", 1), "no name");
        refused(withNames("N", "", 1), "no symbol");
        refused(withNames(long(65), "S", 1), "a long name");
        refused(withNames("N", long(33), 1), "a long symbol");
        refused(withNames(long(5_000), "S", 1), "a very long name");
        refused(withNames(" N", "S", 1), "a space before it");
        refused(withNames("N", "S ", 1), "a space behind it");
        refused(withNames("N\n", "S", 1), "a control character");
        refused(withNames("N", unicode"Ŝ", 1), "no ASCII");
        refused(withNames("N\x7f", "S", 1), "delete");
        refused(withNames(string(abi.encodePacked(bytes1(0xff))), "S", 1), "no UTF-8");
        refused(withNames("N", "S", 37), "too many decimals");
        refused(withNames("N", "S", 256 + 6), "decimals are not cut to a byte");
    }

    function test_whatIsNoTextIsRefused() external {
        refused(withAnswer("name()", bytes.concat(bytes32("Maker"))), "a word");
        refused(withAnswer("symbol()", bytes.concat(bytes32("MKR"), bytes32(0), bytes32(0))), "words");
        refused(withAnswer("name()", ""), "nothing");
        refused(withAnswer("name()", abi.encode(uint256(0x20))), "no length");
        refused(withAnswer("name()", abi.encode(uint256(0x20), uint256(1))), "no bytes");
        refused(withAnswer("name()", abi.encodePacked(uint256(0x20), uint256(5), "abcd")), "too few bytes");
        refused(withAnswer("name()", abi.encode(uint256(0x20), type(uint256).max, "abcd")), "a length without end");
        refused(withAnswer("name()", abi.encode(uint256(0x40), uint256(0), uint256(1), "a")), "elsewhere");
        refused(withAnswer("name()", abi.encode(type(uint256).max, uint256(1), "a")), "nowhere");
        refused(withAnswer("decimals()", hex"06"), "a byte");
        refused(withAnswer("decimals()", ""), "no decimals");
        string[3] memory questions = ["name()", "symbol()", "decimals()"];
        NamedToken.Mood[3] memory moods = [NamedToken.Mood.Revert, NamedToken.Mood.BurnAllGas, NamedToken.Mood.Flood];
        for (uint256 i = 0; i < 9; ++i) {
            NamedToken made = newToken();
            made.setMood(questions[i / 3], moods[i % 3]);
            // A flood of zeros is a number.
            if (i != 8) refused(made, questions[i / 3]);
        }
    }

    /// As many bytes as the side chain takes, and answers that are longer than their text.
    function test_theLongestNamesAreTaken() external {
        expectNames(withNames(long(64), long(32), 36), long(64), long(32), 36);
        expectNames(withNames("!", "~", 0), "!", "~", 0);
        expectNames(withNames(long(33), "a b", 18), long(33), "a b", 18);
        NamedToken made = withAnswer("name()", abi.encodePacked(uint256(0x20), uint256(4), "abcd"));
        expectNames(made, "abcd", "USDT", 6);
        made = withAnswer("name()", abi.encodePacked(uint256(0x20), uint256(4), "abcd", long(500)));
        expectNames(made, "abcd", "USDT", 6);
        made = withAnswer("decimals()", abi.encode(uint256(8), uint256(9)));
        expectNames(made, "Tether USD", "USDT", 8);
    }

    /// Deposits it for the first time.
    function expectNames(NamedToken made, string memory name, string memory symbol, uint8 decimals) private {
        model.syncMetadata(Metadata(address(made), name, symbol, decimals));
        bytes32 chain = model.chain(model.count());
        uint64 nonce = bridge.recordCount();
        made.mint(address(this), 3);
        made.approve(address(bridge), 3);
        vm.expectEmit(true, true, true, true, address(bridge));
        emit MetadataSynced(nonce, address(made), name, symbol, decimals, chain);
        ok(bridge.deposit(address(made), BOB, 3) == nonce + 1, "nonce");
        model.deposit(Deposit(address(made), address(this), BOB, 3));
        compare(name);
    }

    /// Whatever bytes a token answers, its deposit is taken.
    function testFuzz_anyAnswer(bytes calldata name, bytes calldata symbol, bytes calldata decimals, bool asText)
        external
    {
        NamedToken made = newToken();
        made.setAnswer("name()", asText ? abi.encode(name) : name);
        made.setAnswer("symbol()", asText ? abi.encode(symbol) : symbol);
        made.setAnswer("decimals()", decimals);
        deposit(address(made), 5);
        uint64 count = bridge.recordCount();
        ok(count == 1 || count == 2, "the deposit");
        ok(asText || count == 1 || plain(name), "an answer that is none");
        bool fit = decimals.length >= 32 && uint256(bytes32(decimals)) <= 36;
        if (asText) {
            fit = fit && name.length <= 64 && symbol.length <= 32 && plain(name) && plain(symbol);
            ok((count == 2) == fit, "just what is fit");
        }
    }

    function plain(bytes calldata text) private pure returns (bool) {
        for (uint256 i = 0; i < text.length; ++i) {
            bool edge = i == 0 || i == text.length - 1;
            if (uint8(text[i]) < (edge ? 0x21 : 0x20) || uint8(text[i]) > 0x7e) return false;
        }
        return text.length != 0;
    }

    /// forge-config: default.fuzz.runs = 300
    function testFuzz_plainTexts(uint64 seed, uint8 nameLength, uint8 symbolLength, uint8 decimals) external {
        string memory name = random(seed, nameLength % 70);
        string memory symbol = random(uint256(seed) + 1, symbolLength % 36);
        NamedToken made = withNames(name, symbol, decimals % 40);
        deposit(address(made), 5);
        bool fit = this.isPlain(bytes(name)) && this.isPlain(bytes(symbol)) && nameLength % 70 <= 64
            && symbolLength % 36 <= 32 && decimals % 40 <= 36;
        ok(bridge.recordCount() == (fit ? 2 : 1), "just what is fit");
        if (!fit) return;
        model.syncMetadata(Metadata(address(made), name, symbol, decimals % 40));
        model.deposit(Deposit(address(made), ALICE, BOB, 5));
        compare("the same bytes");
    }

    function isPlain(bytes calldata text) external pure returns (bool) {
        return plain(text);
    }

    /// Mostly printable.
    function random(uint256 seed, uint256 length) private pure returns (string memory) {
        bytes memory text = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            uint256 dice = uint256(keccak256(abi.encode(seed, i)));
            text[i] = bytes1(uint8(dice % 200 == 0 ? dice >> 8 : 0x20 + (dice >> 8) % 0x5f));
        }
        return string(text);
    }

    /// However little gas the caller gives: with a deposit that succeeds come the names.
    function test_littleGasDoesNotHideTheNames() external {
        named.setMood("decimals()", NamedToken.Mood.Slow);
        named.mint(address(this), 5);
        named.approve(address(bridge), 5);
        uint256 failed;
        uint256 done;
        for (uint256 gas = 150_000; gas < 330_000; gas += 600) {
            (bool success, uint64 records) = probe(gas);
            ok(!success || records == 2, "both or none");
            if (success) done += 1;
            else failed += 1;
        }
        ok(failed > 20 && done > 20, "the gas was tried on both sides of enough");
    }

    function probe(uint256 gas) private returns (bool success, uint64 records) {
        try this.undone(gas) {
            ok(false, "it reverts");
        } catch (bytes memory answer) {
            (success, records) = abi.decode(answer, (bool, uint64));
        }
    }

    function undone(uint256 gas) external {
        vm.cool(address(named));
        vm.cool(address(bridge));
        (bool success,) = address(bridge).call{gas: gas}(abi.encodeCall(bridge.deposit, (address(named), BOB, 5)));
        bytes memory answer = abi.encode(success, bridge.recordCount());
        assembly ("memory-safe") {
            revert(add(answer, 0x20), mload(answer))
        }
    }

    function test_whatIsGivenCountsAsLockedWithoutARecord() external {
        setAsset(address(named), false, 1_000e6, 200, 1);
        named.mint(ALICE, 900e6);
        vm.prank(ALICE);
        named.approve(address(bridge), 900e6);
        vm.expectEmit(true, true, true, true, address(bridge));
        emit Locked(address(named), ALICE, 900e6);
        vm.prank(ALICE);
        ok(bridge.lock(address(named), 900e6) == 900e6, "answer");
        Asset memory asset = bridge.assetOf(address(named));
        ok(asset.locked == 900e6 && named.balanceOf(address(bridge)) == 900e6, "locked");
        ok(bridge.recordCount() == 0 && bridge.recordChain() == 0 && !asset.named, "no record");
        // What left the side chain is paid from it.
        exitOf(address(named), BOB, 0.9e6);
        checkpoint();
        ok(claim(0) == 0.9e6 && named.balanceOf(BOB) == 0.9e6, "paid");
        // And the first deposit is still the first.
        setAsset(address(named), true, CAP, 200, 1);
        model.syncMetadata(Metadata(address(named), "Tether USD", "USDT", 6));
        bring(named, 1);
        compare("names and deposit");
    }

    function test_givingIsBoundLikeADeposit() external {
        vm.expectRevert(RootBridge.NotAToken.selector);
        bridge.lock(NATIVE, 1);
        vm.expectRevert(RootBridge.NoAmount.selector);
        bridge.lock(address(named), 0);
        setAsset(address(named), true, 100, 200, 1);
        named.mint(address(this), 160);
        named.approve(address(bridge), 160);
        bridge.lock(address(named), 60);
        vm.expectRevert(abi.encodeWithSelector(RootBridge.CapExceeded.selector, named, 101, 100));
        bridge.lock(address(named), 41);
        // Nobody's coins but the caller's.
        vm.prank(BOB);
        vm.expectRevert(abi.encodeWithSelector(TokenTransfer.CallFailed.selector, named));
        bridge.lock(address(named), 1);
        named.set(OddToken.Answer.FalseAndNotDone, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(TokenTransfer.WrongReceipt.selector, named, 0, 10));
        bridge.lock(address(named), 10);
        named.set(OddToken.Answer.FalseButDone, 1_000, 0);
        ok(bridge.lock(address(named), 40) == 36 && bridge.assetOf(address(named)).locked == 96, "what arrived");
        NamedToken stranger = new NamedToken();
        stranger.mint(address(this), 1);
        stranger.approve(address(bridge), 1);
        vm.expectRevert(abi.encodeWithSelector(RootBridge.CapExceeded.selector, stranger, 1, 0));
        bridge.lock(address(stranger), 1);
    }
}
