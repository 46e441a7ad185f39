"""Steps of the webmail, in a real browser."""
