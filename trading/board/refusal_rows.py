"""What the judge refused since the trader started, as rows of the board: one a rule, with its last refusal in words."""

from core.engine import Engine
from core.rules.verdict import LAYERS, Refused, Rule
from trading.board.rows import Row, place_text, short_title
from trading.records.tally import Tally


def refusal_rows(engine: Engine, tally: Tally) -> dict[str, Row]:
    """By ``refusal:RULE``; a rule that refused nothing has none."""
    return {
        f"refusal:{rule.value}": refusal_row(rule, count, tally.last_refused.get(rule), engine)
        for rule, count in engine.refusals.items()
    }


def refusal_row(rule: Rule, count: int, last: Refused | None, engine: Engine) -> Row:
    """``detail`` names value and limit in the rule's own unit."""
    row: Row = {"rule": rule.value, "layer": LAYERS[rule].value, "count": count, "at_ms": None}
    if last is None:
        return row
    desk = engine.desks.get(last.intent.market_id)
    return row | {
        "at_ms": last.at_ms,
        "market_id": last.intent.market_id,
        "short": None if desk is None else short_title(desk),
        "asked": place_text(last.intent),
        "detail": last.detail,
    }
