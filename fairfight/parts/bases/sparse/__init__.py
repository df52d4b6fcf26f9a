"""Sparse autoencoders: dictionaries that rebuild an activation from a few of their rows.

.. code-block:: python

    dictionary = train(acts, width=4096, k=32, seed=0)
    codes = dictionary.encode(acts)
    health(dictionary, held_out).explained
"""

from fairfight.parts.bases.sparse.autoencoder import Origin, SparseAutoencoder, load, untrained
from fairfight.parts.bases.sparse.health import Health, health
from fairfight.parts.bases.sparse.stream import Stream
from fairfight.parts.bases.sparse.training import train

__all__ = ["Health", "Origin", "SparseAutoencoder", "Stream", "health", "load", "train", "untrained"]
