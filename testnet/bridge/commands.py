"""`bttc bridge` as people use it: with key files, and read as people read it."""

import json

import network  # noqa: F401 - finds testnet/e2e
from home import Home


class Commands(Home):
    """The commands of people who know the keys of the development accounts."""

    def __init__(self, network):
        super().__init__(network.bttc, network.dir)
        self.network = network
        self.signing = {}

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
