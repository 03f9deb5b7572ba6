// What Foundry and Hardhat test suites expect of a development node: evm_, anvil_ and hardhat_ methods.
import { Wallet, id } from 'ethers';
import { proven } from './proof.mjs';
import { Suite, artifact, baseFeeFloor, btt, ensure, equal, fails, gwei, hex, mined, poll, refused, rpc, target, word } from './harness.mjs';

const suite = new Suite('dev');
const accounts = (await rpc('eth_accounts')).map((a) => a.toLowerCase());
const [from, to] = [accounts[7], accounts[8]];
const head = async () => rpc('eth_getBlockByNumber', 'latest', false);
const height = async () => Number(await rpc('eth_blockNumber'));
const balance = async (address) => BigInt(await rpc('eth_getBalance', address, 'latest'));
const stranger = () => Wallet.createRandom().address;
const pay = async (extra = {}) => rpc('eth_sendTransaction', { from, to, value: '0x1', ...extra });

await suite.check('evm_mine makes one block, with the time asked for', async () => {
  const before = await head();
  await rpc('evm_mine');
  const next = await head();
  equal(Number(next.number), Number(before.number) + 1);
  equal(next.parentHash, before.hash);
  const time = Number(next.timestamp) + 500;
  await rpc('evm_mine', hex(time));
  equal(Number((await head()).timestamp), time);
});

for (const kin of ['anvil', 'hardhat']) {
  await suite.check(`${kin}_mine makes many blocks at an interval`, async () => {
    const before = await head();
    await rpc(`${kin}_mine`, '0xa', '0x5');
    const after = await head();
    equal(Number(after.number), Number(before.number) + 10);
    ensure(Number(after.timestamp) - Number(before.timestamp) >= 9 * 5, 'interval');
  });

  await suite.check(`${kin}_setBalance, setNonce, setCode, setStorageAt; provable after the next block`, async () => {
    const address = stranger();
    await rpc(`${kin}_setBalance`, address, hex(5n * btt));
    equal(await balance(address), 5n * btt);
    await rpc(`${kin}_setNonce`, address, '0x2a');
    equal(await rpc('eth_getTransactionCount', address, 'latest'), '0x2a');
    const code = '0x60005460005260206000f3'; // returns slot 0
    await rpc(`${kin}_setCode`, address, code);
    equal(await rpc('eth_getCode', address, 'latest'), code);
    await rpc(`${kin}_setStorageAt`, address, '0x0', word(77));
    equal(await rpc('eth_call', { to: address }, 'latest'), word(77));
    await rpc('evm_mine');
    const proof = await proven(address, [word(0), word(1)]);
    equal([proof.nonce, proof.balance, proof.storageProof[0].value], ['0x2a', hex(5n * btt), '0x4d']);
  });

  await suite.check(`${kin}_impersonateAccount sends as a stranger until it is stopped`, async () => {
    const address = stranger();
    await rpc(`${kin}_setBalance`, address, hex(100n * btt));
    await fails(() => rpc('eth_sendTransaction', { from: address, to, value: '0x1' }), 'sending as a stranger');
    await rpc(`${kin}_impersonateAccount`, address);
    const receipt = await mined(await rpc('eth_sendTransaction', { from: address, to, value: '0x1' }));
    equal([receipt.status, receipt.from], ['0x1', address.toLowerCase()]);
    const tx = await rpc('eth_getTransactionByHash', receipt.transactionHash);
    equal(tx.from, address, 'from of the transaction read back');
    await rpc(`${kin}_stopImpersonatingAccount`, address);
    await fails(() => rpc('eth_sendTransaction', { from: address, to, value: '0x1' }), 'sending after the stop');
  });
}

await suite.check('a contract can be impersonated', async () => {
  const { bytecode } = artifact('Probe');
  const { contractAddress } = await mined(await rpc('eth_sendTransaction', { from, data: bytecode }));
  await rpc('anvil_setBalance', contractAddress, hex(10n * btt));
  await rpc('anvil_impersonateAccount', contractAddress);
  const receipt = await mined(await rpc('eth_sendTransaction', { from: contractAddress, to, value: '0x3' }));
  equal(receipt.from, contractAddress);
});

await suite.check('evm_snapshot and evm_revert: state, head, nonces and receipts go back', async () => {
  const snapshot = await rpc('evm_snapshot');
  const [before, nonce, had] = [await head(), await rpc('eth_getTransactionCount', from, 'latest'), await balance(to)];
  const hash = await pay({ value: hex(btt) });
  await mined(hash);
  await rpc('evm_mine');
  await rpc('anvil_setBalance', to, '0x1');
  equal(await rpc('evm_revert', snapshot), true);
  equal((await head()).hash, before.hash, 'head');
  equal(await rpc('eth_getTransactionCount', from, 'latest'), nonce, 'nonce');
  equal(await balance(to), had, 'balance');
  equal(await rpc('eth_getTransactionReceipt', hash), null, 'receipt');
  equal((await mined(await pay())).status, '0x1', 'a transaction afterwards');
  await proven(from);
  equal(await rpc('evm_revert', snapshot), false, 'a snapshot used twice');
});

await suite.check('nested snapshots: reverting the outer drops the inner', async () => {
  const outer = await rpc('evm_snapshot');
  const before = await height();
  await rpc('evm_mine');
  const inner = await rpc('evm_snapshot');
  await rpc('evm_mine');
  equal(await rpc('evm_revert', outer), true);
  equal(await height(), before);
  if (target.knowsDroppedSnapshots) equal(await rpc('evm_revert', inner), false);
});

await suite.check('evm_increaseTime moves the next block; contracts see it', async () => {
  const before = Number((await head()).timestamp);
  await rpc('evm_increaseTime', 86_400);
  await rpc('evm_mine');
  const after = Number((await head()).timestamp);
  ensure(after >= before + 86_400 && after < before + 86_400 + 60, `from ${before} to ${after}`);
});

await suite.check('evm_setNextBlockTimestamp sets one block and refuses the past', async () => {
  const time = Number((await head()).timestamp) + 1_000;
  await rpc('evm_setNextBlockTimestamp', time);
  const receipt = await mined(await pay());
  equal(Number((await rpc('eth_getBlockByHash', receipt.blockHash, false)).timestamp), time);
  await fails(() => rpc('evm_setNextBlockTimestamp', time - 500), 'a time before the head');
});

await suite.check('evm_setAutomine: off holds transactions, on releases them', async () => {
  equal(await rpc('anvil_getAutomine'), true);
  await rpc('evm_setAutomine', false);
  try {
    equal(await rpc('anvil_getAutomine'), false);
    const before = await height();
    const hashes = [await pay(), await pay()];
    equal(await height(), before);
    equal(await rpc('eth_getTransactionReceipt', hashes[0]), null);
    equal(Number(await rpc('eth_getTransactionCount', from, 'pending')) - Number(await rpc('eth_getTransactionCount', from, 'latest')), 2);
    await rpc('evm_mine');
    equal((await mined(hashes[0])).blockHash, (await mined(hashes[1])).blockHash);
  } finally {
    await rpc('evm_setAutomine', true);
  }
});

await suite.check('evm_setIntervalMining makes blocks by the clock', async () => {
  const before = await height();
  await rpc('evm_setIntervalMining', 1);
  try {
    await poll(async () => (await height()) >= before + 2, 'two blocks', 6000);
  } finally {
    await rpc('evm_setIntervalMining', 0);
    await rpc('evm_setAutomine', true);
  }
  equal((await mined(await pay())).status, '0x1');
});

await suite.check('anvil_dropTransaction and dropAllTransactions empty the pool', async () => {
  await rpc('evm_setAutomine', false);
  try {
    const hash = await pay();
    await rpc('anvil_dropTransaction', hash);
    equal(await rpc('eth_getTransactionByHash', hash), null);
    await pay();
    await rpc('anvil_dropAllTransactions');
    equal(await rpc('txpool_status'), { pending: '0x0', queued: '0x0' });
  } finally {
    await rpc('evm_setAutomine', true);
  }
});

await suite.check('the base fee follows the gas that blocks use, down to its floor', async () => {
  const { bytecode } = artifact('Probe');
  const probe = (await mined(await rpc('eth_sendTransaction', { from, data: bytecode }))).contractAddress;
  const burn = { from, to: probe, data: id('failInvalid()').slice(0, 10), gas: hex(16_000_000n), maxFeePerGas: hex(90_000n * gwei), maxPriorityFeePerGas: hex(gwei) };
  await rpc('evm_setAutomine', false);
  try {
    for (let i = 0; i < 3; i++) await rpc('eth_sendTransaction', burn);
    for (let i = 0; i < 3; i++) await rpc('evm_mine');
  } finally {
    await rpc('evm_setAutomine', true);
  }
  const last = await height();
  const blocks = [];
  for (let n = last - 2; n <= last; n++) blocks.push(await rpc('eth_getBlockByNumber', hex(n), false));
  equal(BigInt(blocks[0].gasUsed), 48_000_000n, 'gas of the full block');
  for (const [before, after] of [[blocks[0], blocks[1]], [blocks[1], blocks[2]]]) {
    const [base, used, aim] = [BigInt(before.baseFeePerGas), BigInt(before.gasUsed), BigInt(before.gasLimit) / 2n];
    const step = (base * (used > aim ? used - aim : aim - used)) / aim / BigInt(target.baseFeeDenominator);
    const next = used > aim ? base + (step || 1n) : base - step;
    equal(BigInt(after.baseFeePerGas), next > baseFeeFloor ? next : baseFeeFloor, `base fee of block ${Number(after.number)}`);
  }
  ensure(BigInt(blocks[1].baseFeePerGas) > BigInt(blocks[0].baseFeePerGas), 'a full block must raise it');
});

await suite.check('anvil_setNextBlockBaseFeePerGas sets it, or says that the rules fix it', async () => {
  const fee = hex(12_345n * gwei);
  if (!target.setsBaseFee) {
    await refused([-32004], /base fee/, 'anvil_setNextBlockBaseFeePerGas', fee);
    return;
  }
  await rpc('anvil_setNextBlockBaseFeePerGas', fee);
  await rpc('evm_mine');
  equal((await head()).baseFeePerGas, fee);
});

await suite.check('anvil_nodeInfo, anvil_metadata, web3_clientVersion', async () => {
  const info = await rpc('anvil_nodeInfo');
  equal(BigInt(info.currentBlockNumber), BigInt(await height()));
  equal((await rpc('hardhat_metadata')).chainId, target.chainId);
});

await suite.check('eth_sendTransaction: deploy, call, and refuse an account that is not unlocked', async () => {
  const error = await fails(() => rpc('eth_sendTransaction', { from: stranger(), to, value: '0x0' }));
  ensure(/signer|account|unlocked|unknown/i.test(error.message), `message: ${error.message}`);
});

await suite.check('eth_signTransaction signs what eth_sendRawTransaction takes', async () => {
  const nonce = await rpc('eth_getTransactionCount', from, 'pending');
  const signed = await rpc('eth_signTransaction', { from, to, value: '0x9', nonce, gas: '0x5208', maxFeePerGas: hex(40_000n * gwei), maxPriorityFeePerGas: '0x1' });
  const receipt = await mined(await rpc('eth_sendRawTransaction', signed.raw ?? signed));
  equal(receipt.from, from);
});

await suite.check('the pool and the head agree after all this', async () => {
  equal((await mined(await pay())).status, '0x1');
  await proven(from);
});

suite.end();
