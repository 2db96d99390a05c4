"""The inbox: what gateways tell us is filed, answered, and taken in later by a worker."""
