"""Settings of torch: as wanted inside, as before outside."""

import pytest
import torch

from protdiff._system.torch_settings import one_thread, single_precision

from ..conftest import double_precision


def test_one_thread_on_a_cpu_alone():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.raises(RuntimeError, match="inside"), one_thread():
            assert torch.get_num_threads() == 1
            raise RuntimeError("inside")
        with one_thread("cuda"):
            assert torch.get_num_threads() == 2
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_the_last_to_leave_puts_the_default_back():
    """Threads enter and leave in any order; the default is that of all of them."""
    with double_precision():
        first, second = single_precision(), single_precision()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert torch.zeros(1).dtype == torch.float32
        second.__exit__(None, None, None)
        assert torch.zeros(1).dtype == torch.float64
    with pytest.raises(RuntimeError, match="inside"), single_precision():
        raise RuntimeError("inside")
    assert torch.get_default_dtype() == torch.float32
