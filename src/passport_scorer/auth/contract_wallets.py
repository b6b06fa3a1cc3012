"""Whether a contract wallet has signed a digest: an Ethereum node knows.

Source: specification, auth.md ("Sign-in"); EIP-1271; EIP-6492.
"""

from __future__ import annotations

import asyncio

import structlog

from passport_scorer.auth.ethereum_node import EthereumNode, NodeFailed
from passport_scorer.auth.wallet_calls import (
    VALID,
    WrappedSignature,
    deploy_and_ask,
    is_valid_signature_call,
    unwrap,
)

CHAIN_ID = 1  # identities are `did:pkh:eip155:1:…`: accounts of this chain
LONGEST_SIGNATURE = 16 * 1024  # bytes
_MOST_QUESTIONS = 8

log = structlog.get_logger()


class ContractWallets:
    """Asks a node; when it can't tell, the answer is no.

    Args:
        node: the node.
        timeout: seconds to wait for a verdict, the wait for one's turn included.
    """

    def __init__(self, node: EthereumNode, *, timeout: float = 5.0) -> None:
        self._node = node
        self._timeout = timeout
        self._turns = asyncio.Semaphore(_MOST_QUESTIONS)

    async def has_signed(self, wallet: bytes, digest: bytes, signature: bytes) -> bool:
        """Return True only if the wallet says so.

        Args:
            wallet: the address (20 bytes).
            digest: what was signed (32 bytes).
            signature: of any length; wrapped as EIP-6492 says, or for EIP-1271.
        """
        if len(signature) > LONGEST_SIGNATURE:
            return False
        try:
            wrapped = unwrap(signature)
            async with asyncio.timeout(self._timeout), self._turns:
                if wrapped is None:
                    return await self._says_yes(wallet, digest, signature)
                return await self._wrapped_says_yes(wallet, digest, wrapped)
        except (NodeFailed, TimeoutError, ValueError) as error:
            reason = str(error) if isinstance(error, NodeFailed) else type(error).__name__
            log.warning("wallet_not_asked", address="0x" + wallet.hex(), reason=reason)
            return False

    async def close(self) -> None:
        """Close the connections to the node."""
        await self._node.close()

    async def _says_yes(self, wallet: bytes, digest: bytes, signature: bytes) -> bool:
        question = is_valid_signature_call(digest, signature)
        return await self._node.run(question, wallet) == VALID

    async def _wrapped_says_yes(
        self, wallet: bytes, digest: bytes, wrapped: WrappedSignature
    ) -> bool:
        """First as the wallet is now; then after the call that deploys it or makes it ready."""
        try:
            if await self._says_yes(wallet, digest, wrapped.signature):
                return True
        except NodeFailed as error:
            log.info("wallet_not_ready", address="0x" + wallet.hex(), reason=str(error))
        return await self._node.run(deploy_and_ask(wrapped, wallet, digest)) == b"\x01"
