"""The clone: the command that makes it, how its progress is read, and what a failure means to a person.

Everything that comes back is data from the machine and may be anything at all.
"""

import re
import shlex

from aether.machines.domain.parts import Clone

NOT_EMPTY = 90
NO_GIT = 91
TIMED_OUT = 124  # what coreutils' timeout says

# The clone is made beside the workspace and moved in when it is whole, so that an interrupted one can be thrown
# away without touching what a person has written meanwhile; where both have a file, the person's stays.
SCRIPT = r"""
set -u
url=$1 branch=$2 work=$3 seconds=$4
root=$HOME/.cache/aether
stage=$root/clone
export LC_ALL=C GIT_TERMINAL_PROMPT=0 GIT_ASKPASS=true SSH_ASKPASS=true
export GIT_SSH_COMMAND='ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new'
command -v git >/dev/null 2>&1 || exit 91
mkdir -p "$work" "$stage" || exit 1
# What a lost connection left running ends by itself; until then it has the stage.
exec 9>"$root/clone.lock"
if command -v flock >/dev/null 2>&1; then flock -w "$seconds" 9 || exit 124; fi
if [ ! -e "$stage/whole" ]; then
    [ -e "$work/.git" ] && exit 0
    [ -z "$(ls -A "$work")" ] || exit 90
    rm -rf "$stage" && mkdir -p "$stage" || exit 1
    printf '[safe]\n\tdirectory = *\n' >"$stage/config"
    case $url in file://*) GIT_CONFIG_GLOBAL=$stage/config; export GIT_CONFIG_GLOBAL ;; esac
    clone() {
        {
            timeout -k 5 "$seconds" git clone --progress "$@" ${branch:+--branch "$branch"} \
                -- "$url" "$stage/repo"
            echo $? >"$stage/code"
        } 2>&1 | tee "$stage/said" >&2
        code=$(cat "$stage/code")
    }
    clone --depth 1
    if [ "$code" -ne 0 ] && grep -q 'dumb http transport does not support shallow' "$stage/said"; then
        clone
    fi
    [ "$code" -eq 0 ] || { rm -rf "$stage"; exit "$code"; }
    : >"$stage/whole" || exit 1
fi
for entry in "$stage"/repo/* "$stage"/repo/.[!.]* "$stage"/repo/..?*; do
    [ -e "$entry" ] || [ -h "$entry" ] || continue
    name=${entry##*/}
    [ "$name" = .git ] || [ -e "$work/$name" ] || mv -- "$entry" "$work/" || exit 1
done
[ -e "$work/.git" ] || mv -- "$stage/repo/.git" "$work/" || exit 1
rm -rf "$stage"
"""

_PROGRESS = re.compile(r"(?:remote: )?(?P<phase>[A-Z][A-Za-z ]{2,40}): +(?P<percent>\d{1,3})% ")
_FATAL = re.compile(r"^(?:fatal|error): (?P<what>.+)$", re.MULTILINE)
KEPT = 8192

REASONS = (
    (r"No space left on device|Disk quota exceeded|File too large", "The disk of this machine is full."),
    (r"Remote branch .* not found", "The repository has no branch of that name."),
    (
        r"could not read (Username|Password)|terminal prompts disabled|Authentication failed|Permission denied"
        r"|returned error: 40[13]|Host key verification failed|access denied|no credentials",
        "The repository is private, or does not exist: this machine has no access to it.",
    ),
    (
        r"[Rr]epository .*(not found|not exported)|does not appear to be a git repository|returned error: 404"
        r"|does not exist|not found: did you run",
        "There is no repository at this address that the machine can see.",
    ),
    (
        r"Could not resolve host|Name or service not known|unable to look up",
        "The repository's host was not found.",
    ),
    (
        r"Connection (refused|timed out|reset)|unable to (access|connect)|Failed to connect|early EOF|hung up"
        r"|Network is unreachable|No route to host",
        "The repository's host does not answer.",
    ),
)


def clone_command(url: str, branch: str, workspace: str, seconds: float) -> str:
    """One shell command. Nothing in it is secret: an address with credentials is never accepted."""
    arguments = ("sh", "-c", SCRIPT, "aether-clone", url, branch, workspace, str(int(seconds)))
    return " ".join(shlex.quote(argument) for argument in arguments)


class Progress:
    """What git has said so far, as far as it matters."""

    def __init__(self) -> None:
        self.clone = Clone("running", phase="Connecting")
        self._said = ""

    def heard(self, text: str) -> None:
        self._said = (self._said + text)[-KEPT:]
        found = list(_PROGRESS.finditer(self._said.replace("\r", "\n")))
        if found:
            phase, percent = found[-1]["phase"].strip(), min(100, int(found[-1]["percent"]))
            self.clone = Clone("running", phase=phase, percent=percent)

    def ended(self, status: int) -> Clone:
        """How it ended, with a sentence if it failed."""
        if status == 0:
            return Clone("done")
        return Clone("failed", message=self._sentence(status))

    def _sentence(self, status: int) -> str:
        if status == NOT_EMPTY:
            return "The workspace has files in it already, so the repository was not cloned into it."
        if status == NO_GIT:
            return "There is no git in this machine."
        if status == TIMED_OUT:
            return "The clone took too long and was given up."
        for pattern, sentence in REASONS:
            if re.search(pattern, self._said):
                return sentence
        return self._git_said()

    def _git_said(self) -> str:
        last = _FATAL.findall(self._said.replace("\r", "\n"))
        shown = "".join(c for c in last[-1] if c.isprintable())[:200] if last else ""
        return f"The clone failed. Git said: {shown}" if shown else "The clone failed."
