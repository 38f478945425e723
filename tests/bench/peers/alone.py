"""One model of ml-100k in this process alone, with whatever threads are the default.

    python alone.py MODEL TASK

Prints one line of JSON with the figures.
"""

import json
import sys

from recbench.evaluation import scoring
from recbench.testing.benching import open_bench


def main() -> None:
    """Fit, score and measure."""
    name, task = sys.argv[1:]
    bench = open_bench("ml-100k")
    model, train, context = bench.ready(name, task)
    model.fit(train, context)
    view = bench.split(task).view
    if task == "rating":
        output = scoring.predict(model, view.ask_users, view.ask_items, train.scale)
    else:
        output, _ = scoring.rank(
            model, view.ask_users, view.rules(final=True), view.asked()
        )
    print(json.dumps(bench.figures(output, task)))


if __name__ == "__main__":
    main()
