"""What is released of a reply while the responder writes it, and what stands for the rest."""

from __future__ import annotations

from nexus_trio.crisis.output import OutputScreen


class Released:
    """One reply on its way out: the responder's pieces in, words that may be told out.

    Where something is withheld, `guidance` stands in its place, and nothing of the
    responder's comes behind it. Never waits.
    """

    def __init__(self, guidance: str, *, careful: bool) -> None:
        self._screen = OutputScreen(careful=careful)
        self._guidance = guidance
        self._told = False
        self._ended = False

    @property
    def withheld(self) -> bool:
        """Whether the rest is withheld: the responder need not be heard any further."""
        return self._screen.withheld is not None

    def hear(self, piece: str) -> str:
        """What may be told now that the responder has said `piece`; perhaps nothing."""
        return self._out(self._screen.feed(piece))

    def end(self) -> str:
        """What may be told now that the responder has ended."""
        return self._out(self._screen.finish())

    def _out(self, text: str) -> str:
        self._told = self._told or bool(text)
        if not self.withheld or self._ended:
            return text
        self._ended = True
        gap = "\n\n" if self._told else ""
        return f"{text}{gap}{self._guidance}"
