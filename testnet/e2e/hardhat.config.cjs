// Hardhat with the compiler from npm in place of a download.
const { subtask } = require('hardhat/config');
const { TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD } = require('hardhat/builtin-tasks/task-names');
require('@nomicfoundation/hardhat-ethers');

const version = require('solc/package.json').version;
subtask(TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD, async () => ({
  compilerPath: require.resolve('solc/soljson.js'),
  isSolcJs: true,
  version,
  longVersion: require('solc').version().split('.Emscripten')[0],
}));

module.exports = {
  solidity: { version, settings: { evmVersion: 'cancun', optimizer: { enabled: true, runs: 200 } } },
  paths: { sources: './contracts', artifacts: './hardhat-artifacts', cache: './hardhat-cache' },
  defaultNetwork: 'node',
  networks: {
    node: {
      url: process.env.BTTC_HTTP ?? 'http://127.0.0.1:8545',
      chainId: 990992,
      accounts: { mnemonic: 'test test test test test test test test test test test junk' },
    },
  },
};
