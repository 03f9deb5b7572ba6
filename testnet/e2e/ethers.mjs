// ethers v6: OpenZeppelin tokens, filters over HTTP, logs over ranges, proofs against the state root
// (verified with @ethereumjs/mpt), nonce gaps and replacement in the pool, signatures of the node's own accounts.
import { RLP } from '@ethereumjs/rlp';
import { hexToBytes } from '@ethereumjs/util';
import { Contract, ContractFactory, HDNodeWallet, Interface, JsonRpcProvider, NonceManager, WebSocketProvider, id, keccak256, parseEther, verifyMessage, verifyTypedData, Wallet, ZeroAddress } from 'ethers';
import { fromTrie, proven } from './proof.mjs';
import { Suite, artifact, btt, ensure, equal, fails, gwei, hex, mined, mnemonic, poll, refused, rpc, target, urls, word } from './harness.mjs';

const options = { cacheTimeout: -1, batchMaxCount: 1, staticNetwork: true, pollingInterval: 50 };
const provider = new JsonRpcProvider(urls.http, target.chainId, options);
const walletAt = (n) => HDNodeWallet.fromPhrase(mnemonic, undefined, `m/44'/60'/0'/0/${n}`).connect(provider);
const [owner, other] = [walletAt(2), walletAt(3)];
const managed = new NonceManager(owner);
const suite = new Suite('ethers');
const probeFace = new Interface(artifact('Probe').abi);
const EMPTY_CODE = keccak256('0x');
const EMPTY_ROOT = keccak256('0x80');
const at = {};

const deploy = async (name, ...args) => {
  const { abi, bytecode } = artifact(name);
  const contract = await new ContractFactory(abi, bytecode, managed).deploy(...args);
  await mined(contract.deploymentTransaction().hash);
  await contract.waitForDeployment();
  return contract;
};
// ethers misses a transaction mined between its look for the receipt and its first look at the block number if no
// block follows, as on a chain that makes blocks on demand; so the receipt is awaited by hand first.
const done = async (sent) => {
  const response = await sent;
  await mined(response.hash);
  const receipt = await response.wait(1, 10_000);
  equal(receipt.status, 1, 'status');
  return receipt;
};

await suite.check('deploy an ERC-20, transfer, approve, and find the Transfer events', async () => {
  at.coin = await deploy('Coin', parseEther('1000'));
  const address = await at.coin.getAddress();
  const receipt = await done(at.coin.transfer(other.address, 500n));
  await done(at.coin.approve(other.address, 40n));
  await done(at.coin.connect(other).transferFrom(owner.address, other.address, 40n));
  equal(await at.coin.balanceOf(other.address), 540n);
  const events = await at.coin.queryFilter(at.coin.filters.Transfer(owner.address), receipt.blockNumber);
  equal(events.map((e) => e.args.value), [500n, 40n]);
  equal(events[0].address, address);
});

await suite.check('deploy an ERC-721 and an ERC-1155 and use them', async () => {
  const pictures = await deploy('Pictures');
  await done(pictures.mint(owner.address, 1));
  await done(pictures.approve(other.address, 1));
  await done(pictures.connect(other).transferFrom(owner.address, other.address, 1));
  equal(await pictures.ownerOf(1), other.address);
  const items = await deploy('Items');
  await done(items.mint(owner.address, 5, 50));
  await done(items.safeTransferFrom(owner.address, other.address, 5, 20, '0x'));
  equal(await items.balanceOfBatch([owner.address, other.address], [5, 5]), [30n, 20n]);
});

await suite.check('transfers of types 0, 1 and 2: receipts and balances to the wei', async () => {
  const fees = [{ gasPrice: 20_000n * gwei }, { gasPrice: 20_000n * gwei, accessList: [] }, { maxFeePerGas: 40_000n * gwei, maxPriorityFeePerGas: 3n }];
  for (const [type, fee] of fees.entries()) {
    const to = Wallet.createRandom().address;
    const before = await provider.getBalance(owner.address);
    const receipt = await done(managed.sendTransaction({ to, value: 1_000_000_007n, type, ...fee }));
    equal(receipt.type, type, 'type');
    equal(receipt.gasUsed, 21_000n, 'gasUsed');
    equal(before - (await provider.getBalance(owner.address)), 1_000_000_007n + receipt.fee, 'what the sender paid');
    equal(await provider.getBalance(to), 1_000_000_007n);
    const block = await provider.getBlock(receipt.blockNumber);
    equal(receipt.gasPrice, type < 2 ? 20_000n * gwei : block.baseFeePerGas + 3n, 'effective gas price');
  }
});

await suite.check('EIP-7702 with ethers: delegate, run, clear', async () => {
  const wallet = await deploy('Wallet');
  const borrower = Wallet.createRandom().connect(provider);
  await done(managed.sendTransaction({ to: borrower.address, value: 10n * btt }));
  const auth = await borrower.authorize({ address: await wallet.getAddress(), nonce: 0, chainId: target.chainId });
  const set = await done(managed.sendTransaction({ type: 4, to: borrower.address, authorizationList: [auth] }));
  equal(set.type, 4);
  const borrowed = new Contract(borrower.address, wallet.interface, borrower);
  equal(await borrowed.whoami(), borrower.address);
  const ran = await done(borrowed.run([{ to: other.address, value: 9n, data: '0x' }]));
  equal(ran.logs.length, 1);
  const clear = await borrower.authorize({ address: ZeroAddress, nonce: 2, chainId: target.chainId });
  await done(managed.sendTransaction({ type: 4, to: borrower.address, authorizationList: [clear] }));
  equal(await provider.getCode(borrower.address), '0x');
});

await suite.check('reverts decoded by ethers', async () => {
  at.probe = await deploy('Probe');
  const revert = (name, ...args) => fails(() => at.probe.getFunction(name).staticCall(...args), name);
  equal((await revert('failString')).reason, 'the reason in words');
  equal((await revert('failCustom', 5n)).revert.name, 'Refused');
  equal(BigInt((await revert('failDivide', 0n)).revert.args[0]), 18n);
  const estimate = await fails(() => at.probe.failCustom.estimateGas(5n));
  equal(estimate.code, 'CALL_EXCEPTION');
  const sent = await at.probe.storeThenFail(1n, { gasLimit: 100_000n });
  await mined(sent.hash);
  const error = await fails(() => sent.wait(1, 10_000));
  equal(error.code, 'CALL_EXCEPTION');
  equal(error.receipt.status, 0);
});

await suite.check('a contract event over WebSocket through ethers', async () => {
  const socket = new WebSocketProvider(urls.ws, target.chainId, options);
  try {
    const seen = [];
    const listening = at.probe.connect(socket);
    await listening.on('Noted', (who, number, text) => seen.push([who, number, text]));
    await socket.getBlockNumber();
    await done(at.probe.note(3n, 'through ethers'));
    await poll(() => seen.length > 0, 'the event');
    equal(seen[0], [owner.address, 3n, 'through ethers']);
  } finally {
    await socket.destroy();
  }
});

await suite.check('HTTP filters: logs, blocks, pending transactions, uninstall', async () => {
  const address = await at.probe.getAddress();
  const logs = await rpc('eth_newFilter', { address, topics: [id('Noted(address,uint256,string)'), null, word(11)] });
  const blocks = await rpc('eth_newBlockFilter');
  const pending = await rpc('eth_newPendingTransactionFilter');
  await done(at.probe.note(10n, 'no'));
  const receipt = await done(at.probe.note(11n, 'yes'));
  const got = await rpc('eth_getFilterChanges', logs);
  equal(got.length, 1, 'logs');
  equal(got[0].transactionHash, receipt.hash);
  equal(await rpc('eth_getFilterChanges', logs), [], 'logs the second time');
  equal((await rpc('eth_getFilterLogs', logs)).length, 1, 'eth_getFilterLogs');
  const hashes = await rpc('eth_getFilterChanges', blocks);
  equal(hashes.at(-1), receipt.blockHash, 'the last block hash');
  ensure((await rpc('eth_getFilterChanges', pending)).includes(receipt.hash), 'pending hash');
  for (const filter of [logs, blocks, pending]) equal(await rpc('eth_uninstallFilter', filter), true);
  equal(await rpc('eth_uninstallFilter', logs), false, 'the second uninstall');
});

await suite.check('an uninstalled filter is an error', async () => {
  await refused([-32000, -32602, -32001], /filter/i, 'eth_getFilterChanges', '0xdeadbeef');
}, 'unknownFilterIsError');

await suite.check('getLogs: ranges, address, topics, blockHash', async () => {
  const address = await at.probe.getAddress();
  const first = (await done(at.probe.notes(3n))).blockNumber;
  const coinReceipt = await done(at.coin.transfer(other.address, 1n));
  const last = (await done(at.probe.notes(2n))).blockNumber;
  const range = { fromBlock: hex(first), toBlock: hex(last) };
  equal((await rpc('eth_getLogs', range)).length, 6, 'all');
  equal((await rpc('eth_getLogs', { ...range, address })).length, 5, 'one address');
  equal((await rpc('eth_getLogs', { ...range, address: [address, await at.coin.getAddress()] })).length, 6, 'two addresses');
  const noted = probeFace.getEvent('Noted').topicHash;
  equal((await rpc('eth_getLogs', { ...range, topics: [noted, null, word(1)] })).length, 2, 'third topic');
  equal((await rpc('eth_getLogs', { ...range, topics: [null, null, [word(0), word(2)]] })).length, 3, 'one of two topics');
  equal((await rpc('eth_getLogs', { ...range, topics: [[noted, coinReceipt.logs[0].topics[0]]] })).length, 6, 'one of two events');
  equal((await rpc('eth_getLogs', { blockHash: coinReceipt.blockHash })).length, 1, 'blockHash');
  equal((await rpc('eth_getLogs', { fromBlock: 'earliest', toBlock: 'latest', address, topics: [id('nothing')] })).length, 0);
  const all = await rpc('eth_getLogs', range);
  const places = all.map((l) => Number(l.blockNumber) * 1000 + Number(l.logIndex));
  equal(places, [...places].sort((a, b) => a - b), 'order');
  const error = await fails(() => rpc('eth_getLogs', { ...range, blockHash: coinReceipt.blockHash }), 'blockHash with a range');
  ensure(error.code === -32602 || error.code === -32000, `code ${error.code}: ${error.message}`);
});

await suite.check('getLogs of a reversed range is refused', async () => {
  await refused([-32602, -32000], /range|fromBlock|greater|invalid/i, 'eth_getLogs', { fromBlock: '0x3', toBlock: '0x1' });
}, 'reversedRangeIsError');

await suite.check('getLogs of an unknown block hash is refused', async () => {
  await refused([-32000, -32001, -32602], /block|header|found/i, 'eth_getLogs', { blockHash: word(1) });
}, 'unknownBlockIsError');

await suite.check('getBlockReceipts equals the receipts one by one', async () => {
  const receipt = await done(at.probe.notes(2n));
  for (const tag of [hex(receipt.blockNumber), receipt.blockHash]) {
    const receipts = await rpc('eth_getBlockReceipts', tag);
    equal(receipts.length, 1);
    equal(receipts[0], await rpc('eth_getTransactionReceipt', receipt.hash));
  }
});

await suite.check('blocks by number, hash and tag; counts; transactions by index', async () => {
  const receipt = await done(at.probe.note(1n, 'block'));
  const byHash = await rpc('eth_getBlockByHash', receipt.blockHash, true);
  const byNumber = await rpc('eth_getBlockByNumber', hex(receipt.blockNumber), true);
  equal(byHash, byNumber);
  equal(byHash.transactions[0].hash, receipt.hash);
  equal(await rpc('eth_getBlockTransactionCountByHash', receipt.blockHash), '0x1');
  equal(await rpc('eth_getBlockTransactionCountByNumber', hex(receipt.blockNumber)), '0x1');
  const tx = await rpc('eth_getTransactionByBlockNumberAndIndex', hex(receipt.blockNumber), '0x0');
  equal(tx, await rpc('eth_getTransactionByHash', receipt.hash));
  equal(await rpc('eth_getTransactionByBlockHashAndIndex', receipt.blockHash, '0x7'), null);
  equal(await rpc('eth_getBlockByNumber', hex(receipt.blockNumber + 1000), false), null);
  equal(await rpc('eth_getTransactionByHash', word(5)), null);
  equal(await rpc('eth_getTransactionReceipt', word(5)), null);
  if (target.finalIsLatest) {
    for (const tag of ['safe', 'finalized']) equal((await rpc('eth_getBlockByNumber', tag, false)).hash, byHash.hash, tag);
  }
});

await suite.check('the header hashes to the block hash', async () => {
  const block = await rpc('eth_getBlockByNumber', 'latest', false);
  const number = (v) => { const digits = BigInt(v).toString(16); return BigInt(v) === 0n ? new Uint8Array() : hexToBytes(`0x${digits.length % 2 ? '0' : ''}${digits}`); };
  const raw = (v) => hexToBytes(v);
  const fields = [
    raw(block.parentHash), raw(block.sha3Uncles), raw(block.miner), raw(block.stateRoot), raw(block.transactionsRoot), raw(block.receiptsRoot),
    raw(block.logsBloom), number(block.difficulty), number(block.number), number(block.gasLimit), number(block.gasUsed), number(block.timestamp),
    raw(block.extraData), raw(block.mixHash), raw(block.nonce), number(block.baseFeePerGas), raw(block.withdrawalsRoot),
    number(block.blobGasUsed), number(block.excessBlobGas), raw(block.parentBeaconBlockRoot), raw(block.requestsHash),
  ];
  equal(keccak256(RLP.encode(fields)), block.hash);
});

await suite.check('getProof: account and slots, there and absent, against the state root', async () => {
  await done(at.probe.store(0xabcdefn));
  for (let key = 0n; key < 6n; key++) await done(at.probe.put(key, key + 100n));
  const address = await at.probe.getAddress();
  const mapped = keccak256(`0x${word(3).slice(2)}${word(1).slice(2)}`);
  const slots = [word(0), mapped, word(99)];
  const values = [0xabcdefn, 103n, 0n];
  const proof = await proven(address, slots);
  equal(proof.storageProof.map((p) => BigInt(p.value)), values, 'values');
  equal(proof.codeHash, keccak256(await provider.getCode(address)));
  const { stateRoot, number } = await rpc('eth_getBlockByNumber', 'latest', false);
  const absent = Wallet.createRandom().address;
  const nothing = await rpc('eth_getProof', absent, [word(0)], number);
  equal(await fromTrie(stateRoot, absent, nothing.accountProof), null, 'absent account');
  equal([nothing.balance, nothing.nonce, nothing.codeHash, nothing.storageHash], ['0x0', '0x0', EMPTY_CODE, EMPTY_ROOT]);
  await fails(() => fromTrie(word(1), address, proof.accountProof), 'a proof against another root');
});

await suite.check('getProof at older blocks, against their own state roots', async () => {
  const address = await at.probe.getAddress();
  const before = await done(at.probe.store(111n));
  await done(at.probe.store(222n));
  await done(at.probe.put(50n, 51n));
  const proof = await proven(address, [word(0)], hex(before.blockNumber));
  equal(BigInt(proof.storageProof[0].value), 111n);
  await proven(owner.address, [], hex(before.blockNumber));
}, 'historicalProofs');

await suite.check('historical state: balance, code, storage and call at old blocks', async () => {
  const before = await done(at.probe.store(1n));
  const after = await done(at.probe.store(2n));
  const address = await at.probe.getAddress();
  equal(await rpc('eth_getStorageAt', address, '0x0', hex(before.blockNumber)), word(1));
  equal(await rpc('eth_getStorageAt', address, '0x0', hex(after.blockNumber)), word(2));
  equal(await at.probe.stored({ blockTag: before.blockNumber }), 1n);
  equal(await rpc('eth_getStorageAt', address, '0x0', { blockHash: before.blockHash }), word(1), 'by block hash');
  equal(await provider.getCode(address, 0), '0x');
  const spent = (await provider.getBalance(owner.address, before.blockNumber)) - (await provider.getBalance(owner.address, after.blockNumber));
  equal(spent, after.fee);
});

const sender = walletAt(4);
const held = async (body) => {
  await rpc('evm_setAutomine', false);
  try {
    return await body();
  } finally {
    await rpc('evm_setAutomine', true);
  }
};
const signed = async (nonce, fields = {}) => {
  const tx = { chainId: target.chainId, type: 2, to: other.address, value: 1n, gasLimit: 21_000n, maxFeePerGas: 30_000n * gwei, maxPriorityFeePerGas: 1_000n * gwei, nonce, ...fields };
  return sender.signTransaction(tx);
};
const send = (raw) => rpc('eth_sendRawTransaction', raw);

await suite.check('a nonce gap waits as queued, and is mined when it closes', async () => {
  const nonce = await provider.getTransactionCount(sender.address);
  const later = await send(await signed(nonce + 1));
  const status = await rpc('txpool_status');
  equal([BigInt(status.pending), BigInt(status.queued)], [0n, 1n], 'txpool_status');
  const content = await rpc('txpool_content');
  const queued = Object.entries(content.queued).find(([a]) => a.toLowerCase() === sender.address.toLowerCase())?.[1];
  equal(queued?.[String(nonce + 1)]?.hash, later, 'txpool_content');
  await rpc('evm_mine');
  equal(await rpc('eth_getTransactionReceipt', later), null, 'the receipt behind the gap');
  const early = await send(await signed(nonce));
  const [a, b] = [await mined(early), await mined(later)];
  equal([a.status, b.status], ['0x1', '0x1']);
  ensure(Number(b.blockNumber) >= Number(a.blockNumber), 'order');
  equal(await provider.getTransactionCount(sender.address), nonce + 2);
});

await suite.check('replacement: 9 % more is refused, 10 % more replaces', async () => {
  await held(async () => {
    const nonce = await provider.getTransactionCount(sender.address);
    const fee = (percent) => ({ maxFeePerGas: 300n * percent * gwei, maxPriorityFeePerGas: 10n * percent * gwei });
    const raw = await signed(nonce, fee(100n));
    const first = await send(raw);
    equal(BigInt((await rpc('txpool_status')).pending), 1n, 'pending');
    equal(await provider.getTransactionCount(sender.address, 'pending'), nonce + 1, 'pending nonce');
    const error = await fails(async () => send(await signed(nonce, { ...fee(BigInt(target.refusedBump)), value: 2n })), 'too small a bump');
    ensure(/underpriced|replacement/i.test(error.message) && error.code <= -32000, `code ${error.code}: ${error.message}`);
    const known = await fails(() => send(raw), 'the same transaction again');
    ensure(/known|already/i.test(known.message), known.message);
    const second = await send(await signed(nonce, { ...fee(110n), value: 3n }));
    equal(await rpc('eth_getTransactionByHash', first), null, 'the replaced transaction');
    equal((await rpc('eth_getTransactionByHash', second)).blockNumber, null, 'block of the pending transaction');
    await rpc('evm_mine');
    equal((await mined(second)).status, '0x1');
    equal(await rpc('eth_getTransactionReceipt', first), null);
  });
});

await suite.check('held transactions of one account are mined in order when automine returns', async () => {
  const nonce = await provider.getTransactionCount(sender.address);
  const hashes = await held(async () => {
    const list = [];
    for (const n of [2, 0, 1]) list.push(await send(await signed(nonce + n)));
    equal(BigInt((await rpc('txpool_status')).pending), 3n);
    await rpc('evm_mine');
    return list;
  });
  const receipts = [];
  for (const hash of hashes) receipts.push(await mined(hash));
  equal(receipts.map((r) => Number(r.transactionIndex)), [2, 0, 1], 'indices');
  equal(new Set(receipts.map((r) => r.blockHash)).size, 1, 'blocks');
  equal(receipts.map((r) => Number(r.cumulativeGasUsed)), [63_000, 21_000, 42_000], 'cumulative gas');
});

await suite.check('eth_accounts, eth_sendTransaction, personal_sign, eth_sign, eth_signTypedData_v4', async () => {
  const accounts = await rpc('eth_accounts');
  equal(accounts.length, 10);
  equal(accounts[3], other.address);
  const receipt = await mined(await rpc('eth_sendTransaction', { from: accounts[5], to: other.address, value: '0x5' }));
  equal([receipt.status, receipt.from], ['0x1', accounts[5].toLowerCase()]);
  const message = `0x${Buffer.from('hello').toString('hex')}`;
  equal(verifyMessage('hello', await rpc('personal_sign', message, accounts[5])), accounts[5]);
  equal(verifyMessage('hello', await rpc('eth_sign', accounts[5], message)), accounts[5]);
  const domain = { name: 'Test', chainId: target.chainId };
  const types = { Mail: [{ name: 'text', type: 'string' }, { name: 'count', type: 'uint256' }] };
  const typed = { domain, primaryType: 'Mail', message: { text: 'hi', count: 3 }, types: { ...types, EIP712Domain: [{ name: 'name', type: 'string' }, { name: 'chainId', type: 'uint256' }] } };
  equal(verifyTypedData(domain, types, typed.message, await rpc('eth_signTypedData_v4', accounts[5], typed)), accounts[5]);
  const signer = await provider.getSigner(5);
  equal((await done(signer.sendTransaction({ to: other.address, value: 6n }))).from, accounts[5]);
});

suite.end();
