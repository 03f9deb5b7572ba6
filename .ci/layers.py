#!/usr/bin/env python3
"""Checks who imports whom: floors, named libraries, banned and doubled packages.

Reads `.ci/floors.toml`, `deny.toml` and `cargo metadata`; needs python 3.11 and nothing else. Prints each fault with the file to
look into and exits 1, or prints what held.
"""

import json
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def metadata():
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)


def floor_faults(members, floors, sideways):
    """Imports between our crates that do not go down; test and build imports count too."""
    for name in sorted(set(members) - set(floors)):
        yield f"{name} stands on no floor; add it to .ci/floors.toml"
    for name in sorted(set(floors) - set(members)):
        yield f".ci/floors.toml names {name}, which is not in the workspace"
    for name, package in sorted(members.items()):
        for dependency in package["dependencies"]:
            other = dependency["name"]
            if other not in members or name not in floors or other not in floors:
                continue
            if floors[other] < floors[name] or other in sideways.get(name, []):
                continue
            where = "beside" if floors[other] == floors[name] else "above"
            yield f"{name} (floor {floors[name]}) imports {other} (floor {floors[other]}), which stands {where} it"


def ban_faults(resolved, bans):
    """Banned packages that somebody beside the wrappers imports."""
    for ban in bans:
        name, wrappers = ban.get("crate") or ban["name"], ban.get("wrappers")
        importers = {who for who, needs in resolved.items() if name in needs}
        if wrappers is None:
            if name in resolved:
                yield f"{name} is banned, but {', '.join(sorted(importers)) or 'the workspace'} brings it in (see `cargo tree -i {name}`)"
        else:
            for who in sorted(importers - set(wrappers)):
                yield f"{who} imports {name}, which only {', '.join(wrappers)} may"


def doubled_faults(packages, prefixes):
    versions = defaultdict(set)
    for package in packages:
        versions[package["name"]].add(package["version"])
    for name, found in sorted(versions.items()):
        if len(found) > 1 and any(name.startswith(prefix) for prefix in prefixes):
            yield f"{name} is in the tree in versions {', '.join(sorted(found))}; their types do not mix"


def resolved_imports(graph, used):
    """Name to the names of what it imports, features applied. For our own crates their manifests count: a library named but not used is named."""
    names = {package["id"]: package["name"] for package in graph["packages"]}
    resolved = {names[node["id"]]: set() for node in graph["resolve"]["nodes"] if node["id"] in used}
    for node in graph["resolve"]["nodes"]:
        if node["id"] not in used:
            continue
        for dependency in node["deps"]:
            if dependency["pkg"] in used:
                resolved[names[node["id"]]].add(names[dependency["pkg"]])
    return resolved


def in_tree():
    """Names and versions of the packages that some build of ours takes in, on any system."""
    command = ["cargo", "tree", "--workspace", "--locked", "--target", "all", "--prefix", "none", "--format", "{p}"]
    lines = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return {(name, version.removeprefix("v")) for name, version in (line.split()[:2] for line in lines if line)}


def reachable(graph):
    """Packages that our build reaches on Linux; the lock file also holds those of other systems."""
    nodes = {node["id"]: node for node in graph["resolve"]["nodes"]}
    foreign = ("windows", "macos", "apple", "wasm", "wasi", "ios", "android", "hermit", "redox", "uefi", "cygwin", "vxworks", "solid_asp3")

    def ours(dependency):
        targets = [kind["target"] for kind in dependency["dep_kinds"]]
        return any(t is None or "not(" in t or not any(system in t for system in foreign) for t in targets)

    todo, seen = list(graph["workspace_members"]), set()
    # `cargo metadata` follows weak features (`a?/b`) to packages that no build takes in; `cargo tree` does not.
    built = in_tree()
    known = {package["id"]: (package["name"], package["version"]) for package in graph["packages"]}
    while todo:
        at = todo.pop()
        if at in seen or known[at] not in built:
            continue
        seen.add(at)
        todo.extend(dependency["pkg"] for dependency in nodes[at]["deps"] if ours(dependency))
    return seen


def main():
    graph = metadata()
    floors = tomllib.loads((ROOT / ".ci/floors.toml").read_text())
    deny = tomllib.loads((ROOT / "deny.toml").read_text())
    members = {p["name"]: p for p in graph["packages"] if p["id"] in graph["workspace_members"]}
    used = reachable(graph)
    packages = [package for package in graph["packages"] if package["id"] in used]
    faults = [
        *floor_faults(members, floors["floors"], floors.get("sideways", {})),
        *ban_faults(resolved_imports(graph, used), deny["bans"]["deny"]),
        *doubled_faults(packages, floors["once"]["prefixes"]),
    ]
    for fault in faults:
        print(f"layers: {fault}", file=sys.stderr)
    if faults:
        return 1
    print(f"layers: {len(members)} crates keep to their floors; {len(deny['bans']['deny'])} bans hold over {len(packages)} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
