//! Binding of `Timelock`, at [`crate::addresses::TIMELOCK`]: what was decided waits here, and is executed from here.
//!
//! Source: docs/staking.md, section 10. Times in seconds; lanes as [`crate::params::IParams::Lane`] numbers them.

alloy_sol_types::sol! {
    /// Delay between a decision and its execution.
    #[derive(Debug, PartialEq, Eq)]
    interface ITimelock {
        /// What was queued; all zero if nothing was.
        struct Operation {
            bytes32 hash;
            uint64 eta;
            uint64 expiry;
            uint8 lane;
            bool done;
        }

        event Executed(uint256 indexed id, address indexed executor);

        error AlreadyQueued(uint256 id);
        error NotQueued(uint256 id);
        error AlreadyExecuted(uint256 id);
        error TooEarly(uint256 id, uint256 time, uint256 eta);
        error Expired(uint256 id, uint256 time, uint256 expiry);
        error WrongActions(uint256 id, bytes32 got, bytes32 expected);
        error WrongLane(uint256 id, uint8 got, uint8 expected);
        error ActionFailed(uint256 id, uint256 action, address target);
        error NoCode(uint256 id, uint256 action, address target);
        error WrongCaller(address got, address expected);

        function operation(uint256 id) external view returns (Operation memory);
        function delayOf(uint8 lane) external view returns (uint256);
    }
}
