// Hardhat 2 with hardhat-ethers: compile, deploy and use contracts through its own network provider.
process.env.HARDHAT_CONFIG = require('node:path').join(__dirname, 'hardhat.config.cjs');
process.env.HARDHAT_DISABLE_TELEMETRY_PROMPT = 'true';

(async () => {
  const { Suite, ensure, equal, fails, mined, target } = await import('./harness.mjs');
  const suite = new Suite('hardhat', 90);
  const hre = require('hardhat');
  const { ethers } = hre;
  const done = async (sent) => {
    const response = await sent;
    await mined(response.hash); // see ethers.mjs
    const receipt = await response.wait();
    equal(receipt.status, 1, 'status');
    return receipt;
  };

  const deploy = async (...what) => {
    const contract = await ethers.deployContract(...what);
    await mined(contract.deploymentTransaction().hash);
    return contract.waitForDeployment();
  };

  await suite.check('compile with the npm compiler, no download', async () => {
    await hre.run('compile', { quiet: true });
    const names = await hre.artifacts.getAllFullyQualifiedNames();
    ensure(names.includes('contracts/Tokens.sol:Coin'), names.join());
  });

  await suite.check('network, accounts and balances', async () => {
    equal((await ethers.provider.getNetwork()).chainId, BigInt(target.chainId));
    const signers = await ethers.getSigners();
    ensure(signers.length >= 10, `${signers.length} signers`);
    equal(await ethers.provider.getBalance(signers[9].address), BigInt(target.balance));
  });

  await suite.check('OpenZeppelin tokens: deploy and use', async () => {
    const [owner, other] = await ethers.getSigners();
    const coin = await deploy('Coin', [1000n]);
    await done(coin.transfer(other.address, 50n));
    await done(coin.connect(other).approve(owner.address, 20n));
    await done(coin.transferFrom(other.address, owner.address, 20n));
    equal(await coin.balanceOf(other.address), 30n);
    const pictures = await deploy('Pictures');
    await done(pictures.mint(owner.address, 1n));
    await done(pictures['safeTransferFrom(address,address,uint256)'](owner.address, other.address, 1n));
    equal(await pictures.ownerOf(1n), other.address);
    const items = await deploy('Items');
    await done(items.mint(owner.address, 1n, 5n));
    equal(await items.balanceOf(owner.address, 1n), 5n);
  });

  await suite.check('transfers of types 0, 1 and 2', async () => {
    const [owner, other] = await ethers.getSigners();
    const price = (await ethers.provider.getFeeData()).gasPrice * 2n;
    for (const fields of [{ type: 0, gasPrice: price }, { type: 1, gasPrice: price, accessList: [] }, { type: 2 }]) {
      const before = await ethers.provider.getBalance(owner.address);
      const receipt = await done(owner.sendTransaction({ to: other.address, value: 3n, ...fields }));
      equal([receipt.type, receipt.gasUsed], [fields.type, 21_000n]);
      equal(before - (await ethers.provider.getBalance(owner.address)), 3n + receipt.fee);
    }
  });

  await suite.check('reverts reach the test: reason, custom error, panic', async () => {
    const probe = await deploy('Probe');
    const reason = await fails(() => probe.failString());
    ensure(/the reason in words/.test(reason.message), reason.message);
    // Hardhat hands the node's own error on, so what is decoded here is the data of the answer.
    const custom = await fails(() => probe.failCustom.staticCall(6n));
    const revert = probe.interface.parseError(custom.data?.data ?? custom.data);
    equal([revert?.name, revert?.args[0]], ['Refused', 6n], `revert of ${custom.message}`);
    const panic = await fails(() => probe.failDivide.staticCall(0n));
    equal(probe.interface.parseError(panic.data?.data ?? panic.data)?.args[0], 18n, panic.message);
  });

  await suite.check('events are found by queryFilter', async () => {
    const probe = await deploy('Probe');
    const receipt = await done(probe.note(4n, 'hardhat'));
    const [event] = await probe.queryFilter(probe.filters.Noted(null, 4n), receipt.blockNumber);
    equal(event.args.text, 'hardhat');
  });

  await suite.check('hardhat_ and evm_ methods as its network helpers send them', async () => {
    const send = (method, ...params) => hre.network.provider.send(method, params);
    const someone = ethers.Wallet.createRandom().address;
    const snapshot = await send('evm_snapshot');
    await send('hardhat_setBalance', someone, ethers.toQuantity(ethers.parseEther('50')));
    await send('hardhat_impersonateAccount', someone);
    const signer = new ethers.JsonRpcSigner(new ethers.JsonRpcProvider(hre.network.config.url, undefined, { cacheTimeout: -1, pollingInterval: 50 }), someone);
    const receipt = await done(signer.sendTransaction({ to: someone, value: 1n }));
    equal(receipt.from, someone);
    await send('hardhat_stopImpersonatingAccount', someone);
    const before = await ethers.provider.getBlock('latest');
    await send('hardhat_mine', '0x3');
    equal((await ethers.provider.getBlock('latest')).number, before.number + 3);
    await send('evm_increaseTime', 3600);
    await send('evm_mine');
    ensure((await ethers.provider.getBlock('latest')).timestamp >= before.timestamp + 3600, 'time');
    equal(await send('evm_revert', snapshot), true);
    equal(await ethers.provider.getBalance(someone), 0n);
  });

  suite.end();
})();
