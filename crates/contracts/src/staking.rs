//! Binding of `Staking`, at [`crate::addresses::STAKING`]: validators, delegation, unbonding, rewards, slashing.
//!
//! Source: docs/staking.md, sections 2 and 4 to 7. Amounts in wei, commissions in basis points.

alloy_sol_types::sol! {
    /// Stake, its rewards and its slashes.
    #[derive(Debug, PartialEq, Eq)]
    interface IStaking {
        /// Who stands for election.
        struct Candidate {
            address operator;
            address signer;
            uint256 tokens;
        }

        function candidates() external view returns (Candidate[] memory);

        function operatorOf(address signer) external view returns (address);

        function slashDoubleSign(address signer, uint64 height, address reporter) external;
        function slashDowntime(address signer) external;

        function createValidator(address signer, bytes calldata proof, uint16 commission, string calldata name, string calldata site) external payable;
        function editValidator(string calldata name, string calldata site) external;
        function delegate(address operator) external payable;
        function undelegate(address operator, uint256 amount) external returns (uint256 id);
        function undelegateAll(address operator) external returns (uint256 id);
        function redelegate(address from, address to, uint256 amount) external;
        function redelegateAll(address from, address to) external;
        function cancelUnbonding(uint256 id) external;
        function withdraw(uint256[] calldata ids) external;
        function withdrawAll() external;
        function claim(address[] calldata operators) external;
        function restake(address operator) external;
        function claimCommission() external;
        function announceCommission(uint16 commission) external;
        function rotateKey(address signer, bytes calldata proof) external;
        function unjail() external;
        function leave() external;
        function evict(address operator) external;
        function settleMoved(address delegator, address operator) external;
    }
}
