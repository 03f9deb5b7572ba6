// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ParamRow, ParamTable} from "../system/ParamTable.sol";
import {Lane} from "../system/interfaces/Lane.sol";
import {ParamIds} from "../system/interfaces/ParamIds.sol";
import {cheats} from "./GovernanceBase.sol";

/// docs/parameters.md says what the contract does: ids, names, values, bounds, steps, cool-downs and lanes.
contract ParamDocsTest {
    string[] private names;

    error Wrong(string name, string what, uint256 inDocs, uint256 inContract);
    error WrongName(uint256 id, string inDocs, string inContract);
    error UnknownUnit(string cell);
    error RowsMissing(uint256 got, uint256 expected);

    function setUp() public {
        // Names and ids as the source has them.
        string[] memory lines =
            cheats.split(cheats.readFile("system/interfaces/ParamIds.sol"), "uint256 internal constant ");
        for (uint256 i = 1; i < lines.length; ++i) {
            string[] memory parts = cheats.split(cheats.split(lines[i], ";")[0], " = ");
            if (same(parts[0], "COUNT")) continue;
            if (cheats.parseUint(parts[1]) != i - 1) revert Wrong(parts[0], "id", i - 1, cheats.parseUint(parts[1]));
            names.push(parts[0]);
        }
    }

    function test_thePageIsTheContract() public view {
        if (names.length != ParamIds.COUNT) revert RowsMissing(names.length, ParamIds.COUNT);
        string[] memory lines = cheats.split(cheats.readFile("../docs/parameters.md"), "\n");
        uint256 rows;
        uint256 compared;
        for (uint256 i = 0; i < lines.length; ++i) {
            string[] memory cells = cheats.split(lines[i], "|");
            if (cells.length == 11 && bytes(cheats.trim(cells[2]))[0] == "`") {
                checkRow(cells, rows);
                ++rows;
            } else if (cells.length == 7 && bytes(cheats.trim(cells[1]))[0] == "`") {
                checkName(cells[1], compared);
                ++compared;
            }
        }
        if (rows != ParamIds.COUNT) revert RowsMissing(rows, ParamIds.COUNT);
        if (compared != ParamIds.COUNT) revert RowsMissing(compared, ParamIds.COUNT);
    }

    function checkRow(string[] memory cells, uint256 id) private view {
        ParamRow memory r = ParamTable.row(id);
        expect(id, "id", cheats.parseUint(cheats.trim(cells[1])), id);
        checkName(cells[2], id);
        expect(id, "default", amount(cells[4]), r.value);
        expect(id, "least", amount(cells[5]), r.min);
        expect(id, "most", amount(cells[6]), r.max);
        expect(id, "step", amount(cells[7]), r.step);
        expect(id, "cool-down", amount(cells[8]), r.coolDown);
        string memory lane = r.lane == Lane.Standard ? "standard" : r.lane == Lane.Long ? "long" : "expedited";
        expect(id, "lane", same(cheats.trim(cells[9]), lane) ? 1 : 0, 1);
    }

    function checkName(string memory cell, uint256 id) private view {
        string memory name = cheats.replace(cheats.trim(cell), "`", "");
        if (id >= names.length || !same(name, names[id])) {
            revert WrongName(id, name, id < names.length ? names[id] : "");
        }
    }

    /// "1,000 gwei" in wei.
    function amount(string memory cell) private pure returns (uint256) {
        string[] memory parts = cheats.split(cheats.trim(cell), " ");
        uint256 number = cheats.parseUint(cheats.replace(parts[0], ",", ""));
        if (parts.length == 1) return number;
        string memory unit = parts[1];
        if (same(unit, "gwei")) return number * 1 gwei;
        if (same(unit, "BTT")) return number * 1 ether;
        if (same(unit, "ppm")) return number * 1e12;
        if (same(unit, "h")) return number * 1 hours;
        if (same(unit, "d")) return number * 1 days;
        if (
            same(unit, "bp") || same(unit, "%") || same(unit, "s") || same(unit, "ms") || same(unit, "gas")
                || same(unit, "blocks")
        ) return number;
        revert UnknownUnit(cell);
    }

    function expect(uint256 id, string memory what, uint256 inDocs, uint256 inContract) private view {
        if (inDocs != inContract) revert Wrong(names[id], what, inDocs, inContract);
    }

    function same(string memory a, string memory b) private pure returns (bool) {
        return keccak256(bytes(a)) == keccak256(bytes(b));
    }
}
