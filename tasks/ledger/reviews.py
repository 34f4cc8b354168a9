"""Reviews in the ledger's database: each document is kept once, and none is changed or deleted."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import IntegrityError

from aemodels.review.document import Review
from tasks.ledger.schema import reviews
from tasks.ledger.store import look_up, now, transact


def add_review(engine: Engine, review: Review) -> bool:
    """Keep a review; return False if it was kept before."""
    key = review.content_hash

    def work(connection: Connection) -> bool:
        if connection.execute(select(reviews.c.review).where(reviews.c.review == key)).first():
            return False
        row = {
            "review": key,
            "sha256": review.sha256,
            "author": review.author,
            "made_at": review.made_at.isoformat(),
            "received_at": now(),
            "document": review.text,
        }
        connection.execute(insert(reviews).values(row))
        return True

    try:
        return transact(engine, work)
    except IntegrityError:  # another process kept it at the same time
        return False


def kept_reviews(engine: Engine, sha256: str = "") -> list[Review]:
    """Return the kept reviews, the earliest first; of one content if the beginning of its hash is given."""
    query = select(reviews.c.document).order_by(reviews.c.made_at, reviews.c.review)
    if sha256:
        query = query.where(reviews.c.sha256.startswith(sha256, autoescape=True))

    def work(connection: Connection) -> list[str]:
        return [row.document for row in connection.execute(query)]

    return [Review.model_validate_json(text) for text in look_up(engine, work)]
