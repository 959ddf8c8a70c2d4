"""The match feed's words as signals. A repeat of where a match stands is STATE: it moves nobody's quotes."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

import msgspec

from core.events import MatchSignal, SignalKind
from core.ids import MatchId
from core.units import Ms
from feeds.listings import MatchDescribed
from feeds.refusals import OnRefusal, Refusal, RefusalReason, shortened
from feeds.sources.simulator.wire import WireWord, words

SOURCE: Final = "simulator"
# At minute 15 a thousand gold move the chance of a LoL map by 14 points (esports.md 10); less is farming.
LEAD_STEP: Final = 1_000
MATCHES_MAX: Final = 1_000
OVER: Final = frozenset({SignalKind.ENDED, SignalKind.ABANDONED})


@dataclass(frozen=True, slots=True)
class Word:
    """One message: the signal, and the match it is about."""

    signal: MatchSignal
    match: MatchDescribed


@dataclass(slots=True)
class Told:
    """What was last said of a match, and the lead when it was last worth telling."""

    word: WireWord
    lead: int


class Parser:
    """Remembers of each match what was told, also over a reconnect. ``refused`` counts since it was made."""

    def __init__(self, on_refusal: OnRefusal) -> None:
        self.refused: Counter[RefusalReason] = Counter()
        self._on_refusal = on_refusal
        self._told: dict[str, Told] = {}

    def parse(self, text: str, heard_ms: Ms) -> Word | None:
        """The word, or ``None`` for one we will not take (counted, and told to ``on_refusal``)."""
        try:
            word = words.decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            self._refuse(error, text, heard_ms)
            return None
        kind = self._kind(word)
        self._remember(word, kind)
        match_id = MatchId(f"{SOURCE}:{word.match_id}")
        signal = MatchSignal(
            match_id=match_id,
            source=SOURCE,
            kind=kind,
            map_number=word.map_number,
            maps=word.maps,
            score=word.score,
            lead=word.lead,
            clock_ms=Ms(word.clock_ms),
            winner=word.winner,
            said_ms=Ms(word.said_ms),
            heard_ms=heard_ms,
        )
        return Word(signal, _described(match_id, word))

    def _kind(self, word: WireWord) -> SignalKind:
        """What is new in this word, whatever it calls itself: the feed repeats itself, and we may have missed some."""
        told = self._told.get(word.match_id)
        if told is None:
            return SignalKind.STATE if word.kind in (SignalKind.SCORE, SignalKind.LEAD) else word.kind
        before = told.word
        moved = (before.map_number, before.maps, before.score) != (word.map_number, word.maps, word.score)
        if word.kind not in (SignalKind.SCORE, SignalKind.LEAD, SignalKind.STATE):
            return word.kind if moved or word.kind is not before.kind else SignalKind.STATE
        if moved or word.kind is SignalKind.SCORE:
            return SignalKind.SCORE
        return SignalKind.LEAD if abs(word.lead - told.lead) >= LEAD_STEP else SignalKind.STATE

    def _remember(self, word: WireWord, kind: SignalKind) -> None:
        if kind in OVER:
            self._told.pop(word.match_id, None)
            return
        told = self._told.pop(word.match_id, None)
        if told is None or kind is not SignalKind.STATE:
            told = Told(word, word.lead)
        told.word = word
        self._told[word.match_id] = told
        if len(self._told) > MATCHES_MAX:
            del self._told[next(iter(self._told))]

    def _refuse(self, error: Exception, text: str, heard_ms: Ms) -> None:
        reason = RefusalReason.MALFORMED_JSON
        if isinstance(error, msgspec.ValidationError):
            missing = "missing required field" in str(error)
            reason = RefusalReason.MISSING_FIELD if missing else RefusalReason.WRONG_TYPE
        self.refused[reason] += 1
        self._on_refusal(Refusal(reason, shortened(f"{error}: {text}"), None, heard_ms))


def _described(match_id: MatchId, word: WireWord) -> MatchDescribed:
    return MatchDescribed(
        match_id=match_id,
        game=word.game,
        title=f"{word.teams[0]} vs {word.teams[1]}",
        teams=word.teams,
        best_of=word.best_of,
        tournament=word.tournament,
        starts_ms=None,
    )
