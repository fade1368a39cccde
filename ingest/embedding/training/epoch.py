"""What a training tells while it runs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Epoch:
    """How far a training has come: the mean loss, and the share of held-back images whose label is guessed right.

    `validation_accuracy` is None when no label had enough images to hold one back.
    """

    number: int
    of: int
    loss: float
    validation_accuracy: float | None

    def __str__(self) -> str:
        validation = (
            "nothing held back"
            if self.validation_accuracy is None
            else f"validation accuracy {self.validation_accuracy:.4f}"
        )
        return f"epoch {self.number} of {self.of}, loss {self.loss:.4f}, {validation}"
