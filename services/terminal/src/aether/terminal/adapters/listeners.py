"""Looking for listeners inside a machine: one small script over SSH that looks again for each line it is sent.

The script asks for no more than sh, cat and ls. It does nothing between two lines and ends with its input, so
a machine that nobody looks at is not looked at.
"""

import asyncio
from collections.abc import Mapping

import asyncssh

from aether.contracts.ids import ProjectId
from aether.kit.ssh import MachineConnections, MachineUnreachable
from aether.terminal.adapters.script import MARK, as_command
from aether.terminal.adapters.shells import Channel, opened
from aether.terminal.domain.listeners import Listener, read_scan

SCAN_SECONDS = 5.0
LARGEST = 1024 * 1024  # of what one look may say, in bytes
SAME, WHOLE = b"=\n", b".\n"

# Lines about a socket and its holder have nothing in them that changes while it listens, so that two looks can be
# compared as they are. A link's text is taken from its first arrow, and -q leaves it no line of its own, so that
# no name of a file passes for a socket. A machine without walls sees the processes of its host, and says so; its
# own are those that descend from its SSH server, which takes in those that have lost their parent. What the SSH
# session of the agents service listens on is aether's own: that session's process keeps its number in a file.
LOOK = r"""PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
export LC_ALL=C
unset TIME_STYLE
n='
'
tab=$(printf '\t')
list='ls -ln'
ls -lnq / >/dev/null 2>&1 && list='ls -lnq'
root=
[ -n "$AETHER_SEES_HOST" ] && root=$PPID
before=
printf '\036'
while read -r _; do
  set -f
  now="ssh ${SSH_CONNECTION##* }$n"
  links=" $(set +f; IFS=' '; cat /dev/shm/aether-*/link 2>/dev/null) "
  wanted=' '
  IFS=$n
  for line in $(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null); do
    case $line in *' 0A '*) ;; *) continue ;; esac
    IFS=' '
    set -- $line
    IFS=$n
    [ "$4" = 0A ] || continue
    now="${now}tcp $2 ${10}$n"
    wanted="$wanted${10} "
  done
  pid=
  for line in $(set +f; IFS=' '; $list /proc/self/fd /proc/[0-9]*/fd 2>/dev/null); do
    case $line in
      /proc/[0-9]*/fd:) pid=${line#/proc/}; pid=${pid%/fd:} ;;
      /proc/*) pid= ;;
      *' -> socket:['*']')
        target=${line#* -> }
        inode=${target#socket:?}
        inode=${inode%?}
        case $target in 'socket:['*) ;; *) continue ;; esac
        case $wanted in *" $inode "*) ;; *) continue ;; esac
        case $links in *[!0-9]"$pid"[!0-9]*) continue ;; esac
        own=$pid
        while [ -n "$root" ] && [ "$own" != "$root" ] && [ "$own" -gt 1 ]; do
          parent=0
          while IFS=" $tab" read -r key value; do
            case $key in PPid:) parent=$value; break ;; esac
          done 2>/dev/null </proc/$own/status
          own=$parent
        done
        [ "$own" = "${root:-$pid}" ] || continue
        name=
        { read -r name </proc/$pid/comm; } 2>/dev/null
        now="${now}held $inode $pid $name$n"
        ;;
    esac
  done
  IFS=' '
  if [ "$now" = "$before" ]; then printf '=\n'; else before=$now; printf '%s.\n' "$now"; fi
done
"""


class SshLookouts:
    """The port's adapter; see ports.Lookouts."""

    def __init__(self, connections: MachineConnections) -> None:
        self._connections = connections

    async def __call__(self, project_id: ProjectId) -> "SshLookout":
        connected = await self._connections.get(project_id)
        lookout = SshLookout(connected.machine.generation, connected.machine.port)
        lookout.channel = await opened(connected.connection, lookout, as_command(LOOK))
        return lookout


class SshLookout(asyncssh.SSHClientSession[bytes]):
    """Both the SSH channel's session and the port's Lookout."""

    channel: Channel

    def __init__(self, generation: int, ssh_port: int) -> None:
        self.generation = generation
        self._ssh_port = ssh_port
        self._begun = False
        self._heard = bytearray()
        self._answer: asyncio.Future[bytes] | None = None
        self._lost = False
        self._last: Mapping[int, Listener] = {}

    async def look(self) -> Mapping[int, Listener]:
        """One at a time. After a failure the lookout is of no more use."""
        if self._lost:
            raise _gone()
        self._answer = asyncio.get_running_loop().create_future()
        try:
            self.channel.write(b"\n")
            async with asyncio.timeout(SCAN_SECONDS):
                text = await self._answer
        except (OSError, TimeoutError) as error:
            raise _gone() from error
        if text != SAME:
            self._last = read_scan(text.decode("utf-8", "replace"), ssh_port=self._ssh_port)
        return self._last

    def close(self) -> None:
        self.channel.abort()

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        if datatype is not None:
            return
        if not self._begun:
            # Before the mark comes what the account's own shell has to say.
            _, mark, data = data.partition(MARK)
            self._begun = bool(mark)
        if self._begun:
            self._heard += data
            self._settle()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        self._fail()

    def _settle(self) -> None:
        whole = self._heard == SAME or self._heard.endswith(b"\n" + WHOLE)
        if whole and self._answer is not None and not self._answer.done():
            self._answer.set_result(bytes(self._heard))
            self._heard.clear()
        elif len(self._heard) > LARGEST:
            self.close()

    def _fail(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("the machine has stopped telling who listens"))


def _gone() -> MachineUnreachable:
    return MachineUnreachable("The machine does not say what listens in it. It may have just stopped.")
