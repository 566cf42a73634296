"""The configuration of one machine's OpenSSH server, as it is seen inside the sandbox."""

INSIDE = "/run/aether"  # where the sandbox shows the machine's settings, read-only
LISTENING = b"Server listening on "  # what sshd says on stderr once it does
# As in aether.kit.ssh; a machine without sshd imports this and shall not carry the kit.
CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com")
MACS = ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com")
# Of people's keys; certificates are the platform's own. RSA only with SHA-2.
USER_KEYS = (
    "ssh-ed25519",
    "sk-ssh-ed25519@openssh.com",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
USER_CERTIFICATES = ("ssh-ed25519-cert-v01@openssh.com",)
AUTHORIZED_KEYS = ".aether/authorized_keys"  # in the home: the keys of agents, written over SSH as they change
CLIENT_ENV = ("LANG", "LC_*", "COLORTERM", "NO_COLOR", "TERM_PROGRAM", "TERM_PROGRAM_VERSION")

# No AddressFamily: it would also forbid to forward to ::1, where many a development server listens.
# StrictModes: the files are ours and mounted read-only; in a user namespace their owner looks like nobody.
# LogLevel INFO: the line that says it listens. Nobody reads on afterwards, so no log grows.
SETTINGS = f"""\
ListenAddress 127.0.0.1
HostKey {INSIDE}/host_key
PidFile none
LogLevel INFO
StrictModes no
AllowUsers {{username}}
PermitRootLogin no
AuthenticationMethods publickey
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
HostbasedAuthentication no
TrustedUserCAKeys {INSIDE}/user_ca
AuthorizedPrincipalsFile {INSIDE}/principals
AuthorizedKeysFile {INSIDE}/authorized_keys %h/{AUTHORIZED_KEYS}
PubkeyAcceptedAlgorithms {",".join((*USER_KEYS, *USER_CERTIFICATES))}
HostKeyAlgorithms ssh-ed25519
CASignatureAlgorithms ssh-ed25519
KexAlgorithms -diffie-hellman-*,ecdh-sha2-*
Ciphers {",".join(CIPHERS)}
MACs {",".join(MACS)}
Compression no
UseDNS no
LoginGraceTime 20
MaxStartups 200:30:1000
MaxSessions 1000
ClientAliveInterval 30
ClientAliveCountMax 4
AllowTcpForwarding yes
AllowStreamLocalForwarding yes
StreamLocalBindUnlink yes
AllowAgentForwarding yes
X11Forwarding no
PermitTunnel no
PermitUserEnvironment no
PermitUserRC no
PrintMotd no
PrintLastLog no
Subsystem sftp internal-sftp
AcceptEnv {" ".join(CLIENT_ENV)}
"""


def sshd_config(username: str, port: int, env: dict[str, str]) -> str:
    """The whole file. `env` is what every shell and command of the machine finds in its environment."""
    return f"Port {port}\n{SETTINGS.format(username=username)}{_set_env(env)}"


def _set_env(env: dict[str, str]) -> str:
    """One line for all: sshd heeds only the first SetEnv. Names and values were checked before."""
    words = (f'"{name}={_escaped(value)}"' for name, value in env.items())
    return f"SetEnv {' '.join(words)}\n" if env else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
