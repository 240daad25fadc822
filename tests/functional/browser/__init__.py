"""The page in a real browser, over the whole program.

A package, other than its neighbours, for the fixtures of scope ``package``: Playwright runs an
event loop in the thread of the tests, which has to be gone before the tests of others need theirs.
"""
