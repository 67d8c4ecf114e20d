"""What holds of the whole suite: no test fails by what a real clock says."""

from hypothesis import settings

# The first example of a process may read the lexicon, which takes a second or two.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
