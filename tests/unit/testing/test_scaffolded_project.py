"""What ``recbench new model --package`` writes installs, and its tests pass."""

import pytest


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("task", ["top-n", "rating"])
def test_the_project_installs_and_its_own_tests_pass(shell, task) -> None:
    shell(f"recbench new model recbench-mine --package --task {task}")

    shell("python -m pip install -q -e recbench-mine")
    tested = shell("python -m pytest recbench-mine")
    checked = shell("recbench check recbench-mine --strict")
    owner = shell(
        'python -c "from recbench import plugins;'
        "print(plugins.load().origin['models', 'recbench-mine'].distribution)\""
    )

    assert " passed" in tested
    assert "checks passed" in checked
    assert owner.strip() == "recbench-mine"
