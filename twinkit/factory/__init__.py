"""The factory: decides, without a person reading the code, whether a change may merge.

Holdout scenarios in plain English run against the exact commit, several trials each, in private environments with
private twins; the gate counts verdicts in exact integers. May import: testing and everything below; never `cli`.
"""
