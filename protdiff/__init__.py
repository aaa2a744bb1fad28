"""Protein backbones by a renormalization-group flow."""

from typing import TYPE_CHECKING

from ._system.lazy import lazy_names
from ._system.notebooks import shown_by

if TYPE_CHECKING:
    from ._system.notices import ProtdiffWarning
    from ._system.version import __version__ as __version__
    from .analysis import log_likelihood
    from .analysis.folding import check
    from .flow import zoo as flows
    from .metrics import Scores, score
    from .metrics.evaluation import evaluate
    from .plots.notebook import show
    from .sampling.extend import extend
    from .sampling.generate import generate, trajectories
    from .sequence.designer import Design, design
    from .structure.backbone import Backbone
    from .structure.io.read_write import read, write
    from .structure.trajectory import Trajectory
    from .training.finetune import finetune

__all__ = [
    "Backbone", "Design", "ProtdiffWarning", "Scores", "Trajectory", "check", "design", "evaluate",
    "extend", "finetune", "flows", "generate", "log_likelihood", "read", "score", "show",
    "trajectories", "write",
]  # fmt: skip

#: Public names and where they live; imported on first use, so that `import protdiff` is instant.
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "Backbone": "structure.backbone",
        "Design": "sequence.designer",
        "ProtdiffWarning": "_system.notices",
        "Scores": "metrics",
        "Trajectory": "structure.trajectory",
        "__version__": "_system.version",
        "check": "analysis.folding",
        "design": "sequence.designer",
        "evaluate": "metrics.evaluation",
        "extend": "sampling.extend",
        "finetune": "training.finetune",
        "generate": "sampling.generate",
        "log_likelihood": "analysis",
        "read": "structure.io.read_write",
        "score": "metrics",
        "show": "plots.notebook",
        "trajectories": "sampling.generate",
        "write": "structure.io.read_write",
    },
    modules={"flows": "flow.zoo"},
)

# Values show themselves in notebooks; what draws them is imported when one does.
shown_by(
    {
        "Backbone": f"{__name__}.plots.notebook.gallery:backbone_bundle",
        "Scores": f"{__name__}.plots.notebook.score_table:scores_bundle",
    }
)
