// What every JavaScript suite shares: the node's addresses, the target's table, raw JSON-RPC,
// named checks that print one line each, polling with a deadline.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const here = import.meta.dirname;
const targets = JSON.parse(readFileSync(join(here, 'targets.json'), 'utf8'));

export const urls = {
  http: process.env.BTTC_HTTP ?? 'http://127.0.0.1:8545',
  ws: process.env.BTTC_WS ?? 'ws://127.0.0.1:8545',
  ipc: process.env.BTTC_IPC,
};
export const target = targets[process.env.BTTC_TARGET ?? 'bttc'];
export const mnemonic = 'test test test test test test test test test test test junk';
export const gwei = 10n ** 9n;
export const btt = 10n ** 18n;
export const baseFeeFloor = BigInt(target.baseFeeFloor);

/** Compiled contract of contracts/: {abi, bytecode}. */
export const artifact = (name) => JSON.parse(readFileSync(join(here, 'artifacts', `${name}.json`), 'utf8'));

/** What JSON-RPC errors become: `code`, `data` and the message as it came. */
export class RpcError extends Error {
  constructor({ code, message, data }) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

let nextId = 1;

/** Sends any body over HTTP; returns {status, text}. */
export async function post(body, headers = { 'content-type': 'application/json' }) {
  const reply = await fetch(urls.http, { method: 'POST', body, headers, signal: AbortSignal.timeout(30_000) });
  return { status: reply.status, text: await reply.text() };
}

/** One JSON-RPC call over HTTP; the result, or RpcError. */
export async function rpc(method, ...params) {
  const { status, text } = await post(JSON.stringify({ jsonrpc: '2.0', id: nextId++, method, params }));
  let answer;
  try {
    answer = JSON.parse(text);
  } catch {
    throw new Error(`${method}: HTTP ${status} with no JSON: ${text.slice(0, 200)}`);
  }
  if (answer.error) throw new RpcError(answer.error);
  return answer.result;
}

export const hex = (n) => `0x${BigInt(n).toString(16)}`;
/** A 32-byte word, as storage and topics hold numbers. */
export const word = (n) => `0x${BigInt(n).toString(16).padStart(64, '0')}`;

const plain = (v) => JSON.stringify(v, (_, x) => (typeof x === 'bigint' ? x.toString() : x))?.slice(0, 600) ?? String(v);

export function equal(got, expected, what = 'value') {
  const low = (v) => (typeof v === 'string' && v.startsWith('0x') ? v.toLowerCase() : v);
  if (low(got) !== low(expected) && plain(got) !== plain(expected)) {
    throw new Error(`${what}: got ${plain(got)}, expected ${plain(expected)}`);
  }
}

export function ensure(condition, what) {
  if (!condition) throw new Error(what);
}

/** Runs `call`, which must fail; returns the error. */
export async function fails(call, what = 'the call') {
  let value;
  try {
    value = await (typeof call === 'function' ? call() : call);
  } catch (error) {
    return error;
  }
  throw new Error(`${what} was accepted and gave ${plain(value)}`);
}

/** A raw call must be refused with one of `codes` and a message that matches `words`. */
export async function refused(codes, words, method, ...params) {
  const error = await fails(() => rpc(method, ...params), method);
  ensure(error instanceof RpcError, `${method}: no JSON-RPC error: ${error.message}`);
  ensure([codes].flat().includes(error.code), `${method}: code ${error.code} (${error.message}), expected ${codes}`);
  ensure(words.test(error.message), `${method}: message "${error.message}" does not match ${words}`);
  return error;
}

/** Asks until `probe` gives something other than undefined, null or false. */
export async function poll(probe, what, ms = 8000) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== null && value !== false) return value;
    if (Date.now() > end) throw new Error(`${what}: not within ${ms} ms`);
    await new Promise((next) => setTimeout(next, 25));
  }
}

/** The receipt of a transaction, when it is mined. */
export const mined = (hash) => poll(() => rpc('eth_getTransactionReceipt', hash), `receipt of ${hash}`);

/** A list of named checks, run in order; the process ends with 1 if one failed. */
export class Suite {
  constructor(name, seconds = 25) {
    this.name = name;
    this.seconds = seconds;
    this.failed = 0;
  }

  /** Runs one check. `needs` names a line of targets.json without which it is skipped. */
  async check(what, body, needs) {
    if (needs && !target[needs]) {
      console.log(`skip ${this.name}: ${what} (${process.env.BTTC_TARGET} has no ${needs})`);
      return;
    }
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no end within ${this.seconds} s`)), this.seconds * 1000);
    });
    try {
      await Promise.race([body(), late]);
      console.log(`ok   ${this.name}: ${what}`);
    } catch (error) {
      this.failed += 1;
      const why = String(error?.shortMessage ?? error?.message ?? error);
      const detail = error?.details ? ` (${error.details})` : '';
      console.log(`FAIL ${this.name}: ${what} | ${(why + detail).replaceAll('\n', ' ').slice(0, 1200)}`);
    } finally {
      clearTimeout(timer);
    }
  }

  end() {
    process.exit(this.failed ? 1 : 0);
  }
}
