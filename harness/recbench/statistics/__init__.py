"""Intervals, paired tests, corrections, tie groups.

What is estimated (the estimand), everywhere in this package: the figure that the
model would reach on average over *new users* like those of the data set and over
*new splits* of it (or new model seeds, where there is one split). What is at hand is
a table of users by runs, so the uncertainty has two sources, and both are counted.
"""
