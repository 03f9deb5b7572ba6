// Merkle proofs judged by a library that is not ours.
import { verifyMerkleProof } from '@ethereumjs/mpt';
import { RLP } from '@ethereumjs/rlp';
import { bytesToHex, hexToBytes } from '@ethereumjs/util';
import { keccak256 } from 'ethers';
import { ensure, equal, rpc } from './harness.mjs';

/** What `proof` shows under `root` for a key, RLP-decoded; null if it proves absence; throws if it proves nothing. */
export async function fromTrie(root, key, proof) {
  const value = await verifyMerkleProof(hexToBytes(keccak256(key)), proof.map(hexToBytes), {
    root: hexToBytes(root), useKeyHashing: false,
  });
  return value && RLP.decode(value);
}

const number = (bytes) => (bytes.length ? BigInt(bytesToHex(bytes)) : 0n);

/** Checks eth_getProof of an existing account at a block against that block's state root; returns the answer. */
export async function proven(address, slots = [], tag = 'latest') {
  const block = await rpc('eth_getBlockByNumber', tag, false);
  const proof = await rpc('eth_getProof', address, slots, block.number);
  const account = await fromTrie(block.stateRoot, address, proof.accountProof);
  ensure(account, `${address} is absent from the state of block ${block.number}`);
  const [nonce, balance, storage, code] = account;
  equal(number(nonce), BigInt(proof.nonce), 'nonce');
  equal(number(balance), BigInt(proof.balance), 'balance');
  equal(bytesToHex(storage), proof.storageHash, 'storage root');
  equal(bytesToHex(code), proof.codeHash, 'code hash');
  for (const [i, slot] of slots.entries()) {
    const found = await fromTrie(proof.storageHash, slot, proof.storageProof[i].proof);
    equal(found ? number(found) : 0n, BigInt(proof.storageProof[i].value), `proof of slot ${slot}`);
  }
  return proof;
}
