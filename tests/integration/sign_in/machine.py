"""An Ethereum virtual machine that knows the instructions that we use.

Source: Ethereum Yellow Paper, appendix H.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

Contract = Callable[[bytes], bytes]


class Reverted(Exception):
    """The contract has undone what it did."""


class World:
    """The contracts of a chain: address -> what answers its calls.

    An address without a contract answers every call with nothing, and successfully.
    """

    def __init__(self) -> None:
        self.contracts: dict[bytes, Contract] = {}

    def call(self, address: bytes, data: bytes) -> tuple[int, bytes]:
        """Return the success of the call, and its result."""
        try:
            contract = self.contracts.get(address)
            return 1, contract(data) if contract else b""
        except Reverted as error:
            return 0, error.args[0] if error.args else b""

    def create(self, code: bytes) -> bytes:
        """Run code as if it created a contract, and return what it returns."""
        before = dict(self.contracts)
        try:
            return Machine(self, code).run()
        finally:
            self.contracts = before


class Machine:
    """One run of code."""

    def __init__(self, world: World, code: bytes) -> None:
        self.world = world
        self.code = code
        self.stack: list[int] = []
        self.memory = bytearray(1 << 20)
        self.returned = b""

    def run(self) -> bytes:
        """Run until RETURN; anything unknown is an error."""
        for instruction in self._instructions():
            if instruction == 0xF3:
                offset, size = self._pop(2)
                return bytes(self.memory[offset : offset + size])
            self._step(instruction)
        raise AssertionError("the code ends without RETURN")

    def _instructions(self) -> Iterator[int]:
        position = 0
        while position < len(self.code):
            instruction = self.code[position]
            position += 1
            if 0x60 <= instruction <= 0x7F:
                end = position + instruction - 0x5F
                self.stack.append(int.from_bytes(self.code[position:end]))
                position = end
            else:
                yield instruction

    def _step(self, instruction: int) -> None:
        match instruction:
            case 0x14 | 0x16:
                first, second = self._pop(2)
                self.stack.append(int(first == second) if instruction == 0x14 else first & second)
            case 0x39:
                target, source, size = self._pop(3)
                self._store(target, self.code[source : source + size].ljust(size, b"\0"))
            case 0x3D:
                self.stack.append(len(self.returned))
            case 0x50:
                self._pop(1)
            case 0x51:
                (offset,) = self._pop(1)
                self.stack.append(int.from_bytes(self.memory[offset : offset + 32]))
            case 0x52:
                offset, word = self._pop(2)
                self._store(offset, word.to_bytes(32))
            case 0x5A:
                self.stack.append(10**7)
            case _:
                self._call(instruction)

    def _call(self, instruction: int) -> None:
        assert instruction in {0xF1, 0xFA}, f"unknown instruction {instruction:#x}"
        _gas, address = self._pop(2)
        assert instruction == 0xFA or self._pop(1) == [0], "no money is sent"
        offset, size, target, room = self._pop(4)
        data = bytes(self.memory[offset : offset + size])
        success, self.returned = self.world.call(address.to_bytes(20), data)
        self._store(target, self.returned[:room])
        self.stack.append(success)

    def _store(self, offset: int, octets: bytes) -> None:
        self.memory[offset : offset + len(octets)] = octets

    def _pop(self, count: int) -> list[int]:
        return [self.stack.pop() for _ in range(count)]
