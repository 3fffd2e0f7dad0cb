"""What Linux did is remembered, unless the host was kept busy."""
import os
import tempfile
import unittest
from unittest import mock

from . import common
from .suites import oracle


def recalled_later(environment):
    """What another run recalls of an answer that was kept in this environment."""
    others = {name: value for name, value in os.environ.items() if name != oracle.BUSY}
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(common, "CACHE", folder):
        memory = oracle.Memory()
        with mock.patch.dict(os.environ, {**others, **environment}, clear=True):
            memory.keep("key", "answer")
        assert memory.used == {"key": "answer"}
        return oracle.Memory().recall("key")


class OracleTest(unittest.TestCase):
    def test_answers_are_kept(self):
        self.assertEqual(recalled_later({}), "answer")

    def test_answers_of_a_busy_host_are_not(self):
        self.assertIsNone(recalled_later({oracle.BUSY: "2"}))


if __name__ == "__main__":
    unittest.main()
