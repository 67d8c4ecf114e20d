"""What stays at the bottom of the screen: the growing answer, what is waited for, the prompt.

Only the screen's own thread touches it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.data_structures import Size
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.layout import (
    BufferControl,
    ConditionalContainer,
    Dimension,
    FormattedTextControl,
    HSplit,
    Layout,
    Window,
)
from prompt_toolkit.layout.processors import BeforeInput

from nexus_trio.terminal import items
from nexus_trio.terminal.items import Item
from nexus_trio.terminal.painting import Row, painted
from nexus_trio.terminal.rows import rows_of, width_of
from nexus_trio.terminal.view import Place
from nexus_trio.terminal.words import complete

INPUT_ROWS: Final = 6
"""Rows of a long message that are seen while it is typed; it scrolls behind them."""


class Board:
    """The window under what was said. Its attributes are set, and drawn at the next occasion."""

    def __init__(
        self,
        *,
        typed: Callable[[str], None],
        stop: Callable[[], None],
        leave: Callable[[], None],
        choices: Callable[[Item], None],
        size: Callable[[], Size],
    ) -> None:
        self.growing: Item | None = None
        self.status = ""
        self.place = Place("")
        self._typed, self._stop, self._leave = typed, stop, leave
        self._choices = choices
        self._size = size
        # In memory alone: what people write here is nothing to leave in a file.
        self._buffer = Buffer(
            history=InMemoryHistory(), multiline=False, accept_handler=self._accept
        )
        self.keys = self._bindings()
        self.layout = Layout(
            HSplit(
                [
                    _shown(self._growing_text, lambda: self.growing is not None),
                    _shown(self._status_text, lambda: bool(self.status)),
                    Window(
                        BufferControl(self._buffer, [BeforeInput(self._prompt)]),
                        wrap_lines=True,
                        dont_extend_height=True,
                        height=Dimension(min=1, max=INPUT_ROWS),
                    ),
                ]
            )
        )

    def height(self) -> int:
        """Rows that it takes, about: a long message that is being typed may take more."""
        above = len(self._growing_rows()) if self.growing is not None else 0
        return above + (1 if self.status else 0) + 1

    # --- what is drawn ---

    def _growing_rows(self) -> list[Row]:
        """The last rows of the answer, as many as there is room for; it is printed whole later."""
        if self.growing is None:
            return []
        size = self._size()
        return painted(self.growing, max(1, size.columns - 1))[-max(1, size.rows - INPUT_ROWS) :]

    def _growing_text(self) -> StyleAndTextTuples:
        text: StyleAndTextTuples = []
        for row in self._growing_rows():
            text += [("", "\n"), *row] if text else row
        return text

    def _status_text(self) -> StyleAndTextTuples:
        columns = max(1, self._size().columns - 1)
        return [("class:status", "\n".join(rows_of(self.status, columns)))]

    def _prompt(self) -> StyleAndTextTuples:
        where = f" in {self.place.room}" if self.place.room else ""
        whole = f"{self.place.user}{where}> "
        # Half of the row is for what is typed.
        return [("class:prompt", whole if width_of(whole) * 2 <= self._size().columns else "> ")]

    # --- keys ---

    def _accept(self, buffer: Buffer) -> bool:
        self._typed(buffer.text)
        return False

    def _bindings(self) -> KeyBindings:
        keys = KeyBindings()

        @keys.add("c-c")
        def _(_: KeyPressEvent) -> None:
            self._stop()

        @keys.add("c-d", filter=Condition(lambda: not self._buffer.text))
        def _(_: KeyPressEvent) -> None:
            self._leave()

        @keys.add("c-z")
        def _(event: KeyPressEvent) -> None:
            event.app.suspend_to_background()

        @keys.add("tab")
        def _(_: KeyPressEvent) -> None:
            self._complete()

        return keys

    def _complete(self) -> None:
        place, buffer = self.place, self._buffer
        found = complete(buffer.document.text_before_cursor, place.rooms, place.people)
        if found.text:
            buffer.delete_before_cursor(found.over)
            buffer.insert_text(found.text)
        elif found.choices:
            self._choices(items.told(f"Tab could be: {', '.join(found.choices)}"))


def _shown(
    text: Callable[[], StyleAndTextTuples], when: Callable[[], bool]
) -> ConditionalContainer:
    window = Window(FormattedTextControl(text), wrap_lines=False, dont_extend_height=True)
    return ConditionalContainer(window, Condition(when))
