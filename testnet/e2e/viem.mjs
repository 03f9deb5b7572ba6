// viem: OpenZeppelin tokens, the four transaction types to the wei, events over WebSocket, EIP-7702,
// decoded reverts, multicall and the other predeploys.
import {
  BaseError, ContractFunctionRevertedError, concat, createPublicClient, createTestClient, createWalletClient, decodeErrorResult,
  defineChain, encodeAbiParameters, encodeDeployData, encodeFunctionData, getContractAddress, hashDomain, http, keccak256,
  parseAbi, parseEther, toHex, webSocket, zeroAddress, zeroHash,
} from 'viem';
import { mnemonicToAccount, privateKeyToAccount, generatePrivateKey } from 'viem/accounts';
import { Suite, artifact, baseFeeFloor, btt, ensure, equal, fails, gwei, mnemonic, poll, rpc, target, urls } from './harness.mjs';

const MULTICALL3 = '0xcA11bde05977b3631167028862bE2a173976CA11';
const CREATE2_DEPLOYER = '0x4e59b44847b379578588920cA78FbF26c0B4956C';
const PERMIT2 = '0x000000000022D473030F116dDEE9F6B43aC78BA3';
const ENTRY_POINT = '0x0000000071727De22E5E9d8BAf0edAc6f37da032';

const chain = defineChain({
  id: target.chainId,
  name: 'BTT development chain',
  nativeCurrency: { name: 'BitTorrent', symbol: 'BTT', decimals: 18 },
  rpcUrls: { default: { http: [urls.http], webSocket: [urls.ws] } },
  contracts: { multicall3: { address: MULTICALL3 } },
});
const pollingInterval = 50;
const account = mnemonicToAccount(mnemonic, { addressIndex: 0 });
const other = mnemonicToAccount(mnemonic, { addressIndex: 1 });
const reader = createPublicClient({ chain, transport: http(), pollingInterval, cacheTime: 0 });
const socket = createPublicClient({ chain, transport: webSocket() });
const wallet = createWalletClient({ chain, account, transport: http(), pollingInterval });
const tester = createTestClient({ chain, mode: 'anvil', transport: http() });
const suite = new Suite('viem');
const coin = artifact('Coin');
const pictures = artifact('Pictures');
const items = artifact('Items');
const probe = artifact('Probe');
const at = {};

const receiptOf = async (hash) => {
  const receipt = await reader.waitForTransactionReceipt({ hash, timeout: 10_000 });
  equal(receipt.status, 'success', `status of ${hash}`);
  return receipt;
};
const deploy = async (contract, args = []) => {
  const hash = await wallet.deployContract({ abi: contract.abi, bytecode: contract.bytecode, args });
  return (await receiptOf(hash)).contractAddress;
};
const write = async (address, { abi }, functionName, args = [], extra = {}) =>
  receiptOf(await wallet.writeContract({ address, abi, functionName, args, ...extra }));
const read = (address, { abi }, functionName, args = []) => reader.readContract({ address, abi, functionName, args });
const fresh = () => privateKeyToAccount(generatePrivateKey());

await suite.check('chain id, net id, client version, syncing, listening', async () => {
  equal(await reader.getChainId(), target.chainId);
  equal(await rpc('net_version'), String(target.chainId));
  ensure((await rpc('web3_clientVersion')).toLowerCase().startsWith(target.clientName), await rpc('web3_clientVersion'));
  equal(await rpc('eth_syncing'), false);
  equal(await rpc('net_listening'), true);
});

await suite.check('ten accounts of the mnemonic are funded', async () => {
  for (let addressIndex = 2; addressIndex < 10; addressIndex++) {
    const { address } = mnemonicToAccount(mnemonic, { addressIndex });
    equal(await reader.getBalance({ address }), BigInt(target.balance), address);
  }
});

await suite.check('deploy an ERC-20 and transfer, approve, transferFrom', async () => {
  at.coin = await deploy(coin, [parseEther('1000')]);
  await write(at.coin, coin, 'transfer', [other.address, parseEther('10')]);
  equal(await read(at.coin, coin, 'balanceOf', [other.address]), parseEther('10'));
  equal(await read(at.coin, coin, 'balanceOf', [account.address]), parseEther('990'));
  await write(at.coin, coin, 'approve', [other.address, parseEther('5')]);
  equal(await read(at.coin, coin, 'allowance', [account.address, other.address]), parseEther('5'));
  const taker = createWalletClient({ chain, account: other, transport: http() });
  const { abi } = coin;
  const take = { address: at.coin, abi, functionName: 'transferFrom', args: [account.address, other.address, parseEther('5')] };
  await receiptOf(await taker.writeContract(take));
  equal(await read(at.coin, coin, 'balanceOf', [other.address]), parseEther('15'));
  equal(await read(at.coin, coin, 'allowance', [account.address, other.address]), 0n);
  await write(at.coin, coin, 'mint', [other.address, 1n]);
  equal(await read(at.coin, coin, 'totalSupply'), parseEther('1000') + 1n);
});

await suite.check('deploy an ERC-721, mint and hand over', async () => {
  at.pictures = await deploy(pictures);
  await write(at.pictures, pictures, 'mint', [account.address, 7n]);
  equal(await read(at.pictures, pictures, 'ownerOf', [7n]), account.address);
  await write(at.pictures, pictures, 'safeTransferFrom', [account.address, other.address, 7n]);
  equal(await read(at.pictures, pictures, 'ownerOf', [7n]), other.address);
  equal(await read(at.pictures, pictures, 'balanceOf', [account.address]), 0n);
});

await suite.check('deploy an ERC-1155, mint, send a batch', async () => {
  at.items = await deploy(items);
  await write(at.items, items, 'mint', [account.address, 1n, 10n]);
  await write(at.items, items, 'mint', [account.address, 2n, 20n]);
  const receipt = await write(at.items, items, 'safeBatchTransferFrom', [account.address, other.address, [1n, 2n], [4n, 5n], '0x']);
  equal(receipt.logs.length, 1, 'logs of the batch');
  const both = await read(at.items, items, 'balanceOfBatch', [[account.address, other.address], [1n, 2n]]);
  equal(both, [6n, 5n]);
});

const transfer = (type, fields) => suite.check(`a transfer of type ${type}, exact to the wei`, async () => {
  const to = fresh().address;
  const value = 12_345_678_901_234_567_891n;
  const before = await reader.getBalance({ address: account.address });
  const receipt = await receiptOf(await wallet.sendTransaction({ to, value, ...fields }));
  const block = await reader.getBlock({ blockNumber: receipt.blockNumber });
  equal(receipt.type, fields.type, 'type');
  equal(receipt.from.toLowerCase(), account.address.toLowerCase());
  if (type < 2) equal(receipt.gasUsed, 21_000n, 'gasUsed');
  ensure(block.baseFeePerGas >= baseFeeFloor, `base fee ${block.baseFeePerGas} is below the floor`);
  const most = fields.gasPrice ?? fields.maxFeePerGas;
  const tip = fields.maxPriorityFeePerGas ?? most;
  const paid = most < block.baseFeePerGas + tip ? most : block.baseFeePerGas + tip;
  equal(receipt.effectiveGasPrice, paid, 'effectiveGasPrice');
  const after = await reader.getBalance({ address: account.address });
  equal(before - after, value + receipt.gasUsed * receipt.effectiveGasPrice, 'what the sender paid');
  equal(await reader.getBalance({ address: to }), value, 'what the recipient got');
  const tx = await reader.getTransaction({ hash: receipt.transactionHash });
  equal(tx.value, value, 'value of the transaction read back');
  equal(tx.type, fields.type);
  equal(tx.blockHash, block.hash);
});
const gasPrice = 20_000n * gwei;
const priced = { maxFeePerGas: 30_000n * gwei, maxPriorityFeePerGas: 7n * gwei };
await transfer(0, { type: 'legacy', gasPrice });
await transfer(1, { type: 'eip2930', gasPrice, accessList: [] });
await transfer(2, { type: 'eip1559', ...priced });
await suite.check('a transfer of type 2 costs 21,000 gas; an access list adds its price', async () => {
  const plain = await receiptOf(await wallet.sendTransaction({ to: fresh().address, value: 1n, ...priced }));
  equal(plain.gasUsed, 21_000n);
  const accessList = [{ address: at.coin, storageKeys: [zeroHash] }];
  const listed = await receiptOf(await wallet.sendTransaction({ to: fresh().address, value: 1n, accessList, ...priced }));
  equal(listed.gasUsed, 21_000n + 2_400n + 1_900n);
});

await suite.check('EIP-7702: an EOA borrows code, runs a batch, and gives it back', async () => {
  const borrower = fresh();
  const wallet7702 = createWalletClient({ chain, account: borrower, transport: http(), pollingInterval });
  const contract = artifact('Wallet');
  at.wallet = await deploy(contract);
  await receiptOf(await wallet.sendTransaction({ to: borrower.address, value: 100n * btt }));

  const [before, to] = [await reader.getBalance({ address: borrower.address }), fresh().address];
  const own = await wallet7702.signAuthorization({ contractAddress: at.wallet, executor: 'self' });
  const data = encodeFunctionData({ abi: contract.abi, functionName: 'run', args: [[{ to, value: 3n, data: '0x' }, { to, value: 4n, data: '0x' }]] });
  const set = await receiptOf(await wallet7702.sendTransaction({ to: borrower.address, data, authorizationList: [own] }));
  equal(set.type, 'eip7702', 'type');
  equal(await reader.getCode({ address: borrower.address }), concat(['0xef0100', at.wallet]), 'delegation');
  equal(await reader.getBalance({ address: to }), 7n);
  equal(await reader.getBalance({ address: borrower.address }), before - 7n - set.gasUsed * set.effectiveGasPrice);
  equal(set.logs.length, 1, 'the event of the batch');
  equal(await reader.getTransactionCount({ address: borrower.address }), 2, 'nonce after transaction and authorization');
  const tx = await rpc('eth_getTransactionByHash', set.transactionHash);
  equal(tx.authorizationList.length, 1);
  equal(tx.authorizationList[0].address, at.wallet);

  equal(await reader.readContract({ address: borrower.address, abi: contract.abi, functionName: 'whoami' }), borrower.address);
  const sponsored = await reader.simulateContract({ address: borrower.address, abi: contract.abi, functionName: 'run', args: [[]], account }).then(
    () => 'accepted',
    (error) => error.walk((e) => e instanceof ContractFunctionRevertedError)?.data?.errorName,
  );
  equal(sponsored, 'NotOwner', 'a stranger running the delegated account');

  const clear = await borrower.signAuthorization({ address: zeroAddress, chainId: target.chainId, nonce: 2 });
  await receiptOf(await wallet.sendTransaction({ to: borrower.address, authorizationList: [clear] }));
  equal(await reader.getCode({ address: borrower.address }), undefined, 'code after clearing');
  equal(await reader.getTransactionCount({ address: borrower.address }), 3);
});

await suite.check('an authorization with a wrong nonce or chain id changes nothing', async () => {
  const borrower = fresh();
  const wrongNonce = await borrower.signAuthorization({ address: at.wallet, chainId: target.chainId, nonce: 5 });
  const wrongChain = await borrower.signAuthorization({ address: at.wallet, chainId: 1, nonce: 0 });
  await receiptOf(await wallet.sendTransaction({ to: borrower.address, authorizationList: [wrongNonce, wrongChain] }));
  equal(await reader.getCode({ address: borrower.address }), undefined);
  equal(await reader.getTransactionCount({ address: borrower.address }), 0);
});

const revertOf = async (functionName, args = []) => {
  const error = await fails(() => reader.simulateContract({ address: at.probe, abi: probe.abi, functionName, args, account }));
  ensure(error instanceof BaseError, error.message);
  const revert = error.walk((e) => e instanceof ContractFunctionRevertedError);
  ensure(revert, `no revert was decoded: ${error.shortMessage} ${error.details}`);
  return revert;
};
await suite.check('reverts decoded: Error(string), require, Panic, custom error', async () => {
  at.probe = await deploy(probe);
  equal((await revertOf('failString')).reason, 'the reason in words');
  equal((await revertOf('failRequire', [3n])).reason, 'n must be above ten');
  equal((await revertOf('failAssert')).data.args, [1n], 'panic code');
  equal((await revertOf('failDivide', [0n])).data.args, [18n], 'panic code');
  const custom = await revertOf('failCustom', [42n]);
  equal(custom.data.errorName, 'Refused');
  equal(custom.data.args, [42n, account.address]);
});

await suite.check('estimateGas of a reverting call carries the revert data', async () => {
  const error = await fails(() => reader.estimateContractGas({ address: at.probe, abi: probe.abi, functionName: 'storeThenFail', args: [9n], account }));
  const revert = error.walk((e) => e instanceof ContractFunctionRevertedError);
  equal(revert?.data?.errorName, 'Refused');
});

await suite.check('a mined transaction that reverts: status 0, gas paid, state kept', async () => {
  const before = await reader.getBalance({ address: account.address });
  const hash = await wallet.writeContract({ address: at.probe, abi: probe.abi, functionName: 'storeThenFail', args: [9n], gas: 200_000n });
  const receipt = await reader.waitForTransactionReceipt({ hash });
  equal(receipt.status, 'reverted');
  equal(receipt.logs.length, 0);
  ensure(receipt.gasUsed < 200_000n, 'a revert gives the rest of the gas back');
  equal(before - (await reader.getBalance({ address: account.address })), receipt.gasUsed * receipt.effectiveGasPrice);
  equal(await read(at.probe, probe, 'stored'), 0n);
});

await suite.check('out of gas and the invalid opcode take all the gas', async () => {
  for (const functionName of ['spin', 'failInvalid']) {
    const hash = await wallet.writeContract({ address: at.probe, abi: probe.abi, functionName, gas: 90_000n });
    const receipt = await reader.waitForTransactionReceipt({ hash });
    equal(receipt.status, 'reverted', functionName);
    equal(receipt.gasUsed, 90_000n, functionName);
  }
});

await suite.check('the block a contract sees is the block in the header', async () => {
  const [number, time, baseFee, chainId, coinbase, limit] = await read(at.probe, probe, 'surroundings');
  const block = await reader.getBlock();
  equal(chainId, BigInt(target.chainId));
  equal(limit, block.gasLimit);
  equal(limit, 60_000_000n, 'block gas limit');
  ensure(number === block.number || number === block.number + 1n, `number ${number} at head ${block.number}`);
  ensure(time >= block.timestamp, 'time');
  ensure(typeof baseFee === 'bigint' && /^0x/.test(coinbase), 'types');
});

await suite.check('WebSocket: newHeads, logs and newPendingTransactions', async () => {
  const seen = { blocks: [], logs: [], hashes: [], errors: [] };
  const onError = (error) => seen.errors.push(error);
  const stops = [
    socket.watchBlocks({ onBlock: (b) => seen.blocks.push(b), onError }),
    socket.watchContractEvent({ address: at.probe, abi: probe.abi, eventName: 'Noted', args: { number: 77n }, onLogs: (l) => seen.logs.push(...l), onError }),
    socket.watchPendingTransactions({ onTransactions: (h) => seen.hashes.push(...h), onError }),
  ];
  try {
    // The subscriptions are asked for in the background; this call on the same socket is answered after theirs.
    for (let i = 0; i < 3; i++) await socket.getBlockNumber({ cacheTime: 0 });
    await write(at.probe, probe, 'note', [76n, 'not this one']);
    const receipt = await write(at.probe, probe, 'note', [77n, 'this one']);
    await poll(() => seen.logs.length > 0, `the log over WebSocket (errors: ${seen.errors})`);
    equal(seen.logs.length, 1, 'logs');
    equal(seen.logs[0].args, { who: account.address, number: 77n, text: 'this one' });
    equal(seen.logs[0].transactionHash, receipt.transactionHash);
    equal(seen.logs[0].blockHash, receipt.blockHash);
    await poll(() => seen.blocks.some((b) => b.hash === receipt.blockHash), 'the head over WebSocket');
    await poll(() => seen.hashes.includes(receipt.transactionHash), 'the pending hash over WebSocket');
    equal(seen.errors, []);
  } finally {
    for (const stop of stops) stop();
  }
});

await suite.check('eth_subscribe: raw notifications and eth_unsubscribe', async () => {
  const heads = [];
  const { unsubscribe, subscriptionId } = await socket.transport.subscribe({ params: ['newHeads'], onData: (d) => heads.push(d.result) });
  ensure(/^0x[0-9a-f]+$/.test(subscriptionId), `subscription id ${subscriptionId}`);
  await tester.mine({ blocks: 1 });
  await poll(() => heads.length > 0, 'a head');
  const block = await rpc('eth_getBlockByHash', heads[0].hash, false);
  for (const field of ['parentHash', 'stateRoot', 'receiptsRoot', 'number', 'timestamp', 'gasLimit', 'baseFeePerGas', 'miner', 'mixHash']) {
    equal(heads[0][field], block[field], field);
  }
  await unsubscribe();
  const count = heads.length;
  await tester.mine({ blocks: 1 });
  await socket.getBlockNumber({ cacheTime: 0 });
  equal(heads.length, count, 'heads after unsubscribing');
});

await suite.check('eth_sendRawTransactionSync gives the receipt at once', async () => {
  const request = await wallet.prepareTransactionRequest({ to: other.address, value: 1n });
  const serializedTransaction = await wallet.signTransaction(request);
  const receipt = await wallet.sendRawTransactionSync({ serializedTransaction });
  equal(receipt.status, 'success');
  equal(receipt.transactionHash, keccak256(serializedTransaction));
});

await suite.check('fees: gasPrice, feeHistory, maxPriorityFeePerGas, block fields', async () => {
  const block = await reader.getBlock();
  ensure((await reader.estimateMaxPriorityFeePerGas()) >= 0n, 'tip');
  const history = await reader.getFeeHistory({ blockCount: 4, rewardPercentiles: [10, 50, 90] });
  equal(history.baseFeePerGas.length, 5);
  ensure((await reader.getGasPrice()) >= history.baseFeePerGas[4], 'the gas price is under the next base fee');
  equal(history.gasUsedRatio.length, 4);
  equal(history.reward.length, 4);
  equal(history.baseFeePerGas[3], block.baseFeePerGas);
  ensure(history.baseFeePerGas.every((f) => f >= baseFeeFloor), 'a base fee under the floor');
  equal(history.oldestBlock, block.number - 3n);
});

await suite.check('of a fee half the base part is burned and the rest is the Treasury\'s, to the wei', async () => {
  const treasury = '0x0000000000000000000000000000000000001004';
  const { blockNumber, gasUsed, effectiveGasPrice } = await receiptOf(await wallet.sendTransaction({ to: other.address, value: 1n, ...priced }));
  const { baseFeePerGas } = await reader.getBlock({ blockNumber });
  const base = baseFeePerGas * gasUsed;
  const credited = (base * 40n) / 100n + (base * 10n) / 100n + (effectiveGasPrice - baseFeePerGas) * gasUsed;
  const held = (height) => reader.getBalance({ address: treasury, blockNumber: height });
  equal((await held(blockNumber)) - (await held(blockNumber - 1n)), credited);
}, 'feeSplit');

await suite.check('createAccessList names the slots a call touches', async () => {
  const data = encodeFunctionData({ abi: probe.abi, functionName: 'store', args: [5n] });
  const { accessList, gasUsed } = await reader.createAccessList({ account, to: at.probe, data });
  equal(accessList.length, 1);
  equal(accessList[0].address, at.probe);
  equal(accessList[0].storageKeys, [zeroHash]);
  ensure(gasUsed > 21_000n, 'gasUsed');
});

await suite.check('eth_call with state and block overrides', async () => {
  const stateDiff = [{ slot: zeroHash, value: toHex(123n, { size: 32 }) }];
  const stored = await reader.readContract({ address: at.probe, abi: probe.abi, functionName: 'stored', stateOverride: [{ address: at.probe, stateDiff }] });
  equal(stored, 123n, 'stateDiff');
  const ghost = fresh();
  const code = await reader.getCode({ address: at.probe });
  const state = [{ slot: zeroHash, value: toHex(8n, { size: 32 }) }];
  const placed = await reader.readContract({ address: ghost.address, abi: probe.abi, functionName: 'stored', stateOverride: [{ address: ghost.address, code, state }] });
  equal(placed, 8n, 'code and state at an empty address');
  const [, balance] = await reader.readContract({ address: at.probe, abi: probe.abi, functionName: 'caller', stateOverride: [{ address: at.probe, balance: 5n }] });
  equal(balance, 5n, 'balance');
  const [number, time] = await reader.readContract({ address: at.probe, abi: probe.abi, functionName: 'surroundings', blockOverrides: { number: 9_999n, time: 88_888_888_888n } });
  equal([number, time], [9_999n, 88_888_888_888n], 'block overrides');
  equal(await read(at.probe, probe, 'stored'), 0n, 'state after the calls');
});

await suite.check('estimateGas with a state override', async () => {
  const poor = fresh();
  const request = { account: poor, to: other.address, value: btt };
  if (target.estimateChecksFunds) await fails(() => reader.estimateGas(request), 'an estimate without funds');
  equal(await reader.estimateGas({ ...request, stateOverride: [{ address: poor.address, balance: 2n * btt * 1000n }] }), 21_000n);
});

await suite.check('the estimate of a call is enough to run it', async () => {
  const gas = await reader.estimateContractGas({ address: at.probe, abi: probe.abi, functionName: 'notes', args: [20n], account });
  const receipt = await write(at.probe, probe, 'notes', [20n], { gas });
  equal(receipt.logs.length, 20);
  ensure(receipt.gasUsed <= gas && gas <= (receipt.gasUsed * 12n) / 10n, `used ${receipt.gasUsed} of an estimate of ${gas}`);
});

await suite.check('the CREATE2 deployer puts a contract where it must', async () => {
  const bytecode = encodeDeployData({ abi: coin.abi, bytecode: coin.bytecode, args: [1n] });
  const expected = getContractAddress({ opcode: 'CREATE2', from: CREATE2_DEPLOYER, salt: zeroHash, bytecode });
  await receiptOf(await wallet.sendTransaction({ to: CREATE2_DEPLOYER, data: concat([zeroHash, bytecode]) }));
  equal(await read(expected, coin, 'symbol'), 'COIN');
});

await suite.check('Multicall3: aggregate3 through viem', async () => {
  const results = await reader.multicall({
    contracts: [
      { address: at.coin, abi: coin.abi, functionName: 'symbol' },
      { address: at.probe, abi: probe.abi, functionName: 'failString' },
      { address: at.coin, abi: coin.abi, functionName: 'balanceOf', args: [other.address] },
    ],
  });
  equal(results.map((r) => r.status), ['success', 'failure', 'success']);
  equal(results[0].result, 'COIN');
  equal(results[2].result, parseEther('15') + 1n);
}, 'predeploys');

await suite.check('Permit2: DOMAIN_SEPARATOR is of this chain', async () => {
  const abi = parseAbi(['function DOMAIN_SEPARATOR() view returns (bytes32)']);
  const types = { EIP712Domain: [{ name: 'name', type: 'string' }, { name: 'chainId', type: 'uint256' }, { name: 'verifyingContract', type: 'address' }] };
  const domain = { name: 'Permit2', chainId: target.chainId, verifyingContract: PERMIT2 };
  equal(await reader.readContract({ address: PERMIT2, abi, functionName: 'DOMAIN_SEPARATOR' }), hashDomain({ domain, types }));
}, 'predeploys');

await suite.check('EntryPoint 0.7: getNonce and a deposit', async () => {
  const abi = parseAbi(['function getNonce(address, uint192) view returns (uint256)', 'function depositTo(address) payable', 'function balanceOf(address) view returns (uint256)']);
  equal(await reader.readContract({ address: ENTRY_POINT, abi, functionName: 'getNonce', args: [account.address, 1n] }), 1n << 64n);
  await write(ENTRY_POINT, { abi }, 'depositTo', [other.address], { value: 17n });
  equal(await reader.readContract({ address: ENTRY_POINT, abi, functionName: 'balanceOf', args: [other.address] }), 17n);
}, 'predeploys');

await suite.check('the history contract knows the parent hash (EIP-2935)', async () => {
  const block = await reader.getBlock();
  const data = encodeAbiParameters([{ type: 'uint256' }], [block.number - 1n]);
  const { data: answer } = await reader.call({ to: '0x0000F90827F1C53a10cb7A02335B175320002935', data, blockNumber: block.number });
  equal(answer, block.parentHash);
}, 'predeploys');

await suite.check('revert data by hand: code 3, message and data of eth_call', async () => {
  const error = await fails(() => rpc('eth_call', { to: at.probe, data: encodeFunctionData({ abi: probe.abi, functionName: 'failCustom', args: [7n] }) }, 'latest'));
  equal(error.code, 3);
  ensure(/execution reverted/.test(error.message), error.message);
  equal(decodeErrorResult({ abi: probe.abi, data: error.data }).args[0], 7n);
});

suite.end();
