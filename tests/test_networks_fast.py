"""The fast layers stay out of compiled graphs, and importing them does not load the compiler."""

import subprocess
import sys

import pytest
import torch

from rwlib.networks.fast.reflect_conv import never_compiled


@pytest.mark.slow  # loads the compiler
def test_a_function_that_is_never_compiled_stays_out_of_the_graph():
    graphs = []

    def backend(graph, inputs):
        graphs.append([node.target for node in graph.graph.nodes])
        return graph.forward

    layer = never_compiled(lambda x: torch.sin(x))
    compiled = torch.compile(lambda x: torch.tanh(layer(torch.cos(x))), backend=backend)
    x = torch.rand(3)
    for _ in range(2):
        assert torch.equal(compiled(x), torch.tanh(torch.sin(torch.cos(x))))
    called = {target for graph in graphs for target in graph}
    assert {torch.cos, torch.tanh} <= called and torch.sin not in called


@pytest.mark.slow
def test_filling_a_hole_never_loads_the_compiler():
    """It takes longer to load than all the rest of rwlib."""
    code = (
        "import sys, torch; from rwlib.checkpoints import load_generator; from rwlib.inpainting import fill\n"
        "M = torch.ones(1, 1, 16, 16); M[..., 4:8, 4:8] = 0\n"
        "fill(load_generator()[0], torch.zeros(1, 3, 16, 16), M); print('torch._dynamo' in sys.modules)"
    )
    report = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert report.stdout == "False\n", report.stderr
