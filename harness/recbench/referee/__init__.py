"""A grade for a board, from its records alone: what they say about fairness.

``recbench audit`` adds what can only be seen with the data sets and the stored lists.
"""
