"""Ask ranx for its values: cases as JSON on stdin, per-user values on stdout.

Run in a process of its own, without numba's compiler, which would take 40 seconds.
"""

import json
import sys

from ranx import Qrels, Run, evaluate

case = json.load(sys.stdin)
answers = {}
for measure in case["measures"]:
    qrels = case["graded" if "burges" in measure else "binary"]
    values = evaluate(Qrels(qrels), Run(case["run"]), measure, return_mean=False)
    answers[measure] = dict(zip(sorted(qrels), map(float, values), strict=True))
json.dump(answers, sys.stdout)
