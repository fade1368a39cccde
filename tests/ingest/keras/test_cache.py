"""What Keras downloads into its cache."""

import sys

import pytest

from ingest.keras.cache import download_dataset, download_weights


def test_the_progress_of_keras_downloads_goes_to_standard_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ingest.keras.tensorflow import tf

    def show(name: str) -> None:
        sys.stdout.write(f"Downloading {name}\n")

    monkeypatch.setattr(tf.keras.applications, "VGG16", lambda **_: show("vgg16"))
    monkeypatch.setattr(tf.keras.datasets.mnist, "load_data", lambda: show("mnist"))
    monkeypatch.setattr(tf.keras.datasets.fashion_mnist, "load_data", lambda: show("fashion_mnist"))
    download_weights()
    download_dataset("mnist")
    download_dataset("fashion_mnist")
    assert capsys.readouterr() == ("", "Downloading vgg16\nDownloading mnist\nDownloading fashion_mnist\n")
