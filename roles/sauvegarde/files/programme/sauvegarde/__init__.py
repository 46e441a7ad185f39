"""What the backup server does beside receiving: open repositories, prune, verify, copy far away, tell what is late."""
