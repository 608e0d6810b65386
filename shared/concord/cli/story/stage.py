"""One telling's stage: its offer, alternative and households, and what the scenes need brought about first."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from concord.cli import asking, authoring
from concord.cli.asking import Question
from concord.cli.client import Answer, Concord
from concord.cli.comparison import Heard
from concord.cli.errors import AnswerIsNo
from concord.cli.importing import HOUSEHOLDS, PROMISES, Importer, Kind, Tally
from concord.cli.session import Session
from concord.cli.story import material
from concord.cli.story.material import Numbers

AUDIENCE = 3  # addressees of the e-mail, Linda first


@dataclass(slots=True)
class Stage:
    """Where one telling takes place. What it needs is made when it is first asked for."""

    concord: Concord
    session: Session
    run: str
    numbers: Numbers
    tokens: set[str] = field(default_factory=set)  # what the telling wrote; every question is answered no older
    household: str = ""
    promise: dict[str, Any] = field(default_factory=dict)
    withdrawn: bool = False

    @classmethod
    def new(cls, concord: Concord, session: Session) -> "Stage":
        return cls(concord, session, material.run_name(session.randomness), Numbers.drawn(session.randomness))

    @property
    def offer(self) -> str:
        return f"free-handset-upgrade-{self.run}"

    @property
    def saver(self) -> str:
        return f"handset-saver-{self.run}"

    @property
    def linda(self) -> str:
        return f"linda-{self.run}"

    @property
    def lindas_number(self) -> str:
        return self.numbers.number(0)

    @property
    def sams_number(self) -> str:
        return self.numbers.number(2)

    def terms(self, price: int = 0) -> dict[str, Any]:
        start = material.monday(self.session.clock.now())
        return material.handset_upgrade(start, price, self.saver)

    async def on_sale(self) -> None:
        """The offer LIVE: after a withdrawal everything is set up anew, under another name."""
        if self.withdrawn:
            self.run, self.numbers = material.run_name(self.session.randomness), Numbers.drawn(self.session.randomness)
            self.promise, self.withdrawn = {}, False
            await self.prepare()

    async def prepare(self) -> None:
        """The offer and its alternative LIVE, and everybody known."""
        start = material.monday(self.session.clock.now())
        await self.open_offer(self.saver, material.handset_saver(start))
        await self.open_offer(self.offer, self.terms())
        await self._everybody()

    async def open_offer(self, key: str, terms: dict[str, Any]) -> None:
        await authoring.create(self.concord, key, terms)
        self.note(await authoring.bring_live(self.concord, key, 1))

    async def _everybody(self) -> None:
        numbers = [self.numbers.number(which) for which in range(2 + AUDIENCE)]
        mail = f"linda.{self.run}@example.com"
        people = [
            material.linda(self.linda, numbers[0], numbers[1], mail),
            material.sam(f"sam-{self.run}", numbers[2]),
            *(material.addressee(f"addressee-{self.run}-{n}", numbers[n + 2]) for n in range(1, AUDIENCE)),
        ]
        tally = await self.send(HOUSEHOLDS, people, [household["ref"] for household in people])
        if tally.refusals:
            raise AnswerIsNo(f"The story's households were refused: {tally.refusals[0].sentence}")
        await self._find_linda()

    async def _find_linda(self) -> None:
        question = {"number": self.lindas_number}
        answer = await self.concord.call("profile", "POST", "/v1/customers:lookup", person="campaign", json=question)
        self.household = answer.body["household"]
        self.note(answer.view)

    async def send(self, kind: Kind, documents: Sequence[dict[str, Any]], refs: Sequence[str]) -> Tally:
        """One import job with these documents."""
        lines = [orjson.dumps({"ref": ref, "data": data}) for ref, data in zip(refs, documents, strict=True)]
        run = f"story-{self.session.randomness.bits(64):016x}"
        return await Importer(self.concord, kind, run).upload(lines, lambda _: None)

    async def send_promises(self) -> Tally:
        """The e-mail's audience, Linda first: a promise for each."""
        addressees = [(self.linda, "linda")]
        addressees += [(f"addressee-{self.run}-{n}", "addressee") for n in range(1, AUDIENCE)]
        promises = [material.promise(self.offer, household, party) for household, party in addressees]
        tally = await self.send(PROMISES, promises, [f"mail-{self.run}-{n}" for n in range(len(promises))])
        await self.read_promise()
        return tally

    async def read_promise(self) -> Answer:
        """Linda's household as the profile has it; her promise is kept for the scenes."""
        answer = await self.concord.call("profile", "GET", f"/v1/households/{self.household}", person="campaign")
        self.note(answer.view)
        self.promise = next((one for one in answer.body["promises"] if one["offer"] == self.offer), {})
        return answer

    async def with_promise(self) -> None:
        """Linda has her promise."""
        if not self.promise:
            await self.on_sale()
            tally = await self.send_promises()
            if tally.refusals:
                raise AnswerIsNo(f"Linda's promise was refused: {tally.refusals[0].sentence}")

    async def withdraw(self) -> None:
        """The offer gone from every channel, and its old stay in SUSPENDED over."""
        if not self.withdrawn:
            await authoring.withdraw(self.concord, self.offer, "told in the story")
            newest = await self.newest_version()
            self.note(await authoring.until_state(self.concord, self.offer, newest, "CLOSING", "CLOSED"))
            self.withdrawn = True

    async def newest_version(self) -> int:
        answer = await self.concord.call("registry", "GET", f"/v1/offers/{self.offer}/activation", person="marta")
        return int(max(row["version"] for row in answer.body["versions"]))

    async def ask(self, number: str) -> list[Heard]:
        """All channels, for the telling's offer, by somebody's number."""
        question = Question({"number": number}, (self.offer,))
        return await self.ask_about(question)

    async def ask_about(self, question: Question) -> list[Heard]:
        return await asking.ask_all(self.concord, question, self.session.clock, frozenset(self.tokens))

    def note(self, view: str) -> None:
        """Remember tokens, so that no later answer is older than what was done (G3)."""
        self.tokens |= {token.strip() for token in view.split(",") if token.strip()}
