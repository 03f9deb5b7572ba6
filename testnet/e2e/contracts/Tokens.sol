// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";

/// An ERC-20 whose whole supply starts with its deployer.
contract Coin is ERC20 {
    constructor(uint256 supply) ERC20("Coin", "COIN") {
        _mint(msg.sender, supply);
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// An ERC-721 that anybody may mint.
contract Pictures is ERC721 {
    constructor() ERC721("Pictures", "PIC") {}

    function mint(address to, uint256 id) external {
        _safeMint(to, id);
    }
}

/// An ERC-1155 that anybody may mint.
contract Items is ERC1155 {
    constructor() ERC1155("ipfs://items/{id}") {}

    function mint(address to, uint256 id, uint256 amount) external {
        _mint(to, id, amount, "");
    }
}
