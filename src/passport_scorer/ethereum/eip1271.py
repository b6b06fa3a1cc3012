"""Whether a contract wallet has signed a digest: an Ethereum node of its chain knows.

Source: specification, auth.md ("Sign-in"); EIP-1271; EIP-6492.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import structlog

from passport_scorer.ethereum.eip6492 import (
    VALID,
    WrappedSignature,
    deploy_and_ask,
    is_valid_signature_call,
    unwrap,
)
from passport_scorer.ethereum.json_rpc import CallFailed, EthereumNode, NodeFailed

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

    async def has_signed(self, wallet: bytes, digests: Sequence[bytes], signature: bytes) -> bool:
        """Return True only if the wallet says so of one of the digests.

        Args:
            wallet: the address (20 bytes).
            digests: what may have been signed (32 bytes each), a few at most.
            signature: of any length, also empty; wrapped as EIP-6492 says, or for EIP-1271.
        """
        if len(signature) > LONGEST_SIGNATURE:
            return False
        try:
            async with asyncio.timeout(self._timeout), self._turns:
                return await self._confirms_one(wallet, digests, signature)
        except (NodeFailed, TimeoutError, ValueError) as error:
            reason = str(error) if isinstance(error, NodeFailed) else type(error).__name__
            log.warning("wallet_not_asked", address="0x" + wallet.hex(), reason=reason)
            return False

    async def close(self) -> None:
        """Close the connections to the node."""
        await self._node.close()

    async def _confirms_one(
        self, wallet: bytes, digests: Sequence[bytes], signature: bytes
    ) -> bool:
        """Wallets may revert instead of saying no, which says nothing of the other digests."""
        wrapped = unwrap(signature)
        failed: CallFailed | None = None
        for digest in digests:
            try:
                if wrapped is None:
                    confirmed = await self._says_yes(wallet, digest, signature)
                else:
                    confirmed = await self._wrapped_says_yes(wallet, digest, wrapped)
            except CallFailed as error:
                failed = error
                continue
            if confirmed:
                return True
        if failed is not None:
            raise failed
        return False

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


class ChainWallets:
    """Asks the node of a chain; each has turns and a time of its own.

    Args:
        of_chain: chain id -> what asks its node.
        other: what is asked for chains that have none of their own; None: nothing.
    """

    def __init__(
        self, of_chain: Mapping[int, ContractWallets], other: ContractWallets | None
    ) -> None:
        self._of_chain = of_chain
        self._other = other

    def knows(self, chain_id: int) -> bool:
        """Return True if there is a node to ask about wallets of this chain."""
        return chain_id in self._of_chain or self._other is not None

    async def have_signed(
        self, chain_id: int, wallet: bytes, digests: Sequence[bytes], signature: bytes
    ) -> bool:
        """Return True only if the wallet says so; see `ContractWallets.has_signed`."""
        wallets = self._of_chain.get(chain_id, self._other)
        return wallets is not None and await wallets.has_signed(wallet, digests, signature)

    async def close(self) -> None:
        """Close the connections to all nodes."""
        for wallets in (*self._of_chain.values(), self._other):
            if wallets is not None:
                await wallets.close()
