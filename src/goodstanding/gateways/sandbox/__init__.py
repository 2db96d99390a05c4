"""The sandbox: a gateway that moves no money, for trying things. Found by the registry; can be deleted in one go."""
