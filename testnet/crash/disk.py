"""A disk that is full, or that may only be read."""

import contextlib
import os
import shutil
import subprocess
import time

from bench import MIB, Ledger, Load, Trouble, call, copy, request, send


@contextlib.contextmanager
def small_disk(bench, name, mib):
    """A file system of its own in memory; none if we may not mount one."""
    place = bench.place(name)
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=755", "bttc-crash", str(place)], capture_output=True, check=False
    ).returncode == 0
    if not mounted:
        print(f"***  crash: {name} is LEFT OUT: mounting a tmpfs needs root  ***", flush=True)
        yield None
        return
    try:
        yield place
    finally:
        for node in bench.nodes:
            if node.running() and str(place) in str(node.data):
                node.kill()
        subprocess.run(["umount", "-l", str(place)], capture_output=True, check=False)


def fill(place):
    """Fills a disk to its last page; the file that does it."""
    path = place / "filler"
    with open(path, "ab", buffering=0) as out:
        for size in (MIB, 4096):
            try:
                while True:
                    if out.write(bytes(size)) < size:
                        break
            except OSError:
                pass
    return path


def full_disk(bench):
    """The disk fills up under load: the node stops and says so; with space again it goes on, and nothing is lost."""
    with small_disk(bench, "full-disk", 96) as place:
        if place is None:
            return
        logs = bench.place("full-disk-logs")
        node = bench.node(logs, data=place / "data").start()
        ledger = Ledger(bench)
        for round_ in ("first", "second"):
            load = Load(node, ledger.accounts).start(20)
            load.cut.set()
            filler = fill(place)
            code = node.ends(60)
            load.end()
            ledger.add(load)
            said = node.tail(6)
            bench.check(
                f"the disk is full ({round_} time): the node stops by itself and says what to do",
                code == 1 and "the disk is full: free some space and start again, nothing is lost" in said and "panicked" not in said,
                f"code {code}: {said}",
            )
            start_full(bench, node, round_)
            filler.unlink()
            bench.start(node)
            ledger.holds(f"after a full disk ({round_} time)", node)
            bench.sound(f"after a full disk ({round_} time)", node.data)
        node.stop()
        filler = fill(place)
        copies(bench, place, node.data)
        filler.unlink()
        journal(bench, place, node, ledger)
        ledger.adds_up("after all full disks", bench.start(node))
        node.stop()
    full_log(bench)


def start_full(bench, node, round_):
    """Starting on a full disk: it runs or says what to do, and dies of no signal."""
    node.launch()
    time.sleep(1.0)
    if node.running():
        code, _ = node.stop(10)
        good = code == 0
    else:
        code = node.child.returncode
        good = code == 1 and "free some space" in node.tail(5)
    bench.check(f"starting on a full disk ({round_} time) works or is refused with a remedy", good, f"code {code}: {node.tail(5)}")


def copies(bench, place, data):
    """Backup and compaction refuse before they begin."""
    for name, command in {
        "db backup": ["db", "backup", place / "backup", "--datadir", data],
        "db compact": ["db", "compact", "--datadir", data],
    }.items():
        bench.refused(f"{name} on a full disk is refused", bench.cli(*command), "free some space")


def journal(bench, place, node, ledger):
    """A full disk where only the journal is written: the transaction is refused, and the node lives or stops with a word."""
    node.extra = ["--block-time", "10m"]
    node.start()
    filler = fill(place)
    refusal = None
    for number in range(400):
        account = ledger.accounts[number % len(ledger.accounts)]
        try:
            answer = request(node.http, "eth_sendTransaction", [{"from": account, "to": ledger.accounts[0], "value": "0x1", "data": "0x" + "00" * 2000}])
        except OSError:
            break
        if "error" in answer:
            refusal = answer["error"]
            break
    said = f"{refusal} / {node.tail(5)}"
    bench.check("the journal's disk is full: a transaction is refused, or the node stops, with the reason", "disk is full" in said or "No space left" in said, said)
    if node.running():
        code, _ = node.stop(10)
    else:
        code = node.child.returncode
    bench.check("the journal's disk is full: the node ends with code 0 or 1", code in (0, 1), f"code {code}: {node.tail(5)}")
    filler.unlink()
    node.extra = []
    bench.start(node)
    ledger.holds("after the journal's disk was full", node)
    bench.sound("after the journal's disk was full", node.data)
    node.stop()


def full_log(bench):
    """Standard error goes to a full disk: the node does not mind."""
    with small_disk(bench, "full-log", 4) as place:
        if place is None:
            return
        data = bench.place("full-log-data")
        node = bench.node(place, data=data / "data", extra=["--log.filter", "debug"]).start()
        fill(place)
        load = Load(node).start(50)
        bench.check("the disk of the log is full: the node goes on", node.running() and not load.strange, load.strange[:3])
        load.end()
        ledger = Ledger(bench)
        ledger.add(load)
        ledger.holds("the disk of the log is full", node)
        code, _ = node.stop(10)
        bench.check("the disk of the log is full: it stops when asked, with code 0", code == 0, code)
        bench.sound("the disk of the log was full", node.data)


def read_only(bench, origin):
    """The datadir may only be read: at the start, and from one moment on while the node runs."""
    data, ledger = origin
    with small_disk(bench, "read-only", 256) as place:
        if place is not None:
            copy(data, place / "data")
            remount(place, "ro")
            logs = bench.place("read-only-logs")
            node = bench.node(logs, data=place / "data")
            node.launch()
            code = node.ends()
            said = node.tail(5)
            bench.check(
                "a read-only file system at the start: refused with a remedy",
                code == 1 and "mount the file system writable" in said,
                f"code {code}: {said}",
            )
            done = bench.cli("db", "verify", "--datadir", place / "data")
            bench.check("db verify reads a read-only file system", done.returncode == 0, done.stdout + done.stderr)
            remount(place, "rw")
            node.start()
            ledger.copy().holds("the file system is writable again", node)
            node.stop()
    no_rights(bench, data, ledger)


def remount(place, how):
    """Makes a mounted file system writable or not."""
    done = subprocess.run(["mount", "-o", f"remount,{how}", str(place)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Trouble(f"cannot remount {place} {how}: {done.stderr}")


def no_rights(bench, data, ledger):
    """Another user owns the datadir, or takes the right to write away while the node runs."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        print("***  crash: a datadir without the right to write is LEFT OUT: it needs root and setpriv  ***", flush=True)
        return
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    os.chmod(bench.root, 0o755)
    place = bench.place("no-rights")
    copy(data, place / "data")
    program = place / "bttc"
    shutil.copy2(bench.bttc, program)
    subprocess.run(["chmod", "-R", "a-w,a+rX", str(place / "data")], check=True)
    node = bench.node(place, prefix=nobody)
    node.bttc = program
    node.ipc = ""
    node.launch()
    code = node.ends()
    said = node.tail(5)
    bench.check("a datadir without the right to write: refused with a remedy", code == 1 and "the right to write" in said, f"code {code}: {said}")
    subprocess.run(["chown", "-R", "65534:65534", str(place / "data")], check=True)
    subprocess.run(["chmod", "-R", "u+w", str(place / "data")], check=True)
    node.start()
    load = Load(node, ledger.accounts).start(20)
    subprocess.run(["chmod", "-R", "a-w", str(place / "data")], check=True)
    # Files that are open stay open: the node goes on.
    before = load.acknowledged()
    end = time.monotonic() + 20
    while load.acknowledged() < before + 20 and time.monotonic() < end and node.running():
        time.sleep(0.01)
    bench.check("the right to write goes while it runs: it goes on with the files it has", load.acknowledged() >= before + 20, node.tail(5))
    load.cut.set()
    node.kill()
    load.end()
    mine = ledger.copy()
    mine.add(load)
    node.launch()
    code = node.ends()
    bench.check("... and is refused at the next start", code == 1 and "the right to write" in node.tail(5), f"code {code}: {node.tail(5)}")
    subprocess.run(["chmod", "-R", "u+w", str(place / "data")], check=True)
    bench.start(node)
    mine.holds("the right to write is back", node)
    node.stop()
    bench.sound("the right to write is back", place / "data")
