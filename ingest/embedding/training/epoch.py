"""The progress of a training, reported after each epoch."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Epoch:
    """An epoch's number, mean training loss and validation accuracy.

    `validation_accuracy` is None when no label had enough images for the validation split.
    """

    number: int
    of: int
    loss: float
    validation_accuracy: float | None

    def __str__(self) -> str:
        validation = (
            "no validation images"
            if self.validation_accuracy is None
            else f"validation accuracy {self.validation_accuracy:.4f}"
        )
        return f"epoch {self.number} of {self.of}, loss {self.loss:.4f}, {validation}"
