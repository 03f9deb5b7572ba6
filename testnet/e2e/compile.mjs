// Compiles contracts/ with the npm compiler into artifacts/<Contract>.json ({abi, bytecode}).
// Does nothing when the sources and the compiler are those of the last time.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);
const here = import.meta.dirname;
const out = join(here, 'artifacts');
const names = readdirSync(join(here, 'contracts')).filter((n) => n.endsWith('.sol')).sort();
const sources = Object.fromEntries(
  names.map((n) => [`contracts/${n}`, { content: readFileSync(join(here, 'contracts', n), 'utf8') }]),
);
const input = JSON.stringify({
  language: 'Solidity',
  sources,
  settings: {
    evmVersion: 'cancun',
    optimizer: { enabled: true, runs: 200 },
    outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } },
  },
});
const version = JSON.parse(readFileSync(require.resolve('solc/package.json'), 'utf8')).version;
const print = createHash('sha256').update(version).update(input).digest('hex');
const stamp = join(out, '.stamp');
if (existsSync(stamp) && readFileSync(stamp, 'utf8') === print) process.exit(0);

const readImport = (path) => ({ contents: readFileSync(join(here, 'node_modules', path), 'utf8') });
const output = JSON.parse(require('solc').compile(input, { import: readImport }));
const errors = (output.errors ?? []).filter((e) => e.severity === 'error');
if (errors.length) {
  for (const e of errors) process.stderr.write(e.formattedMessage);
  process.exit(1);
}
mkdirSync(out, { recursive: true });
for (const file of Object.keys(sources)) {
  for (const [name, c] of Object.entries(output.contracts[file])) {
    const artifact = { abi: c.abi, bytecode: `0x${c.evm.bytecode.object}` };
    writeFileSync(join(out, `${name}.json`), JSON.stringify(artifact));
  }
}
writeFileSync(stamp, print);
