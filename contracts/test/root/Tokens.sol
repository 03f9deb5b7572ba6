// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// A token with the quirks that tokens have in the wild; each is off until it is set.
contract OddToken {
    enum Answer {
        True,
        Nothing,
        /// As USDT on TRON does on `transfer`, though the transfer succeeded.
        FalseButDone,
        /// The transfer is not done, and does not revert.
        FalseAndNotDone
    }

    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;
    mapping(address => bool) public blocked;
    Answer public answer;
    /// Kept from the receiver. Unit: basis points.
    uint256 public fee;
    /// Taken from the sender on top. Unit: the token's smallest.
    uint256 public surcharge;
    bool public burnsGas;
    address public hook;
    bytes public hookData;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function set(Answer answer_, uint256 fee_, uint256 surcharge_) external {
        (answer, fee, surcharge) = (answer_, fee_, surcharge_);
    }

    function setBlocked(address who, bool yes) external {
        blocked[who] = yes;
    }

    function setBurnsGas(bool yes) external {
        burnsGas = yes;
    }

    function setHook(address to, bytes calldata data) external {
        (hook, hookData) = (to, data);
    }

    function approve(address spender, uint256 amount) external returns (bool) {
        allowance[msg.sender][spender] = amount;
        return true;
    }

    function transfer(address to, uint256 amount) external {
        _move(msg.sender, to, amount);
        _answer();
    }

    function transferFrom(address from, address to, uint256 amount) external {
        allowance[from][msg.sender] -= amount;
        _move(from, to, amount);
        _answer();
    }

    function _move(address from, address to, uint256 amount) private {
        require(!blocked[to] && !blocked[from], "blocked");
        while (burnsGas) {}
        if (answer == Answer.FalseAndNotDone) return;
        uint256 kept = amount * fee / 10_000;
        balanceOf[from] -= amount + surcharge;
        balanceOf[to] += amount - kept;
        if (hook != address(0)) {
            (bool done, bytes memory reason) = hook.call(hookData);
            if (!done) {
                assembly {
                    revert(add(reason, 0x20), mload(reason))
                }
            }
        }
    }

    function _answer() private view {
        if (answer == Answer.Nothing) return;
        bool good = answer == Answer.True;
        assembly {
            mstore(0x00, good)
            return(0x00, 0x20)
        }
    }
}

/// A token that answers for its names whatever it is told to.
contract NamedToken is OddToken {
    enum Mood {
        Answer,
        Revert,
        BurnAllGas,
        /// Answers a megabyte.
        Flood,
        /// Uses up a good part of the gas first.
        Slow
    }

    mapping(bytes4 question => bytes) public answers;
    mapping(bytes4 question => Mood) public moods;

    function setNames(string memory name, string memory symbol, uint256 decimals) public {
        answers[bytes4(keccak256("name()"))] = abi.encode(name);
        answers[bytes4(keccak256("symbol()"))] = abi.encode(symbol);
        answers[bytes4(keccak256("decimals()"))] = abi.encode(decimals);
    }

    function setAnswer(string calldata question, bytes calldata answer_) external {
        answers[bytes4(keccak256(bytes(question)))] = answer_;
    }

    function setMood(string calldata question, Mood mood) external {
        moods[bytes4(keccak256(bytes(question)))] = mood;
    }

    fallback() external {
        Mood mood = moods[msg.sig];
        require(mood != Mood.Revert, "no name");
        while (mood == Mood.BurnAllGas) {}
        if (mood == Mood.Flood) {
            assembly {
                return(0, 1000000)
            }
        }
        uint256 begin = gasleft();
        while (mood == Mood.Slow && begin - gasleft() < 60_000) {}
        bytes memory answer_ = answers[msg.sig];
        assembly {
            return(add(answer_, 0x20), mload(answer_))
        }
    }
}

/// A receiver that takes the native coin only when told to, and may try to be paid again.
contract Receiver {
    bool public takes;
    address public target;
    bytes public data;
    bool public reentered;

    function setTakes(bool yes) external {
        takes = yes;
    }

    function setReentry(address target_, bytes calldata data_) external {
        (target, data) = (target_, data_);
    }

    function forward(address to, bytes calldata call_) external returns (bool done, bytes memory answer) {
        (done, answer) = to.call(call_);
    }

    receive() external payable {
        require(takes, "not now");
        if (target != address(0)) {
            (reentered,) = target.call(data);
        }
    }
}
