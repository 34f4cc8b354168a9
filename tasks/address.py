"""Addresses of servers and databases, which show themselves without credentials."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema
from typing_extensions import override

_PARTS = re.compile(r"(?P<scheme>[\w+.-]+://)(?:(?P<user>[^:/@?]*)(?::(?P<password>.*))?@)?(?P<rest>.*)", re.DOTALL)
LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
_VALUES = re.compile(r"=[^&]*")
_IN_TEXT = re.compile(r"(?<=://)[^\s/@:?]*(?::[^\s'\"<>]*)?@")


class Address:
    """Address of a server or database; as text, in errors and in files it has neither user, password nor parameters.

    Only `reveal` and `for_sqlalchemy` return the whole of it: for the library that connects.

    >>> Address("postgresql://me:secret@db:5432/mlflow?sslpassword=x")
    postgresql://***@db:5432/mlflow?sslpassword=***
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the address with its credentials."""
        return self._text

    @property
    def for_sqlalchemy(self) -> str:
        """The address with its credentials and, of a PostgreSQL database, the driver that comes with the project.

        SQLAlchemy 2.1 loads another driver for an address that names none.

        >>> Address("postgresql://db/ledger").for_sqlalchemy
        'postgresql+psycopg2://db/ledger'
        """
        scheme, mark, rest = self._text.partition("://")
        return f"postgresql+psycopg2://{rest}" if mark and scheme == "postgresql" else self._text

    @property
    def is_http(self) -> bool:
        """True if it is the address of a server that is asked by HTTP."""
        return self._text.startswith(("http://", "https://"))

    @property
    def base(self) -> str:
        """The address without credentials, parameters and slash at the end, for links and as a name of the server."""
        found = _PARTS.fullmatch(self._text)
        return self._text if found is None else f"{found['scheme']}{found['rest'].partition('?')[0]}".rstrip("/")

    @property
    def host(self) -> str:
        """Name of the machine, without port."""
        return urlsplit(self._text).hostname or ""

    def with_login(self, login: str) -> Address:
        """Return the address with user and password, given as `user:password`."""
        user, _, password = login.partition(":")
        scheme, mark, rest = self._text.partition("://")
        return Address(f"{scheme}{mark}{quote(user, safe='')}:{quote(password, safe='')}@{rest}")

    @property
    def credentials(self) -> tuple[str, str] | None:
        """User and password; None if it has none."""
        found = _PARTS.fullmatch(self._text)
        if found is None or found["user"] is None:
            return None
        return unquote(found["user"]), unquote(found["password"] or "")

    @override
    def __str__(self) -> str:
        found = _PARTS.fullmatch(self._text)
        if found is None:
            return self._text
        path, mark, parameters = found["rest"].partition("?")
        user = "" if found["user"] is None else "***@"
        return f"{found['scheme']}{user}{path}{mark}{_VALUES.sub('=***', parameters)}"

    __repr__ = __str__

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Address) and self._text == other._text

    @override
    def __hash__(self) -> int:
        return hash(self._text)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate from text; serialise without credentials."""
        return core_schema.no_info_plain_validator_function(
            cls._parse, serialization=core_schema.to_string_ser_schema(when_used="always")
        )

    @classmethod
    def _parse(cls, value: object) -> Address:
        if isinstance(value, Address):
            return value
        if isinstance(value, str):
            return cls(value)
        raise ValueError("expected an address as text")


def refuse_login(text: str) -> None:
    """Check that the address of a folder in an object store has no login in it: such addresses are shown and kept.

    Raises:
        ValueError: if it has one; the text is not repeated.
    """
    scheme, mark, rest = text.partition("://")
    if mark and "@" in rest.partition("/")[0]:
        raise ValueError(
            f"a {scheme}:// address with a login in it; name the bucket alone, credentials belong into the "
            "environment, e.g. AWS_ACCESS_KEY_ID"
        )


def hide_credentials(text: str) -> str:
    """Return a text without the users and passwords of the addresses in it, e.g. an error of another library.

    >>> hide_credentials("no reply from http://me:secret@host:5000/api")
    'no reply from http://***@host:5000/api'
    """
    return _IN_TEXT.sub("***@", text)
