"""The equivariant score network, and the denoiser that it makes with a flow."""

from .denoiser import Denoiser
from .reader import ReaderConfig, SequenceReader
from .score_network import NetworkConfig, ScoreNetwork

__all__ = ["Denoiser", "NetworkConfig", "ReaderConfig", "ScoreNetwork", "SequenceReader"]
