"""The vendor's side of the sandbox: what would run at a gateway's. It knows of us what a gateway knows: requests, and an
address for its webhooks.
"""
