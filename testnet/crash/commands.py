"""Commands killed on the way: `db compact`, `db backup`, `init`, `import`. The next try comes to its end."""

import time

from bench import ROOT, copy

CHAIN = ROOT / "testnet/conformance/own"


def killed(bench, command):
    """Kills a command at a random moment of about the time that it takes; true if it was still running."""
    begin = time.monotonic()
    child = bench.spawn(*command)
    whole = command_seconds.get(command[0] + str(command[1]), 0.05)
    try:
        child.wait(bench.chance.uniform(0.0, whole))
        command_seconds[command[0] + str(command[1])] = time.monotonic() - begin
        return False
    except Exception:  # noqa: BLE001 - it still runs: that is the case
        child.kill()
        child.wait()
        return True


command_seconds = {}


def killed_commands(bench, origin, rounds):
    """Each command, some times."""
    data, ledger = origin
    place = bench.place("commands")
    copy(data, place / "data")
    own = place / "data"
    cut = 0
    for _ in range(rounds):
        cut += killed(bench, ["db", "compact", "--datadir", own])
        bench.sound("db compact killed", own)
    done = bench.cli("db", "compact", "--datadir", own)
    bench.check(f"db compact, killed {cut} of {rounds} times, then works", done.returncode == 0, done.stderr)
    bench.sound("db compact killed, then done", own)
    node = bench.node(place).start()
    ledger.holds("db compact killed, then done", node)
    node.stop()

    cut = 0
    for number in range(rounds):
        target = place / f"backup-{number}"
        cut += killed(bench, ["db", "backup", target, "--datadir", own])
        if target.exists():
            bench.sound("db backup killed, yet its copy is there", target)
            continue
        done = bench.cli("db", "backup", target, "--datadir", own)
        bench.check("db backup killed, then works", done.returncode == 0, done.stderr)
        bench.sound("the backup after that", target)
    left = [path.name for path in place.iterdir() if path.name.endswith(".partial")]
    bench.check(f"db backup, killed {cut} of {rounds} times, leaves nothing once it is done", not left, left)

    cut = 0
    for number in range(rounds):
        fresh = place / f"init-{number}"
        init = ["init", "--genesis", CHAIN / "genesis.json", "--datadir", fresh]
        cut += killed(bench, init)
        done = bench.cli(*init)
        bench.check("init killed, then works", done.returncode == 0, done.stderr)
        command = ["import", CHAIN / "chain.rlp", "--datadir", fresh]
        cut += killed(bench, command)
        bench.sound("import killed", fresh)
        done = bench.cli(*command)
        bench.check("import killed, then comes to the end of the file", done.returncode == 0 and "at height 10" in done.stdout, done.stderr + done.stdout)
        bench.sound("import killed, then done", fresh)
    print(f"     crash: init and import were killed {cut} of {2 * rounds} times")
