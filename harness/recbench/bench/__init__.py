"""Timing recbench and its models so that two runs can be compared.

Everything is timed beside a fixed calculation of the same run. What is stored and
compared is the ratio of both: a busy or slower machine slows both sides of it.
"""
