"""What a proof says: one line per claim with its figure, its bar and the verdict, kept in ``var/proofs``."""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).resolve().parent.parent / "var" / "proofs"


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that must be so. ``holds`` is ``None`` where nothing was found to check it on."""

    claim: str
    figure: str
    bar: str
    holds: bool | None

    @property
    def verdict(self) -> str:
        return {True: "holds", False: "FALLS SHORT", None: "NOTHING TO CHECK"}[self.holds]


class Proof:
    """Collects claims, prints each as it is made."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.claims: list[Claim] = []

    def say(self, claim: str, figure: object, bar: str, *, holds: bool | None) -> None:
        said = Claim(claim, str(figure), bar, holds)
        self.claims.append(said)
        sys.stdout.write(f"{said.verdict:16} {said.claim}: {said.figure} ({said.bar})\n")
        sys.stdout.flush()

    def end(self, facts: dict[str, Any]) -> int:
        """Write ``var/proofs/NAME.json``. Returns the exit code: 1 when a claim falls short or none was made."""
        proven = bool(self.claims) and all(claim.holds for claim in self.claims)
        FOLDER.mkdir(parents=True, exist_ok=True)
        path = FOLDER / f"{self.name}.json"
        claims = [{**asdict(claim), "verdict": claim.verdict} for claim in self.claims]
        path.write_text(json.dumps({"proven": proven, "claims": claims, **facts}, indent=2) + "\n")
        count = sum(claim.holds is True for claim in self.claims)
        sys.stdout.write(f"{count} of {len(self.claims)} claims hold; written to var/proofs/{path.name}\n")
        return 0 if proven else 1
