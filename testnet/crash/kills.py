"""SIGKILL at random moments under load and while starting, and SIGTERM under the same load."""

import time

from bench import Ledger, Load, head

LEAST_LOAD = 20  # receipts a round must have given out before it may be cut


def kill_loop(bench, kills):
    """One datadir through `kills` deaths."""
    node = bench.node(bench.place("kills")).start()
    data = node.data
    ledger = Ledger(bench)
    for number in range(1, kills + 1):
        load = Load(node, ledger.accounts).start(LEAST_LOAD)
        time.sleep(bench.chance.uniform(0.0, 1.0))  # the random moment itself; nothing is waited for
        load.cut.set()
        node.kill()
        load.end()
        ledger.add(load)
        if number % 3 == 0:
            # Once more while it starts, wherever it is then.
            node.launch()
            time.sleep(bench.chance.uniform(0.0, 0.1))
            node.kill()
        bench.start(node)
        name = f"kill {number}"
        bench.check(f"{name}: every sender got receipts or a cut", not load.strange, load.strange[:3])
        ledger.holds(name, node, load.receipts)
        bench.sound(name, data)
    finish(bench, node, ledger)


def finish(bench, node, ledger):
    """The orderly end under load, then everything once more."""
    load = Load(node, ledger.accounts).start(LEAST_LOAD)
    load.cut.set()
    code, seconds = node.stop(within=15.0)
    load.end()
    ledger.add(load)
    bench.check(f"SIGTERM under load: exit code 0 within 5 s ({seconds:.2f} s)", code == 0 and seconds < 5.0, f"code {code} after {seconds:.1f} s")
    bench.sound("SIGTERM under load, the node stopped", node.data)
    node.start()
    ledger.holds("SIGTERM under load", node)
    ledger.adds_up("SIGTERM under load", node)
    before = head(node)
    code, seconds = node.stop(within=15.0)
    bench.check(f"SIGTERM when idle: exit code 0 within 5 s ({seconds:.2f} s)", code == 0 and seconds < 5.0, f"code {code} after {seconds:.1f} s")
    node.start()
    bench.check("SIGTERM when idle: the same head", head(node) == before)
    node.stop()
