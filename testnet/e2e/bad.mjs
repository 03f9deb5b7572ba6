// Bad input: each piece gets a clear JSON-RPC error, and the node answers the next request.
import { request } from 'node:http';
import { HDNodeWallet, Wallet, encodeRlp, keccak256, toBeHex } from 'ethers';
import { Suite, artifact, baseFeeFloor, btt, ensure, equal, fails, gwei, hex, mined, mnemonic, post, refused, rpc, target, urls, word } from './harness.mjs';

const suite = new Suite('bad');
const wallet = HDNodeWallet.fromPhrase(mnemonic, undefined, "m/44'/60'/0'/0/9");
const to = '0x000000000000000000000000000000000000dEaD';
const nonceNow = async () => Number(await rpc('eth_getTransactionCount', wallet.address, 'latest'));
const fees = { maxFeePerGas: 30_000n * gwei, maxPriorityFeePerGas: gwei };
const sign = async (fields, signer = wallet) =>
  signer.signTransaction({ chainId: target.chainId, type: 2, to, value: 0n, gasLimit: 21_000n, nonce: fields.nonce ?? (await nonceNow()), ...fees, ...fields });

/** A type 2 transfer put together by hand, for what ethers refuses to sign; `forge` may change its signature. */
async function craft(fields, forge = () => ({})) {
  const tx = { nonce: await nonceNow(), gasLimit: 21_000n, ...fees, ...fields };
  const n = (v) => (BigInt(v) === 0n ? '0x' : toBeHex(v));
  const list = [target.chainId, tx.nonce, tx.maxPriorityFeePerGas, tx.maxFeePerGas, tx.gasLimit].map(n).concat(to, '0x', '0x', [[]]);
  const { r, s, yParity } = wallet.signingKey.sign(keccak256(`0x02${encodeRlp(list).slice(2)}`));
  const parts = { r: BigInt(r), s: BigInt(s), parity: BigInt(yParity) };
  const signed = { ...parts, ...forge(parts) };
  return `0x02${encodeRlp([...list, n(signed.parity), n(signed.r), n(signed.s)]).slice(2)}`;
}

// geth answers -32000 for a refused transaction; the execution-apis catalogue has a code for each reason.
const rejected = [-32000, -32003];
const invalidParams = [-32602];
const bad = (what, body, needs) => suite.check(what, async () => {
  await body();
  equal(await rpc('eth_chainId'), hex(target.chainId), 'the next answer');
}, needs);
const send = (codes, words, raw) => refused(codes, words, 'eth_sendRawTransaction', raw);

await bad('nonce too low', async () => {
  await mined(await rpc('eth_sendRawTransaction', await sign({})));
  await send([...rejected, -38010, 1], /nonce too low/i, await sign({ nonce: 0 }));
});

await bad('the same transaction twice', async () => {
  await rpc('evm_setAutomine', false);
  try {
    const raw = await sign({});
    const hash = await rpc('eth_sendRawTransaction', raw);
    await send([...rejected, 1000], /known|already|imported/i, raw);
    await rpc('evm_mine');
    await mined(hash);
    await send([...rejected, -38010, 1, 1000], /known|already|nonce too low/i, raw);
  } finally {
    await rpc('evm_setAutomine', true);
  }
});

await bad('too little BTT for value, and for gas', async () => {
  await send([...rejected, -38014, 809], /insufficient|balance|not enough|funds/i, await sign({ value: BigInt(target.balance) * 2n }));
  await send([...rejected, -38014, 809], /insufficient|balance|not enough|funds/i, await sign({ nonce: 0 }, Wallet.createRandom()));
});

await bad('gas below the intrinsic cost', async () => {
  await send([...rejected, -38013, 800], /intrinsic|gas too low|floor data gas/i, await sign({ gasLimit: 20_999n }));
});

await bad('gas below the calldata floor (EIP-7623)', async () => {
  await send([...rejected, -38013, 800], /intrinsic|gas too low|floor/i, await sign({ data: `0x${'ff'.repeat(1000)}`, gasLimit: 37_001n }));
}, 'checksCalldataFloor');

await bad('gas above the cap of one transaction (EIP-7825) and of the block', async () => {
  await send([...rejected, -38015, 803], /cap|limit|maximum|exceed/i, await sign({ gasLimit: 2n ** 24n + 1n }));
  await send([...rejected, -38015, 803], /cap|limit|maximum|exceed/i, await sign({ gasLimit: 60_000_001n }));
}, 'txGasCap');

await bad('gas above the block limit', async () => {
  await send([...rejected, -38015, 803], /limit|cap|exceed/i, await sign({ gasLimit: 60_000_001n }));
});

await bad('a transaction over 128 KiB', async () => {
  await send([...rejected, -32602, -32005], /oversized|size|too large|limit|128|131,?072/i, await sign({ data: `0x${'00'.repeat(131_072)}`, gasLimit: 16_000_000n }));
}, 'limits');

await bad('another chain\'s id', async () => {
  await send([...rejected, -32602], /chain.?id/i, await sign({ chainId: 1 }));
});

await bad('a blob transaction is refused, in words', async () => {
  const blob = await sign({ type: 3, maxFeePerBlobGas: 10n, blobVersionedHashes: [`0x01${'ab'.repeat(31)}`] });
  await send([...rejected, -32602, -32004], target.refusesBlobs ? /blob/i : /4844/, blob);
});

await bad('an unknown transaction type', async () => {
  await send([...rejected, -32602], /type|decode|unsupported|rlp|input/i, '0x05c0');
});

await bad('a fee below the floor of 9,000 gwei', async () => {
  const words = /floor|minimum|below|underpriced|base fee|9,?000/i;
  const under = baseFeeFloor - 1n;
  await send([...rejected, -38012, -32005, 802, 806], words, await sign({ maxFeePerGas: under, maxPriorityFeePerGas: 0n }));
  await send([...rejected, -38012, -32005, 802, 806], words, await wallet.signTransaction({ type: 0, chainId: target.chainId, gasPrice: under, gasLimit: 21_000n, to, nonce: await nonceNow() }));
}, 'enforcesFloor');

await bad('a tip above the fee cap', async () => {
  await send([...rejected, -32602, 804], /priority|tip/i, await craft({ maxFeePerGas: 10_000n * gwei, maxPriorityFeePerGas: 10_001n * gwei }));
});

await bad('init code over 49,152 bytes (EIP-3860)', async () => {
  await send([...rejected, -38025], /init.?code/i, await sign({ to: null, data: `0x${'00'.repeat(49_153)}`, gasLimit: 5_000_000n }));
});

await bad('a 7702 transaction with no authorization', async () => {
  await send([...rejected, -32602], /authori[sz]ation/i, await sign({ type: 4, authorizationList: [] }));
}, 'checksAuthorizationList');

await bad('garbage, an empty string, a cut and a lengthened transaction', async () => {
  const codes = [...rejected, ...invalidParams];
  const words = /decode|rlp|transaction|invalid|hex|type|input|short|odd|eof|empty|byte/i;
  const good = await sign({});
  for (const raw of ['0xdeadbeef', '0x', '0x02', '0x02c0', good.slice(0, -20), ...(target.refusesTrailingBytes ? [`${good}00`] : []), 'not hex', '0xzz', '0x123']) {
    await send(codes, words, raw);
  }
});

await bad('signatures that are no signatures: r = 0, high s', async () => {
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const zero = await craft({}, () => ({ r: 0n }));
  const high = await craft({}, ({ s, parity }) => ({ s: order - s, parity: 1n - parity }));
  const words = /signature|sender|recover|invalid/i;
  for (const raw of [zero, high]) await send([...rejected, -32602, 1001], words, raw);
}, 'checksSignatures');

await bad('malformed JSON', async () => {
  for (const body of ['{', '{"jsonrpc":"2.0","id":1,', 'hello', '{"jsonrpc": "2.0", "method": "eth_chainId", "params": [}', '']) {
    const { text, status } = await post(body);
    const answer = JSON.parse(text);
    equal(answer.error?.code, -32700, `code for ${JSON.stringify(body)} (HTTP ${status})`);
  }
}, 'parseErrors');

await bad('JSON that is no request', async () => {
  for (const body of ['{}', '[]', '1', '"x"', 'null', '{"jsonrpc":"2.0","id":1}', '{"jsonrpc":"2.0","id":1,"method":5}']) {
    const { text } = await post(body);
    const answer = JSON.parse(text);
    ensure([-32600, -32700].includes((Array.isArray(answer) ? answer[0] : answer).error?.code), `${body}: ${text}`);
  }
}, 'parseErrors');

await bad('an unknown method', async () => {
  await refused([-32601], /method|not found|eth_fly/i, 'eth_fly');
  await refused([-32601], /method|not found/i, '');
}, 'unknownMethods');

await bad('bad parameters: wrong type, missing, too short, too long', async () => {
  const words = /./;
  const address = wallet.address;
  await refused(invalidParams, words, 'eth_getBalance', '0xzz', 'latest');
  await refused(invalidParams, words, 'eth_getBalance', address.slice(0, 20), 'latest');
  await refused(invalidParams, words, 'eth_getBalance', 5, 'latest');
  await refused(invalidParams, words, 'eth_getBalance');
  await refused(invalidParams, words, 'eth_getBlockByNumber', 'banana', false);
  await refused(invalidParams, words, 'eth_getBlockByHash', '0x1234', false);
  await refused(invalidParams, words, 'eth_getTransactionByHash', { hash: word(1) });
  await refused(invalidParams, words, 'eth_call', 'nothing', 'latest');
  await refused(invalidParams, words, 'eth_call', { to: address, gas: '-5' }, 'latest');
  await refused(invalidParams, words, 'eth_getLogs', { topics: 'all' });
  await refused(invalidParams, words, 'eth_sendRawTransaction');
});

await bad('params that are an object, null or a string', async () => {
  for (const params of [{ a: 1 }, 'x', 7]) {
    const { text } = await post(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_getBalance', params }));
    ensure([-32600, -32602, -32700].includes(JSON.parse(text).error?.code), text);
  }
});

await bad('a block that is not there', async () => {
  await refused([-32000, -32001, -32602, -39001], /block|header|found|unknown|range|beyond/i, 'eth_getBalance', to, '0xffffff');
  await refused([-32000, -32001, -32602, -39001], /block|header|found|unknown|range|beyond/i, 'eth_call', { to }, '0xffffff');
});

await bad('getLogs over the cap on blocks', async () => {
  await rpc('anvil_mine', hex(target.logRangeCap + 10));
  const error = await refused([-32005, -32602, -32000], /range|blocks|limit/i, 'eth_getLogs', { fromBlock: '0x0', toBlock: 'latest' });
  ensure(/\d/.test(error.message), `the limit is not named: ${error.message}`);
}, 'limits');

await bad('a body over the limit', async () => {
  const outcome = await post(`{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":["${'a'.repeat(40 << 20)}"]}`).catch((error) => ({ error }));
  if (outcome.error) ensure(/fetch failed|reset|EPIPE|socket/i.test(`${outcome.error} ${outcome.error.cause}`), String(outcome.error));
  else ensure(outcome.status === 413 || JSON.parse(outcome.text).error, `HTTP ${outcome.status}: ${outcome.text.slice(0, 200)}`);
}, 'limits');

await bad('a batch over the limit', async () => {
  const batch = Array.from({ length: 20_000 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'eth_chainId', params: [] }));
  const { text } = await post(JSON.stringify(batch));
  const answer = JSON.parse(text);
  const error = (Array.isArray(answer) ? answer[0] : answer).error;
  ensure(error && /batch|limit|large/i.test(error.message) && /\d/.test(`${error.message}${JSON.stringify(error.data)}`), text.slice(0, 300));
}, 'limits');

await bad('feeHistory percentiles out of order and out of range', async () => {
  await refused([-32602, -32000, -32005], /percentile/i, 'eth_feeHistory', '0x1', 'latest', [50, 10]);
  await refused([-32602, -32000, -32005], /percentile/i, 'eth_feeHistory', '0x1', 'latest', [101]);
}, 'checksPercentiles');

await bad('JSON nested a hundred thousand deep', async () => {
  const depth = 100_000;
  for (const body of ['['.repeat(depth), `{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":${'['.repeat(depth)}${']'.repeat(depth)}}`]) {
    const { text, status } = await post(body);
    ensure(status >= 400 || JSON.parse(text).error, `HTTP ${status}: ${text.slice(0, 200)}`);
  }
}, 'parseErrors');

await bad('bytes that are no UTF-8', async () => {
  const body = Buffer.concat([Buffer.from('{"jsonrpc":"2.0","id":1,"method":"eth_'), Buffer.from([0xff, 0xfe, 0xc0, 0x80]), Buffer.from('","params":[]}')]);
  const { text, status } = await post(body);
  ensure(status >= 400 || [-32700, -32601, -32600].includes(JSON.parse(text).error?.code), `HTTP ${status}: ${text}`);
});

await bad('calls that never end stop at the gas cap or the deadline', async () => {
  const { bytecode } = artifact('Probe');
  const [from] = await rpc('eth_accounts');
  const { contractAddress } = await mined(await rpc('eth_sendTransaction', { from, data: bytecode }));
  const spin = '0x5b5f56'; // JUMPDEST PUSH0 JUMP
  const loop = { [contractAddress]: { code: spin } };
  const error = await fails(() => rpc('eth_call', { to: contractAddress, gas: hex(2n ** 62n) }, 'latest', loop), 'an endless call');
  ensure(/gas|time|deadline/i.test(error.message), error.message);
  await fails(() => rpc('eth_estimateGas', { to: contractAddress }, 'latest', loop), 'an endless estimate');
}, 'endsEndlessCalls');

await bad('a fee far above sense is refused before it costs anybody', async () => {
  await send([...rejected, -32602], /fee|cap/i, await sign({ maxFeePerGas: btt, maxPriorityFeePerGas: btt, gasLimit: 1_000_000n }));
}, 'limits');

const http = (options) => new Promise((resolve, reject) => {
  const { hostname, port } = new URL(urls.http);
  const ask = request({ hostname, port, method: 'POST', path: '/', timeout: 10_000, ...options }, (reply) => {
    let text = '';
    reply.on('data', (d) => { text += d; }).on('end', () => resolve({ status: reply.statusCode, headers: reply.headers, text }));
  });
  ask.on('error', reject);
  ask.end(options.body);
});
const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] });

await bad('a foreign Host header (DNS rebinding) and a foreign origin', async () => {
  const foreign = await http({ body, headers: { host: 'evil.example', 'content-type': 'application/json' } });
  equal(foreign.status, 403, 'status for a foreign host');
  const origin = await http({ body, headers: { origin: 'http://evil.example', 'content-type': 'application/json' } });
  ensure(!origin.headers['access-control-allow-origin'], 'CORS is open by default');
}, 'limits');

await bad('other HTTP methods and content types', async () => {
  for (const method of ['GET', 'PUT', 'DELETE']) ensure((await http({ method })).status >= 400, method);
  const { status } = await http({ body, headers: { 'content-type': 'text/plain' } });
  ensure(status === 200 || status === 415, `text/plain: HTTP ${status}`);
}, 'limits');

suite.end();
