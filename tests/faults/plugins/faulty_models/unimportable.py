"""A module that cannot be imported; nobody does before the child."""

import module_that_does_not_exist  # noqa: F401


class FailsInTheChild:
    pass
