"""recbench: compare recommender models on the same data, split, candidates and metric.

What stands in ``__all__`` is the public API; everything else may change. Names are
resolved when first used, so that ``import recbench`` costs next to nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recbench.api import Boards as Boards
    from recbench.api import catalogue as catalogue
    from recbench.api import load_dataset as load_dataset
    from recbench.api import plan as plan
    from recbench.api import records as records
    from recbench.api import run as run
    from recbench.audit.api import audit_board as audit_board
    from recbench.audit.api import order_stability as order_stability
    from recbench.audit.api import run_canaries as run_canaries
    from recbench.audit.api import true_orders as true_orders
    from recbench.datasets.dataset import DataContext as DataContext
    from recbench.datasets.dataset import Dataset as Dataset
    from recbench.dialects import score as score
    from recbench.encoding import FeatureEncoder as FeatureEncoder
    from recbench.errors import ContractError as ContractError
    from recbench.errors import DataError as DataError
    from recbench.errors import PluginError as PluginError
    from recbench.errors import RecbenchError as RecbenchError
    from recbench.errors import UsageError as UsageError
    from recbench.evaluation.lists import score_lists as score_lists
    from recbench.features import Categories as Categories
    from recbench.features import Features as Features
    from recbench.features import Numbers as Numbers
    from recbench.features import Text as Text
    from recbench.hookspecs import hookimpl as hookimpl
    from recbench.interactions import Interactions as Interactions
    from recbench.leaderboard.board import Board as Board
    from recbench.metrics.views import RankedLists as RankedLists
    from recbench.metrics.views import RatedPairs as RatedPairs
    from recbench.protocols import FitContext as FitContext
    from recbench.protocols import Queries as Queries
    from recbench.serving.artefact import load_vectors as load_vectors
    from recbench.serving.bench import serve_bench as serve_bench
    from recbench.serving.export import export as export
    from recbench.specs import DatasetSpec as DatasetSpec
    from recbench.specs import MetricSpec as MetricSpec
    from recbench.specs import ModelSpec as ModelSpec
    from recbench.specs import Protocol as Protocol
    from recbench.specs import SplitSpec as SplitSpec
    from recbench.specs import SuiteSpec as SuiteSpec
    from recbench.specs import param as param
    from recbench.splits.split import Split as Split
    from recbench.states import load_fitted as load_fitted
    from recbench.states import load_state as load_state
    from recbench.states import read_arrays as read_arrays
    from recbench.states import save_arrays as save_arrays
    from recbench.states import save_fitted as save_fitted
    from recbench.tuned import with_tuned as with_tuned
    from recbench.tuning.tune import tune as tune

_WHERE = {
    "Board": "leaderboard.board",
    "Boards": "api",
    "audit_board": "audit.api",
    "catalogue": "api",
    "load_dataset": "api",
    "order_stability": "audit.api",
    "plan": "api",
    "records": "api",
    "run": "api",
    "run_canaries": "audit.api",
    "score": "dialects",
    "Categories": "features",
    "ContractError": "errors",
    "DataContext": "datasets.dataset",
    "DataError": "errors",
    "Dataset": "datasets.dataset",
    "DatasetSpec": "specs",
    "FeatureEncoder": "encoding",
    "Features": "features",
    "FitContext": "protocols",
    "Interactions": "interactions",
    "MetricSpec": "specs",
    "ModelSpec": "specs",
    "Numbers": "features",
    "PluginError": "errors",
    "Protocol": "specs",
    "Queries": "protocols",
    "RankedLists": "metrics.views",
    "RatedPairs": "metrics.views",
    "RecbenchError": "errors",
    "Split": "splits.split",
    "SplitSpec": "specs",
    "SuiteSpec": "specs",
    "Text": "features",
    "UsageError": "errors",
    "export": "serving.export",
    "hookimpl": "hookspecs",
    "load_fitted": "states",
    "load_state": "states",
    "load_vectors": "serving.artefact",
    "param": "specs",
    "read_arrays": "states",
    "save_arrays": "states",
    "save_fitted": "states",
    "serve_bench": "serving.bench",
    "score_lists": "evaluation.lists",
    "true_orders": "audit.api",
    "tune": "tuning.tune",
    "with_tuned": "tuned",
}

__version__ = "0.1.0"
__all__ = sorted([*_WHERE, "__version__"])  # noqa: PLE0605 - sorted() returns a list


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the API's names differ in type
    """Import a public name when it is first used."""
    if name not in _WHERE:
        msg = f"module 'recbench' has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(importlib.import_module(f"recbench.{_WHERE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return __all__
