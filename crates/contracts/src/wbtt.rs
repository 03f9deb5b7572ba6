//! Binding of wrapped BTT, `contracts/system/WBTT.sol`, at [`crate::addresses::WBTT`].
//!
//! Parameter names are those of WETH9, as in the contract: `src` gives, `dst` receives, `guy` may spend, `wad` is an
//! amount in wei.

alloy_sol_types::sol! {
    /// BTT as an ERC-20 with 18 decimals.
    #[derive(Debug, PartialEq, Eq)]
    interface IWBTT {
        event Approval(address indexed src, address indexed guy, uint256 wad);
        event Transfer(address indexed src, address indexed dst, uint256 wad);
        event Deposit(address indexed dst, uint256 wad);
        event Withdrawal(address indexed src, uint256 wad);

        error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed);
        error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed);
        error WithdrawalRefused(address src, uint256 wad);

        function name() external view returns (string memory);
        function symbol() external view returns (string memory);
        function decimals() external view returns (uint8);
        function totalSupply() external view returns (uint256);
        function balanceOf(address account) external view returns (uint256 wad);
        function allowance(address src, address guy) external view returns (uint256 wad);
        function deposit() external payable;
        function withdraw(uint256 wad) external;
        function approve(address guy, uint256 wad) external returns (bool);
        function transfer(address dst, uint256 wad) external returns (bool);
        function transferFrom(address src, address dst, uint256 wad) external returns (bool);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::IWBTT::{IWBTTCalls, IWBTTErrors, IWBTTEvents};
    use alloy_primitives::{hex, keccak256};
    use alloy_sol_types::SolInterface;
    use serde_json::Value;

    /// `name(type,...)` of an entry of the committed ABI.
    fn signature(entry: &Value) -> String {
        let types: Vec<_> =
            entry["inputs"].as_array().unwrap().iter().map(|input| input["type"].as_str().unwrap()).collect();
        format!("{}({})", entry["name"].as_str().unwrap(), types.join(","))
    }

    #[test]
    fn binding_and_artifact_name_the_same_calls_errors_and_events() {
        let artifact: Value = serde_json::from_str(include_str!("../../../contracts/artifacts/WBTT.json")).unwrap();
        let of_kind = |kind: &str| -> Vec<String> {
            let abi = artifact["abi"].as_array().unwrap().iter();
            abi.filter(|entry| entry["type"] == kind).map(signature).collect()
        };
        let selectors = |signatures: Vec<String>| -> Vec<String> {
            let mut all: Vec<_> = signatures.iter().map(|text| hex::encode(&keccak256(text)[..4])).collect();
            all.sort();
            all
        };

        let mut calls: Vec<_> = IWBTTCalls::selectors().map(hex::encode).collect();
        calls.sort();
        assert_eq!(calls, selectors(of_kind("function")));

        let mut errors: Vec<_> = IWBTTErrors::selectors().map(hex::encode).collect();
        errors.sort();
        assert_eq!(errors, selectors(of_kind("error")));

        let mut topics: Vec<_> = of_kind("event").iter().map(|text| keccak256(text).0).collect();
        topics.sort_unstable();
        assert_eq!(topics, IWBTTEvents::SELECTORS);
    }
}
