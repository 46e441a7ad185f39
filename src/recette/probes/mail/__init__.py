"""Mail as its users meet it: dialogues with a server, mailboxes read, messages posted at a steady rate."""

from recette.probes.mail.dialogue import Call, Dialogue, Door, hold
from recette.probes.mail.mailbox import Box, Found, Maildir, Reading, read, read_maildir
from recette.probes.mail.posting import Fate, Load, Posting, Settled, Writer, posting

__all__ = [
    "Box",
    "Call",
    "Dialogue",
    "Door",
    "Fate",
    "Found",
    "Load",
    "Maildir",
    "Posting",
    "Reading",
    "Settled",
    "Writer",
    "hold",
    "posting",
    "read",
    "read_maildir",
]
