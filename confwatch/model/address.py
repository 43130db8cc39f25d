"""Where others reach a service: what an operator may write for its address."""

from typing import TypeAlias

from msgspec import Struct


class Auto(Struct, frozen=True):
    """The address we reach the store from."""

    def __str__(self) -> str:
        """Read as it is written."""
        return "auto"


class Literal(Struct, frozen=True):
    """An IP address or a host name, as it is announced."""

    text: str

    def __str__(self) -> str:
        """Read as it is written."""
        return self.text


class Interface(Struct, frozen=True):
    """An address of a network interface.

    Attributes:
        name: as the kernel calls it.
        family: 4 or 6; None for either, 4 first.
        index: from 0, among its addresses of that family, sorted.
    """

    name: str
    family: int | None = None
    index: int = 0

    def __str__(self) -> str:
        """Read as it is written."""
        family = {4: ":inet", 6: ":inet6", None: ""}[self.family]
        return f"iface:{self.name}{family}{f'[{self.index}]' if self.index else ''}"


class Network(Struct, frozen=True):
    """The first address of this machine, in order, inside a network.

    Attributes:
        cidr: such as ``10.0.0.0/8``.
    """

    cidr: str

    def __str__(self) -> str:
        """Read as it is written."""
        return f"cidr:{self.cidr}"


AddressRule: TypeAlias = Auto | Literal | Interface | Network
