// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Names} from "./Names.sol";

/// @title What a bridge tells the side chain
/// @notice Deposits and names of tokens are numbered by one nonce from 0 and kept in one running hash: zero before the first record, then
/// `keccak256(abi.encode(hash so far, hash of the record))`. Validators of the side chain vouch for that hash (docs/bridge.md, "Deposits on
/// this chain").
abstract contract Records {
    uint256 private constant DEPOSIT_FORM = 2;
    uint256 private constant METADATA_FORM = 3;

    /// Number of this root chain: 1 Ethereum, 2 TRON.
    uint256 public immutable rootId;
    /// EIP-155 id of the side chain.
    uint256 public immutable sideChainId;

    /// Records so far: the nonce of the next one.
    uint64 public recordCount;
    /// Running hash over all records.
    bytes32 public recordChain;

    /// @notice `chainHash` is the running hash after this record.
    event Deposited(
        uint64 indexed nonce, address indexed token, address indexed to, address from, uint256 amount, bytes32 chainHash
    );
    /// @notice `chainHash` is the running hash after this record.
    event MetadataSynced(
        uint64 indexed nonce, address indexed token, string name, string symbol, uint8 decimals, bytes32 chainHash
    );

    error BadRootId(uint256 got);

    constructor(uint256 rootId_, uint256 sideChainId_) {
        if (rootId_ != 1 && rootId_ != 2) revert BadRootId(rootId_);
        (rootId, sideChainId) = (rootId_, sideChainId_);
    }

    /// Of the caller, who gets it back if it cannot be delivered.
    function _recordDeposit(address token, address to, uint256 amount) internal returns (uint64 nonce) {
        nonce = recordCount++;
        bytes32 chain = _link(
            keccak256(
                abi.encode(
                    DEPOSIT_FORM, sideChainId, rootId, address(this), uint256(nonce), token, msg.sender, to, amount
                )
            )
        );
        emit Deposited(nonce, token, to, msg.sender, amount, chain);
    }

    function _recordMetadata(address token, Names.Metadata memory names) internal returns (uint64 nonce) {
        nonce = recordCount++;
        bytes32 name = keccak256(bytes(names.name));
        bytes32 symbol = keccak256(bytes(names.symbol));
        bytes32 chain = _link(
            keccak256(
                abi.encode(
                    METADATA_FORM,
                    sideChainId,
                    rootId,
                    address(this),
                    uint256(nonce),
                    token,
                    name,
                    symbol,
                    names.decimals
                )
            )
        );
        emit MetadataSynced(nonce, token, names.name, names.symbol, names.decimals, chain);
    }

    function _link(bytes32 record) private returns (bytes32 chain) {
        chain = keccak256(abi.encode(recordChain, record));
        recordChain = chain;
    }
}
