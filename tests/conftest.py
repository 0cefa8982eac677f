"""Tests never write into the home of whoever runs them."""

import os

import pytest


@pytest.fixture(autouse=True, scope="session")
def home_for_progress(tmp_path_factory):
    os.environ["RWLIB_HOME"] = str(tmp_path_factory.mktemp("home"))


@pytest.fixture(autouse=True)
def no_fault_in_a_widget():
    """Errors in callbacks become messages in the widget; here none may be overlooked."""
    import sys

    yield
    panel = sys.modules.get("rwlib.widgets.shared.panel")
    faults = list(panel.FAULTS) if panel else []
    if panel:
        panel.FAULTS.clear()
    assert not faults, faults


PATIENCE_S = 1800
"""How long a test waits for another process before it calls it hung: much longer than any takes on a busy machine."""
