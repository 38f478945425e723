"""What the Ray engine is made of.

On the machine of the run: :mod:`connection`, :mod:`nodes` (what there is),
:mod:`flights` (cells on their way), :mod:`orders` (what nodes are told) and
:mod:`desk` (a small actor that they talk to). On a node: :mod:`wire` (the task),
:mod:`remote` (the cell) and :mod:`supply` (its view and plugins) from the
:mod:`depot` (what a node keeps).
"""
