// JSON-RPC as it travels: single requests, batches and ids over HTTP, WebSocket and IPC.
import { connect } from 'node:net';
import WebSocket from 'ws';
import { Suite, ensure, equal, hex, mined, poll, post, rpc, target, urls } from './harness.mjs';

const suite = new Suite('wire');
const call = (id, method, ...params) => ({ jsonrpc: '2.0', id, method, params });
const ask = async (body) => JSON.parse((await post(JSON.stringify(body))).text);
const chainId = hex(target.chainId);

await suite.check('ids come back as they went: number, string, large', async () => {
  for (const id of [0, 7, 'a string', 9007199254740991]) equal((await ask(call(id, 'eth_chainId'))).id, id);
});

await suite.check('a batch answers every entry, good and bad', async () => {
  const answers = await ask([call(1, 'eth_chainId'), call(2, 'no_such_method'), call('x', 'eth_blockNumber'), call(4, 'eth_getBalance', 'junk', 'latest')]);
  const byId = new Map(answers.map((a) => [a.id, a]));
  equal(answers.length, 4);
  equal(byId.get(1).result, chainId);
  equal(byId.get(2).error.code, -32601);
  ensure(byId.get('x').result, 'result of x');
  equal(byId.get(4).error.code, -32602);
});

await suite.check('a batch of a hundred', async () => {
  const answers = await ask(Array.from({ length: 100 }, (_, i) => call(i, 'eth_getBlockByNumber', '0x0', false)));
  equal(new Set(answers.map((a) => a.id)).size, 100);
  ensure(answers.every((a) => a.result.number === '0x0'), 'results');
});

await suite.check('two hundred requests at the same time', async () => {
  const answers = await Promise.all(Array.from({ length: 200 }, () => rpc('eth_getBalance', '0x000000000000000000000000000000000000dead', 'latest')));
  equal(new Set(answers).size, 1);
});

/** A connection that carries JSON messages both ways; `received` is everything that came. */
async function ipc() {
  const socket = connect(urls.ipc);
  const received = [];
  let text = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk) => {
    text += chunk;
    // Messages follow one another with or without newlines: cut where the brackets close.
    let [depth, quoted, start] = [0, false, 0];
    for (let i = 0; i < text.length; i++) {
      const c = text[i];
      if (quoted) {
        if (c === '\\') i++;
        else if (c === '"') quoted = false;
      } else if (c === '"') quoted = true;
      else if (c === '{' || c === '[') depth++;
      else if ((c === '}' || c === ']') && --depth === 0) {
        received.push(JSON.parse(text.slice(start, i + 1)));
        start = i + 1;
      }
    }
    text = text.slice(start);
  });
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return { received, write: (s) => socket.write(s), end: () => socket.destroy() };
}

async function websocket() {
  const socket = new WebSocket(urls.ws);
  const received = [];
  socket.on('message', (data) => received.push(JSON.parse(data)));
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return { received, write: (s) => socket.send(s), end: () => socket.terminate() };
}

for (const [name, open] of [['IPC', ipc], ['WebSocket', websocket]]) {
  const talk = (what, body, needs) => suite.check(`${name}: ${what}`, async () => {
    const line = await open();
    const answer = (id) => poll(() => line.received.find((m) => m.id === id), `the answer to ${id}`);
    try {
      await body(line, answer);
    } finally {
      line.end();
    }
  }, needs);

  await talk('requests on one connection, answered all', async (line, answer) => {
    for (let id = 1; id <= 20; id++) line.write(`${JSON.stringify(call(id, id % 2 ? 'eth_chainId' : 'nope_nope'))}\n`);
    equal((await answer(1)).result, chainId);
    equal((await answer(20)).error.code, target.unknownMethodOnStreams);
    for (let id = 1; id <= 20; id++) await answer(id);
  });

  await talk('a batch', async (line) => {
    line.write(`${JSON.stringify([call(1, 'eth_chainId'), call(2, 'net_version')])}\n`);
    const batch = await poll(() => line.received.find(Array.isArray), 'the batch');
    equal(batch.map((a) => a.result), [chainId, String(target.chainId)]);
  });

  await talk('eth_subscribe newHeads and logs, eth_unsubscribe', async (line, answer) => {
    line.write(`${JSON.stringify(call(1, 'eth_subscribe', 'newHeads'))}\n`);
    const { result: subscription } = await answer(1);
    const [from] = await rpc('eth_accounts');
    const receipt = await mined(await rpc('eth_sendTransaction', { from, to: from, value: '0x0' }));
    const note = await poll(() => line.received.find((m) => m.params?.subscription === subscription && m.params.result.hash === receipt.blockHash), 'the head');
    equal(note.method, 'eth_subscription');
    line.write(`${JSON.stringify(call(2, 'eth_unsubscribe', subscription))}\n`);
    equal((await answer(2)).result, true);
    line.write(`${JSON.stringify(call(3, 'eth_unsubscribe', subscription))}\n`);
    const again = await answer(3);
    ensure(again.result === false || again.error, 'a second unsubscribe');
  });

  await talk('newPendingTransactions with full bodies', async (line, answer) => {
    line.write(`${JSON.stringify(call(1, 'eth_subscribe', 'newPendingTransactions', true))}\n`);
    const { result: subscription } = await answer(1);
    const [, from] = await rpc('eth_accounts');
    const hash = await rpc('eth_sendTransaction', { from, to: from, value: '0x0' });
    const note = await poll(() => line.received.find((m) => m.params?.subscription === subscription), 'the transaction');
    equal([note.params.result.hash, note.params.result.from], [hash, from.toLowerCase()]);
  }, 'fullPendingTransactions');

  await talk('an unknown subscription is refused', async (line, answer) => {
    line.write(`${JSON.stringify(call(1, 'eth_subscribe', 'newMoons'))}\n`);
    ensure([-32602, -32601, -32000].includes((await answer(1)).error?.code), 'error code');
  });

  await talk('malformed JSON gets -32700 and the connection or the node lives on', async (line) => {
    line.write('{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[}\n');
    equal((await poll(() => line.received[0], 'the refusal')).error.code, -32700);
    equal(await rpc('eth_chainId'), chainId);
  }, 'parseErrorOnStreams');
}

suite.end();
