"""The ready-to-run site: settings, addresses, pages of its own, and the commands that bring it up."""
