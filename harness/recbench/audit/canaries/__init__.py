"""Cells that try to cheat, run by the real runner: when one sings, the harness leaks.

*Cheaters* are handed interactions in which nothing can be learnt, since every user met
items at random, and read whatever is within their reach. None may beat chance.

*Shuffled labels* train ordinary models on interactions whose association of users and
items was destroyed. None may beat what is left: popularity, chance, or the mean.
"""
