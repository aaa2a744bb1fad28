"""ESMFold through the optional package transformers."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...structure.backbone import Backbone
from ...structure.io.read_write import write
from .commands import FoldError
from .fold_inputs import chain_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .targets import Target

__all__ = ["PUBLISHED", "EsmFoldEngine"]

#: The published weights, 8.4 GB, which transformers downloads at the first use.
PUBLISHED = "facebook/esmfold_v1"
#: A name on the hub: of an owner and of weights.
HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+$")
#: Between two chains, which ESMFold folds as one: residues that link them, and the jump of the
#: residue index; as in the authors' code.
LINKER, INDEX_JUMP = "G" * 25, 512
#: Weights that a folding network cannot lack. Others, as those of contacts, folding does not use.
NEEDED = ("trunk.", "esm.encoder.", "lddt_head.")


@dataclass(frozen=True)
class EsmFoldEngine:
    """ESMFold in this process; the network is loaded when the first sequence is folded.

    Attributes
    ----------
    model : str
        Name of the weights on the Hugging Face hub, or a folder with them.
    device : str
        A torch device.
    chunk_size : int, optional
        Rows of the attention over pairs that are worked on at a time: smaller takes less memory
        and more time. All if left out.
    """

    model: str = PUBLISHED
    device: str = "cpu"
    chunk_size: int | None = None
    several: bool = True
    programs: tuple[str, ...] = ()

    def start(self) -> None:
        """Load the network; ValueError if transformers or the weights are not there."""
        _ = self.network

    @cached_property
    def network(self) -> Any:
        """The network on its device; ValueError if it cannot be loaded."""
        if find_spec("transformers") is None:
            raise ValueError(
                "`fold` esmfold: needs transformers: pip install 'protdiff[esmfold]'; or fold "
                "elsewhere and give `predictions`"
            )
        if not (Path(self.model).is_dir() or HUB_NAME.match(self.model)):
            raise ValueError(f"`fold` esmfold:{self.model}: no such folder")
        transformers: Any = import_module("transformers")
        logging = transformers.utils.logging
        logging.set_verbosity_error()
        if not sys.stderr.isatty():
            logging.disable_progress_bar()
        try:
            network, report = transformers.EsmForProteinFolding.from_pretrained(
                self.model, output_loading_info=True
            )
        except (OSError, ValueError, AttributeError) as error:
            reason = " ".join(str(error).split()).split(". ")[0]
            raise ValueError(
                f"`fold` esmfold: {self.model} cannot be loaded ({reason}); give a folder with the "
                "weights, esmfold:FOLDER"
            ) from None
        missing = [key for key in report["missing_keys"] if key.startswith(NEEDED)]
        if missing:
            raise ValueError(f"`fold` esmfold: {self.model} is no ESMFold: it lacks {missing[0]}")
        network = network.float().eval().requires_grad_(False).to(self.device)
        if self.device.startswith("cuda"):
            network.esm.half()  # as published: half the memory of its largest part
        network.trunk.set_chunk_size(self.chunk_size)
        return network

    def fold(self, targets: Sequence[Target], folder: Path, log: Path) -> None:
        """Write a model of every target into the folder: NAME.pdb, with pLDDT as B-factors.

        Raises
        ------
        FoldError
            If the network fails for one of them; the others are written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        errors: list[str] = []
        for target in targets:
            try:
                write(predict(self.network, target.chains), folder / f"{target.name}.pdb")
            except RuntimeError as error:  # out of memory, mostly
                reason = str(error).strip().split("\n")[0]
                hint = "; use a smaller `chunk_size`" if "memory" in reason else ""
                errors.append(f"ESMFold failed: {reason}{hint}")
        log.write_text("".join(f"{line}\n" for line in errors), encoding="utf-8")
        if errors:
            raise FoldError(errors[0])


def predict(network: Any, chains: Sequence[str]) -> Backbone:
    """Fold chains with ESMFold; pLDDT (0 to 100) of the CA in place of B-factors.

    Parameters
    ----------
    network : transformers.EsmForProteinFolding
    chains : list of str
        One-letter codes. Several chains are folded with a linker between them, which is cut out.
    """
    import torch

    letters = LINKER.join(chains)
    index, kept = np.arange(len(letters)), np.ones(len(letters), bool)
    start = 0
    for chain in chains[:-1]:
        start += len(chain) + len(LINKER)
        index[start:] += INDEX_JUMP
        kept[start - len(LINKER) : start] = False
    with torch.inference_mode():
        output = network.infer([letters], position_ids=torch.tensor(index)[None])
    # The last round of the structure module. N, CA, C and O are the first atoms of every residue.
    coords = output["positions"][-1, 0, kept, :4].float().cpu().numpy()
    plddt = 100 * output["plddt"][0, kept, 1].float().cpu().numpy()
    names = [
        name for name, chain in zip(chain_names(len(chains)), chains, strict=True) for _ in chain
    ]
    numbers = np.concatenate([np.arange(1, len(chain) + 1) for chain in chains])
    return Backbone.from_coords(
        coords, "".join(chains), chain_ids=names, residue_numbers=numbers, b_factors=plddt
    )
