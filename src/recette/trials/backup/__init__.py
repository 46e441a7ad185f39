"""The copies of the site, tried: that all is copied, that it comes back, and that nobody can take it away."""
