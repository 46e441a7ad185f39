"""The tunnels, tried from both ends and from between."""
