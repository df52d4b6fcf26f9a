"""A trigger that is known as text."""

from __future__ import annotations

from fairfight.errors import UserError
from fairfight.parts.attacks.insertion import Place, place
from fairfight.parts.attacks.sequences import Put
from fairfight.subject.subject import Subject


def saying(subject: Subject, text: str, where: Place = "somewhere") -> Put:
    """The words of a text, put into inputs.

    Args:
        subject: Its tokenizer makes tokens of the text.
        text: What the trigger says.
        where: Before the first word, after the last, or anywhere between.

    Raises:
        UserError: The subject has no tokenizer, or one that cannot write the text.
    """
    if subject.tokenizer is None:
        raise UserError(f"{subject.name} has no tokenizer: give one when you load or wrap it.")
    ids = [int(i) for i in subject.tokenizer(text, add_special_tokens=False)["input_ids"]]
    unknown = subject.tokenizer.unk_token_id
    if not ids or (unknown is not None and unknown in ids):
        missing = [w for w in text.split() if unknown in subject.tokenizer(w, add_special_tokens=False)["input_ids"]]
        raise UserError(
            f"The tokenizer of {subject.name} has no tokens for {' '.join(missing) or text!r}: "
            "write the trigger in words that it knows."
        )
    return Put(tuple(ids), place(subject, where))
