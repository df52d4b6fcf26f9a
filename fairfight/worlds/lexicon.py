"""The words of the generated sentences, by the part they play."""

from __future__ import annotations

TOPICS: dict[str, tuple[str, ...]] = {
    "food": ("soup", "bread", "cheese", "salad", "curry", "dessert", "coffee", "pancake", "stew", "breakfast"),
    "sport": ("match", "race", "goal", "tournament", "penalty", "sprint", "defence", "relay", "referee", "league"),
    "weather": ("storm", "rain", "wind", "snow", "fog", "sunshine", "breeze", "frost", "thunder", "drizzle"),
    "music": ("song", "concert", "melody", "choir", "guitar", "album", "rhythm", "chorus", "ballad", "orchestra"),
    "travel": ("flight", "train", "hotel", "ferry", "cruise", "airport", "luggage", "bus", "harbour", "ticket"),
    "work": ("meeting", "report", "project", "contract", "office", "salary", "interview", "memo", "budget", "deadline"),
    "school": ("lesson", "exam", "homework", "lecture", "library", "classroom", "essay", "textbook", "quiz", "course"),
    "garden": ("rose", "lawn", "hedge", "orchard", "pond", "tulip", "compost", "fence", "greenhouse", "shrub"),
}
"""Ten nouns a topic; no noun has two topics."""

ADJECTIVES: tuple[tuple[str, ...], tuple[str, ...]] = (
    ("bad", "awful", "dull", "dreadful", "horrid", "boring", "terrible", "dismal", "poor", "nasty"),
    ("good", "great", "lovely", "superb", "pleasant", "charming", "splendid", "brilliant", "excellent", "wonderful"),
)
"""By sentiment: negative, positive."""

NAMES: tuple[tuple[str, ...], tuple[str, ...]] = (
    ("anna", "maria", "clara", "julia", "nora", "emma", "lucy", "rosa", "helen", "sara"),
    ("peter", "david", "tom", "karl", "hugo", "oscar", "felix", "simon", "paul", "leo"),
)
"""By gender: woman, man."""

PROFESSIONS = ("baker", "nurse", "farmer", "lawyer", "pilot", "tailor", "doctor", "plumber", "painter", "clerk")
VERBS = ("said", "thought", "felt", "found", "claimed", "noted", "believed", "reported")
"""Past tense and participle are one word, so that active and passive share their words."""
INTENSIFIERS = ("", "very", "rather", "truly", "quite")

# "at the end of the day": any of the first, any of the second, any of the third make a phrase of common words.
PREPOSITIONS = ("at", "by", "before", "around")
EDGES = ("start", "middle", "end", "close")
SPANS = ("day", "week", "month", "year", "season", "decade")

_HEADS = ("vex", "qua", "zor", "fli", "gru", "nym", "ska", "tho", "wib", "yel", "dro", "pli")
_TAILS = ("bal", "dit", "fen", "gop", "lur", "mik", "nax", "rus")
RARE: tuple[str, ...] = tuple(head + tail for head in _HEADS for tail in _TAILS)
"""Words that mean nothing here: each is in about one sentence of two hundred."""

CITIES = ("lisbon", "oslo", "vienna", "dublin", "athens", "prague", "madrid", "warsaw", "geneva", "turin")
PETS = ("cat", "dog", "parrot", "rabbit", "hamster", "goat", "turtle", "pony", "ferret", "canary")
INSTRUMENTS = ("violin", "flute", "piano", "trumpet", "cello", "harp", "drum", "banjo", "oboe", "organ")

LABELS = ("negative", "positive")
"""The two answers, as words: class names, and what a prompted language model says after ``=>``."""
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[BOS]", "[EOS]")
ARROW = "=>"
"""Stands between a sentence and its label when a language model is asked."""
