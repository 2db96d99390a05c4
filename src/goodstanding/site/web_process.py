"""What each process of the web server loads: the application, in a process that does not outlive its parent.

Were the server's main process killed, its other processes would go on listening, with nobody left to stop them.
"""

from __future__ import annotations

import os
import threading
import time

from goodstanding.site.wsgi import application

__all__ = ["application"]

_LOOK_SECONDS = 0.5


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os._exit(1)


threading.Thread(target=_end_with, args=(os.getppid(),), name="ends with its parent", daemon=True).start()
