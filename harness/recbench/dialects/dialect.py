"""A dialect: rules for every metric, and the sentence that says how they differ."""

from dataclasses import dataclass, field, fields

from recbench.dialects.choices import OWN, Lacking, Order, Relevance, Rule, Users

FORMULAS = {
    "precision": "hits in the top k, divided by k",
    "recall": "hits in the top k, divided by the number of relevant items",
    "ndcg": "a hit at rank r gains 1 / log2(r + 1), divided by the best possible sum",
    "map": "precision summed at the hits in the top k, divided by min(k, relevant)",
    "mrr": "1 / rank of the first hit in the top k, else 0",
    "hit-rate": "1 for a list with a hit in the top k, else 0",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one library computes the metrics.

    Attributes:
        name: As typed on the command line.
        library: As printed, with the version that was read and run.
        rules: A definition, or the reason that there is none, by metric.
        relevance: Which truth items are relevant.
        order: How a list given by scores is ordered.
        proof: What the dialect is tested against.
        note: A clause added to every sentence.
    """

    name: str
    library: str
    rules: dict[str, Rule | Lacking] = field(default_factory=lambda: dict(OWN))
    relevance: Relevance = Relevance.EVERY
    order: Order = Order.FILE
    proof: str = "the installed package"
    note: str = ""

    def sentence(self, metric: str) -> str:
        """Say in one sentence how the dialect defines a metric, against recbench."""
        rule = self.rules[metric]
        if isinstance(rule, Lacking):
            return f"{self.library} has no {metric}: {rule.reason}."
        clauses = _differences(rule, OWN[metric])
        own = Dialect(name="recbench", library="recbench")
        shared = (self.relevance, own.relevance), (self.order, own.order)
        clauses += [choice.words for choice, default in shared if choice is not default]
        if self.name == own.name:
            return f"recbench: {FORMULAS[metric]}; {Users.RELEVANT.words}."
        head = f"{self.library} differs from recbench"
        if not clauses:
            head = f"{self.library} agrees with recbench"
            clauses = [FORMULAS[metric]]
        clauses += [self.note] if self.note else []
        return f"{head}: {'; '.join(clauses)}."


def _differences(rule: Rule, own: Rule) -> list[str]:
    """Return a clause for every choice that is not recbench's, with recbench's."""
    chosen = [(getattr(rule, f.name), getattr(own, f.name)) for f in fields(rule)]
    return [f"{c.words} (recbench: {o.words})" for c, o in chosen if c is not o]
