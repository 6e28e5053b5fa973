"""Finding a widget whose key the app changes when it changes the value (pages/_ui/mirrored.py)."""

from typing import Any

from streamlit.testing.v1 import AppTest


def shown(app: AppTest, kind: str, name: str) -> Any:
    """The one widget of this kind that shows what is called so."""
    (found,) = [w for w in app.get(kind) if w.key and (w.key == name or w.key.rpartition(":")[0] == name)]
    return found
