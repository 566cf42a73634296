"""What every shell and command of a machine finds in its environment, beside the project's own variables."""

from urllib.parse import urlsplit

from aether.contracts.ids import MachineId

# The only helper that git has for GitHub's host: git tells each of its helpers to keep what has worked, and one of
# the person's own would write a lent token into a file. So this one asks theirs where nothing is lent, and tells
# them of what was not. GIT_ASKPASS: only the git that asked this one may ask the person.
# The socket may come a moment after the machine itself, as when a private repository is cloned at the first start.
CREDENTIAL_HELPER = (
    "!f() { asked=$(cat) program=$HOME/.aether/bin/aether tries=50; "
    'say() { printf "%s\\n" "$1"; }; '
    'theirs() { say "$asked" | GIT_CONFIG_COUNT=0 GIT_ASKPASS=true git credential "$1"; }; '
    "case $1 in "
    'get) until [ -S "$AETHER_SOCKET" ] && [ -x "$program" ]; do '
    "[ $((tries -= 1)) -gt 0 ] || break; sleep 0.1; done; "
    'found=$([ ! -x "$program" ] || say "$asked" | "$program" git-credential get); '
    '[ -n "$found" ] || found=$(theirs fill); '
    'if say "$found" | grep -q "^password=."; then say "$found"; fi;; '
    'store) say "$asked" | grep -qx "username=x-access-token" || theirs approve;; '
    "erase) theirs reject;; "
    "esac; }; f"
)


def machine_env(machine_id: MachineId, github_url: str) -> dict[str, str]:
    """Where the machine's own socket and the injected keys are, and who has its credentials for GitHub.

    The environment is git's last word on its configuration, so no file of the person's is written for it.
    """
    github = urlsplit(github_url)
    key = f"credential.{github.scheme}://{github.netloc}.helper"
    return {
        "AETHER_SOCKET": f"/tmp/aether-{machine_id}/aether.sock",  # noqa: S108 - a path in the machine, in a folder 0700
        "AETHER_ENV_FILE": f"/dev/shm/aether-{machine_id}/env",  # noqa: S108 - as above
        "GIT_CONFIG_COUNT": "2",
        # An empty one ends the list of those before it.
        "GIT_CONFIG_KEY_0": key,
        "GIT_CONFIG_VALUE_0": "",
        "GIT_CONFIG_KEY_1": key,
        "GIT_CONFIG_VALUE_1": CREDENTIAL_HELPER,
    }
