"""The connection to Elasticsearch: the only place that knows its client, which is imported with the first question."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from detect import elastic_answer as answers
from detect.elastic_answer import NotAskedWellError, SearchError, TooOldError, UnreachableError, UntrustedError
from inventory import secret
from inventory.clock import Clock
from inventory.errors import UsageError
from inventory.site import Site

if TYPE_CHECKING:  # half a second to import: only who asks a cluster waits for it
    from elasticsearch import Elasticsearch

_FIRST_WAIT = 0.2
_LONGEST_WAIT = 5.0
_HERE = ("localhost", "127.", "[::1]", "::1")

Question = Callable[["Elasticsearch"], Any]


@dataclass(frozen=True)
class Address:
    """Where a cluster answers, whose certificates it has (None: this machine's authorities), and its key."""

    urls: tuple[str, ...]
    ca_file: Path | None = None
    key: Callable[[], str] | None = None

    @classmethod
    def of(cls, site: Site) -> Address:
        """Return a site's.

        Raises:
            UsageError: it names none.
        """
        named = site.settings.elasticsearch
        if named is None:
            raise UsageError(
                "holdfast.yml names no Elasticsearch", hint="write `elasticsearch: {url: https://…}` there"
            )
        file = site.resolve(named.api_key_file) if named.api_key_file else None

        def key() -> str:
            what, credential = "the API key of Elasticsearch", named.api_key_credential
            return secret.read(what, file=file, command=named.api_key_command, credential=credential)

        has_key = file or named.api_key_command or named.api_key_credential
        ca_file = site.resolve(named.ca_file) if named.ca_file else None
        return cls((named.url, *named.other_nodes), ca_file, key if has_key else None)


class Waiting:
    """Longer and longer pauses until patience (seconds) is over."""

    def __init__(self, clock: Clock, patience: float) -> None:
        self._clock = clock
        self._patience = patience
        self.begin()

    def begin(self) -> None:
        """Begin anew: there was progress."""
        self._until = self._clock.monotonic() + self._patience
        self._next = _FIRST_WAIT

    def again(self) -> bool:
        """Wait and return True, or return False: it was long enough."""
        if self._clock.monotonic() + self._next > self._until:
            return False
        self._clock.sleep(self._next)
        self._next = min(2 * self._next, _LONGEST_WAIT)
        return True


class Connection:
    """Questions to a cluster; `limit` is how long one may take (seconds)."""

    def __init__(self, address: Address, clock: Clock, *, patience: float, limit: float) -> None:
        self.where = f"Elasticsearch at {address.urls[0]}"
        self._address = address
        self._clock = clock
        self._patience = patience
        self._limit = limit
        self._opened: Elasticsearch | None = None

    def close(self) -> None:
        """Let go of what is open."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def waiting(self) -> Waiting:
        """Begin to be patient."""
        return Waiting(self._clock, self._patience)

    def ask(self, question: Question) -> Any:
        """Put a question that may be repeated, until it is answered or patience is over.

        Raises:
            SearchError: it is not answered.
        """
        waiting = self.waiting()
        while True:
            try:
                return self.once(question)
            except SearchError as error:
                if not error.passing or not waiting.again():
                    raise

    def once(self, question: Question) -> Any:
        """Put a question once and return the body of the answer.

        Raises:
            SearchError: it is not answered.
        """
        import elastic_transport
        from elasticsearch import ApiError, UnsupportedProductError

        client = self._client()
        failed: SearchError
        try:
            return question(client).body
        except UnsupportedProductError:  # it is an ApiError too
            hint = f"look at `elasticsearch` in holdfast.yml; Elasticsearch {answers.OLDEST} or newer is needed"
            failed = TooOldError(f"{self.where} is something else, or older than version {answers.OLDEST}", hint=hint)
        except ApiError as error:
            failed = answers.failure(error.status_code, error.body, self.where)
        except elastic_transport.SerializationError:
            hint = "look whether a proxy answers in its place: curl -v " + self._address.urls[0]
            failed = NotAskedWellError(f"{self.where} answers what is not JSON", hint=hint)
        except elastic_transport.TlsError as error:
            hint = "name the authority of its certificate in `elasticsearch.ca_file` of holdfast.yml"
            failed = UntrustedError(f"{self.where} cannot be trusted: {_cause(error)}", hint=hint)
        except elastic_transport.TransportError as error:
            failed = UnreachableError(f"{self.where} cannot be reached: {_cause(error)}", hint="holdfast doctor")
        raise failed from None  # the client's own errors carry the whole request

    def _client(self) -> Elasticsearch:
        if self._opened is None:
            from elasticsearch import Elasticsearch

            for name in ("elastic_transport", "elasticsearch"):  # what it would log is in our errors, without the rest
                logging.getLogger(name).addHandler(logging.NullHandler())
                logging.getLogger(name).propagate = False
            secure = any(url.startswith("https:") for url in self._address.urls)
            self._opened = Elasticsearch(
                list(self._address.urls),
                api_key=self._key(),
                ssl_context=self._tls() if secure else None,
                request_timeout=self._limit,
                max_retries=0,  # what may be repeated is decided here
                retry_on_timeout=False,
                http_compress=True,
            )
        return self._opened

    def _key(self) -> str | None:
        if self._address.key is None:
            return None
        for url in self._address.urls:
            parts = urlsplit(url)
            if parts.scheme == "http" and not (parts.hostname or "").startswith(_HERE):
                raise UsageError(f"the API key would cross the network unencrypted to {url}", hint="use https there")
        return self._address.key()

    def _tls(self) -> ssl.SSLContext:
        file = self._address.ca_file
        try:
            return ssl.create_default_context(cafile=str(file) if file else None)
        except OSError as error:
            why = error.strerror if error.strerror and not isinstance(error, ssl.SSLError) else "it is no certificate"
            hint = "look at `elasticsearch.ca_file` in holdfast.yml"
            raise UsageError(f"the certificates in {file} cannot be read: {why}", hint=hint) from error


def _cause(error: BaseException) -> str:
    """Return in a few words why a connection failed: what the system or the certificate check says, not the client."""
    seen: list[BaseException] = []
    while error not in seen:
        seen.append(error)
        inner = getattr(error, "errors", ())
        reason = getattr(error, "reason", None)
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"certificate verify failed: {error.verify_message}"
        if isinstance(error, ssl.SSLError):
            return f"no TLS there ({error.reason})"
        if isinstance(error, OSError) and error.strerror:
            return error.strerror
        error = (inner and inner[0]) or (reason if isinstance(reason, BaseException) else None) or _under(error)
    return "no answer in time" if any("imeout" in type(each).__name__ for each in seen) else "the connection broke"


def _under(error: BaseException) -> BaseException:
    return error.__cause__ or error.__context__ or error
