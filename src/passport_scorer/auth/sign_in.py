"""Sign-In with Ethereum: from a signed message to an access token.

Source: docs/rules/authentication.md, "Sign-in"; EIP-4361; EIP-191, version 0x45.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime

from passport_scorer.auth.jwt_access_tokens import AccessTokens
from passport_scorer.auth.nonces import Nonces
from passport_scorer.domain.addresses import is_address
from passport_scorer.domain.errors import VerificationFailed
from passport_scorer.ethereum.did import checksummed
from passport_scorer.ethereum.ecdsa_signatures import canonical_signature, signature_bytes
from passport_scorer.ethereum.eip191 import signed_message_digest
from passport_scorer.ethereum.eip1271 import ChainWallets
from passport_scorer.ethereum.eip4361 import (
    SignInRefused,
    SiweMessage,
    chain_id_of,
    check_message,
    likely_texts,
    possible_texts,
    signer_and_nonce,
)
from passport_scorer.ethereum.secp256k1 import recovered_address
from passport_scorer.telemetry.logger import log


class SignIn:
    """Signs in the owners of addresses.

    Args:
        nonces: issues and uses up nonces.
        tokens: issues access tokens.
        domains: the sites that owners can sign in to; if empty, no one can sign in.
        wallets: verifies signatures of contract wallets.
        clock: returns the time (aware).
    """

    def __init__(
        self,
        nonces: Nonces,
        tokens: AccessTokens,
        domains: Collection[str],
        wallets: ChainWallets,
        clock: Callable[[], datetime],
    ) -> None:
        self._nonces = nonces
        self._tokens = tokens
        self._domains = frozenset(domain.lower() for domain in domains)
        self._wallets = wallets
        self._clock = clock

    async def access_token(self, message: SiweMessage, signature: str) -> str:
        """Return an access token for the address that has signed the message.

        The order of the checks matters: a message rejected for its fields leaves the nonce unused;
        a wrong signature uses it up, so that signatures can't be guessed.

        Raises:
            SignInRefused: a check failed; the error says which.
            DatabaseUnavailable: it is not known whether the nonce is valid.
        """
        try:
            return await self._access_token(message, signature)
        except SignInRefused as error:
            address = message.address if is_address(message.address or "") else None
            log.info("sign_in_rejected", address=address, reason=error.reason)
            raise

    async def close(self) -> None:
        """Close the connections to the Ethereum nodes."""
        await self._wallets.close()

    async def _access_token(self, message: SiweMessage, signature: str) -> str:
        address, nonce = signer_and_nonce(message)
        wallet = bytes.fromhex(address[2:])
        check_message(message, checksummed(wallet), self._domains, self._clock())
        if not self._tokens.can_issue:
            log.error("sign_in_without_key", reason="SIWE_JWT_PRIVATE_KEY is not set")
            raise SignInRefused(reason="SIWE_JWT_PRIVATE_KEY is not set")
        if not await self._nonces.use(nonce):
            raise SignInRefused("Invalid nonce!", reason="nonce is unknown, used or expired")
        await self._check_signature(wallet, message, signature)
        return self._tokens.issue(address)

    async def _check_signature(self, wallet: bytes, message: SiweMessage, signature: str) -> None:
        octets = signature_bytes(signature)
        if octets is None:
            raise _invalid_signature("signature is not hexadecimal")
        texts = possible_texts(message, checksummed(wallet))
        if _has_signed(wallet, map(signed_message_digest, texts), octets):
            return
        chain_id = chain_id_of(message)
        if not self._wallets.knows(chain_id):
            raise _invalid_signature(
                "signature is of another key, and the chain has no Ethereum node"
            )
        # A call to a node costs more than the recovery of a key, so fewer texts are tried.
        digests = [signed_message_digest(t) for t in likely_texts(message, checksummed(wallet))]
        if not await self._wallets.have_signed(chain_id, wallet, digests, octets):
            raise _invalid_signature("signature is of another key, and the node did not confirm it")


def _has_signed(wallet: bytes, digests: Iterable[bytes], signature: bytes) -> bool:
    """Return True if the key of this address has signed one of the digests."""
    canonical = canonical_signature(signature)
    if canonical is None:
        return False  # not a signature of a key; it can still be one of a contract
    for digest in digests:
        try:
            if recovered_address(digest, canonical) == wallet:
                return True
        except VerificationFailed:
            continue
    return False


def _invalid_signature(reason: str) -> SignInRefused:
    return SignInRefused("Invalid signature!", reason=reason)
