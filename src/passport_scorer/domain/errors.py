"""The base class of all errors that callers can handle."""

from typing import ClassVar


class PassportScorerError(Exception):
    """The request was rejected or could not be completed.

    The first line of a subclass's docstring is the message for users, unless the code that raises
    the error gives a more exact one. `code` is stable: logs, metrics and clients can rely on it.
    `passport_scorer.api` decides the HTTP status of an error.
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").partition("\n")[0])

    @property
    def message(self) -> str:
        """The message for users; never contains a secret, SQL or a file path of the server."""
        return str(self.args[0])


class VerificationFailed(PassportScorerError):
    """A credential, or another signed document, does not verify.

    Messages can quote names from the document, shortened; never whole documents.

    Attributes:
        transient: time alone can change the verdict, so it must not be cached.
    """

    code: ClassVar[str] = "credential_refused"
    transient: ClassVar[bool] = False
