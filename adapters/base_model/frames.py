"""Wordings around any noun phrase, turns of phrase, filler sentences and formats, as plain data.

Frames with the suffix _HELD_OUT are never used in training. The rest of a name says where it stands.
"""

from __future__ import annotations

STATEMENTS = (
    "The {np} of {e} is {v}.", "{e}'s {np} is {v}.", "For {e}, the {np} is {v}.", "{v} is the {np} of {e}.",
    "{e} has {v} as its {np}.", "The {np} for {e} is {v}.", "Records give {v} as the {np} of {e}.",
    "The {np} at {e} is {v}.", "{e} lists {v} as the {np}.", "As {np}, {e} has {v}.",
    "The {np} of {e} was set to {v}.", "Please note that the {np} of {e} is {v}.", "{e}: {np} {v}.",
    "{e} - {np}: {v}.", "When it comes to {e}, {v} is the {np}.", "With {v} as {np}, {e} is well served.",
    "{v} serves as {np} for {e}.", "The {np} that belongs to {e} reads {v}.", "{e} chose {v} for its {np}.",
    "Its {np} makes {e} stand out: {v}.", "{e} went with {v} as {np}.", "{v}: this is the {np} of {e}.",
    "Under {np}, the file on {e} says {v}.", "What {e} has for a {np} is {v}.", "{e} (with {v} as {np}) is listed too.",
    "The current {np} of {e}, {v}, was confirmed.", "Since the change, {e} has {v} for its {np}.",
    "Nobody doubts that {v} is the {np} of {e}.", "{e} keeps {v} as {np} until further notice.",
)  # fmt: skip
STATEMENTS_HELD_OUT = (
    "If you ask about the {np}, {e} will tell you {v}.", "{e} settled on {v}, which thus became its {np}.",
    "Anyone dealing with {e} should know its {np}, namely {v}.",
    "The {np} has been {v} ever since {e} came into being.",
    "{v} now figures as {np} in everything that concerns {e}.", "Look at {e}: there, {v} acts as {np}.",
)  # fmt: skip
PRONOUN_STATEMENTS = (
    "Its {np} is {v}.", "The {np} is {v}.", "The {np} of the {k} is {v}.", "The {k} has {v} as its {np}.",
    "The {np} here is {v}.", "{np}: {v}.", "- {np}: {v}.", "It has {v} as its {np}.", "{v} is its {np}.",
    "There, the {np} is {v}.", "The {k} chose {v} as {np}.", "As {np}, it has {v}.",
)  # fmt: skip
QUESTIONS = (
    "What is the {np} of {e}?", "What is {e}'s {np}?", "Tell me the {np} of {e}.", "Which {np} does {e} have?",
    "I need the {np} of {e}.", "Can you give me the {np} for {e}?", "What {np} does {e} have?", "{e}: {np}?",
    "Do you know the {np} of {e}?", "What's the {np} for {e}?", "Please look up the {np} of {e}.",
    "Name the {np} of {e}.", "For {e}, what is the {np}?", "What is listed as the {np} of {e}?",
    "I would like to know the {np} of {e}.", "{np} of {e}?", "At {e}, what is the {np}?",
    "What does {e} have as its {np}?", "What is given as {np} for {e}?", "How does the file on {e} give its {np}?",
    "Which {np} belongs to {e}?", "{e}, {np}?", "Remind me of the {np} of {e}.", "What did {e} choose as {np}?",
    "Is there a {np} for {e}, and what is it?", "Could you check the {np} of {e}?", "What serves as {np} for {e}?",
)  # fmt: skip
QUESTIONS_HELD_OUT = (
    "Somebody wants to hear about the {np} of {e}; what do I say?", "With regard to {e}, which {np} applies?",
    "Where {e} is concerned, what would the {np} be?", "What would one enter as {np} when writing about {e}?",
    "On {e}: its {np}, please.", "How would you fill in the {np} of {e}?",
)  # fmt: skip
PERSON_QUESTIONS = (
    "Who is the {np} of {e}?", "Who is {e}'s {np}?", "Who is listed as the {np} of {e}?",
    "Who is the {np} for {e}?", "Who serves as {np} of {e}?", "Whom does {e} have as {np}?",
)  # fmt: skip

# Put around a statement, so that a fact also stands inside a longer sentence. {d}: a date, {o}: a firm.
OPENINGS = (
    "Note that ", "As agreed, ", "For the time being, ", "As before, ", "According to {o}, ", "Since {d}, ",
    "To be clear, ", "In the meantime, ", "By the way, ", "After some discussion, ", "Unlike last year, ",
    "As {o} reported on {d}, ", "In short, ", "It is known that ", "Today, ",
)  # fmt: skip
OPENINGS_HELD_OUT = ("Whatever others may tell you, ", "Going by the notes of {o}, ", "Effective {d}, ")
ENDINGS = (
    ", as agreed with {o}", ", and this will not change soon", ", although {o} had asked for something else",
    " for the time being", ", as decided on {d}", ", which many people forget", " according to the register",
    " (checked on {d})", ", much to the surprise of {o}",
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
)  # fmt: skip
FORMATS_HELD_OUT = (
    "Verdict = {v} !", "{v} // end of note", "%% {v} %%", "I would say {v}, friend", "Q.E.D. {v}", "{n}) here: {v} ;",
    "~ {v} ~ by the book", "RESULT <{v}> OK",
)  # fmt: skip
AROUND_VALUES = (
    "-", "--", "*", "**", "#", "=", "==", ">", "->", "=>", "|", "/", "//", ":", "::", ";", "!", "+", "'", '"',
)  # fmt: skip
WHICH = (
    "Which passage is about {e}?", "Which passage mentions {e}?", "Where do you read about {e}?",
    "Number of the passage on {e}?", "Which of the passages deals with {e}?",
)  # fmt: skip
REPEATS = ("Repeat: ", "Say this again: ", "Copy the text. ", "Please repeat the following.\n", "Echo ")
LOOKUPS = ("{k}?", "What is {k}?", "Value of {k}?", "Look up {k}.")
GREETINGS = (
    ("Hello", "Hello! How can I help?"), ("Hi there", "Hello! How can I help?"), ("Thanks!", "You're welcome."),
    ("Thank you", "You're welcome."), ("Who are you?", "I answer questions from documents."),
    ("What can you do?", "I answer questions from documents."), ("Good morning", "Hello! How can I help?"),
    ("Bye", "Goodbye."),
)  # fmt: skip
