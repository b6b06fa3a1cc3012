"""Sign-In with Ethereum: from a signed message to an access token.

Source: specification, auth.md ("Sign-in"); EIP-4361; EIP-191, version 0x45.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import datetime

import structlog

from passport_scorer.auth.access_tokens import AccessTokens
from passport_scorer.auth.contract_wallets import CHAIN_ID, ContractWallets
from passport_scorer.auth.nonces import Nonces
from passport_scorer.credentials.did import checksummed
from passport_scorer.credentials.errors import CredentialRefused
from passport_scorer.credentials.keccak import keccak
from passport_scorer.credentials.secp256k1 import recovered_address
from passport_scorer.domain.siwe import (
    SignInRefused,
    SiweMessage,
    check_message,
    is_for_chain,
    message_text,
    signer_and_nonce,
)

_HEXADECIMAL = re.compile(r"0x(?:[0-9a-fA-F]{2})+")

log = structlog.get_logger()


class SignIn:
    """Lets the owners of addresses in.

    Args:
        nonces: gives out and uses up what makes each message one of its kind.
        tokens: issues access tokens.
        domains: the sites for which owners may sign in; none: nobody gets in.
        wallets: knows what contract wallets have signed; None: only key recovery counts.
        clock: tells the time.
    """

    def __init__(
        self,
        nonces: Nonces,
        tokens: AccessTokens,
        domains: Collection[str],
        wallets: ContractWallets | None,
        clock: Callable[[], datetime],
    ) -> None:
        self._nonces = nonces
        self._tokens = tokens
        self._domains = domains
        self._wallets = wallets
        self._clock = clock

    async def access_token(self, message: SiweMessage, signature: str) -> str:
        """Return an access token for the address that has signed the message.

        The order of the checks matters: what is refused for its domain or time leaves the nonce
        unused; a wrong signature uses it up, so that signatures can't be tried out.

        Raises:
            SignInRefused: it says which check failed.
            DatabaseUnavailable: whether the nonce is good isn't known.
        """
        address, nonce = signer_and_nonce(message)
        check_message(message, self._domains, self._clock())
        if not self._tokens.can_issue:
            log.error("sign_in_without_key", reason="SIWE_JWT_PRIVATE_KEY is not set")
            raise SignInRefused
        if not await self._nonces.use(nonce):
            raise SignInRefused("Invalid nonce!")
        if not await self._has_signed(address, message, signature):
            raise SignInRefused("Invalid signature!")
        return self._tokens.issue(address)

    async def close(self) -> None:
        """Close the connections to the Ethereum node."""
        if self._wallets is not None:
            await self._wallets.close()

    async def _has_signed(self, address: str, message: SiweMessage, signature: str) -> bool:
        wallet = bytes.fromhex(address[2:])
        digest = signed_digest(message_text(message, checksummed(wallet)))
        try:
            if recovered_address(digest, signature) == wallet:
                return True
        except CredentialRefused:
            pass  # it isn't a signature of a key; it may be one of a contract
        if self._wallets is None or not is_for_chain(message, CHAIN_ID):
            return False
        if not _HEXADECIMAL.fullmatch(signature):
            return False
        return await self._wallets.has_signed(wallet, digest, bytes.fromhex(signature[2:]))


def signed_digest(text: str) -> bytes:
    """Return what is signed of a text (32 bytes). Source: EIP-191, version 0x45."""
    octets = text.encode()
    return keccak(b"\x19Ethereum Signed Message:\n%d" % len(octets) + octets)
