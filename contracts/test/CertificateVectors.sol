// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

// Written by crates/bft/tests/it/certificates.rs; run that test with BTTC_WRITE_VECTORS=1 after a change of what votes sign.

uint256 constant CHAIN_ID = 990991;
uint64 constant HEIGHT = 12345;
uint32 constant ROUND = 2;
bytes32 constant BLOCK_HASH = 0xb7b7b7b7b7b7b7b7b7b7b7b7b7b7b7b7b7b7b7b7b7b7b7b7b7b7b7b7b7b7b7b7;

function signers() pure returns (address[] memory list) {
    list = new address[](3);
    list[0] = 0x1efF47bc3a10a45D4B230B5d10E37751FE6AA718;
    list[1] = 0x6813Eb9362372EEF6200f3b1dbC3f819671cBA69;
    list[2] = 0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf;
}

function signatures() pure returns (bytes[] memory list) {
    list = new bytes[](3);
    list[0] = hex"c01ad9c579196ffae52e9b02e55f684b108dd2c3ee8d5032d10406f0eb387432515327c9c09466a9e8d7782fe921f52ed06692f316321e92fc38e8f1db4849841c";
    list[1] = hex"bf63c94b818959368cf13fbcc2470dce5c9252a6d49ac56ebefda2fc14dd1a1a347b3c83c8b786b0b9f6e392ca2e86452d17c632cc0bafe6f9c3215ec522fc8e1c";
    list[2] = hex"31b46ed8012c44e47efea513c52b284fdd1107670fa964be729ce1038aa0b2d8212b79927cc3dd4739f06c767445a879f0561ba01e5716d0fb99d597125695461b";
}
