"""The release gates of Acme."""

from acme_gates.queue import QueueSettings, check_owner, check_queue
from release_sentinel.packs import Pack, PackGate, Stage

pack = Pack(
    name="acme",
    gates=(
        PackGate("owner-named", Stage.POLICY, check_owner),
        PackGate("queue-drained", Stage.CRITICAL, check_queue),
    ),
    settings={"queue": QueueSettings},
)
