#!/usr/bin/env node
// Proves `predeploys.json` and `artifacts/` again, from `deployments.json` and the sources:
//
// 1. Our contracts compiled from source equal the committed artifacts.
// 2. Each address follows from what was deployed: from the signature of its deployment transaction (CREATE), from
//    factory, salt and creation code (CREATE2), or from its creator. A changed byte would give another address.
// 3. Deploying everything again on an empty chain leaves exactly the code, nonce and storage of `predeploys.json`.
// 4. The code has the hash that others publish for it.
//
// `node predeploys/check.mjs` checks; with `--write` it writes the artifacts and `predeploys.json` instead.
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { getContractAddress, keccak256, pad, recoverTransactionAddress } from "viem";
import { buildArtifacts } from "./artifacts.mjs";
import { replay } from "./replay.mjs";

const ARTIFACTS = new URL("../artifacts/", import.meta.url);
const PREDEPLOYS = new URL("./predeploys.json", import.meta.url);
const write = process.argv.includes("--write");

const deployments = JSON.parse(readFileSync(new URL("./deployments.json", import.meta.url), "utf8"));
const artifacts = buildArtifacts();
const wrong = [];

for (const deployment of deployments) {
  const derived = await deriveAddress(deployment);
  if (derived && derived !== deployment.address) {
    wrong.push(`${deployment.name}: what is deployed belongs at ${derived}, not at ${deployment.address}`);
  }
}

if (wrong.length > 0) report();

const accounts = await replay(deployments);
const predeploys = deployments.map(entry);

for (const [index, { name, codeHash: published }] of deployments.entries()) {
  const { codeHash } = predeploys[index];
  if (published && published !== codeHash) wrong.push(`${name}: code hash is ${codeHash}, published is ${published}`);
}

for (const [name, artifact] of artifacts) settle(new URL(`${name}.json`, ARTIFACTS), artifact);
for (const file of readdirSync(ARTIFACTS)) {
  if (!artifacts.has(file.replace(/\.json$/, ""))) wrong.push(`artifacts/${file} belongs to no contract`);
}
settle(PREDEPLOYS, predeploys);

if (wrong.length > 0) report();
for (const [name, { bytecode, deployedBytecode }] of artifacts) {
  console.log(`ok ${name}.json ${deployedBytecode ? keccak256(deployedBytecode) : `${keccak256(bytecode)} (creation code)`}`);
}
for (const { name, address, codeHash } of predeploys) console.log(`ok ${name} ${address} ${codeHash}`);

/** Ends the program with everything found wrong so far. */
function report() {
  for (const line of wrong) console.error(`wrong: ${line}`);
  process.exit(1);
}

/** The address that the deployment itself proves; nothing for WBTT, whose place is ours to choose. */
async function deriveAddress({ deploy }) {
  if (deploy.transaction) {
    const from = await recoverTransactionAddress({ serializedTransaction: deploy.transaction });
    return getContractAddress({ from, nonce: 0n });
  }
  if (deploy.initCode) {
    return getContractAddress({ opcode: "CREATE2", from: deploy.factory, salt: deploy.salt, bytecode: deploy.initCode });
  }
  if (deploy.createdBy) {
    const creator = deployments.find(({ name }) => name === deploy.createdBy);
    return getContractAddress({ from: creator.address, nonce: BigInt(deploy.nonce) });
  }
  return undefined;
}

/** What genesis carries for a deployment: WBTT from its artifact, the others as the replay left them. */
function entry({ name, address, source, deploy }) {
  const account = deploy.artifact
    ? { nonce: 1, code: artifacts.get(name).deployedBytecode, storage: {} }
    : accounts.get(address);
  if (!account || account.code === "0x") throw new Error(`${name}: no code at ${address} after deploying everything again`);
  const storage = Object.fromEntries(
    Object.entries(account.storage)
      .map(([slot, value]) => [pad(slot, { size: 32 }), pad(value, { size: 32 })])
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
  const { code } = account;
  return { name, address, nonce: account.nonce, codeHash: keccak256(code), source, storage, code };
}

/** Writes a generated file, or holds the committed one against it. */
function settle(file, value) {
  const text = `${JSON.stringify(value, null, 2)}\n`;
  const path = file.pathname.split("/").slice(-2).join("/");
  if (write) {
    if (wrong.length === 0) writeFileSync(file, text);
  } else if (!existsSync(file) || readFileSync(file, "utf8") !== text) {
    wrong.push(`${path} differs from what is built here; run \`npm run predeploys\` and review the difference`);
  }
}
