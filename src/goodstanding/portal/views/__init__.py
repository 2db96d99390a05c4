"""The member's pages, one module a kind. Each needs a log-in and shows what is the member's own."""
