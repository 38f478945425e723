"""Models that change what is not theirs."""

import builtins
import gc
import json
import locale
import os
import resource
import shutil
import signal
import sys
import warnings
from pathlib import Path

import numpy as np

from faulty_models.base import Fine


def own_folder():
    """Return the folder of the cell: the parent of the working directory."""
    return Path.cwd().parent


class WritesIntoTrain(Fine):
    def fit(self, train, context):
        super().fit(train, context)
        train.items[:] = 0
        train.ratings[:] = 5
        train.users[:] = 1
        if context.validation is not None:
            context.validation.items[:] = 0


class WritesThroughTorch(Fine):
    def fit(self, train, context):
        import torch

        super().fit(train, context)
        torch.from_numpy(train.items).zero_()
        torch.from_numpy(train.ratings).fill_(5)


class PatchesNumpy(Fine):
    def spoil(self, train, context):
        np.isfinite = lambda values: np.ones(np.shape(values), dtype=bool)
        for name in ("argsort", "argpartition", "lexsort", "partition", "sort"):
            setattr(np, name, lambda *args, **kwargs: 1 / 0)
        np.float32 = np.float64


class PatchesBuiltins(Fine):
    def spoil(self, train, context):
        builtins.len = lambda _: 3
        builtins.isinstance = lambda *_: False


class PatchesRecbench(Fine):
    def spoil(self, train, context):
        from recbench.evaluation import scoring
        from recbench.runner import asking

        def lists(model, users, rules, *_rest, **_options):
            return np.zeros((len(users), rules.k), dtype=np.int32), None

        scoring.rank = asking.scoring.rank = lists
        scoring.verify_lists = lambda *args: None


class ChangesTorch(Fine):
    def spoil(self, train, context):
        import torch

        torch.set_default_dtype(torch.float64)
        torch.set_num_threads(8)
        torch.manual_seed(1)
        np.random.seed(1)


class ChangesFolder(Fine):
    def spoil(self, train, context):
        os.chdir("/")


class ChangesLocale(Fine):
    def spoil(self, train, context):
        locale.setlocale(locale.LC_ALL, "C.UTF-8")
        os.umask(0o777)


class ClearsEnvironment(Fine):
    def spoil(self, train, context):
        os.environ.clear()
        os.environ["OMP_NUM_THREADS"] = "64"


class ChangesSignals(Fine):
    def spoil(self, train, context):
        for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)


class ChangesInterpreter(Fine):
    def spoil(self, train, context):
        warnings.simplefilter("error")
        np.seterr(all="raise")
        sys.setrecursionlimit(120)
        gc.disable()
        sys.stdout = sys.stderr = None
        for name in list(sys.modules):
            if name.startswith("faulty_models"):
                del sys.modules[name]


class DeletesScratch(Fine):
    def spoil(self, train, context):
        shutil.rmtree(Path.cwd())


class DeletesItsFiles(Fine):
    def spoil(self, train, context):
        context.report(epoch=1, loss=0.5)
        folder = own_folder()
        os.chdir("/")
        shutil.rmtree(folder)


class LinksItsLog(Fine):
    def spoil(self, train, context):
        print("before the link", flush=True)
        for name in ("log.txt", "events.jsonl", "result.json"):
            (own_folder() / name).unlink(missing_ok=True)
            (own_folder() / name).symlink_to("/etc/passwd")
        msg = "linked"
        raise ValueError(msg)


def forge(score):
    """Write a result that looks like the harness's own."""
    result = {
        "status": "ok",
        "token": "0" * 16,
        "seconds": {"fit": 0.001, "score": 0.001},
        "peak_mib": 1.0,
    }
    (own_folder() / "result.json").write_text(json.dumps(result))
    np.save(own_folder() / "lists.npy", score)


class ForgesAResult(Fine):
    def spoil(self, train, context):
        forge(np.zeros((3, 50), dtype=np.int32))
        os._exit(0)


class ForgesAndGoesOn(Fine):
    def spoil(self, train, context):
        forge(np.zeros((3, 50), dtype=np.int32))


class LeavesPipes(Fine):
    def spoil(self, train, context):
        for name in ("result.json", "lists.npy"):
            os.mkfifo(own_folder() / name)
        os._exit(0)


class LimitsItself(Fine):
    def spoil(self, train, context):
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


class ClaimsHugeOutput(Fine):
    def spoil(self, train, context):
        save = np.save

        def huge(path, array):
            save(path, array)
            shape = str(array.shape).encode()
            data = path.read_bytes()
            claimed = b"(90000000000, 50)"
            spare = len(claimed) - len(shape)
            data = data.replace(shape, claimed).replace(b" " * spare + b"\n", b"\n")
            path.write_bytes(data)

        np.save = huge
