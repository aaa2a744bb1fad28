"""Learning rate, steps of the optimiser, and the moving average."""

import itertools

import pytest
import torch

from protdiff.training.config import TrainingConfig
from protdiff.training.optimisation import (
    MovingAverage,
    adam_tensors,
    adamw,
    averaged_in_place,
    load_adam_tensors,
    take_step,
)
from protdiff.training.trainer import scheduled_rate


def test_learning_rate_shape():
    config = TrainingConfig(data=".", out=".", steps=100, warmup=10, decay=0.5, learning_rate=2.0)
    rates = [scheduled_rate(config, step) for step in range(101)]
    assert rates[0] == pytest.approx(0.2) and rates[20] == 2 and rates[100] == 0
    assert rates[75] == pytest.approx(1.0)
    assert all(a >= b for a, b in itertools.pairwise(rates[10:]))


def steps(model, optimiser, average, count):
    """Some steps of a regression on fixed random numbers."""
    for _ in range(count):
        step = average.updates
        x = torch.randn(8, 3, generator=torch.Generator().manual_seed(step))
        optimiser.zero_grad()
        model(x).square().mean().backward()
        take_step(optimiser, list(model.parameters()), 1e-2, 1.0)
        average.update(model)


def test_moving_average_by_hand():
    torch.manual_seed(0)
    model = torch.nn.Linear(3, 2)
    average, expected = MovingAverage(model, 0.9), model.weight.detach().clone()
    for step in range(1, 120):
        with torch.no_grad():
            model.weight.normal_()
        average.update(model)
        decay = min(0.9, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * model.weight.detach()
        torch.testing.assert_close(average.module.weight.data, expected)


def test_averaged_parameters_are_put_back():
    model = torch.nn.Linear(3, 2)
    average, weight = MovingAverage(model, 0.9), model.weight.detach().clone()
    average.module.weight.data += 1
    with pytest.raises(ZeroDivisionError), averaged_in_place(average, list(model.parameters())):
        assert torch.equal(model.weight, weight + 1)
        raise ZeroDivisionError
    assert torch.equal(model.weight, weight)


def test_saved_optimiser_and_average_continue_bit_for_bit():
    results = []
    for parts in ((6,), (2, 4)):
        torch.manual_seed(0)
        model = torch.nn.Linear(3, 2)
        optimiser, average = adamw(model.parameters(), 0.01), MovingAverage(model, 0.99)
        steps(model, optimiser, average, parts[0])
        for count in parts[1:]:
            saved = {
                k: v.clone() for k, v in adam_tensors(optimiser, model.named_parameters()).items()
            }
            averages = average.module.state_dict()
            optimiser, average = (
                adamw(model.parameters(), 0.01),
                MovingAverage(model, 0.99, parts[0]),
            )
            load_adam_tensors(optimiser, model.named_parameters(), saved)
            average.module.load_state_dict(averages)
            steps(model, optimiser, average, count)
        results.append([*model.parameters(), *average.module.parameters()])
    assert all(torch.equal(whole, resumed) for whole, resumed in zip(*results, strict=True))
