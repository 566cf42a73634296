"""What the first start makes up: passwords and keys, each in a file that one uid may read."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe

from aether.cli.embedded import nkeys
from aether.cli.embedded.identities import Identity
from aether.cli.embedded.ports import LOOPBACK


@dataclass(frozen=True)
class Secrets:
    """The folder of one home's secrets. Asking for one makes it the first time.

    Every path returned is of a file with mode 0600 that belongs to the identity asked for.
    """

    folder: Path

    def text(self, name: str, make: Callable[[], str], reader: Identity) -> Path:
        """The file `name`, holding what `make` gave the first time it was asked for."""
        path = self.folder / name
        if not path.exists():
            self._write(path, make())
        reader.own(path, 0o600)
        return path

    def _write(self, path: Path, text: str) -> None:
        # Renamed into place, so that a start cut short never leaves half a key behind.
        fresh = path.with_name(f"{path.name}.new")
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600)
        fresh.write_text(text)
        fresh.rename(path)

    def password(self, name: str) -> str:
        """The password in the file `<name>.pgpass`, which must have been made."""
        return (self.folder / f"{name}.pgpass").read_text().strip().rsplit(":", 1)[1]

    def pgpass(self, name: str, role: str, reader: Identity) -> Path:
        """A role's password in the form PGPASSFILE names, good for every port of this host."""
        line = f"{LOOPBACK}:*:*:{role}:"
        return self.text(f"{name}.pgpass", lambda: f"{line}{token_urlsafe(32)}\n", reader)

    def nats_seed(self, user: str, reader: Identity) -> Path:
        """The seed of a NATS user."""
        return self.text(f"{user}.nk", nkeys.new_seed, reader)

    def nats_public_key(self, user: str, reader: Identity) -> str:
        """The public half of a NATS user's seed."""
        return nkeys.public_key(self.nats_seed(user, reader).read_text().strip())

    def grant_key(self, reader: Identity) -> Path:
        """The private key that signs grants, as a JWK."""
        return self.text("grant.jwk", _new_grant_key, reader)

    def grant_public_key(self, reader: Identity, signer: Identity) -> Path:
        """The public key that checks grants, as a JWK, in a copy for one reader."""
        private = json.loads(self.grant_key(signer).read_text())
        public = {name: value for name, value in private.items() if name != "d"}
        return self.text(f"grant-public-{reader.uid}.jwk", lambda: json.dumps(public), reader)

    def keyset(self, service: str, reader: Identity) -> Path:
        """The Tink keyset (AES-256-GCM) under which a service encrypts its secrets at rest.

        That of machines has the name it had when it was the only one.
        """
        name = "master-keyset.json" if service == "machines" else f"{service}-keyset.json"
        return self.text(name, _new_keyset, reader)


def _new_grant_key() -> str:
    # The two libraries take a third of a second to import and are needed once in a home's life.
    from joserfc.jwk import OKPKey  # noqa: PLC0415

    key = OKPKey.generate_key("Ed25519", parameters={"use": "sig", "alg": "Ed25519"}, auto_kid=True)
    return json.dumps(key.as_dict(private=True))


def _new_keyset() -> str:
    from aether.kit.vault import new_keyset  # noqa: PLC0415 (see _new_grant_key)

    return new_keyset()
