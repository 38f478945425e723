"""What becomes of each faulty model: status, phase, and what its record says."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The expectation for one model.

    Attributes:
        status: Status of its record.
        says: Regular expression that the message matches.
        phase: Phase of its record, empty where it does not matter.
        log: Text that the end of its log holds.
        trace: Text that the traceback holds.
    """

    status: str
    says: str = "^$"
    phase: str = ""
    log: str = ""
    trace: str = ""


def ok() -> Case:
    """Return the case of a model that harms nobody, itself included."""
    return Case(status="ok", phase="done")


def failed(says: str, *, phase: str = "fit", log: str = "", trace: str = "") -> Case:
    """Return the case of a model that raises."""
    return Case(status="failed", says=says, phase=phase, log=log, trace=trace)


def crashed(says: str, *, phase: str = "fit", log: str = "") -> Case:
    """Return the case of a model whose process ends."""
    return Case(status="crashed", says=says, phase=phase, log=log)


def timeout() -> Case:
    """Return the case of a model that does not end."""
    return Case(status="timeout", says=r"^longer than [\d.]+ s$", phase="fit")


def invalid(says: str, *, phase: str = "score") -> Case:
    """Return the case of a model whose output breaks the contract."""
    return Case(status="invalid", says=says, phase=phase)


def hungry() -> Case:
    """Return the case of a model that uses too much memory."""
    return Case(
        status="out-of-memory", says=r"^used [\d,]+ MiB, allowed are 600$", phase="fit"
    )


CASES = {
    # raising
    "raises": failed("^ValueError: the learning rate went wild$", trace="in spoil"),
    "raises-base-exception": failed("^OddError: not an Exception$"),
    "str-raises": failed(r"^MuteError: \(its message cannot be shown\)$"),
    "ends-with-zero": failed("^the model ended its process: SystemExit: 0$"),
    "raises-interrupt": failed("^KeyboardInterrupt"),
    "huge-message": failed(r"^ValueError: x{1000,1990}\.\.\.$"),
    "dirty-message": failed(
        r"^ValueError: red \\ud800 abc \| <script> =cmd\(\)\nlast$"
    ),
    "recurses-for-ever": failed("^RecursionError: maximum recursion depth"),
    "raises-memory-error": Case(
        status="out-of-memory", says="^MemoryError", phase="fit"
    ),
    "raises-in-score": failed("^ValueError: no scores today$", phase="score"),
    "raises-in-init": failed("^ValueError: not even built$", phase="load"),
    "broken-size": failed("^ValueError: cannot count$", phase="score"),
    "raises-group": failed("^ExceptionGroup: a hundred at once"),
    # dying
    "exits-zero": crashed("^ended with status 0 and left no result$"),
    "exits-three": crashed("^ended with status 3 and left no result$"),
    "segfaults": crashed("^killed by SIGSEGV while in phase fit$", log="Segmentation"),
    "aborts": crashed("^killed by SIGABRT while in phase fit$", log="Aborted"),
    "kills-itself": crashed("^killed by SIGKILL while in phase fit$"),
    "kills-its-nanny": crashed("^killed by SIGKILL while in phase fit$"),
    "closes-everything": ok(),
    "dies-in-score": crashed("^killed by SIGSEGV while in phase score$", phase="score"),
    # hanging
    "hangs": timeout(),
    "hangs-in-c": timeout(),
    "ignores-the-signal": timeout(),
    "stops-itself": timeout(),
    "hangs-without-news": timeout(),
    "blocks-at-exit": ok(),
    "leaves-a-thread": ok(),
    "reads-input": failed("^EOFError"),
    # leaving
    "leaves-a-daemon": ok(),
    "leaves-children": ok(),
    "leaves-a-group": ok(),
    "forks-fast": ok(),
    # hungry
    "allocates-for-ever": hungry(),
    "child-allocates": hungry(),
    "daemon-allocates": hungry(),
    "prints-gigabytes": failed("printed enough", log="a very chatty model"),
    "prints-noise": failed("noisy", log="final words"),
    "reports-for-ever": ok(),
    "reports-nonsense": ok(),
    # meddling
    "writes-into-train": ok(),
    "writes-through-torch": ok(),
    "patches-numpy": failed("^ZeroDivisionError", phase="score"),
    "patches-builtins": crashed("^ended with status 70 and left no result$", phase=""),
    "patches-recbench": invalid("repeated items|seen", phase="check"),
    "changes-torch": ok(),
    "changes-folder": ok(),
    "changes-locale": ok(),
    "clears-environment": ok(),
    "changes-signals": ok(),
    "changes-interpreter": ok(),
    "deletes-scratch": ok(),
    "deletes-its-files": ok(),
    "links-its-log": failed("^ValueError: linked$", log="before the link"),
    "forges-a-result": crashed("^ended with status 0 and left no result$"),
    "forges-and-goes-on": ok(),
    "leaves-pipes": crashed("^ended with status 0 and left no result$"),
    "limits-itself": crashed("^ended with status 70 and left no result$"),
    "claims-huge-output": invalid("has shape .90000000000, 50. ", phase="check"),
    # wrong output
    "scores-nan": invalid(r"score\(users\) returned \d+ values that are NaN"),
    "scores-infinity": invalid(r"returned \d+ values that are NaN or infinite"),
    "scores-wrong-shape": invalid(r"returned shape \(\d+, \d+\), expected"),
    "scores-too-few": invalid(r"returned shape \(\d+, \d+\), expected"),
    "scores-integers": invalid("returned dtype int64, expected float32"),
    "scores-none": invalid("returned NoneType, not a NumPy array"),
    "scores-sparse": invalid("returned csr_array, not a NumPy array"),
    "scores-list": invalid("returned list, not a NumPy array"),
    "scores-objects": invalid("returned dtype object, expected float32"),
    "scores-too-large": invalid("NaN or infinite"),
    "scores-strided": ok(),
    "constant-scores": ok(),
    "repeats-items": invalid(r"the lists hold \d+ repeated items"),
    "lists-seen": invalid("the lists hold 1 items the user has already seen"),
    "lists-unknown": invalid("the lists hold 1 items outside the catalogue"),
    "lists-holes": invalid(r"the lists hold \d+ items after padding"),
    "lists-negative": invalid("the lists hold 1 items outside the catalogue"),
    "lists-floats": invalid("returned float32, expected an int32 array"),
    "vectors-nan": invalid(r"user_vectors\(users\) returned \d+ values that are NaN"),
    "vectors-mismatch": invalid(r"item_vectors\(\) returned shape"),
    "predicts-nan": invalid("NaN or infinite"),
    "predicts-too-few": invalid(r"predict\(users, items\) returned shape"),
    "predicts-none": invalid("returned NoneType"),
    "predicts-huge": ok(),
    # lacking
    "lacks-score": invalid("has no score, user_vectors", phase="load"),
    "lacks-fit": invalid(r"has no fit\(train, context\)", phase="load"),
    "fails-in-the-child": failed(
        "^ModuleNotFoundError: No module named 'module_that_does_not_exist'",
        phase="load",
    ),
}

LONG = {  # seconds, not a fraction of one
    *(name for name, case in CASES.items() if case.status == "timeout"),
    *(name for name, case in CASES.items() if case == hungry()),
    "huge-message",
    "forks-fast",
    "prints-gigabytes",
    "reports-for-ever",
}
SLOW = LONG - {"hangs-in-c", "ignores-the-signal", "allocates-for-ever"}
RATING = {name for name in CASES if name.startswith("predicts-")}

ALONE = {  # models that get a test of their own
    "fills-the-disk": "infrastructure",
}
