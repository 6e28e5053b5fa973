"""Signed tokens of the live view and of uploads: which run or tray, what its holder may do, until when."""

import os
from dataclasses import dataclass
from typing import Literal

from itsdangerous import BadData, URLSafeTimedSerializer

Capability = Literal["view", "control", "bring", "take"]

EXPIRY_SECONDS = 12 * 3600


class TokenError(Exception):
    """A token that was not issued by this process, was altered, or is too old."""


@dataclass(frozen=True)
class Grant:
    """What a token allows: to watch `run`, and with "control" to command it; "bring": to put files into the tray of this name;
    "take": to download the file of this name."""

    run: str
    capability: Capability


class Signer:
    """Issues and checks tokens with one secret; a new process has a new secret, so that old tokens end with it."""

    def __init__(self, secret: bytes | None = None, expiry_seconds: int = EXPIRY_SECONDS, salt: str = "live") -> None:
        self._serializer = URLSafeTimedSerializer(secret or os.urandom(32), salt=salt)
        self._expiry_seconds = expiry_seconds

    def issue(self, run_id: str, capability: Capability) -> str:
        """A token for `run_id`, safe in a URL and in JSON."""
        return self._serializer.dumps({"run": run_id, "cap": capability})

    def check(self, token: str) -> Grant:
        """What `token` allows. Raises TokenError."""
        try:
            payload = self._serializer.loads(token, max_age=self._expiry_seconds)
        except BadData as error:
            raise TokenError(str(error)) from error
        return Grant(payload["run"], payload["cap"])


_process = Signer()
issue = _process.issue
check = _process.check


def issue_for(run_id: str, *, control: bool) -> str:
    """A token that controls a run, or one that only watches it."""
    return issue(run_id, "control" if control else "view")


uploads = Signer(salt="uploads")  # of its own: no token of a run brings files, and none of a tray watches a run
files = Signer(salt="files")  # likewise
