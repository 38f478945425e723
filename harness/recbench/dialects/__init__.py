"""Dialects: any recommender's lists, scored as each library would score them.

``score`` is the way in; what each dialect does stands in ``declared``. Importing this
package costs nothing: NumPy and pandas come in with the first score.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recbench.dialects.scores import Score as Score
    from recbench.dialects.scores import Scores as Scores
    from recbench.dialects.scores import score as score

__all__ = ["Score", "Scores", "score"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the API's names differ in type
    """Import the arithmetic when it is first used."""
    if name not in __all__:
        msg = f"module 'recbench.dialects' has no attribute {name!r}"
        raise AttributeError(msg)
    from recbench.dialects import scores

    return getattr(scores, name)
