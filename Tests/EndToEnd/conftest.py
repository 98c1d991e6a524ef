# SPDX-License-Identifier: Apache-2.0
"""Fixtures: one shared server and mock for the tests that only call, and servers of their own for those that harm."""

import pytest

from harness import BINARY, MOCK_BINARY, MailServer, Mock, Upstream, Witan

MOCK_MODELS = (
    "mock", "mock-echo", "mock-tools", "mock-nousage", "mock-delay-50", "mock-delay-1500", "mock-cut",
    "mock-garbage", "mock-huge", "mock-midstream", "mock-hang", "mock-status-400", "mock-status-401",
    "mock-status-403", "mock-status-404", "mock-status-408", "mock-status-429", "mock-status-500", "mock-status-503",
    "mock-chunks-3", "mock-chunks-200-gap-20", "mock-chunks-40-gap-50", "mock-nousage-chunks-200-gap-20",
)


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes more than a few seconds; runs all the same")
    for path in (BINARY, MOCK_BINARY):
        if not path.exists():
            pytest.exit(f"{path} is not there; build it first: swift build", returncode=2)


@pytest.fixture(scope="session")
def mock():
    mock = Mock()
    yield mock
    mock.stop()


@pytest.fixture(scope="session")
def shared_witan(mock):
    """The shared server, for fixtures of modules."""
    with Witan() as server:
        server.start().provider("mock", mock.url, *MOCK_MODELS)
        yield server


@pytest.fixture
def witan(shared_witan):
    """The shared server; tests must leave it as they found it."""
    code = shared_witan.process.poll()
    assert code is None, f"the shared server ended with {code}:\n{shared_witan.tail()}"
    return shared_witan


@pytest.fixture(scope="module")
def mail():
    """A mail server of one module's."""
    server = MailServer()
    yield server
    server.stop()


@pytest.fixture
def own_mock():
    """A mock whose count nobody else raises."""
    mock = Mock()
    yield mock
    mock.stop()


@pytest.fixture
def new_witan():
    """Makes servers that may be harmed; they are removed afterwards, whatever became of them."""
    made = []

    def make(start=True, **options):
        made.append(Witan(**options))
        return made[-1].start() if start else made[-1]
    yield make
    for server in reversed(made):
        server.remove()


@pytest.fixture
def upstream():
    """Makes upstreams in this process."""
    made = []

    def make(respond=None):
        made.append(Upstream(respond))
        return made[-1]
    yield make
    for server in reversed(made):
        server.stop()
