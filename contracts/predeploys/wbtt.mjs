// Builds the artifact of WBTT with the pinned compiler and the settings of foundry.toml.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const solc = createRequire(import.meta.url)("solc");

/** The settings of `foundry.toml`, spelled as the compiler's standard JSON wants them. */
const SETTINGS = {
  evmVersion: "cancun",
  optimizer: { enabled: true, runs: 1000 },
  metadata: { bytecodeHash: "none" },
  viaIR: false,
};

/** Compiles `system/WBTT.sol`. Throws with the compiler's own words if that fails. */
export function buildWbtt() {
  const name = "system/WBTT.sol";
  const content = readFileSync(new URL(`../${name}`, import.meta.url), "utf8");
  const outputSelection = { [name]: { WBTT: ["abi", "evm.bytecode.object", "evm.deployedBytecode"] } };
  const input = { language: "Solidity", sources: { [name]: { content } }, settings: { ...SETTINGS, outputSelection } };
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  const errors = (output.errors ?? []).filter((error) => error.severity === "error");
  if (errors.length > 0) throw new Error(errors.map((error) => error.formattedMessage).join("\n"));

  const { abi, evm } = output.contracts[name].WBTT;
  if (Object.keys(evm.deployedBytecode.immutableReferences).length > 0) {
    throw new Error("WBTT has immutables: its compiled runtime code is not what a constructor would leave behind");
  }
  return {
    contractName: "WBTT",
    sourceName: `contracts/${name}`,
    compiler: solc.version(),
    settings: SETTINGS,
    abi,
    bytecode: `0x${evm.bytecode.object}`,
    deployedBytecode: `0x${evm.deployedBytecode.object}`,
  };
}
