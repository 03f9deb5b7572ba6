// Deploys the published contracts again, the way they came onto Ethereum, on an empty chain in a local `anvil`.
//
// Where a constructor or an immutable decides what the runtime code is, running the creation code is the only way
// to know it. The chain id is 1, because the published code hashes are those of Ethereum.
import { spawn } from "node:child_process";
import { gunzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import { concat, getAddress, numberToHex, recoverTransactionAddress } from "viem";

const ANVIL = fileURLToPath(new URL("../node_modules/.bin/anvil", import.meta.url));
const START_LIMIT_MS = 20_000;
const MINE_LIMIT_MS = 20_000;

/**
 * Runs all deployments in order; answers code and storage left behind and the nonce right after the deployment
 * (a factory's grows later), by checksummed address.
 */
export async function replay(deployments) {
  const anvil = await start();
  try {
    const [funder] = await anvil.call("eth_accounts");
    const nonces = new Map();
    for (const { name, address, deploy } of deployments) {
      let hash;
      if (deploy.transaction) {
        const signer = await recoverTransactionAddress({ serializedTransaction: deploy.transaction });
        await anvil.call("anvil_setBalance", signer, numberToHex(10n ** 24n));
        hash = await anvil.call("eth_sendRawTransaction", deploy.transaction);
      } else if (deploy.initCode) {
        const data = concat([deploy.salt, deploy.initCode]);
        hash = await anvil.call("eth_sendTransaction", { from: funder, to: deploy.factory, data, gas: "0x1c9c380" });
      }
      if (hash) {
        const receipt = await mined(anvil, hash);
        if (receipt.status !== "0x1") throw new Error(`${name}: its deployment failed when run again, transaction ${hash}`);
      }
      nonces.set(address, Number(await anvil.call("eth_getTransactionCount", address, "latest")));
    }
    const dump = Buffer.from((await anvil.call("anvil_dumpState")).slice(2), "hex");
    const { accounts } = JSON.parse(gunzipSync(dump).toString());
    return new Map(
      Object.entries(accounts).map(([key, { code, storage }]) => {
        const address = getAddress(key);
        return [address, { nonce: nonces.get(address), code, storage }];
      }),
    );
  } finally {
    anvil.stop();
  }
}

/** The receipt of a transaction, which anvil mines shortly after it took it. */
async function mined(anvil, hash) {
  const deadline = Date.now() + MINE_LIMIT_MS;
  for (;;) {
    const receipt = await anvil.call("eth_getTransactionReceipt", hash);
    if (receipt) return receipt;
    if (Date.now() > deadline) throw new Error(`anvil did not mine ${hash} in ${MINE_LIMIT_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Starts anvil on a free loopback port. It dies with `stop`, and with this process. */
async function start() {
  const flags = ["--port", "0", "--chain-id", "1", "--hardfork", "shanghai", "--base-fee", "0", "--no-create2"];
  // A process group of its own: the command is a wrapper around the real program, and both must end.
  const child = spawn(ANVIL, flags, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let stopped = false;
  const stop = () => {
    if (stopped) return;
    stopped = true;
    try {
      process.kill(-child.pid, "SIGTERM");
    } catch {
      // Already gone.
    }
  };
  process.once("exit", stop);

  const url = await new Promise((resolve, reject) => {
    let text = "";
    const fail = (why) => reject(new Error(`anvil did not start: ${why}; run \`npm ci\` in contracts/ first\n${text}`));
    const timer = setTimeout(() => fail(`no answer in ${START_LIMIT_MS} ms`), START_LIMIT_MS);
    const read = (chunk) => {
      text += chunk;
      const found = text.match(/Listening on (127\.0\.0\.1:\d+)/);
      if (found) {
        clearTimeout(timer);
        resolve(`http://${found[1]}`);
      }
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("error", (error) => fail(error.message));
    child.once("exit", (code) => fail(`it ended with code ${code}`));
  }).catch((error) => {
    stop();
    throw error;
  });

  const call = async (method, ...params) => {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
    const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
    const { result, error } = await answer.json();
    if (error) throw new Error(`anvil, ${method}: ${error.message}`);
    return result;
  };
  return { call, stop };
}
