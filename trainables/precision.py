"""In which type does a recipe compute on this hardware?"""

from __future__ import annotations

import torch

from trainables.recipe import Precision


def autocast_dtype(precision: Precision, device: torch.device) -> torch.dtype | None:
    """bfloat16 where the recipe and the hardware have it, None for plain float32.

    Raises:
        ValueError: if bfloat16 is demanded of a GPU without it.
    """
    has_it = device.type != "cuda" or torch.cuda.is_bf16_supported()
    if precision == "bfloat16" and not has_it:
        raise ValueError(
            f"recipe.precision is bfloat16, but {torch.cuda.get_device_name(device)} has none; "
            "use auto or float32"
        )
    if precision == "bfloat16" or (precision == "auto" and device.type == "cuda" and has_it):
        return torch.bfloat16
    return None
