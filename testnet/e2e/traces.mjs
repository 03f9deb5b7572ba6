// debug_ over raw JSON-RPC: every tracer on transactions, calls and blocks, and the raw methods.
import { ContractFactory, HDNodeWallet, JsonRpcProvider, NonceManager, keccak256 } from 'ethers';
import { Suite, artifact, ensure, equal, gwei, mined, mnemonic, refused, rpc, target, urls, word } from './harness.mjs';

const provider = new JsonRpcProvider(urls.http, target.chainId, { cacheTimeout: -1, batchMaxCount: 1, staticNetwork: true, pollingInterval: 50 });
const owner = HDNodeWallet.fromPhrase(mnemonic, undefined, "m/44'/60'/0'/0/6").connect(provider);
const managed = new NonceManager(owner);
const from = owner.address.toLowerCase();
const suite = new Suite('traces');
const deploy = async (name) => {
  const { abi, bytecode } = artifact(name);
  const contract = await new ContractFactory(abi, bytecode, managed).deploy();
  await mined(contract.deploymentTransaction().hash);
  await contract.waitForDeployment();
  return contract;
};
const probe = await deploy('Probe');
const inner = await deploy('Probe');
const [outerAt, innerAt] = [(await probe.getAddress()).toLowerCase(), (await inner.getAddress()).toLowerCase()];
const hashOf = async (sent) => { const { hash } = await sent; await mined(hash); return hash; };
const callData = (name, ...args) => inner.interface.encodeFunctionData(name, args);
const limit = { gasLimit: 300_000n };
const relayed = await hashOf(probe.relay(innerAt, callData('put', 4n, 44n), limit));
const failed = await hashOf(probe.relay(innerAt, callData('storeThenFail', 3n), limit));
const noted = await hashOf(probe.relay(innerAt, callData('note', 8n, 'traced'), limit));
const trace = (hash, options) => rpc('debug_traceTransaction', hash, options);

await suite.check('callTracer: nested calls, gas and values', async () => {
  const top = await trace(relayed, { tracer: 'callTracer' });
  const receipt = await rpc('eth_getTransactionReceipt', relayed);
  equal([top.type, top.from, top.to], ['CALL', from, outerAt]);
  equal(BigInt(top.gasUsed), BigInt(receipt.gasUsed), 'gasUsed is the receipt\'s');
  if (target.callTracerGasIsLimit) equal(BigInt(top.gas), 300_000n, 'gas is the limit of the transaction');
  equal(top.calls.length, 1);
  equal([top.calls[0].type, top.calls[0].from, top.calls[0].to], ['CALL', outerAt, innerAt]);
  equal(top.calls[0].input, callData('put', 4n, 44n));
  const flat = await trace(relayed, { tracer: 'callTracer', tracerConfig: { onlyTopCall: true } });
  ensure(!flat.calls?.length, 'onlyTopCall');
});

await suite.check('callTracer: a failure with its error, revert reason and logs', async () => {
  const top = await trace(failed, { tracer: 'callTracer' });
  ensure(/revert/i.test(top.error), `error: ${top.error}`);
  equal(top.output.slice(0, 10), inner.interface.getError('Refused').selector);
  ensure(/revert/i.test(top.calls[0].error), 'inner error');
  const { calls } = await trace(noted, { tracer: 'callTracer', tracerConfig: { withLog: true } });
  equal(calls[0].logs.length, 1);
  equal(calls[0].logs[0].address, innerAt);
  equal(calls[0].logs[0].topics[0], inner.interface.getEvent('Noted').topicHash);
  const worded = await hashOf(managed.sendTransaction({ to: outerAt, data: callData('failString'), ...limit }));
  const words = await trace(worded, { tracer: 'callTracer' });
  equal(words.revertReason, 'the reason in words');
});

await suite.check('prestateTracer: before, and the difference', async () => {
  const slot = keccak256(`0x${word(4).slice(2)}${word(1).slice(2)}`);
  const before = await trace(relayed, { tracer: 'prestateTracer' });
  ensure(before[from] && before[outerAt] && before[innerAt], `accounts: ${Object.keys(before)}`);
  ensure(before[innerAt].code?.length > 2, 'code');
  const { pre, post } = await trace(relayed, { tracer: 'prestateTracer', tracerConfig: { diffMode: true } });
  equal(post[innerAt].storage[slot], word(44), 'the slot after');
  ensure(!pre[outerAt]?.storage, 'the outer contract changed nothing');
  const receipt = await rpc('eth_getTransactionReceipt', relayed);
  const paid = BigInt(pre[from].balance) - BigInt(post[from].balance);
  equal(paid, BigInt(receipt.gasUsed) * BigInt(receipt.effectiveGasPrice), 'what the sender paid');
  equal(post[from].nonce, Number(pre[from].nonce ?? 0) + 1, 'nonce');
});

await suite.check('4byteTracer counts the selectors', async () => {
  const put = callData('put', 4n, 44n);
  const counts = await trace(relayed, { tracer: '4byteTracer' });
  equal(counts[`${put.slice(0, 10)}-${(put.length - 10) / 2}`], 1, JSON.stringify(counts));
});

await suite.check('struct logs: opcodes, stack, memory and storage as asked', async () => {
  const receipt = await rpc('eth_getTransactionReceipt', relayed);
  const log = await trace(relayed, {});
  equal([log.failed, log.gas], [false, Number(receipt.gasUsed)]);
  const ops = log.structLogs.map((s) => s.op);
  for (const op of ['PUSH1', 'CALLDATALOAD', 'CALL', 'SSTORE']) ensure(ops.includes(op), `no ${op}`);
  equal(new Set(log.structLogs.map((s) => s.depth)).size, 2, 'depths');
  const store = log.structLogs.find((s) => s.op === 'SSTORE');
  equal(BigInt(store.stack.at(-2)), 44n, 'the value on the stack');
  ensure(log.structLogs.every((s) => s.gas >= s.gasCost || s.op === 'CALL'), 'gas');
  const bare = await trace(relayed, { disableStack: true, disableStorage: true });
  ensure(bare.structLogs.every((s) => !s.stack && !s.storage), 'disabled fields are there');
  ensure((await trace(failed, {})).failed, 'failed');
});

await suite.check('flatCallTracer of a transaction', async () => {
  const flat = await trace(relayed, { tracer: 'flatCallTracer' });
  equal(flat.length, 2);
  equal(flat.map((t) => t.traceAddress), [[], [0]]);
  equal(flat.map((t) => t.type), ['call', 'call']);
  equal(flat[1].action.to, innerAt);
  equal(flat[0].transactionHash, relayed);
}, 'flatCallTracer');

await suite.check('muxTracer runs several at once', async () => {
  const both = await trace(relayed, { tracer: 'muxTracer', tracerConfig: { callTracer: {}, '4byteTracer': {} } });
  equal(both.callTracer, await trace(relayed, { tracer: 'callTracer' }));
  ensure(Object.keys(both['4byteTracer']).length > 0, '4byteTracer');
}, 'muxTracer');

await suite.check('noopTracer gives an empty object', async () => equal(await trace(relayed, { tracer: 'noopTracer' }), {}), 'noopTracer');

await suite.check('erc7562Tracer counts opcodes', async () => {
  const frame = await trace(relayed, { tracer: 'erc7562Tracer' });
  ensure(frame.usedOpcodes && Object.keys(frame.usedOpcodes).length > 0, `usedOpcodes of ${JSON.stringify(frame).slice(0, 200)}`);
  equal(frame.calls[0].to, innerAt);
}, 'erc7562Tracer');

await suite.check('a JavaScript tracer is refused in words', async () => {
  await refused([-32602, -32000, -32004, -32601], /tracer|javascript|js/i, 'debug_traceTransaction', relayed, { tracer: '{step: function(){}, fault: function(){}, result: function(){return 1}}' });
}, 'refusesJsTracer');

await suite.check('an unknown transaction is an error', async () => {
  await refused([-32000, -32001, -32602, -32603], /not found|unknown|transaction/i, 'debug_traceTransaction', word(3), { tracer: 'callTracer' });
}, 'unknownTransactionIsError');

await suite.check('debug_traceCall with every simple tracer, and on an old block', async () => {
  const call = { from: owner.address, to: outerAt, data: callData('store', 5n) };
  equal((await rpc('debug_traceCall', call, 'latest', { tracer: 'callTracer' })).type, 'CALL');
  const { post } = await rpc('debug_traceCall', call, 'latest', { tracer: 'prestateTracer', tracerConfig: { diffMode: true } });
  equal(post[outerAt].storage[word(0)], word(5));
  ensure((await rpc('debug_traceCall', call, 'latest', {})).structLogs.some((s) => s.op === 'SSTORE'), 'struct logs');
  equal(await probe.stored(), 0n, 'state after the call');
});

await suite.check('debug_traceCall with state overrides', async () => {
  const call = { from: owner.address, to: outerAt, data: callData('stored') };
  const stateOverrides = { [outerAt]: { stateDiff: { [word(0)]: word(66) } } };
  const { output } = await rpc('debug_traceCall', call, 'latest', { tracer: 'callTracer', stateOverrides });
  equal(BigInt(output), 66n);
});

await suite.check('a block of three: traceBlockByNumber equals the traces one by one', async () => {
  await rpc('evm_setAutomine', false);
  const hashes = [];
  try {
    const fee = { maxFeePerGas: 40_000n * gwei, maxPriorityFeePerGas: gwei, ...limit };
    for (const name of ['store', 'storeThenFail', 'put']) hashes.push((await probe.getFunction(name)(...(name === 'put' ? [1n, 2n] : [6n]), fee)).hash);
    await rpc('evm_mine');
  } finally {
    await rpc('evm_setAutomine', true);
  }
  const block = await rpc('eth_getBlockByHash', (await mined(hashes[2])).blockHash, false);
  equal(block.transactions, hashes, 'order');
  for (const [method, key] of [['debug_traceBlockByNumber', block.number], ['debug_traceBlockByHash', block.hash]]) {
    const traces = await rpc(method, key, { tracer: 'callTracer' });
    equal(traces.length, 3, method);
    for (const [i, hash] of hashes.entries()) {
      if (traces[i].txHash) equal(traces[i].txHash, hash);
      equal(traces[i].result, await trace(hash, { tracer: 'callTracer' }), `trace ${i}`);
    }
    if (target.flatCallTracer) equal((await rpc(method, key, { tracer: 'flatCallTracer' })).length, 3, 'flat');
  }
}, 'traceBlock');

await suite.check('raw header, block, transaction and receipts hash to what they are', async () => {
  const receipt = await rpc('eth_getTransactionReceipt', relayed);
  const block = await rpc('eth_getBlockByHash', receipt.blockHash, false);
  equal(keccak256(await rpc('debug_getRawHeader', block.number)), block.hash, 'header');
  equal(keccak256(await rpc('debug_getRawTransaction', relayed)), relayed, 'transaction');
  ensure((await rpc('debug_getRawBlock', block.number)).includes((await rpc('debug_getRawHeader', block.number)).slice(2)), 'block');
  equal((await rpc('debug_getRawReceipts', block.number)).length, block.transactions.length, 'receipts');
}, 'rawMethods');

suite.end();
