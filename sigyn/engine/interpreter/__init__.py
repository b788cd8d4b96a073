"""The reference interpreter: LogQL's semantics, entry by entry.

Every stage is a function from a mutable `Processed` entry to whether the entry stays; `Pipeline`
compiles the stages of a query once and runs them over entries. What a faster engine answers has to
agree with what these modules say.
"""
