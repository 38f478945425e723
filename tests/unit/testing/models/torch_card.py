"""Models in torch, named lazily: one that is sound and some with torch's own traps."""

from collections.abc import Iterator

from recbench import ModelSpec, hookimpl

NAMES = {
    "sound": "Sound",
    "unseeded": "Unseeded",
    "fixed-seed": "FixedSeed",
    "dropout-left-on": "DropoutLeftOn",
    "batch-norm-left-on": "BatchNormLeftOn",
    "shares-memory": "SharesMemory",
}


@hookimpl
def recbench_models() -> Iterator[ModelSpec]:
    for name, class_name in NAMES.items():
        yield ModelSpec(
            name=name,
            factory=f"recbench_torch_models:{class_name}",
            tasks=("top-n",),
            summary="autoencoder",
        )
