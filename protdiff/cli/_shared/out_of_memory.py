"""Errors that mean that memory is full, and what to do about them."""

from __future__ import annotations

__all__ = ["is_out_of_memory", "remedy"]

#: What verbs offer against it; others take shorter chains or smaller files.
REMEDIES = {
    "generate": "use a smaller --batch-size, or shorter chains",
    "check": "use a smaller --chunk-size, or shorter chains",
    "train": "make `beads` or [network] smaller in the configuration",
    "score": "use fewer --jobs, or leave out the largest files",
    "evaluate": "use fewer --jobs, or leave out the largest files",
    "design": "use fewer --jobs, or shorter chains",
    "data": "use fewer --jobs, or leave out the largest files",
    "finetune": "leave out the longest chains",
}


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that there was no memory left, on the processor or the device.

    Examples
    --------
    >>> is_out_of_memory(MemoryError()), is_out_of_memory(RuntimeError("bad memory format"))
    (True, False)
    """
    if isinstance(error, MemoryError):
        return True
    # torch raises errors of its own on GPUs, and a plain one of its allocator elsewhere.
    words = ("out of memory", "DefaultCPUAllocator: can't allocate memory")
    return type(error).__name__ == "OutOfMemoryError" or (
        isinstance(error, RuntimeError) and any(word in str(error) for word in words)
    )


def remedy(verb: str) -> str:
    """What to do about it in a verb."""
    return REMEDIES.get(verb, "use shorter chains or smaller files")
