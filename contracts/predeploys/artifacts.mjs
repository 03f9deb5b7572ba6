// Builds the artifacts of our contracts with the pinned compiler and the settings of foundry.toml.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { posix } from "node:path";

const solc = createRequire(import.meta.url)("solc");

/**
 * Every contract that genesis carries, from `system/`, and then those that are deployed by a transaction (`deployed`), from the folder given:
 * of these the creation code counts, and constructor arguments and immutables are theirs to have. `with` names a contract to which one delegates what it does not know itself;
 * its functions belong to the ABI of what callers see.
 */
const CONTRACTS = [
  { name: "WBTT" },
  { name: "SystemProxy" },
  { name: "ValidatorSet" },
  { name: "Staking", with: "StakingExtension" },
  { name: "StakingExtension" },
  { name: "Treasury" },
  { name: "Supply" },
  { name: "Params" },
  { name: "Governor" },
  { name: "Timelock" },
  { name: "Vesting" },
  { name: "Airdrop" },
  { name: "BridgeInbox" },
  { name: "BridgeOutbox" },
  { name: "BridgedToken" },
  { name: "CheckpointManager", folder: "root", deployed: true },
  { name: "RootBridge", folder: "root", deployed: true },
  { name: "StateProof", folder: "root", deployed: true },
  // For test networks alone.
  { name: "TestToken", folder: "test/root", deployed: true },
];

/** The settings of `foundry.toml`, spelled as the compiler's standard JSON wants them. */
const SETTINGS = {
  evmVersion: "cancun",
  optimizer: { enabled: true, runs: 1000 },
  metadata: { bytecodeHash: "none" },
  viaIR: false,
};

/** The largest runtime code that the EVM takes (EIP-170), in bytes. */
const LARGEST_CODE = 24_576;

/** The artifacts by contract name. Throws with the compiler's own words, or says why a contract cannot be used. */
export function buildArtifacts() {
  const output = compile(CONTRACTS.map(sourceOf));
  return new Map(CONTRACTS.map((contract) => [contract.name, artifact(output, contract)]));
}

/** The name of a contract's source, from `contracts/` on. */
function sourceOf({ name, folder = "system" }) {
  return `${folder}/${name}.sol`;
}

function artifact(output, contract) {
  const { name, deployed, with: other } = contract;
  const { abi, evm } = output.contracts[sourceOf(contract)][name];
  if (!deployed && Object.keys(evm.deployedBytecode.immutableReferences).length > 0) {
    throw new Error(`${name} has immutables: its compiled runtime code is not what a constructor would leave behind`);
  }
  if (!deployed && abi.some(({ type, inputs }) => type === "constructor" && inputs.length > 0)) {
    throw new Error(`${name} has a constructor with arguments, which nobody calls in genesis`);
  }
  if (evm.bytecode.object.includes("__$")) throw new Error(`${name} calls a library that is not linked`);
  const size = evm.deployedBytecode.object.length / 2;
  if (size > LARGEST_CODE) throw new Error(`${name} has ${size} bytes of code, the EVM takes ${LARGEST_CODE}`);
  const built = {
    contractName: name,
    sourceName: `contracts/${sourceOf(contract)}`,
    compiler: solc.version(),
    settings: SETTINGS,
    abi: other ? merged(abi, output.contracts[sourceOf({ name: other })][other].abi) : abi,
    bytecode: `0x${evm.bytecode.object}`,
  };
  // What is left of a contract with immutables depends on who deployed it, so nothing is said of it.
  return deployed ? built : { ...built, deployedBytecode: `0x${evm.deployedBytecode.object}` };
}

/** Both ABIs, without what is in both; the ways of the first to be called without a function stay. */
function merged(abi, other) {
  const key = ({ type, name, inputs }) => `${type} ${name}(${(inputs ?? []).map((input) => input.type).join()})`;
  const seen = new Set(abi.map(key));
  return [...abi, ...other.filter((entry) => entry.name && !seen.has(key(entry)))];
}

function compile(names) {
  const outputSelection = { "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode"] } };
  const input = { language: "Solidity", sources: collect(names), settings: { ...SETTINGS, outputSelection } };
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  const errors = (output.errors ?? []).filter((error) => error.severity === "error");
  if (errors.length > 0) throw new Error(errors.map((error) => error.formattedMessage).join("\n"));
  return output;
}

/** The given sources and everything they import. */
function collect(names) {
  const sources = {};
  const waiting = [...names];
  while (waiting.length > 0) {
    const name = waiting.pop();
    if (sources[name]) continue;
    const path = name.startsWith("@") ? `../node_modules/${name}` : `../${name}`;
    const content = readFileSync(new URL(path, import.meta.url), "utf8");
    sources[name] = { content };
    for (const [, imported] of content.matchAll(/^\s*(?:import|\})[^;"]*"([^"]+)";/gm)) {
      waiting.push(imported.startsWith(".") ? posix.join(posix.dirname(name), imported) : imported);
    }
  }
  return sources;
}
