"""The kiosk: a page in a browser for the people in front of the camera, and one for whoever looks after the device.

::

    the loop ──show, view──> Hub <──newest state── routes ──events──> pages/kiosk.html
    Controls <──Action──────────────────────────── routes <──POST─────'

`Hub` is the loop's output and viewer and holds the newest of everything; `KioskServer` answers browsers from a thread
of its own, so nothing a browser does is felt by the loop. `security` surrounds every answer. What the gallery and the
operator's page need of other rooms comes in by the protocols `gallery.Samples` and `operator.Operations`.

Needs starlette and uvicorn (``pip install 'fingerpost[kiosk]'``); only `server` and the routes import them.
"""

from edge.outputs.kiosk.hub import Hub

__all__ = ["Hub"]
