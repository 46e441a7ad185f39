"""What keeps the two exchanges of a site true to the directory, and to each other."""
