"""The verdict on one message: pure, synchronous, no network."""

from nexus_trio.crisis import screen

for words in ("what a lovely day", "I feel hopeless", "I want to die"):
    print(screen(words).level)
