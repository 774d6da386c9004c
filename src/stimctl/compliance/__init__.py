"""Hazards, proofs, SOUP and output tables for a manufacturer or an ethics board, from what exists.

It makes no claim: every cell comes from a file of the repository, from a recorded run of the tests,
or from what is installed here.
"""
