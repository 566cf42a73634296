"""What every shell and command of a machine finds in its environment, beside the project's own variables."""

from aether.contracts.ids import MachineId

# Asked by git for every host that wants credentials. The socket may come a moment after the machine itself, as
# when a private repository is cloned at the first start; without it git goes on as if there were no helper.
CREDENTIAL_HELPER = (
    '!f() { [ "$1" = get ] || exit 0; program=$HOME/.aether/bin/aether tries=50; '
    'until [ -S "$AETHER_SOCKET" ] && [ -x "$program" ]; do '
    "[ $((tries -= 1)) -gt 0 ] || exit 0; sleep 0.1; done; "
    'exec "$program" git-credential get; }; f'
)


def machine_env(machine_id: MachineId) -> dict[str, str]:
    """Where the machine's own socket and the injected keys are, and who has its git credentials.

    The environment is git's last word on its configuration, so no file of the person's is written for it.
    """
    return {
        "AETHER_SOCKET": f"/tmp/aether-{machine_id}/aether.sock",  # noqa: S108 - a path in the machine, in a folder 0700
        "AETHER_ENV_FILE": f"/dev/shm/aether-{machine_id}/env",  # noqa: S108 - as above
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "credential.helper",
        "GIT_CONFIG_VALUE_0": CREDENTIAL_HELPER,
    }
