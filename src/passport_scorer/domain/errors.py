"""The one base of all errors that a caller of this project may want to handle."""

from typing import ClassVar


class PassportScorerError(Exception):
    """Something was refused or could not be done.

    The first line of a subclass's docstring is the sentence that people read, unless the
    place that raises it gives a more exact one. `code` is stable: logs, metrics and clients
    may rely on it. What HTTP status an error becomes is decided in `passport_scorer.api`.
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").partition("\n")[0])

    @property
    def message(self) -> str:
        """The sentence for people; never holds a secret, SQL or a file path of the server."""
        return str(self.args[0])


class VerificationFailed(PassportScorerError):
    """A credential, or something else that is signed, does not verify.

    Messages may quote names from the document, shortened; never whole documents.

    Attributes:
        transient: time alone may change the verdict, so that it must not be cached.
    """

    code: ClassVar[str] = "credential_refused"
    transient: ClassVar[bool] = False
