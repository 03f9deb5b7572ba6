"""Merkle proofs judged by a library that is not ours (PyPI `trie`)."""

import rlp
import trie.exceptions
from eth_utils import keccak
from trie import HexaryTrie


def _bytes(text):
    return bytes.fromhex(text[2:])


def from_trie(root, key, proof):
    """What a proof shows under `root` for `key` (both bytes), RLP-decoded; None if it proves absence; raises if it proves nothing."""
    nodes = tuple(rlp.decode(_bytes(node)) for node in proof)
    value = HexaryTrie.get_from_proof(root, keccak(key), nodes)
    return rlp.decode(value) if value else None


def proven(call, address, slots=(), block="latest"):
    """Checks eth_getProof of an existing account against the state root of `block`; returns the answer.

    `call(method, *params)` asks the node.
    """
    header = call("eth_getBlockByNumber", block, False)
    proof = call("eth_getProof", address, list(slots), header["number"])
    account = from_trie(_bytes(header["stateRoot"]), _bytes(address), proof["accountProof"])
    assert account is not None, f"{address} is absent from the state of block {header['number']}"
    nonce, balance, storage, code = account
    assert int.from_bytes(nonce) == int(proof["nonce"], 16), "nonce"
    assert int.from_bytes(balance) == int(proof["balance"], 16), "balance"
    assert storage == _bytes(proof["storageHash"]) and code == _bytes(proof["codeHash"]), "storage root or code hash"
    for slot, shown in zip(slots, proof["storageProof"], strict=True):
        found = from_trie(storage, int(slot, 16).to_bytes(32), shown["proof"]) if shown["proof"] else None
        assert int.from_bytes(found or b"") == int(shown["value"], 16), f"proof of slot {slot}"
    return proof


BadProof = trie.exceptions.BadTrieProof
