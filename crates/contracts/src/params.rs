//! Binding of `Params`, at [`crate::addresses::PARAMS`]: every number that votes may change.
//!
//! Source: docs/staking.md, section 9; the names and units of the parameters are in [`crate::param_table`].

alloy_sol_types::sol! {
    /// Parameters: what is in force, what is pending, and the bounds.
    #[derive(Debug, PartialEq, Eq)]
    interface IParams {
        /// How long a proposal that changes a parameter is voted on, and how long it then waits.
        enum Lane {
            /// Fees and blocks.
            Standard,
            /// Stake and governance.
            Long,
            /// Pause and limits of the bridge.
            Expedited
        }

        /// All about one parameter. Units of values: as `param_table` says; of `coolDown` and `changed`: seconds.
        struct Param {
            uint256 id;
            uint256 value;
            uint256 min;
            uint256 max;
            uint256 step;
            uint256 coolDown;
            Lane lane;
            bool isPending;
            uint256 pending;
            uint256 changed;
        }

        /// Numbers that nodes need for the next block. Units: wei per gas, percent, gas, milliseconds, seconds, members.
        struct Consensus {
            uint256 minBaseFee;
            uint256 elasticity;
            uint256 baseFeeDenominator;
            uint256 burnPercent;
            uint256 stakersPercent;
            uint256 blockGasLimit;
            uint256 blockTimeMs;
            uint256 idleTimeMs;
            uint256 epochLength;
            uint256 maxValidators;
        }

        event ParamSet(uint256 indexed id, uint256 oldValue, uint256 newValue);
        event ParamInForce(uint256 indexed id, uint256 value);
        event ForkPlanned(string name, uint256 time);
        event ForkCanceled(string name, uint256 time);

        error UnknownParam(uint256 id, uint256 count);
        error OutOfBounds(uint256 id, uint256 got, uint256 min, uint256 max);
        error StepTooLarge(uint256 id, uint256 got, uint256 from, uint256 step);
        error CoolingDown(uint256 id, uint256 time, uint256 until);
        error StillPending(uint256 id, uint256 pending);
        error Unchanged(uint256 id, uint256 value);
        error WrongOrder(uint256 low, uint256 lowValue, uint256 high, uint256 highValue);
        error SumTooLarge(uint256 id, uint256 value, uint256 otherId, uint256 otherValue, uint256 most);
        error NotMultiple(uint256 id, uint256 got, uint256 factor);
        error BadForkName(uint256 length, uint256 most);
        error ForkNotAhead(uint256 time, uint256 nowTime);
        error ForkAlreadyPlanned(string name, uint256 time);
        error NoForkAhead(uint256 time, uint256 nowTime);

        function set(uint256 id, uint256 value) external;
        function planFork(string calldata name, uint64 time) external;
        function cancelFork() external;

        function get(uint256 id) external view returns (uint256);
        function param(uint256 id) external view returns (Param memory);
        function all() external view returns (Param[] memory);
        function laneOf(uint256 id) external view returns (Lane);
        function consensus() external view returns (Consensus memory);
        /// The contract says `string`, which is encoded alike; a name may be no text.
        function fork() external view returns (bytes memory name, uint64 time);
    }
}
