"""What the supervision must notice, whom it must tell, and what it must keep to itself."""
