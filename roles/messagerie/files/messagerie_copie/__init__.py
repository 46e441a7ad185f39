"""Deliver mail so that it stands on both servers before the queue forgets it, and keep both servers alike.

Postfix hands every message over by LMTP. It goes to Dovecot's own LMTP, hence through sieve and quota; then the mailbox
is synchronised with the other server, and only then is the message acknowledged. Deliveries that wait for one mailbox
share a synchronisation that began after all of them. When the other server does not answer, the message is acknowledged
alone, and the mailbox is remembered: it is synchronised as soon as the other server is back.

What clients change over IMAP comes as events of Dovecot's, and is synchronised in the same way. When it starts, the
program synchronises every mailbox: it knows nothing of what a power cut interrupted.

A message already in the mailbox, known by its Message-ID, is not delivered again: the queue of a server that died may
hold what was delivered before, and a client that saw no acknowledgement may have sent again to the other server.
"""
