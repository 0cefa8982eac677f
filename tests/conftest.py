"""Tests never write into the home of whoever runs them."""

import os

import pytest


@pytest.fixture(autouse=True, scope="session")
def home_for_progress(tmp_path_factory):
    os.environ["RWLIB_HOME"] = str(tmp_path_factory.mktemp("home"))
