"""The inbox: a folder whose bar files are ingested as they arrive, each content once.

`written.py` decides whether a file is fully written, `content.py` says what it is known by, `ledger.py`
remembers what was processed, `set_aside.py` puts bad files where a person finds them with the reason,
`folder.py` looks at the folder as a whole. Nothing here stores a bar: that is `trimtab.bars.ingest`,
called file by file in `trimtab.pipeline.inbox`.
"""

from __future__ import annotations

from trimtab.bars.inbox.folder import Inbox
from trimtab.bars.inbox.ledger import InboxLedger, Processed, SeriesTaken
from trimtab.bars.inbox.scan import Delivery, InboxScan, Refused, Waiting
from trimtab.bars.inbox.set_aside import SetAside

__all__ = [
    "Delivery",
    "Inbox",
    "InboxLedger",
    "InboxScan",
    "Processed",
    "Refused",
    "SeriesTaken",
    "SetAside",
    "Waiting",
]
