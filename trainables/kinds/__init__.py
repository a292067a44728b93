"""How is a task of each kind encoded, trained, decoded and scored? `KINDS[task.kind]`."""

from trainables.kinds.classification import CLASSIFICATION
from trainables.kinds.dual_encoder import DUAL_ENCODER
from trainables.kinds.feature_tagging import FEATURE_TAGGING
from trainables.kinds.kind import Kind
from trainables.kinds.mlm import MLM
from trainables.kinds.multiple_choice import MULTIPLE_CHOICE
from trainables.kinds.retrieval import RETRIEVAL
from trainables.kinds.span_qa import SPAN_QA
from trainables.kinds.tagging import TAGGING
from trainables.tasks.task import KindName

KINDS: dict[KindName, Kind] = {
    kind.name: kind
    for kind in (
        *(CLASSIFICATION, MULTIPLE_CHOICE, SPAN_QA, TAGGING, FEATURE_TAGGING),
        *(RETRIEVAL, DUAL_ENCODER, MLM),
    )
}

__all__ = ["KINDS", "Kind"]
