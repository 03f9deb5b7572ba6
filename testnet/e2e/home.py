"""The commands of `bttc` as people use them, with a home of their own (python3 stdlib)."""

import os
import pathlib
import subprocess

from devnode import Trouble


class Home:
    """A directory of people's files, beside the data of their network."""

    def __init__(self, bttc, network_dir):
        self.bttc = bttc
        self.home = pathlib.Path(f"{network_dir}-people")
        self.home.mkdir(mode=0o700, exist_ok=True)

    def run(self, *arguments, seconds=90):
        """Exit code, output and errors of a command."""
        env = {"HOME": str(self.home), "XDG_DATA_HOME": str(self.home / "data"), "PATH": os.environ["PATH"]}
        line = [self.bttc, *map(str, arguments)]
        done = subprocess.run(line, capture_output=True, text=True, timeout=seconds, check=False, env=env, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout, done.stderr

    def must(self, *arguments):
        """Output of a command that must succeed."""
        code, out, errors = self.run(*arguments)
        if code:
            raise Trouble(f"`bttc {' '.join(map(str, arguments))[:200]}` failed with {code}: {errors.strip()[-600:]}")
        return out
