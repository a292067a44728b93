"""How sure is a number, and do numbers go together? Methods that know nothing of curricula.

What each covers at the n it is used for is measured: `docs/measured/coverage.md`.
"""
