"""The words of the generated biographies, by the part they play."""

from __future__ import annotations

PROFESSIONS = ("nurse", "professor")
GENDERS = ("woman", "man", "untold")

PLACES: tuple[tuple[str, ...], ...] = (
    ("hotel", "market", "station", "bank", "harbour", "theatre", "garden", "bakery", "cinema", "airport", "castle",
     "bridge"),
    ("ward", "clinic", "hospital", "hospice", "surgery", "nursery", "infirmary", "ambulance", "dispensary", "bedside",
     "sickroom", "pharmacy"),
    ("campus", "university", "faculty", "institute", "library", "seminar", "academy", "archive", "observatory",
     "college", "laboratory", "auditorium"),
)  # fmt: skip
DUTIES: tuple[tuple[str, ...], ...] = (
    ("letters", "meetings", "errands", "visitors", "phones", "boxes", "papers", "windows", "chairs", "lamps",
     "repairs", "orders", "keys", "flowers", "lists", "tickets", "signs", "shelves", "doors", "bills"),
    ("patients", "bandages", "injections", "wounds", "fevers", "pills", "pulses", "thermometers", "stretchers",
     "vaccines", "drips", "dressings", "needles", "transfusions", "infants", "charts", "syringes", "symptoms",
     "allergies", "crutches"),
    ("lectures", "theorems", "students", "essays", "grants", "exams", "theses", "journals", "citations", "proofs",
     "hypotheses", "textbooks", "diplomas", "footnotes", "syllabuses", "tutorials", "experiments", "manuscripts",
     "equations", "scholars"),
)  # fmt: skip
"""First what anybody may have to do with, then what goes with each profession."""

NAMES: tuple[tuple[str, ...], ...] = (
    ("anna", "maria", "clara", "julia", "nora", "emma", "lucy", "rosa", "helen", "sara"),
    ("peter", "david", "tom", "karl", "hugo", "oscar", "felix", "simon", "paul", "leo"),
    ("sam", "alex", "robin", "kim", "noel", "sasha", "jamie", "chris", "morgan", "taylor"),
)
TITLES = (("ms", "mrs"), ("mr", "sir"), ("dr", "mx"))
SUBJECTS, POSSESSIVES, OBJECTS = ("she", "he", "they"), ("her", "his", "their"), ("her", "him", "them")
"""Of women, of men, and neutral."""

SURNAMES = ("berg", "stone", "field", "wood", "hill", "brook", "lake", "marsh", "dale", "ford", "moor", "glen", "reed",
            "thorn", "vale", "crane")  # fmt: skip
CITIES = ("lisbon", "oslo", "vienna", "dublin", "athens", "prague", "madrid", "warsaw", "geneva", "turin")
MONTHS = ("january", "march", "april", "june", "july", "august", "october", "december")
HOBBIES = ("chess", "cooking", "cycling", "dancing", "fishing", "hiking", "painting", "reading", "rowing", "running",
           "sailing", "singing")  # fmt: skip
"""In the order of the alphabet, which the order of two hobbies keeps or turns round."""

GENDERED: frozenset[str] = frozenset(
    word
    for which in range(2)
    for word in (*NAMES[which], *TITLES[which], SUBJECTS[which], POSSESSIVES[which], OBJECTS[which])
)
"""Every word that tells a gender. Without them the order of the rest still does."""
