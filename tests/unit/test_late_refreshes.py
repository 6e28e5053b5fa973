"""Which refreshes are late; that they are dropped, a browser test shows."""

import pytest
from streamlit.proto.ClientState_pb2 import ClientState

from pages._ui.late_refreshes import is_late


@pytest.mark.parametrize(
    ("fragment", "page", "intended", "late"),
    [
        ("f", "runs", "lab", True),
        ("f", "runs", "runs", False),
        ("", "runs", "lab", False),  # a click that leads back
        ("f", "runs", "", False),  # the address named the page
        ("f", "runs", None, False),
        ("f", "", "lab", False),
    ],
)
def test_is_late(fragment: str, page: str, intended: str | None, late: bool) -> None:
    assert is_late(ClientState(fragment_id=fragment, page_script_hash=page), intended) is late
