"""Signatures of contract wallets, verified by an Ethereum node of their chain.

Source: docs/rules/authentication.md, "Contract wallets"; EIP-1271; EIP-6492.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from passport_scorer.ethereum.eip6492 import (
    VALID,
    WrappedSignature,
    deploy_and_ask,
    is_valid_signature_call,
    unwrap,
)
from passport_scorer.ethereum.errors import CallFailed, NodeFailed
from passport_scorer.ethereum.json_rpc import EthereumNode
from passport_scorer.telemetry.logger import log

LONGEST_SIGNATURE = 16 * 1024  # bytes
_MAX_CONCURRENT_CHECKS = 8


class ContractWallets:
    """Verifies signatures with a node; fails closed: if the node can't tell, the answer is no.

    Args:
        node: the node.
        timeout: seconds for a verdict, including the wait for a free slot.
    """

    def __init__(self, node: EthereumNode, *, timeout: float = 5.0) -> None:
        self._node = node
        self._timeout = timeout
        self._slots = asyncio.Semaphore(_MAX_CONCURRENT_CHECKS)

    async def has_signed(self, wallet: bytes, digests: Sequence[bytes], signature: bytes) -> bool:
        """Return True only if the wallet confirms the signature of one of the digests.

        Args:
            wallet: the address (20 bytes).
            digests: a few candidates for what was signed (32 bytes each).
            signature: of any length, possibly empty; for EIP-1271, or wrapped as in EIP-6492.
        """
        if len(signature) > LONGEST_SIGNATURE:
            return False
        try:
            async with asyncio.timeout(self._timeout), self._slots:
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
        """Try each digest: a wallet can revert instead of returning false for a wrong one."""
        wrapped = unwrap(signature)
        failed: CallFailed | None = None
        for digest in digests:
            try:
                if wrapped is None:
                    confirmed = await self._confirms(wallet, digest, signature)
                else:
                    confirmed = await self._confirms_wrapped(wallet, digest, wrapped)
            except CallFailed as error:
                failed = error
                continue
            if confirmed:
                return True
        if failed is not None:
            raise failed
        return False

    async def _confirms(self, wallet: bytes, digest: bytes, signature: bytes) -> bool:
        question = is_valid_signature_call(digest, signature)
        return await self._node.run(question, wallet) == VALID

    async def _confirms_wrapped(
        self, wallet: bytes, digest: bytes, wrapped: WrappedSignature
    ) -> bool:
        """Ask the wallet as it is now; then after the call that deploys or prepares it."""
        try:
            if await self._confirms(wallet, digest, wrapped.signature):
                return True
        except NodeFailed as error:
            log.info("wallet_not_ready", address="0x" + wallet.hex(), reason=str(error))
        return await self._node.run(deploy_and_ask(wrapped, wallet, digest)) == b"\x01"


class ChainWallets:
    """Contract wallets on several chains; each node has its own limit and timeout.

    Args:
        of_chain: chain id -> wallets of this chain.
        other: for all other chains; None: they are not supported.
    """

    def __init__(
        self, of_chain: Mapping[int, ContractWallets], other: ContractWallets | None
    ) -> None:
        self._of_chain = of_chain
        self._other = other

    def knows(self, chain_id: int) -> bool:
        """Return True if there is a node for this chain."""
        return chain_id in self._of_chain or self._other is not None

    async def have_signed(
        self, chain_id: int, wallet: bytes, digests: Sequence[bytes], signature: bytes
    ) -> bool:
        """Return True only if the wallet confirms it; see `ContractWallets.has_signed`."""
        wallets = self._of_chain.get(chain_id, self._other)
        return wallets is not None and await wallets.has_signed(wallet, digests, signature)

    async def close(self) -> None:
        """Close the connections to all nodes."""
        for wallets in (*self._of_chain.values(), self._other):
            if wallets is not None:
                await wallets.close()
