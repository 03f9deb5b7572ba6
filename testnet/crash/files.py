"""Damage to the files of a stopped node: it refuses and changes nothing, or nothing was lost; the copy brings it back."""

import hashlib
import os
import shutil

from bench import Ledger, Load, Trouble, call, copy, head, send

PAGE = 4096


def template(bench):
    """A stopped node's place with some blocks in it, what it acknowledged, and its head."""
    node = bench.node(bench.place("template")).start()
    load = Load(node).start(150)
    load.end()
    ledger = Ledger(bench)
    ledger.add(load)
    receipt = send(node, ledger.accounts[0])
    ledger.receipts[receipt["transactionHash"]] = receipt
    node.stop()
    bench.sound("the node that the cases begin with", node.data)
    return node.data, ledger


def digest(path):
    """Hash of a file, none if it is not there."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None


def used_bytes(file):
    """End of the last page that is not empty."""
    with open(file, "rb") as data:
        data.seek(0, os.SEEK_END)
        end = data.tell()
        while end > PAGE:
            data.seek(end - PAGE)
            if any(data.read(PAGE)):
                return end
            end -= PAGE
    return end


def damaged_files(bench, origin):
    """Each damage that leaves no database: the node and every command refuse it, and touch nothing."""
    data, ledger = origin
    used = used_bytes(data / "db/mdbx.dat")

    def cut(length):
        return lambda file: os.truncate(file, length)

    def overwrite(offset, fill):
        def write(file):
            with open(file, "r+b") as out:
                out.seek(offset)
                out.write(fill)

        return write

    garbage = bench.chance.randbytes(3 * PAGE)
    damages = {
        "emptied": cut(0),
        "removed": os.remove,
        "cut to 100 bytes": cut(100),
        "cut to one page": cut(PAGE),
        "cut to three pages": cut(3 * PAGE),
        "cut in half": cut(used // 2 // PAGE * PAGE),
        "cut in a page": cut(used // 2 + 17),
        "with its meta pages zeroed": overwrite(0, bytes(3 * PAGE)),
        "with its first meta page zeroed": overwrite(0, bytes(PAGE)),
        "with its second meta page zeroed": overwrite(PAGE, bytes(PAGE)),
        "with its third meta page zeroed": overwrite(2 * PAGE, bytes(PAGE)),
        "with garbage for meta pages": overwrite(0, garbage),
        "all zeros": overwrite(0, bytes(used)),
    }
    for name, damage in damages.items():
        place = bench.place(f"file-{name.replace(' ', '-')}")
        copy(data, place / "data")
        file = place / "data/db/mdbx.dat"
        damage(file)
        before = digest(file)
        node = bench.node(place)
        node.launch()
        code = node.ends(8)
        said = node.tail(5)
        good = code == 1 and "mdbx.dat" in said and ("restore it from a" in said) and "panicked" not in said
        bench.check(f"mdbx.dat {name}: the node refuses and says what to do", good, f"code {code}: {said}")
        bench.check(f"mdbx.dat {name}: the file is as it was", digest(file) == before)
        done = bench.cli("db", "verify", "--datadir", place / "data")
        bench.check(f"mdbx.dat {name}: db verify ends with code 1", done.returncode == 1 and "Error: " in done.stderr, f"code {done.returncode}: {done.stderr}")
        shutil.copyfile(data / "db/mdbx.dat", file)
        node.start()
        ledger.holds(f"mdbx.dat {name}, then restored", node, goes_on=False)
        node.kill()
        shutil.rmtree(place)


def last_page(bench, origin):
    """The file without its last page: that may have been a free one, so either it is refused or nothing is lost."""
    data, ledger = origin
    place = bench.place("file-last-page")
    copy(data, place / "data")
    file = place / "data/db/mdbx.dat"
    os.truncate(file, used_bytes(file) - PAGE)
    before = digest(file)
    name = "mdbx.dat cut by its last page"
    node = bench.node(place)
    try:
        node.start()
    except Trouble:
        bench.check(f"{name}: refused, untouched", node.child.returncode == 1 and digest(file) == before and "restore it from a" in node.tail(5), node.tail(5))
        return
    ledger.holds(f"{name}, which was free", node)
    node.stop()
    bench.sound(f"{name}, which was free", place / "data")


def damaged_pages(bench, origin, rounds):
    """Pages overwritten deep in the file: never a wrong answer, never a crash; `db verify` sees it."""
    data, ledger = origin
    used = used_bytes(data / "db/mdbx.dat") // PAGE
    for number in range(rounds):
        place = bench.place(f"pages-{number}")
        copy(data, place / "data")
        pages = bench.chance.sample(range(3, used), max(1, used // 2))
        with open(place / "data/db/mdbx.dat", "r+b") as out:
            for page in pages:
                out.seek(page * PAGE)
                out.write(bytes(PAGE) if number % 2 else bench.chance.randbytes(PAGE))
        name = f"{len(pages)} of {used} pages {'zeroed' if number % 2 else 'with garbage'}"
        done = bench.cli("db", "verify", "--datadir", place / "data", timeout=60)
        bench.check(f"{name}: db verify ends with code 1", done.returncode == 1, f"code {done.returncode}: {(done.stdout + done.stderr)[-800:]}")
        node = bench.node(place)
        answers_or_refuses(bench, name, node, ledger)
        shutil.rmtree(place)


def answers_or_refuses(bench, name, node, ledger):
    """Every receipt is as it was, or an error; the process ends by itself if it ends."""
    wrong = []
    try:
        node.start()
        for tx, receipt in list(ledger.receipts.items())[:100]:
            try:
                found = call(node, "eth_getTransactionReceipt", tx)
            except (Trouble, OSError, ValueError):
                continue
            if found is not None and found != receipt:
                wrong.append(tx)
    except Trouble:
        pass
    bench.check(f"{name}: no answer is wrong", not wrong, wrong[:3])
    if node.running():
        code, _ = node.stop(10)
    else:
        code = node.child.returncode
    bench.check(f"{name}: the node does not die of a signal", code in (0, 1), f"code {code}: {node.tail(5)}")


def second_process(bench, origin):
    """Whatever writes is kept out while a node runs, and is told by whom; what reads is not."""
    data, ledger = origin
    place = bench.place("second")
    copy(data, place / "data")
    node = bench.node(place).start()
    own = place / "data"
    genesis = "dev"
    holder = f"in use by process {node.child.pid}"
    commands = {
        "node": ["node", "--dev", "--datadir", own, "--rpc.port", "0"],
        "init": ["init", "--genesis", genesis, "--datadir", own],
        "import": ["import", "/dev/null", "--datadir", own],
        "db compact": ["db", "compact", "--datadir", own],
    }
    for name, command in commands.items():
        bench.refused(f"a second process ({name}) is refused", bench.cli(*command), holder, "stop that node first")
    done = bench.cli("db", "stats", "--datadir", own)
    bench.check("db stats reads beside the node", done.returncode == 0 and "Headers" in done.stdout, done.stderr)
    load = Load(node, ledger.accounts).start(20)
    bench.sound("beside the node under load", own)
    target = place / "backup"
    done = bench.cli("db", "backup", target, "--datadir", own)
    bench.check("db backup copies beside the node under load", done.returncode == 0, done.stderr)
    bench.refused("db backup refuses a directory that is not empty", bench.cli("db", "backup", target, "--datadir", own), "not empty", "choose")
    load.end()
    height = head(node)
    node.stop()
    bench.sound("a backup", target)
    restored = bench.node(bench.place("second-restored"), data=target).start()
    bench.check("a node runs on the backup", 0 < head(restored) <= height)
    ledger.holds("the backup", restored)
    restored.stop()
    done = bench.cli("db", "compact", "--datadir", own)
    bench.check("db compact works once the node has stopped", done.returncode == 0, done.stderr)
    bench.sound("after db compact", own)


def torn_journal(bench, origin):
    """The journal of pending transactions ends in the middle of a record, or is no journal at all."""
    data, ledger = origin
    for name, spoil in {
        "torn": lambda file: os.truncate(file, max(0, file.stat().st_size - 5)),
        "with garbage behind": lambda file: file.write_bytes(file.read_bytes() + bytes(range(64))),
        "all garbage": lambda file: file.write_bytes(bench.chance.randbytes(3000)),
        "gone": os.remove,
    }.items():
        place = bench.place(f"journal-{name.replace(' ', '-')}")
        copy(data, place / "data")
        node = bench.node(place).start()
        # They stay pending until the next start.
        call(node, "evm_setAutomine", False)
        first, second = ledger.accounts[:2]
        sent = [call(node, "eth_sendTransaction", {"from": a, "to": b, "value": "0x1"}) for a, b in ((first, second), (second, first))]
        node.kill()
        spoil(place / "data/pool.journal")
        bench.start(node)
        # Pending, or in a block by now.
        known = [call(node, "eth_getTransactionByHash", tx) is not None for tx in sent]
        whole = {"torn": 1, "with garbage behind": 2}.get(name, 0)
        bench.check(f"the journal {name}: the node starts with the {whole} transactions that are whole", known == [i < whole for i in range(2)], known)
        ledger.holds(f"the journal {name}", node, goes_on=False)
        node.stop()
