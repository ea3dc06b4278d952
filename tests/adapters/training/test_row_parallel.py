from __future__ import annotations

import torch
from torch import Tensor, nn

from crossover.adapters.training.row_parallel import RowParallel, independent


def layer() -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(6, 3)


def loss_of(model: nn.Module, inputs: dict[str, Tensor]) -> Tensor:
    return model(inputs["x"]).square().sum() / 7


def test_parts_give_the_loss_and_the_gradients_of_the_whole_batch_and_add_to_what_was_there() -> None:
    whole, parts, inputs = layer(), layer(), {"x": torch.randn(5, 6)}
    for _ in range(2):
        expected = loss_of(whole, inputs)
        expected.backward()
        rows = RowParallel(list(parts.parameters()), threads=3)
        loss = rows.backward(lambda some: loss_of(parts, some), inputs)
        assert torch.isclose(loss, expected)
    for one, other in zip(whole.parameters(), parts.parameters(), strict=True):
        assert torch.allclose(one.grad, other.grad, atol=1e-5)


def test_equal_runs_give_equal_bits_and_the_threads_of_the_caller_stay() -> None:
    before, inputs = torch.get_num_threads(), {"x": torch.randn(64, 6)}
    seen = set()
    for _ in range(8):
        model = layer()
        for _ in range(2):
            RowParallel(list(model.parameters()), threads=4).backward(lambda some: loss_of(model, some), inputs)  # noqa: B023
        seen.add(tuple(model.weight.grad.flatten().tolist()))
    assert len(seen) == 1 and torch.get_num_threads() == before


def test_dropout_makes_rows_depend_on_each_other() -> None:
    class Config:
        def __init__(self, rate: float) -> None:
            self.rate = rate

        def to_dict(self) -> dict[str, object]:
            return {"attention_dropout": self.rate, "layers": 5}

    def model(rate: float, config_rate: float) -> nn.Module:
        built = nn.Sequential(nn.Linear(2, 2), nn.Dropout(rate))
        built.config = Config(config_rate)
        return built

    assert independent(model(0.0, 0.0))
    assert not independent(model(0.1, 0.0)) and not independent(model(0.0, 0.1))
