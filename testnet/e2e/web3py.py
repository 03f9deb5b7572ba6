"""web3.py: OpenZeppelin tokens, the four transaction types, filters, subscriptions, IPC, proofs judged by PyPI `trie`."""

import asyncio

from eth_account import Account
from eth_utils import keccak
from web3 import AsyncWeb3, IPCProvider, Web3
from web3.exceptions import ContractCustomError, ContractLogicError, ContractPanicError, TransactionNotFound, Web3RPCError
from web3.providers.persistent import WebSocketProvider

from harness import BTT, FLOOR, GWEI, HTTP, IPC, MNEMONIC, TARGET, WS, Suite, artifact, equal, poll, rpc
from proof import BadProof, from_trie, proven

Account.enable_unaudited_hdwallet_features()
suite = Suite("web3")
w3 = Web3(Web3.HTTPProvider(HTTP))
owner = Account.from_mnemonic(MNEMONIC, account_path="m/44'/60'/0'/0/0")
other = Account.from_mnemonic(MNEMONIC, account_path="m/44'/60'/0'/0/1")
at = {}


def send(fields, account=owner):
    """Fills in, signs and sends a transaction; returns its receipt."""
    tx = {"chainId": TARGET["chainId"], "nonce": w3.eth.get_transaction_count(account.address), "value": 0, **fields}
    if "gasPrice" not in tx:
        tx = {"maxFeePerGas": 40_000 * GWEI, "maxPriorityFeePerGas": 5 * GWEI, **tx}
    if "gas" not in tx:
        tx["gas"] = w3.eth.estimate_gas({**tx, "from": account.address})
    raw = account.sign_transaction(tx).raw_transaction
    return w3.eth.wait_for_transaction_receipt(w3.eth.send_raw_transaction(raw), timeout=10, poll_latency=0.02)


def deploy(name, *args):
    """Deploys a contract of contracts/."""
    compiled = artifact(name)
    factory = w3.eth.contract(abi=compiled["abi"], bytecode=compiled["bytecode"])
    receipt = send({"data": factory.constructor(*args).data_in_transaction})
    equal(receipt.status, 1, f"deploying {name}")
    return w3.eth.contract(receipt.contractAddress, abi=compiled["abi"])


def run(call, **fields):
    """Sends a contract call; returns its receipt, which must be a success."""
    receipt = send({"to": call.address, "data": call._encode_transaction_data(), **fields})
    equal(receipt.status, 1, "status")
    return receipt


def raises(kind, body):
    """Runs `body`, which must raise `kind`; returns the error."""
    try:
        value = body()
    except kind as error:
        return error
    raise AssertionError(f"accepted, and gave {value!r}; expected {kind}")


@suite.check("connected to the right chain")
def _():
    assert w3.is_connected()
    equal(w3.eth.chain_id, TARGET["chainId"])
    equal(w3.eth.syncing, False)
    equal(int(w3.net.version), TARGET["chainId"])


@suite.check("OpenZeppelin ERC-20: deploy, transfer, approve, transferFrom, events")
def _():
    coin = at["coin"] = deploy("Coin", 10**21)
    receipt = run(coin.functions.transfer(other.address, 300))
    (event,) = coin.events.Transfer().process_receipt(receipt)
    equal(dict(event.args), {"from": owner.address, "to": other.address, "value": 300})
    run(coin.functions.approve(other.address, 50))
    data = coin.encode_abi("transferFrom", [owner.address, other.address, 50])
    equal(send({"to": coin.address, "data": data}, other).status, 1)
    equal(coin.functions.balanceOf(other.address).call(), 350)
    equal(coin.functions.totalSupply().call(), 10**21)


@suite.check("OpenZeppelin ERC-721 and ERC-1155: deploy, mint, transfer")
def _():
    pictures = deploy("Pictures")
    run(pictures.functions.mint(owner.address, 9))
    run(pictures.functions.transferFrom(owner.address, other.address, 9))
    equal(pictures.functions.ownerOf(9).call(), other.address)
    items = deploy("Items")
    run(items.functions.mint(owner.address, 1, 10))
    run(items.functions.safeTransferFrom(owner.address, other.address, 1, 4, b""))
    equal(items.functions.balanceOf(other.address, 1).call(), 4)


def _transfer(kind, fields):
    @suite.check(f"a transfer of type {kind}, exact to the wei")
    def _():
        to, value = Account.create().address, 3 * BTT + 1
        before = w3.eth.get_balance(owner.address)
        receipt = send({"to": to, "value": value, **fields})
        base = w3.eth.get_block(receipt.blockNumber).baseFeePerGas
        assert base >= FLOOR, f"base fee {base}"
        equal((receipt.status, receipt.type), (1, kind))
        if kind < 4:
            equal(receipt.gasUsed, 21_000)
        equal(receipt.effectiveGasPrice, fields.get("gasPrice", base + 5 * GWEI))
        equal(w3.eth.get_balance(to), value)
        equal(before - w3.eth.get_balance(owner.address), value + receipt.gasUsed * receipt.effectiveGasPrice)


_transfer(0, {"gasPrice": 30_000 * GWEI, "gas": 21_000})
_transfer(1, {"gasPrice": 30_000 * GWEI, "gas": 21_000, "accessList": [], "type": 1})
_transfer(2, {"gas": 21_000, "type": 2})
_borrower = Account.create()
_delegate = deploy("Wallet")
_signed = _borrower.sign_authorization({"chainId": TARGET["chainId"], "address": _delegate.address, "nonce": 0})
_transfer(4, {"gas": 100_000, "type": 4, "authorizationList": [_signed]})


@suite.check("EIP-7702: the delegated account runs code; clearing takes it away")
def _():
    equal(w3.eth.get_code(_borrower.address), bytes.fromhex("ef0100" + _delegate.address[2:]))
    borrowed = w3.eth.contract(_borrower.address, abi=_delegate.abi)
    equal(borrowed.functions.whoami().call(), _borrower.address)
    clear = _borrower.sign_authorization({"chainId": TARGET["chainId"], "address": "0x" + "00" * 20, "nonce": 1})
    equal(send({"to": other.address, "gas": 100_000, "type": 4, "authorizationList": [clear]}).status, 1)
    equal(w3.eth.get_code(_borrower.address), b"")


@suite.check("reverts decoded: string, panic, custom error; in calls and in estimates")
def _():
    probe = at["probe"] = deploy("Probe")
    error = raises(ContractLogicError, lambda: probe.functions.failString().call())
    assert "the reason in words" in str(error), error
    raises(ContractPanicError, lambda: probe.functions.failAssert().call())
    custom = raises(ContractCustomError, lambda: probe.functions.failCustom(12).call({"from": owner.address}))
    assert custom.data[:10] == "0x" + keccak(text="Refused(uint256,address)")[:4].hex(), custom.data
    assert int(custom.data[10:74], 16) == 12
    raises(ContractCustomError, lambda: probe.functions.failCustom(12).estimate_gas({"from": owner.address}))


@suite.check("a mined failure can be replayed at its block to see why")
def _():
    data = at["probe"].encode_abi("storeThenFail", [5])
    receipt = send({"to": at["probe"].address, "data": data, "gas": 200_000})
    equal(receipt.status, 0)
    tx = w3.eth.get_transaction(receipt.transactionHash)
    replay = {"from": tx["from"], "to": tx.to, "data": tx.input}
    raises(ContractCustomError, lambda: w3.eth.call(replay, receipt.blockNumber - 1))


@suite.check("event filters and getLogs through web3.py")
def _():
    probe = at["probe"]
    live = probe.events.Noted.create_filter(from_block="latest", argument_filters={"number": 21})
    block_filter = w3.eth.filter("latest")
    run(probe.functions.note(20, "no"))
    receipt = run(probe.functions.note(21, "yes"))
    (event,) = poll(live.get_new_entries, "the event")
    equal((event.args.text, event.blockNumber), ("yes", receipt.blockNumber))
    assert receipt.blockHash in block_filter.get_new_entries()
    logs = probe.events.Noted().get_logs(from_block=receipt.blockNumber - 1, to_block=receipt.blockNumber)
    equal([e.args.number for e in logs], [20, 21])
    equal(w3.eth.uninstall_filter(live.filter_id), True)


@suite.check("WebSocket: newHeads and logs through AsyncWeb3")
def _():
    probe = at["probe"]

    async def watch():
        async with AsyncWeb3(WebSocketProvider(WS)) as socket:
            heads = await socket.eth.subscribe("newHeads")
            logs = await socket.eth.subscribe("logs", {"address": probe.address})
            receipt = await asyncio.to_thread(run, probe.functions.note(5, "socket"))
            seen = {}
            async for message in socket.socket.process_subscriptions():
                seen[message["subscription"]] = message["result"]
                if len(seen) == 2:
                    break
            equal(seen[logs].transactionHash, receipt.transactionHash)
            equal(seen[heads].number, receipt.blockNumber)
            await socket.eth.unsubscribe(heads)

    asyncio.run(asyncio.wait_for(watch(), 15))


@suite.check("IPC through web3.py")
def _():
    local = Web3(IPCProvider(IPC, timeout=10))
    equal(local.eth.chain_id, TARGET["chainId"])
    equal(local.eth.get_block("latest").hash, w3.eth.get_block("latest").hash)
    raises(Web3RPCError, lambda: local.manager.request_blocking("eth_sendRawTransaction", ["0x00"]))


@suite.check("batch requests through web3.py")
def _():
    with w3.batch_requests() as batch:
        batch.add(w3.eth.get_block("latest"))
        batch.add(w3.eth.get_balance(other.address))
        block, balance = batch.execute()
    equal(balance, w3.eth.get_balance(other.address, block.number))


@suite.check("proofs of accounts and slots against the state root (PyPI trie)")
def _():
    probe = at["probe"]
    run(probe.functions.store(0x1234))
    slots = ["0x" + "00" * 32, "0x" + "00" * 31 + "07"]
    proof = proven(rpc, probe.address, slots)
    equal([int(s["value"], 16) for s in proof["storageProof"]], [0x1234, 0])
    for account in (owner.address, other.address):
        proven(rpc, account)
    root = bytes(w3.eth.get_block("latest").stateRoot)
    absent = Account.create().address
    shown = rpc("eth_getProof", absent, [], "latest")["accountProof"]
    equal(from_trie(root, bytes.fromhex(absent[2:]), shown), None, "absent account")
    raises(BadProof, lambda: from_trie(b"\1" * 32, bytes.fromhex(probe.address[2:]), proof["accountProof"]))


@suite.check("fee methods and the strategy of web3.py")
def _():
    history = w3.eth.fee_history(3, "latest", [50])
    equal((len(history.baseFeePerGas), len(history.reward)), (4, 3))
    assert w3.eth.gas_price >= history.baseFeePerGas[-1]
    assert w3.eth.max_priority_fee >= 0
    listed = w3.eth.create_access_list({"from": owner.address, "to": at["probe"].address, "data": at["probe"].encode_abi("stored")})
    equal(len(listed.accessList[0].storageKeys), 1)


@suite.check("eth_call with a state override")
def _():
    probe = at["probe"]
    override = {probe.address: {"stateDiff": {"0x" + "00" * 32: "0x" + "00" * 31 + "2a"}}}
    equal(probe.functions.stored().call(state_override=override), 42)


@suite.check("unknown transactions are not found, a spent nonce is refused")
def _():
    raises(TransactionNotFound, lambda: w3.eth.get_transaction("0x" + "11" * 32))
    error = raises(Web3RPCError, lambda: send({"to": other.address, "nonce": 0, "gas": 21_000}))
    assert "nonce" in str(error).lower(), error


@suite.check("the node's own accounts send without a key")
def _():
    sender = w3.eth.accounts[4]
    receipt = w3.eth.wait_for_transaction_receipt(w3.eth.send_transaction({"from": sender, "to": other.address, "value": 1}), timeout=10)
    equal((receipt.status, receipt["from"]), (1, sender))


suite.end()
