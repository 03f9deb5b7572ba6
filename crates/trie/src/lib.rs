//! bttc-trie
