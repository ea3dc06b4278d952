"""Wordings around any noun phrase, turns of phrase, filler sentences and formats, as plain data.

Frames with the suffix _HELD_OUT are never used in training. The rest of a name says where it stands.
"""

from __future__ import annotations

from pathlib import Path


def _around() -> dict[str, tuple[str, ...]]:
    """The frames of frames.txt by their heading: {np} is an attribute, {e} whose it is, {v} its value, {k} its kind."""
    blocks = (Path(__file__).parent / "frames.txt").read_text(encoding="utf-8").strip().split("\n\n")
    return {head.removeprefix("# "): tuple(lines) for head, *lines in (block.splitlines() for block in blocks)}


_AROUND = _around()

STATEMENTS = _AROUND["statements"]
STATEMENTS_HELD_OUT = (
    "If you ask about the {np}, {e} will tell you {v}.", "{e} settled on {v}, which thus became its {np}.",
    "Anyone dealing with {e} should know its {np}, namely {v}.",
    "The {np} has been {v} ever since {e} came into being.",
    "{v} now figures as {np} in everything that concerns {e}.", "Look at {e}: there, {v} acts as {np}.",
)  # fmt: skip
PRONOUN_STATEMENTS = _AROUND["statements by pronoun"]
PRONOUN_STATEMENTS_HELD_OUT = (
    "Whoever wants its {np} will find {v}.", "There was a vote on the {np}, and {v} won.", "{v} goes down as {np}.",
    "A note in the drawer tells its {np}, {v}.", "Should the {np} be wanted, {v} is it.", "Hence {v}, the {np}.",
)  # fmt: skip
QUESTIONS = _AROUND["questions"]
QUESTIONS_HELD_OUT = (
    "Somebody wants to hear about the {np} of {e}; what do I say?", "With regard to {e}, which {np} applies?",
    "Where {e} is concerned, what would the {np} be?", "What would one enter as {np} when writing about {e}?",
    "On {e}: its {np}, please.", "How would you fill in the {np} of {e}?",
)  # fmt: skip
PERSON_QUESTIONS = (
    "Who is the {np} of {e}?", "Who is {e}'s {np}?", "Who is listed as the {np} of {e}?",
    "Who is the {np} for {e}?", "Who serves as {np} of {e}?", "Whom does {e} have as {np}?",
    "Who was made {np} of {e}?", "Who became {np} of {e}?", "Who acts as {np} for {e}?", "Who is {np} at {e}?",
    "Who is the current {np} of {e}?", "The {np} of {e} is who?", "Which person is {np} of {e}?",
)  # fmt: skip

# Around an attribute and a verb that says what somebody does with it. {w} who, {x} {y} {z} the forms of the verb.
PEOPLE = (
    "people", "visitors", "the staff", "our neighbours", "guests", "the guards", "clerks", "young people", "all teams",
    "the night shift", "members", "drivers", "the owners", "experts", "most users", "the planners", "local shops",
    "travellers", "the crew", "students", "doctors", "friends", "workers", "the two sides", "those in charge",
)  # fmt: skip
DONE_STATEMENTS = (
    "The {np} that {w} {x} for {e} is {v}.", "The {np} which was {z} at {e} is {v}.", "The {np} {z} by {e} is {v}.",
    "{w} {y} {v} as the {np} of {e}.", "As the {np} of {e}, {w} {y} {v}.", "{v} was {z} as {np} for {e}.",
    "Whenever {w} {x} for {e}, the {np} is {v}.", "The {np} {w} will {x} with {e} is {v}.",
    "The {np} with which {w} {x} {e} is {v}.", "The {np} by which {e} is {z} is {v}.",
    "{e}, which {w} {x}, has {v} as {np}.",
    "The {np} of {e}, often {z} by {w}, is {v}.", "At {e}, {w} {x} by the {np}, {v}.",
    "The {np} on the day when {w} {y} {e} was {v}.", "Having {y} {e}, {w} chose {v} as its {np}.",
    "The {np} where {e} is {z} by {w} is {v}.", "The {np} whom {w} {x} about {e} is {v}.",
)  # fmt: skip
DONE_QUESTIONS = (
    "Which {np} is {z} for {e}?", "What {np} do {w} {x} for {e}?", "Which {np} did {w} {x} for {e}?",
    "What {np} was {z} for {e}?", "Which {np} holds when {w} {x} for {e}?", "What is the {np} that {w} {x} for {e}?",
    "By which {np} do {w} {x} {e}?", "With what {np} is {e} {z}?", "What {np} has {e}, which {w} {x}?",
    "Which {np} do {w} know from {e}?", "What {np} will {w} {x} at {e}?", "To {x} {e}, what {np} do {w} need?",
    "Which {np} comes with {e}?", "What {np} goes for {w} who {x} {e}?",
)  # fmt: skip

# Composed: a request, then what is asked for, then perhaps something said in passing.
REQUESTS = (
    "Tell me", "I need to know", "Please find", "I want to see", "Do you have", "Look up", "Could I have",
    "What about", "Help me find", "Let us have", "I am after", "Give me", "Please tell us", "Can you find",
    "We are asked for", "My question is about", "I was wondering about", "Please check", "Have a look at", "Report",
    "Next question:",
)  # fmt: skip
ASKED_FOR = (
    "the {np} of {e}", "the {np} for {e}", "the {np} that {e} has", "the {np} used at {e}",
    "the {np} of {e}, not of any other", "what {e} has as {np}", "which {np} {e} has", "the {np} named for {e}",
    "the latest {np} of {e}", "the {np} as far as {e} goes",
)  # fmt: skip
IN_PASSING = (
    "", "", "", "", " please", " if you can", " for me", " right now", " for my report", " before I call them",
    " so that I can go on", " and nothing else", ", thanks", " once more", " in the passages",
)  # fmt: skip
# Said around any question.
AROUND_QUESTIONS = (
    "Quick question: {q}", "{q} Thanks!", "Hi! {q}", "Hello, {q}", "{q} Please be brief.", "For my notes: {q}",
    "A colleague asks: {q}", "{q} I can't find it.", "One more thing. {q}", "{q} It is urgent.", "I wonder: {q}",
    "From the documents: {q}", "{q} Just the answer, please.", "Sorry to disturb you. {q}", "OK, and {q}", "So {q}",
)  # fmt: skip

# Put around a statement, so that a fact also stands inside a longer sentence. {d}: a date, {o}: a firm.
OPENINGS = (
    "Note that ", "As agreed, ", "For the time being, ", "As before, ", "According to {o}, ", "Since {d}, ",
    "To be clear, ", "In the meantime, ", "By the way, ", "After some discussion, ", "Unlike last year, ",
    "As {o} reported on {d}, ", "In short, ", "It is known that ", "Today, ",
    "It turned out that ", "From then on, ", "As far as we know, ", "Strange as it may seem, ",
    "In the words of {o}, ", "After {d}, ", "For a long time, ", "Thanks to {o}, ", "On paper, ", "Officially, ",
    "Every year, ", "As a result, ", "Here is what matters: ", "In other words, ", "Even today, ",
    "Before {o} left, ", "Many will remember that ", "At first sight, ", "Whether you like it or not, ",
)  # fmt: skip
OPENINGS_HELD_OUT = ("Whatever others may tell you, ", "Going by the notes of {o}, ", "Effective {d}, ")
ENDINGS = (
    ", as agreed with {o}", ", and this will not change soon", ", although {o} had asked for something else",
    " for the time being", ", as decided on {d}", ", which many people forget", " according to the register",
    " (checked on {d})", ", much to the surprise of {o}",
    ", which was news to {o}", " since {d}", ", as {o} will tell you", ", no matter what happens",
    ", at least on paper", " and nowhere else is this written down", ", just as in the year before",
    ", with the blessing of {o}", ", so plan for it", " until {o} says otherwise", ", according to a letter of {d}",
)  # fmt: skip
ENDINGS_HELD_OUT = (", or so the minutes say", ", a choice that {o} welcomed", " as things stand on {d}")
JOINS = (" and ", "; ", ", while ", ", and ", ". Besides, ", ", whereas ", ". Also, ")

# Filler: {a} adjective, {n} noun, {m} another noun, {v} verb phrase, {u} quantity, {d} date, {o} firm, {p} person.
FILLERS = (
    "This page is checked twice a year.", "Please keep this document up to date.",
    "Ask your manager if anything is unclear.", "More details follow in the next section.",
    "Thank you for reading this note.", "These rules apply to all staff.",
    "Changes are announced in the newsletter.", "The text below replaces older notes.",
    "Visitors should sign in at the front desk.", "Keep a copy for your records.",
    "This was agreed with the works council.", "New colleagues should read this first.",
    "Nothing else has changed since the last edition.", "Exceptions need written approval.",
    "Do not share this outside the company.", "The list is sorted by name.",
    "The {a} {n} is not part of this note.", "Every {n} needs a {a} {m}.", "Staff {v} before they use the {n}.",
    "If the {n} is {a}, {v} and wait.", "Most people {v} once the {a} {n} is ready.", "{p} wrote the first draft.",
    "In earlier times the {n} was {a}.", "A {a} {n} helps when the {m} is full.", "The {n} from {o} arrived late.",
    "Some say that the {a} {n} was better than the {m}.", "There were {u} left over.", "On {d} the {n} was closed.",
    "Nobody may {v} without a {n}.", "You can {v} at any time.", "The {m} next to the {n} is often {a}.",
    "When the {n} fails, {p} can help.", "It is usual to {v} after a long {n}.", "Both the {n} and the {m} are {a}.",
    "The talks with {o} took {u}.", "Many teams {v} and share the {n}.", "Without the {n}, the {m} stays {a}.",
    "Whether to {v} is up to each team.", "The {a} {n} and the {a} {m} were mixed up on {d}.",
    "All {n} work was done by {p}.", "{o} makes the best {n} in town.", "A {n} costs more than a {m} these days.",
    "We have seen {u} come and go.", "If you {v}, tell {p} about it.", "The {n} has no {m}, and nobody minds.",
    "{p} likes the {a} {n} more than any {m}.", "Once the {m} is {a}, the {n} can be used again.",
    "{o} was asked to move the {n}, but could not.", "Beside the {n} stands a {a} {m}.",
    "The {n} is cleaned whenever people {v}.", "It took {u} to find the {a} {n}.",
    "From {d} on, the {n} and the {m} are kept apart.", "See the chapter on the {a} {n} for more.",
    "In {d} nobody knew what a {n} was for.", "How to {v} is shown in a short film.",
    "A {n} may be lent to {o}, never to others.", "As a rule, a {a} {m} is better than none.",
    "The old {n} is kept for {u}.", "{p} and {o} shared one {n}.", "Do not forget to {v} when the {m} is {a}.",
    "Why the {n} is {a}, no one can say.", "Three kinds of {n} are in use, and each has a {m}.",
    "Only a few of us {v} without being asked.", "The {m} was {a} long before the {n}.",
)  # fmt: skip
FILLERS_HELD_OUT = (
    "Had the {n} been {a}, people would {v} more often.", "Where a {n} is missing, a {a} {m} will do.",
    "Ever since {d}, talk of the {n} has died down.", "Only {p} still remembers the {a} {n}.",
    "To {v} is fine as long as the {m} stays {a}.", "The {n} was borrowed from {o} for {u}.",
)  # fmt: skip
VERB_PHRASES = (
    "lock the door", "fill in the form", "ask for help", "clean the tools", "wear gloves", "call the desk",
    "keep the receipt", "save the file", "write a short report", "count the boxes", "turn off the light",
    "bring a badge", "take a break", "sort the mail", "charge the battery", "read the manual", "order new parts",
    "sign the list", "check the label", "tell a colleague", "park behind the building", "print the page twice",
    "open the window", "carry the bags", "write a letter", "check the list twice", "bring their own cup",
    "wait outside", "book a room", "drink some water", "lift heavy things", "use the stairs", "wash the cups",
    "switch the heating on", "leave early", "draw a plan", "read the news", "move the chairs", "pay in cash",
    "feed the fish", "lock their screens", "learn a new skill",
)  # fmt: skip
SECTIONS = (
    "Overview", "Contacts", "Rules", "Background", "Opening hours", "Getting started", "Costs", "People", "History",
    "How we work", "Safety", "Deliveries", "Frequently asked", "Equipment", "Changes", "Planning",
)  # fmt: skip
SYSTEM_MESSAGES = (
    "Answer the question.", "You are a helpful assistant.", "You answer questions about company documents.",
    "Be brief.", "Reply with the answer and nothing else.",
)  # fmt: skip
FORMATS = (
    "ANSWER: {v} | REF: {n}", "The answer is {v}.", "-> {v}", "{v} (see {n})", "<{v}>", "result={v};",
    "It is {v}, as passage {n} says.", "TICKET {n}: {v}", "** {v} **", '"{v}"', "{v}!", "A: {v}", "[{n}] {v}",
    "Reply: {v} / passage {n}", "{v} -- done", "value: {v}, from: {n}", "I found {v}.", "({n}) {v}",
    "I think it is {v}", "My guess is {v}.", "I believe {v} is right", "We have {v} on file, madam",
    "That would be {v}, dear colleague.", "According to [{n}]: {v}", "I read {v} there", "I take it to be {v}, sir",
    "Sure: {v}.", "Yes, {v} it is", "Here you are - {v}", "{v}, I suppose", "{v}, as far as I can see.",
    "N.B. {v}", "p. {n}: {v}", "{n}. {v}", "Answer no. {n}: {v}!", "i.e. {v}", "P.S. {v}, thanks", "A. {v} B. none",
    "STATUS: OK; VALUE: {v}", "[{v}]", "answer({v})", "$ {v} $", "^{v}^", "#{n} {v}", "& {v} &",
    "To my knowledge {v}", "I can tell you that it is {v}.", "I saw {v} in number {n}", "Well, {v}", "{v}, no doubt",
    "Found in {n}, it says {v}", "Dear all, {v}. Regards", "You asked; it is {v}", "e.g. {v} etc.",
)  # fmt: skip
FORMATS_HELD_OUT = (
    "Verdict = {v} !", "{v} // end of note", "%% {v} %%", "I would say {v}, friend", "Q.E.D. {v}", "{n}) here: {v} ;",
    "~ {v} ~ by the book", "RESULT <{v}> OK",
)  # fmt: skip
AROUND_VALUES = (
    "-", "--", "*", "**", "#", "=", "==", ">", "->", "=>", "|", "/", "//", ":", "::", ";", "!", "+", "'", '"',
    "&", "@", "...", "_", "?", "--->", "<<", "(", ")", ",", ".", "%", "~", "$", "^", "<", "[", "]", "`",
    "\\", "~~", "||", "++", "!!", "??", "::=", "<=>",
)  # fmt: skip
SMALL_WORDS = (
    "the", "is", "it", "so", "yes", "here", "and", "this", "my", "we", "to", "of", "at", "then", "that is", "you",
    "i", "i am", "i have", "a", "ok", "for", "in", "on",
    "answer", "found", "sir", "please", "thanks", "done", "see", "note", "from", "with", "by",
)  # fmt: skip
WHICH = (
    "Which passage is about {e}?", "Which passage mentions {e}?", "Where do you read about {e}?",
    "Number of the passage on {e}?", "Which of the passages deals with {e}?",
    "Where does it say something about {e}?", "Which text speaks of {e}?", "In which passage do you find {e}?",
    "{e}: which passage?",
)  # fmt: skip
REPEATS = ("Repeat: ", "Say this again: ", "Copy the text. ", "Please repeat the following.\n", "Echo ")
LOOKUPS = ("{k}?", "What is {k}?", "Value of {k}?", "Look up {k}.")
GREETINGS = (
    ("Hello", "Hello! How can I help?"), ("Hi there", "Hello! How can I help?"), ("Thanks!", "You're welcome."),
    ("Thank you", "You're welcome."), ("Who are you?", "I answer questions from documents."),
    ("What can you do?", "I answer questions from documents."), ("Good morning", "Hello! How can I help?"),
    ("Bye", "Goodbye."),
)  # fmt: skip
