"""What the tester knows of itself after a run: one entry a worker, put together by whoever watched them.

No numpy and no judgement here: a locust worker fills one in, the master or the launcher completes it.
"""

from __future__ import annotations

import msgspec


class WorkerFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One worker's own account, and what the watcher adds.

    Attributes:
        worker: its number, from 0.
        host, pid: where it ran.
        finished: it reached the end of its share and said so.
        lost: why it is taken for lost (``exit code -9``, ``no heartbeat``); empty: it is not.
        silent_s: longest time without a word from it that the watcher saw.
        cpu_share: highest share of one core in any 5 s while sending (of the whole run if that is shorter).
        cap_hits: requests that had to wait because the cap on connections was reached.
        unknown_ids: answers with an id of no outstanding request.
        defects, defect: errors of the tester itself, and the first of them in words.
        opened, peak_open, peak_queue: connections opened and open at a time; longest queue for one.
        schedule_digest: of the whole schedule as this worker made it (``schedule.digest_of``).
        note: anything a person should know.
    """

    worker: int
    host: str = ""
    pid: int = 0
    finished: bool = False
    lost: str = ""
    silent_s: float = 0.0
    cpu_share: float = 0.0
    cap_hits: int = 0
    unknown_ids: int = 0
    defects: int = 0
    defect: str = ""
    opened: int = 0
    peak_open: int = 0
    peak_queue: int = 0
    schedule_digest: str = ""
    note: str = ""
