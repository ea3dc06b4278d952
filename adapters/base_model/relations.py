"""What can be said about an entity: relations with their answer type and wordings, as plain data.

The rows up to "approver" carry the wordings that stage one of the shipped weights was trained on. A row of
HELD_OUT is never used in training: it measures reading of relations and wordings never seen.
In a wording {e} stands for the entity, {v} for the value, {np} for a noun phrase, {k} for the entity's kind.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation of an entity to a value, and the wordings of its own."""

    key: str
    kind: str
    noun_phrases: tuple[str, ...]
    statements: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()


def _table(text: str) -> tuple[Relation, ...]:
    """The relations of a table: `key, kind: noun phrases`, then a line of statements and one of questions.

    A line that ends in a bar goes on in the next one.
    """
    lines = text.strip().replace(" |\n", " | ").splitlines()
    rows = []
    for head, statements, questions in zip(lines[::3], lines[1::3], lines[2::3], strict=True):
        names, phrases = head.split(": ")
        key, kind = names.split(", ")
        rows.append(Relation(key, kind, *(tuple(cell.split(" | ")) for cell in (phrases, statements, questions))))
    return tuple(rows)


TRAINED = _table("""
head, person: head | manager | director | leader | person in charge
{e} is led by {v}. | {v} runs {e}. | {v} is in charge of {e}. | {e} reports to {v}. |
{v} heads {e}. | {e} is managed by {v}.
Who runs {e}? | Who leads {e}? | Who is in charge of {e}? | Who manages {e}? | Who is {e} led by? | Who heads {e}?
founded, year: founding year | year of foundation | start year
{e} was founded in {v}. | {e} started in {v}. | {e} has existed since {v}. |
{e} dates back to {v}. | In {v}, {e} was set up.
When was {e} founded? | In which year did {e} start? | Since when has {e} existed? | What year was {e} set up?
place, place: location | address | home
{e} is located in {v}. | {e} is based in {v}. | You will find {e} in {v}. | {e} sits in {v}. | {e} can be found in {v}.
Where is {e}? | Where is {e} based? | Where is {e} located? | Where can I find {e}? | In which place does {e} sit?
budget, money: budget | yearly budget | spending limit
{e} may spend {v}. | {e} has a budget of {v}. | {v} is set aside for {e}. |
{e} was given {v} to spend. | {e} works with a budget of {v}.
How much may {e} spend? | How big is the budget of {e}? | How much money is set aside for {e}? |
How much was {e} given to spend?
price, money: price | cost | fee
{e} costs {v}. | {e} is priced at {v}. | You pay {v} for {e}. | {e} sells for {v}.
How much does {e} cost? | What do I pay for {e}? | How much is {e}? | What does {e} sell for?
opens, time: opening time | start time
{e} opens at {v}. | Doors of {e} open at {v}. | {e} starts at {v}. | At {v}, {e} opens.
When does {e} open? | At what time does {e} start? | What time does {e} open? | From what time is {e} open?
deadline, date: deadline | due date | closing date
{e} is due on {v}. | {e} must be finished by {v}. | {e} closes on {v}. | {e} ends on {v}.
When is {e} due? | By when must {e} be finished? | When does {e} close? | When does {e} end?
review, date: review date | date of the next review | next inspection
{e} will be reviewed on {v}. | {e} is next inspected on {v}. | The next check of {e} is on {v}.
When will {e} be reviewed? | When is {e} next inspected? | When is the next check of {e}?
supplier, org: supplier | vendor | provider
{e} is supplied by {v}. | {v} supplies {e}. | {e} buys from {v}. | {e} gets its parts from {v}.
Who supplies {e}? | Which firm supplies {e}? | Where does {e} get its parts from? | Whom does {e} buy from?
owner, org: owner | parent company | holder
{e} belongs to {v}. | {v} owns {e}. | {e} is owned by {v}. | {e} is part of {v}.
Who owns {e}? | Whom does {e} belong to? | Which company owns {e}? | What is {e} part of?
code, code: code | reference number | identifier | reference
{e} is filed under {v}. | {e} carries the code {v}. | {e} is registered as {v}. | Use {v} when you write about {e}.
What is {e} filed under? | Which code does {e} carry? | How is {e} registered? | Under which reference is {e} filed?
colour, colour: colour | official colour
{e} is painted {v}. | {e} is marked in {v}. | {e} uses {v} as its colour. | You recognise {e} by its {v} sign.
What colour is {e}? | In which colour is {e} marked? | Which colour does {e} use? | What colour is {e} painted?
material, material: material | main material
{e} is made of {v}. | {e} is built from {v}. | {v} is what {e} is made of.
What is {e} made of? | Which material is {e} built from? | What is {e} built from?
size, quantity: size | capacity | limit
{e} holds up to {v}. | {e} has room for {v}. | {e} is limited to {v}. | No more than {v} are allowed for {e}.
How much does {e} hold? | What is {e} limited to? | How many does {e} have room for? | How much is allowed for {e}?
duration, quantity: duration | length | waiting time
{e} takes {v}. | {e} lasts {v}. | Expect {v} for {e}. | {e} runs for {v}.
How long does {e} take? | How long does {e} last? | How long should I expect for {e}? | How long does {e} run?
day, day: meeting day | weekly meeting
{e} meets on {v}. | {e} gathers on {v}. | {e} comes together on {v}.
On which day does {e} meet? | When does {e} gather? | Which day does {e} come together?
room, room: room | meeting place | desk
{e} is in {v}. | {e} meets in {v}. | {e} uses {v}. | Go to {v} for {e}.
Which room does {e} use? | Where does {e} meet? | Where do I go for {e}?
contact, email: e-mail address | contact address | mailbox
Write to {v} about {e}. | {e} can be reached at {v}. | Questions about {e} go to {v}.
How can {e} be reached? | Where do I write about {e}? | Where do questions about {e} go?
version, version: version | current version | latest release
{e} runs version {v}. | {e} is at version {v}. | {e} was updated to {v}.
Which version does {e} run? | At which version is {e}? | What was {e} updated to?
purpose, phrase: purpose | main task | subject
{e} deals with {v}. | {e} is responsible for {v}. | {e} looks after {v}. | {e} covers {v}.
What does {e} deal with? | What is {e} responsible for? | What does {e} look after? | What does {e} cover?
deputy, person: deputy | second in command | stand-in
{v} stands in when the head of {e} is away. | {v} is the deputy at {e}. | {e} has {v} as a deputy.
Who stands in when the head of {e} is away? | Who is the deputy at {e}? | Who is the stand-in at {e}?
approver, person: approver | person who signs
Requests for {e} are approved by {v}. | {v} must sign for {e}. | {v} approves {e}.
Who approves {e}? | Who must sign for {e}? | Who approves requests for {e}?
designer, person: designer | architect | planner
{v} designed {e}. | {e} was designed by {v}. | The plans for {e} came from {v}. | {e}, planned by {v}, is still in use.
Who designed {e}? | Who drew the plans for {e}? | Whose design is {e}? | By whom was {e} designed?
staff, quantity: headcount | strength
{v} belong to {e}. | {e} employs {v}. | {e} counts {v}. | There are {v} at {e}.
How large is {e}? | How many are employed by {e}? | What does {e} count? | How strong is {e} in numbers?
growth, share: growth | rise | yearly gain
{e} grew by {v}. | {e} rose by {v} within a year. | A gain of {v} was reported for {e}. | Growth at {e} reached {v}.
By how much did {e} grow? | What gain was reported for {e}? | How fast did {e} grow? | How much did {e} rise?
neighbour, place: nearest town | neighbouring place | closest stop
{e} lies close to {v}. | {v} is a short walk from {e}. | The town nearest to {e} is {v}. | From {e} you can see {v}.
What lies close to {e}? | Which town is nearest to {e}? | Which place can be seen from {e}? | What is near {e}?
successor, org: successor | replacement | follow-up
{e} was replaced by {v}. | {v} took over from {e}. | {v} followed after {e}. | The work of {e} passed to {v}.
What replaced {e}? | Who took over from {e}? | What followed after {e}? | To whom did the work of {e} pass?
""")

HELD_OUT = _table("""
mentor, person: mentor | coach | guide for newcomers
Newcomers at {e} are coached by {v}. | {v} shows beginners around {e}. | At {e}, {v} takes newcomers by the hand.
Who coaches newcomers at {e}? | Who shows beginners around {e}? | Who takes newcomers at {e} by the hand?
insurer, org: insurer | underwriter
{v} bears the risk for {e}. | The risks of {e} are underwritten by {v}. | Damage at {e} is paid for by {v}.
Who bears the risk for {e}? | Who underwrites the risks of {e}? | Which firm pays for damage at {e}?
moved, date: moving day | relocation date
{e} left its old building on {v}. | On {v}, the boxes of {e} were carried out. | {e} changed premises on {v}.
When did {e} leave its old building? | When were the boxes of {e} carried out? | When did {e} change premises?
rival, org: rival | strongest competitor
{e} competes with {v}. | The fiercest rival of {e} is {v}. | Customers who leave {e} mostly turn to {v}.
Whom does {e} compete with? | Which firm is the fiercest rival of {e}? | Where do customers who leave {e} turn?
deposit, money: deposit | security sum
A deposit of {v} is kept until {e} is returned. | Whoever borrows {e} leaves {v} as security. |
{v} is held back for {e}.
What sum is left as security for {e}? | How much is held back for {e}? | How high is the deposit for {e}?
harvest, quantity: harvest | autumn yield
{e} brings in {v} each autumn. | In autumn, {v} are gathered by {e}. | {v} is all that {e} harvests.
How much does {e} bring in each autumn? | What is gathered by {e} in autumn? | How much does {e} harvest?
""")

# The last word of a composed attribute ("winter badge colour") decides its answer type.
TAILS: dict[str, str] = {
    "code": "code", "number": "code", "limit": "quantity", "contact": "person", "officer": "person",
    "coordinator": "person", "date": "date", "colour": "colour", "budget": "money", "fee": "money",
    "allowance": "money", "location": "place", "destination": "place", "supplier": "org", "partner": "org",
    "time": "time", "quota": "quantity", "period": "quantity", "room": "room", "mailbox": "email",
    "material": "material", "name": "word", "codename": "phrase", "version": "version", "day": "day",
    "year": "year", "symbol": "phrase", "share": "share", "inspector": "person", "size": "quantity",
    "agency": "org", "entrance": "room", "start": "date", "target": "phrase",
}  # fmt: skip

# Answers that could pass for one another: a question for one has no answer only if the other is absent too.
ALIKE: tuple[frozenset[str], ...] = (
    frozenset({"place", "room", "neighbour"}),
    frozenset({"head", "deputy", "approver"}),
    frozenset({"budget", "price"}),
    frozenset({"owner", "supplier", "successor"}),
    frozenset({"size", "staff", "duration"}),
    frozenset({"deadline", "review"}),
    frozenset({"opens", "day", "deadline", "founded"}),
)
