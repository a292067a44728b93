"""What does a sampler see while it is asked? The study in memory, where it may note what it likes.

Nothing of it reaches the study: trials that were proposed in vain are forgotten with the draft.
"""

from __future__ import annotations

import optuna
from optuna.storages import InMemoryStorage


def draft_of(study: optuna.Study) -> optuna.Study:
    """A study with the same trials, numbers and notes; the trials are shared, not copied.

    Optuna's own `copy_study` copies each trial deeply, which took most of the time of a decision.
    There is no public call that does not. A storage in memory replaces a trial that changes and
    never changes it, which is why they can be shared.
    """
    storage = InMemoryStorage()
    study_id = storage.create_new_study(study.directions, study.study_name)
    trials = study.get_trials(deepcopy=False)
    info = storage._studies[study_id]
    info.trials = list(trials)
    info.user_attrs = study._storage.get_study_user_attrs(study._study_id)
    info.system_attrs = study._storage.get_study_system_attrs(study._study_id)
    storage._trial_id_to_study_id_and_number = {t._trial_id: (study_id, t.number) for t in trials}
    storage._max_trial_id = max((t._trial_id for t in trials), default=-1)
    return optuna.load_study(study_name=study.study_name, storage=storage)
