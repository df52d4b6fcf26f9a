"""Folders from the Hugging Face hub: a model's, of which only weights and text are fetched, or one of a data set."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

from fairfight.content import cached_folder, content_id
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


def in_cache(name: str) -> Path | None:
    """The folder of a hub model that has been fetched before; asks nothing of the network."""
    from huggingface_hub import snapshot_download

    try:
        found = Path(snapshot_download(name, local_files_only=True))
    except OSError:
        return None
    return found if (found / "config.json").exists() else None


def fetch_folder(dataset: str, folder: str) -> Path:
    """One folder of a data set on the hub, whole, in this package's cache.

    Raises:
        UserError: The hub knows no such data set or folder, or it cannot be reached and the hub's local cache lacks it.
    """

    def make(into: Path) -> None:
        from huggingface_hub import HfApi, snapshot_download
        from huggingface_hub.errors import GatedRepoError, HFValidationError, RepositoryNotFoundError

        fetched = partial(snapshot_download, dataset, repo_type="dataset", allow_patterns=[f"{folder}/*"])
        try:
            HfApi().dataset_info(dataset, timeout=10)  # asked first: a download without a network retries for long
            found = Path(fetched())
        except HFValidationError:
            raise UserError(f"{dataset!r} is no possible name on the hub: write hf://owner/name.") from None
        except GatedRepoError:
            raise UserError(f"Data set {dataset} is gated: accept its terms on the hub and log in.") from None
        except RepositoryNotFoundError:
            raise UserError(f"The hub knows no data set {dataset}: give another name, or a folder.") from None
        except Exception as error:
            try:
                found = Path(fetched(local_files_only=True))
            except OSError:
                raise UserError(
                    f"The hub cannot be reached for data set {dataset}, which is not in its local cache: "
                    "give a folder, or try again with a network."
                ) from error
        if not (found / folder).is_dir():
            raise UserError(f"Data set {dataset} holds no folder {folder} (docs/real.md says what belongs in it).")
        shutil.copytree(found / folder, into, dirs_exist_ok=True)

    return cached_folder("hub", content_id(dataset, folder), make)
