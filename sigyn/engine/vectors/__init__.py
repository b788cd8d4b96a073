"""What metric queries do with numbers, shared by all engines.

An engine turns entries into series of samples; from there on windows, vector aggregations and
binary operations are the same. `evaluate_metric` walks the tree of a query and asks the engine
only for its range aggregations.
"""
