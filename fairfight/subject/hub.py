"""A model's folder from the Hugging Face hub: the local cache's if it is there, else fetched; only weights and text."""

from __future__ import annotations

from pathlib import Path

from fairfight.errors import UserError

_TEXT = ["*.json", "*.txt", "tokenizer.model"]


def fetch(name: str) -> Path:
    """The folder of a hub model.

    Raises:
        UserError: The hub knows no such model, or cannot be reached and the model is not in the cache.
    """
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import GatedRepoError, HFValidationError, RepositoryNotFoundError

    try:
        cached = Path(snapshot_download(name, local_files_only=True))
        if (cached / "config.json").exists() and any(cached.glob(p) for p in ("*.safetensors", "*.bin")):
            return cached
    except HFValidationError:
        raise UserError(f"{name!r} is neither a folder nor a possible hub name: give one or the other.") from None
    except OSError:
        pass
    try:
        # Asked first because a download without a network retries for half a minute.
        files = [f.rfilename for f in HfApi().model_info(name, timeout=10).siblings or ()]
        # Torch files only where there is no safetensors file.
        weights = "*.safetensors" if any(f.endswith(".safetensors") for f in files) else "pytorch_model*.bin"
        return Path(snapshot_download(name, allow_patterns=[*_TEXT, weights], ignore_patterns=["*/*"]))
    except GatedRepoError:
        raise UserError(f"Model {name} is gated: accept its terms on the hub and log in (`hf auth login`).") from None
    except RepositoryNotFoundError:
        raise UserError(f"Unknown model {name!r}: it is no folder here and the hub does not know it.") from None
    except Exception as error:
        raise UserError(
            f"Unknown model {name!r}: it is no folder here, is not in the hub's local cache, "
            "and the hub cannot be reached; give a folder, or try again with a network."
        ) from error
