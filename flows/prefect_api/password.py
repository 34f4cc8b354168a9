"""Password of the Prefect servers that this installation starts, in a file that only its owner can read."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from pathlib import Path
from urllib.parse import urlsplit

from tasks.address import LOCAL_NAMES
from tasks.settings import Settings
from tasks.storage.secret_file import new_password, read_or_make

USER = "sondeflow"
CLIENT, SERVER = "PREFECT_API_AUTH_STRING", "PREFECT_SERVER_API_AUTH_STRING"


def password_file(settings: Settings) -> Path:
    """Return the path of the file with `user:password`, as Prefect's pages ask for it."""
    return settings.home / "prefect-password"


def read_password(settings: Settings) -> str:
    """Return `user:password`; the first call generates it.

    Raises:
        OSError: if the file can be neither read nor written.
    """
    return read_or_make(password_file(settings), lambda: f"{USER}:{new_password()}")


def shown_password(settings: Settings, environment: Mapping[str, str]) -> str:
    """Return where the password of our servers is to be found, for messages."""
    path = password_file(settings)
    if path.is_file() and path.read_text(encoding="ascii").strip() == environment.get(SERVER):
        return str(path)
    return f"as set in {SERVER}"


def set_password(settings: Settings, environment: MutableMapping[str, str]) -> None:
    """Set the password of our servers and of their clients, unless the user has set another.

    It is never sent to a server elsewhere: if PREFECT_API_URL names one, nothing is set.
    """
    api = environment.get("PREFECT_API_URL", "")
    if api and urlsplit(api).hostname not in LOCAL_NAMES:
        return
    password = environment.get(CLIENT) or environment.get(SERVER) or read_password(settings)
    environment.setdefault(CLIENT, password)
    environment.setdefault(SERVER, password)
