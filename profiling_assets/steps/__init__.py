"""One function per result: what it reads, what it calls, what it hands over; what is current.

Free of Dagster: a step runs in a notebook as it does in the graph.
"""
