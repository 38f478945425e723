"""Models that misbehave, one class each; what becomes of them is in ``cases.py``."""

import re

from recbench import ModelSpec, hookimpl

FILES = {
    "raising": (
        "Raises RaisesBaseException StrRaises EndsWithZero RaisesInterrupt "
        "HugeMessage DirtyMessage RecursesForEver RaisesMemoryError RaisesInScore "
        "RaisesInInit BrokenSize RaisesGroup FillsTheDisk"
    ),
    "dying": (
        "ExitsZero ExitsThree Segfaults Aborts KillsItself KillsItsNanny "
        "ClosesEverything DiesInScore"
    ),
    "hanging": (
        "Hangs HangsInC IgnoresTheSignal StopsItself BlocksAtExit LeavesAThread "
        "ReadsInput HangsWithoutNews HangsWithFamily PrintsAndReports"
    ),
    "peeking": "Peeks",
    "killing": "KillsTheServer KillsTheRun",
    "writing": "WritesToDisk WritesByMap",
    "measured": "AllocatesAKnownAmount",
    "leaving": "LeavesADaemon LeavesChildren LeavesAGroup ForksFast",
    "hungry": (
        "AllocatesForEver ChildAllocates DaemonAllocates PrintsGigabytes PrintsNoise "
        "ReportsForEver ReportsNonsense"
    ),
    "meddling": (
        "WritesIntoTrain WritesThroughTorch PatchesNumpy PatchesBuiltins "
        "PatchesRecbench ChangesTorch ChangesFolder ChangesLocale ClearsEnvironment "
        "ChangesSignals DeletesScratch DeletesItsFiles LinksItsLog "
        "ForgesAResult ForgesAndGoesOn LeavesPipes LimitsItself ChangesInterpreter "
        "ClaimsHugeOutput"
    ),
    "wrong_output": (
        "ScoresNan ScoresInfinity ScoresWrongShape ScoresIntegers ScoresNone "
        "ScoresTooFew ScoresSparse ScoresList ScoresObjects ScoresTooLarge "
        "ScoresStrided RepeatsItems ListsSeen ListsUnknown ListsHoles "
        "ListsNegative ListsFloats VectorsNan VectorsMismatch ConstantScores"
    ),
    "wrong_rating": "PredictsNan PredictsTooFew PredictsNone PredictsHuge",
    "lacking": "LacksScore LacksFit",
    "unimportable": "FailsInTheChild",
}


def name_of(cls: str) -> str:
    """Return the model name of a class: ``HangsInC`` is ``hangs-in-c``."""
    return re.sub(r"(?<=[a-zA-Z])(?=[A-Z])", "-", cls).lower()


@hookimpl
def recbench_models():
    """Offer them all."""
    for file, classes in FILES.items():
        for cls in classes.split():
            tasks = {"wrong_rating": ("rating",), "peeking": ("top-n", "rating")}
            yield ModelSpec(
                name=name_of(cls),
                factory=f"faulty_models.{file}:{cls}",
                tasks=tasks.get(file, ("top-n",)),
                default=False,
            )
