"""`bttc bridge` as people use it: with key files, and read as people read it."""

import json
import os
import pathlib
import subprocess

from network import Trouble


class Commands:
    """The commands, with a home of their own."""

    def __init__(self, network):
        self.network = network
        self.home = pathlib.Path(f"{network.dir}-people")
        self.home.mkdir(mode=0o700, exist_ok=True)
        self.signing = {}

    def run(self, *arguments, seconds=90):
        """Exit code, output and errors."""
        env = {"HOME": str(self.home), "XDG_DATA_HOME": str(self.home / "data"), "PATH": os.environ["PATH"]}
        line = [self.network.bttc, *map(str, arguments)]
        done = subprocess.run(line, capture_output=True, text=True, timeout=seconds, check=False, env=env, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout, done.stderr

    def must(self, *arguments):
        code, out, errors = self.run(*arguments)
        if code:
            raise Trouble(f"`bttc {' '.join(map(str, arguments))[:200]}` failed with {code}: {errors.strip()[-600:]}")
        return out

    def key(self, sender):
        """Flags that sign with a development account; its key is imported at the first time."""
        if sender not in self.signing:
            password, key, keystore = (self.home / f"{sender}.{what}" for what in ("password", "key", "keys"))
            for file, text in ((password, "correct horse\n"), (key, self.network.keys[sender] + "\n")):
                file.touch(0o600)
                file.write_text(text)
            self.must("account", "--keystore", keystore, "import", "--key-file", key, "--password-file", password)
            self.signing[sender] = ["--keystore", keystore, "--password-file", password]
        return self.signing[sender]

    def _line(self, *arguments, node=0, sender=None):
        key = [] if sender is None else [*self.key(sender), "--yes"]
        return ["bridge", *arguments, *key, "--rpc", self.network.nodes[node]]

    def told(self, *arguments, node=0, sender=None):
        """What a command says for programs."""
        return json.loads(self.must(*self._line(*arguments, node=node, sender=sender), "--json"))

    def shown(self, *arguments, node=0):
        """What `bttc bridge status` shows to people, as it stands there."""
        return self.must(*self._line("status", *arguments, node=node))

    def refused(self, *arguments, says, node=0, sender=None):
        """A command that must fail; its error must say all of `says`."""
        code, _, errors = self.run(*self._line(*arguments, node=node, sender=sender))
        assert code, f"`bttc bridge {' '.join(map(str, arguments))}` did what it must not"
        missing = [words for words in says if words not in " ".join(errors.split())]
        assert not missing, f"the error does not say {missing}: {errors}"
        return errors
