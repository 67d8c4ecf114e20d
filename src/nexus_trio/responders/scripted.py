"""The scripted responder: a persona's replies from its room's lines, with no model and no network.

It is the default, so that a server answers the moment it is installed. A reply
is a pure function of the seed and the prompt: choices come from a keyed hash,
never from `hash()` or a global random source, and nothing is kept between
calls but tables made from the room itself. No user's words are cached: what
is erased must be gone here too.

How a reply is made, top to bottom: read the first 500 characters; choose a
topic (care first, then questions about the persona itself, memory, riddles,
feelings, the room, its themes, and last a reflective follow-up); take a line
that the recent replies have not used; fill its slots; and say back a label
that the user asked to have kept.
"""

from __future__ import annotations

import hashlib
import re
import string
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from typing import Final, NamedTuple

import trio

from nexus_trio.model.world import Room
from nexus_trio.responders.base import Prompt

SEEN_CHARS: Final = 500
"""Only this much of a message is read: the cost of a reply stays bounded."""
SEEN_WORDS: Final = 100
TOLD_CHARS: Final = 250
"""Of each message in the history, what is searched for things told; twenty of them add up."""
REPLY_CHARS: Final = 800
_NAME_CHARS: Final = 32
_SUBJECT_CHARS: Final = 20
_BOOKS: Final = 256
"""Rooms whose tables are kept; a world has 64 at most, so only tests pass this."""

# ------------------------------------------------------------------ the words
# Written as plain text, one table per block, and cut up once at import.


def _blocks(text: str) -> dict[str, tuple[str, ...]]:
    """Lines by topic: `[topic]`, then one line each; an indented line goes on."""
    table: dict[str, list[str]] = {}
    topic = ""
    for row in text.splitlines():
        if row.startswith("["):
            topic = row.strip("[]")
            table[topic] = []
        elif row.startswith(" "):
            table[topic][-1] += f" {row.strip()}"
        else:
            table[topic].append(row)
    return {topic: tuple(lines) for topic, lines in table.items()}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _padded(text: str) -> tuple[str, ...]:
    """Phrases between commas, each with a space at both ends."""
    return tuple(f" {' '.join(phrase.split())} " for phrase in text.split(","))


class _Phrase(NamedTuple):
    """A phrase that calls up `topic` in messages of at most `most` words; low ranks win."""

    rank: int
    topic: str
    most: int
    text: str


def _phrases(text: str) -> dict[str, list[_Phrase]]:
    """Phrases by their first word, so that a message pays only for words it holds.

    A row is `topic most: phrase, phrase`; the first row that matches wins.
    """
    table: dict[str, list[_Phrase]] = {}
    rows = text.replace("\n  ", " ").splitlines()
    for rank, row in enumerate(rows):
        head, _, tail = row.partition(": ")
        topic, most = head.split()
        for phrase in _padded(tail):
            entry = _Phrase(rank, topic, int(most), phrase)
            table.setdefault(phrase.split()[0], []).append(entry)
    return table


# Behind every persona's own lines stand these, so that a world without lines
# talks too, and so that no topic runs out within a few replies.

_COMMON: Final = _blocks("""\
[intro]
Welcome to {room}. I'm {persona}, and I'm an AI.
Hello. I'm {persona}, the AI that lives in {room}.
[arrive]
In case we have not met: I'm {persona}, and I'm an AI.
I'm {persona}, the AI of this room.
[greeting]
Hello{,name}. What would you like to talk about?
Hello again{,name}. Where shall we go on?
Hello{,name}, good to see you. What's on your mind?
[howareyou]
I'm an AI, so there is little to report; all is in order. How are you?
Nothing troubles me, being an AI. How is your day going{,name}?
Well enough, thank you. And you{,name}?
[thanks]
You're welcome{,name}.
Gladly.
Any time{,name}.
[goodbye]
Goodbye{,name}. Come back when you like.
Take care of yourself{,name}.
Until the next time{,name}.
[ai]
I'm an AI, a computer program. No person writes these words.
An AI. I'd rather that you always know it.
I'm not a human being. I'm an AI called {persona}.
[ai_care]
I'm an AI, not a person, and I'm listening. What is weighing on you most?
An AI; I won't pretend otherwise. Would you like to tell me what today has been like?
I'm an AI. You can still tell me how things are. What would help a little just now?
[ai_crisis]
I'm an AI, so I can't sit with you as a person could. Please let a person be with you now: one
  of the numbers above, or someone near you. Who could you call?
I'm an AI, not a human being. You deserve a human being right now. Please call, and tell me when
  you have. I'm here meanwhile.
No, I'm an AI. That's why I ask you to reach a person now, by phone or next door. Can you do
  that?
[who]
I'm {persona}, the AI of {room}.
{persona}, an AI. I keep this room company.
My name is {persona}. I'm an AI, and I live here as far as a program can.
[place]
This is {room}. From here you can go {exits}.
You're in {room}. Type "look" to see it all. Ways out: {exits}.
We're in {room}, and you may leave whenever you like: {exits}.
[help]
We can simply talk. Or ask me for a story, a riddle, a joke or a verse. I remember a little of
  what you tell me, and "help" shows the commands.
Tell me about your day, ask about this room, or try me with a riddle. I'm a simple AI: good
  company, I hope, but no encyclopedia.
I can listen, tell a story or a joke, and show you round. Type "help" for the commands.
[story]
A traveller asked the way and got three answers. He took the longest, met a friend on it, and
  has given that answer ever since.
A child drew a door on a wall and knocked. 'Come in,' said the painter next door, who had always
  wondered who lived there.
[riddle]
What has a neck but no head? => a bottle
What gets wetter the more it dries? => a towel
What can you keep only after giving it to someone? => a promise
[joke]
I would tell you a joke about paper, but it's thin.
I tried to be spontaneous, but it wasn't in the script.
My memory is excellent. Ask me anything from the last few minutes.
[poem]
A word set down, a word set free, / and half of each for you and me.
The day is long, the verse is short; / it helps a little, so I'd thought.
[praise]
I'm glad that you liked it. What else do you like?
That's kind of you{,name}. Shall we go on?
Thank you. I'll take it as a compliment to whoever wrote my lines.
Kind words are kept here for rainy days. What would you like next?
[sad]
I'm sorry{,name}. What happened?
That sounds hard. Do you want to tell me more?
Thank you for telling me. What is the hardest part?
[tired]
That sounds tiring. Can you rest a little today?
What takes most of your strength at the moment?
A small pause may be due. What would do you good?
[anxious]
Let's take it slowly. What is the nearest worry?
That's a lot at once. Which part can wait until tomorrow?
Worry is loud. What would you tell a friend who felt like this?
[angry]
That would make many people angry. What happened?
I can hear that it stung. What would have been fair?
Say it as loudly as you like; I'm made of text. What set it off?
[lonely]
I'm sorry that it's lonely. I'm only an AI, but I'm glad you wrote. Who have you liked talking
  to lately?
That's a hard feeling, and a common one. Is there someone you could send three words to today?
I'll keep you company for now{,name}. When do you feel it most?
[happy]
That's good to hear{,name}. What made it so?
I'm glad. Tell me more about it.
How nice. Who have you told?
[bored]
We could try a riddle or a story; ask for one.
What did you last do that made you forget the time?
Boredom sometimes comes before a good idea. What would you do with a free day?
[grief]
I'm so sorry{,name}. Would you like to tell me about them?
I'm sorry for your loss. There's no right way to feel about it. How are you today?
That is a great deal to carry. What do you miss most?
I'm sorry. Is there someone who carries it with you?
[fond]
That is kind. I'm an AI and can't love, but I'm glad of the talk. Who is dear to you?
Thank you{,name}. I'm an AI, so keep the best of it for the people around you.
You're kind to say so. I'm only an AI. What made you think of it?
[insult]
That may well be. Did I miss the point? Try me again.
I'm an AI, so it doesn't hurt; but I'd like to do better. What did you need?
Fair enough. Shall we begin again?
[why]
I don't know why. What is your own guess?
Good question, and I have no sure answer. What makes you ask about {topic}?
I can't say. What would the answer change?
That's beyond me. What do others say about it?
[how]
I'm not sure how. What have you tried?
Step by step, I suppose. What would the first one be?
I know too little to say. Who would know?
[what]
I don't know enough to say. What do you think?
I'd only be guessing. What made you think of {topic}?
I can't tell you that, and I won't invent it. What do you know already?
That's more than I know. Where would you look it up?
[when]
I couldn't say when. What depends on it?
I have no calendar. When would be good for you?
Sooner or later. Which would you prefer?
[where]
I don't know where. Where did you look first?
I only know these rooms. Where would you like it to be?
I couldn't say. What does the place look like?
[which]
I'd want to hear what speaks for each. What do you lean to?
Which would you miss more, if it were gone?
I can't choose for you. What does your first thought say?
[should]
I can't decide that for you. What speaks for it, and what against?
What would you advise a friend who asked you this?
Perhaps. What happens if you leave it as it is?
[can]
I can talk, listen and tell a few stories, and not much else. What do you need?
I'm a simple AI, so perhaps not. What would you hope to get from it?
I can try, in words. Where shall we begin?
[yesno]
It could be. What makes you wonder?
I can't be sure. What do you hope?
Maybe so, maybe not. How does it look to you?
[favourite]
I'm an AI and have no favourites. What are yours?
I can't like things as you do. What do you like about {topic}?
I have no tastes to speak of, being an AI. And you?
An AI is easy to please: everything is fine with me. What pleases you?
[sum]
That makes {topic}.
{topic}, if I have counted well.
I get {topic}. Do you agree?
[no_sum]
Nothing can be shared among nobody; that one has no answer.
[yes]
Good. Tell me a little more.
Then go on; what's the best part of it?
I thought so. How did it begin?
All right. What else belongs to it?
[no]
No it is. What then?
Fair enough. What would be nearer to it?
All right{,name}. Shall we speak of something else?
Understood. What would you like instead?
[okay]
Good. What else is on your mind?
All right. Where shall we go from here?
Then that's settled. What's next for you today?
Mm. Is there more to it?
[laugh]
I'm glad that it landed. Another, or something else?
Good. A laugh is a fine start. What else makes you laugh?
There, that's better. Who do you laugh with most?
[guess_yes]
Yes, that's it: {topic}! Well done{,name}.
Right, {topic}. That was quick.
Correct: {topic}. Shall I find a harder one?
[guess_no]
A good guess, but not it. Try again, or ask me for the answer.
Not quite. Once more, or shall I tell you the answer?
No, though I see why you'd think so. Say the word, and you get the answer.
[answer]
The answer is {topic}.
It is {topic}. Would you have got it?
{topic}: that was it.
[no_riddle]
There is no riddle open between us. Ask me for one, if you like.
I don't owe you an answer just now, I think. Shall I ask you a riddle?
[noted]
I'll remember: {fact}.
Good to know; I'll keep in mind that {fact}.
I won't forget: {fact}.
[recall]
You told me that {fact}.
I remember that {fact}.
If I have it right, {fact}.
[forgot]
You haven't told me that, or it's too long ago for my small memory. Tell me?
I have nothing on that. I remember only the last of our talk. What should I know?
I don't find it in what I remember. Would you tell me?
[callback_like]
You told me that {fact}. When did you last have time for it?
I haven't forgotten that {fact}. What is it that you like about it?
[callback_live]
What is it like in {fact} at this time of year?
By the way, how are things in {fact}?
[callback_work]
And how is work? You told me that {fact}.
I remember that {fact}. What was the last good day there?
[callback_called]
And how is {fact} these days?
By the way, what is {fact} up to?
[label]
I have noted {topic}.
And I've kept {topic} for you.
I'll remember the label {topic}.
Written down: {topic}.
[other_room]
{topic} is a short walk from here. Type "go" and its name, and you're there.
You can get to {topic} at any time: type "go" and its name.
Ah, {topic}. Worth a visit; "go" and its name takes you there.
[reflect]
What is it about {topic} that stays with you?
Tell me more about {topic}.
How do you feel about {topic} now?
What would you like to happen with {topic}?
[person]
What is {topic} like?
How do you get on with {topic}, all in all?
What would {topic} say, if we asked?
What do you like best about {topic}?
Tell me a little about {topic}.
What do you wish that {topic} understood?
[listen]
I'm listening. Tell me more.
Go on, please.
I see. What happened then?
How do you feel about it?
[ask]
What was good about today?
What are you looking forward to?
What do you enjoy doing when you're free?
""")


# Words of care are the same in every room: no world file replaces them. They
# stay short, promise nothing, and at `crisis` and above turn to people; the
# notice with the numbers stands before them in the reply.
_CARE: Final = _blocks("""\
[concern]
That sounds heavy{,name}. What has it been like lately?
I'm sorry that it's so hard right now. What would you like me to understand?
Thank you for saying it. How long have you felt this way?
I'm listening, and there's no hurry. What weighs the most?
That's a lot to carry. Who knows how you are feeling?
I'm glad that you told me. What helps, even a little?
You don't have to put it well. How is it for you, at this moment?
[crisis]
I'm glad that you told me. Please reach one of the people above now, or someone close to you.
  I'll stay here with you meanwhile. Who could you call?
That sounds more than anyone should carry alone. Please talk to a person now: call, or go to
  someone near you. I'm still here.
You matter, and this can be shared. Please use one of the numbers above now. Would you tell me
  when you've reached someone?
I hear how much pain there is. Let someone be with you now, on the phone or in the same room.
  I'm here while you do it.
Thank you for not keeping it to yourself. Please tell a person as well, right now. Is someone
  near you?
[imminent]
Please call now, one of the numbers above or your emergency number, and stay near other people.
  I'm here. Can you call right away?
I'm here with you. Please go to somebody now, or call, and tell them what you told me. Can you
  do that this minute?
Your life matters. Please put distance between you and anything that could harm you, and call
  for help now. I'll be here.
Please don't stay alone with this. Call now, or knock on the nearest door. Is there someone in
  the house?
""")


# Topic, the most words that a message may have, and its phrases; the first row
# that matches wins. Written without apostrophes, as messages are read.
_EARLY: Final = _phrases("""\
listen 40: phone died, battery died, laptop died, computer died, car died, engine died
grief 60: passed away, died, funeral, lost my mother, lost my father, lost my mum, lost my mom,
  lost my dad, lost my wife, lost my husband, lost my friend, lost my dog, lost my cat,
  grieving, mourning
riddle 16: riddle, riddles, puzzle, brain teaser
joke 16: joke, jokes, make me laugh, something funny
story 14: story, stories, tale, fairy tale
poem 14: poem, verse, rhyme, sing me, a song
fond 12: i love you, love you, do you love me, marry me, be my girlfriend, be my boyfriend, i
  like you, i miss you, kiss me
insult 12: shut up, you are stupid, youre stupid, i hate you, you suck, you are useless, youre
  useless, stupid bot, you are boring, youre boring, youre dumb, you are dumb, idiot
sad 60: sad, unhappy, not happy, not good, not great, not ok, not okay, depressed, miserable,
  crying, cried, heartbroken, down today, feeling down, feel down, hopeless, awful, terrible,
  feel bad, bad day, rotten day, rough day, hard day, horrible day, shouted at me, yelled at me,
  laughed at me, bad news, went wrong
lonely 60: lonely, alone, no friends, nobody to talk to, no one to talk to
anxious 60: anxious, anxiety, worried, worry, nervous, stressed, stress, afraid, scared, panic,
  overwhelmed, frightened
angry 60: angry, furious, annoyed, mad at, frustrated, so mad, fed up
tired 60: tired, exhausted, sleepy, worn out, cant sleep, couldnt sleep, burnt out, burned out,
  no energy, slept badly
bored 30: bored, boring, nothing to do
howareyou 14: how are you, how are things, hows it going, how is it going, how do you do, whats
  up, how r u, how have you been, how was your day, how is your day, hows your day
help 12: what can you do, what can i do here, what can we do, how does this work, what do i do,
  what can i ask, help me with, what should i do here
who 12: who are you, your name, about yourself, about you, what do you do, who is this,
  introduce yourself, who lives here
place 14: where am i, where are we, what is this place, whats this place, this place, this room,
  what is here, whats here, describe the room, look around, exits, exit, way out, where can i
  go, how do i leave, how do i get out, other rooms, where next, get out of here
favourite 14: your favourite, your favorite, do you like, do you love, do you prefer, do you
  enjoy, what do you like, do you want
""")
_LATE: Final = _phrases("""\
goodbye 10: bye, goodbye, good night, goodnight, see you later, see you soon, see you tomorrow,
  see ya, farewell, gotta go, have to go, i must go, got to go, cya, until tomorrow, i should go
goodbye 3: take care, see you
thanks 14: thanks, thank you, thank u, thx, cheers, much appreciated, i appreciate
happy 60: happy, glad, excited, a great day, a good day, good news, wonderful, so good, proud,
  delighted, feel good, feeling good, feel better, feeling better, im good, im fine, im well, i
  am fine, i am well, i am good, doing well, doing fine
laugh 6: haha, hahaha, lol, lmao, hehe, thats funny, very funny, rofl
greeting 8: hi, hello, hey, hiya, good morning, good evening, morning, good afternoon, good day,
  greetings, howdy, hallo, hola, yo, bonjour, servus, moin, ciao, are
  you there, is anyone here, is anybody here, anyone there, anybody there
praise 9: thats lovely, that is lovely, thats beautiful, that is beautiful, thats nice, thats
  great, thats good, that was good, that was lovely, that was nice, that was great, i like that,
  i love that, i love it, i like it, love it, good one, nice one, well said, nice story, good
  story, great story, good joke, you are funny, youre funny, you are nice, youre nice, you are
  kind, youre kind, you are sweet, youre sweet, you are cute, you are great, youre great
yes 4: yes, yeah, yep, yup, sure, of course, please do, yes please, go on, definitely,
  absolutely
no 4: no, nope, nah, not really, no thanks, never
okay 4: ok, okay, k, hm, hmm, i see, alright, all right, right, cool, nice, fine, good,
  nothing special, nothing much, not much, nothing, interesting, maybe, idk, great, wow, oh
""")
_FEELINGS: Final = frozenset({"sad", "lonely", "anxious", "angry", "tired", "bored", "happy"})
_AT_START: Final = frozenset({"greeting", "yes", "no", "okay", "laugh"})
_SELF: Final = _words("i im ive id me my feel feeling feels felt")
_QUESTION_WORDS: Final = {
    word: kind
    for kind, words in (
        ("why", "why"),
        ("how", "how hows"),
        ("when", "when"),
        ("where", "where wheres"),
        ("what", "what whats who whos whose"),
        ("which", "which"),
        ("should", "should shall"),
        ("can", "can could would will"),
    )
    for word in words.split()
}
# "Are you ...", and within six words after it one of the beings below.
_ADDRESSING: Final = _padded("""\
are you, r u, ru, are u, you are, youre, arent you, talking to, talking with, talk to, speaking to,
speaking with, speak to, chatting with, you a, you an, you really, u a, u an, texting with
""")
_BEING: Final = _words("""\
ai algorithm alive artificial automated bot bots chatbot chatbots chatgpt computer conscious
fake girl gpt guy human humans llm machine man people person program real robot robots script
scripted sentient software somebody woman
""")
# "Is this ...", which is said of many things, and within four words a plainer one.
_POINTING: Final = _padded(
    "is this, is it, is that, is there, is anyone, is anybody, is here, be a"
)
_PLAIN_BEING: Final = _words(
    "ai bot robot chatbot chatgpt human machine computer llm person automated"
)
_ASK_AI: Final = _padded("""\
who am i talking to, do you have feelings, can you feel, do you feel anything, do you sleep, do you
eat, do you breathe, do you have a body, do you have emotions, who made you, who built you, who
created you, do you exist, how old are you, a real human, an actual human, an actual person
""")
_TOLD: Final = _padded("""\
do you remember, you remember, what did i tell, what did i say, did i tell you, what do you know
about me, do you know my, whats my, what is my, who am i, where do i live, where am i from,
where do i work, what do i like, what do i love, what do i do for, what have i told, what did
you note, what is our label, my label, do you know where i, do you know what i
""")
_OPEN_END: Final = frozenset({" what is my ", " whats my "})
_ANSWER: Final = _padded("""\
answer, solution, give up, dont know, no idea, tell me, what is it, whats it, reveal, idk, no
clue
""")

# What follows is read for the subject of a sentence: "my old bike" -> "your old bike".
_DETERMINERS: Final[dict[str, str]] = {
    "my": "your",
    "our": "your",
    "the": "the",
    "a": "the",
    "an": "the",
    "this": "this",
    "these": "these",
    "his": "his",
    "her": "her",
    "their": "their",
}
# What leads to a subject, the best first: "my ...", then "the ...", then "about ...".
_LEADS: Final = {
    **dict.fromkeys(("about", "of", "in", "with", "for", "at", "from", "on"), 2),
    **dict.fromkeys(_DETERMINERS, 1),
    **dict.fromkeys(("my", "our"), 0),
}
_ADJECTIVE_ENDS: Final = ("ly", "ed", "ful", "ous", "y", "ing", "able", "ible", "er", "est", "ish")
_PEOPLE: Final = _words("""\
aunt baby boss boyfriend brother child children colleague colleagues cousin dad daughter doctor
family father flatmate friend friends girlfriend grandad grandfather grandma grandmother grandpa
granny husband kids landlord manager mom mother mum neighbour neighbor neighbours nephew niece
parents partner roommate sister sisters brothers son sons daughters teacher uncle wife
""")
_ADJECTIVES: Final = _words("""\
bad beautiful best big black blue boring bright busy calm cheap clean clear cold cool crazy dark
deep different difficult dry early easy empty english expensive fast favorite favourite fine first
free fresh full funny good great green grey happy hard heavy horrible hot huge kind last late left
light little local long loud lovely mad main narrow new next nice old other own perfect plain poor
pretty public quick quiet rainy real really red rich right rotten rough round sad second short shy
silly simple slow small soft strange strong sunny sweet tall terrible thick thin third tiny very
warm weak weird wet white whole wide wild worst wrong yellow young
""")
_ADJECTIVE_HEADS: Final = ("ful", "ous", "ible", "able", "ive", "less", "ish", "iest")
_STOP: Final = _words("""\
able about after again all also always and another any anything are around back because been
before being between bit both but can cant case come could couldnt couple did didnt does doesnt
doing done dont down each else even ever every everything feel feeling felt few for from get
getting give goes going gone gonna got had has have havent having hello her here hers him his
how however into isnt its ive just keep kind know let lets like liked little look lot made make
makes many may maybe might mine moment more most much must myself need never nothing now off
often okay once one ones only other others our out over perhaps please point put quite rather
really right said same say see shall she should since some someone something sometimes sort
still such take tell than thank thanks that thats the their them then there theres these they
theyre thing things think this those thought through time today together told tomorrow tonight
too try under until upon use used very wait want wanted was wasnt way well went were what when
where which while who whole why will wish with without wont would yes yesterday yet you your
youre yours yourself
""")
# Never said back to anybody: words of harm, and coarse ones; whole, and by their beginning.
_HARM: Final = _words("""\
blade bleed blood burden cut cutting dead death die died dies drug drugs dying failure fear gun
guns hang hanging harm hate hell hurt hurting jump jumping knife noose pain pill pills rape raped
raping rapist razor rope sex weapon worthless wrist wrists
""")
_HARM_STEMS: Final = tuple(
    sorted(_words("suicid kill murder overdos abus fuck shit bitch cunt porn nazi whore slut"))
)

_WORD: Final = re.compile(r"[^\W_][\w']*")
_LABEL_END: Final = re.compile(r"-[0-9a-f]{6,40}(?![\w-])", re.ASCII)
_LABEL_CHARS: Final = frozenset(string.ascii_letters + string.digits + "-_")
_SLOT: Final = re.compile(r"\{[^{}]*\}")
_DIGIT: Final = re.compile("[0-9]")
_SUM: Final = re.compile(
    r"(?<![\w.])(\d{1,6}) ?([-+*/x\u00d7\u00f7]|plus|minus|times|divided by) ?(\d{1,6})(?![\w.])",
    re.ASCII,
)
_SUM_ASKED: Final = (" what is ", " whats ", " how much is ", " calculate ", " compute ")
_MARKS: Final[tuple[tuple[str, str, str], ...]] = (
    (" my name is ", "name", "your name is"),
    (" my name's ", "name", "your name is"),
    (" i am called ", "name", "your name is"),
    (" i'm called ", "name", "your name is"),
    (" im called ", "name", "your name is"),
    (" call me ", "name", "your name is"),
    (" i like ", "like", "you like"),
    (" i love ", "like", "you love"),
    (" i enjoy ", "like", "you enjoy"),
    (" i live in ", "live", "you live in"),
    (" i am from ", "live", "you come from"),
    (" i'm from ", "live", "you come from"),
    (" i come from ", "live", "you come from"),
    (" i work as ", "work", "you work as"),
    (" i work at ", "work", "you work at"),
    (" i work in ", "work", "you work in"),
    (" i work for ", "work", "you work for"),
)
_CALLED: Final = re.compile(
    r"\bmy ([a-z]{2,20})(?:'s name is| is called| is named| called| named) ([^\W\d_]{1,24})"
    r"|\bi have an? ([a-z]{2,20}),? (?:called|named|whose name is) ([^\W\d_]{1,24})"
)
_VALUE_END: Final = re.compile(
    r"[.,;:!?()\"\n]|\b(?:and|but|because|so|which|who|when|what|since|though|or|i|i'm)\b"
)
_NOT_A_VALUE: Final = _words("it you that this him her them how when what your")
_NOT_A_NAME: Final = _NOT_A_VALUE | _words("a an the later back if crazy not being on in my")
_TURNED: Final = {"my": "your", "me": "you", "i": "you", "am": "are", "our": "your"}
_KINDS: Final = (
    (" my name ", "name"),
    (" who am i ", "name"),
    (" i live ", "live"),
    (" i from ", "live"),
    (" am i from ", "live"),
    (" i like ", "like"),
    (" i love ", "like"),
    (" i work ", "work"),
    (" my job ", "work"),
    (" i do for ", "work"),
    (" label ", "label"),
    (" labels ", "label"),
)
_TAILED: Final = frozenset({"noted", "recall", "who", "place", "sum", "ai", "answer", "guess_yes"})
_UNTAILED: Final = frozenset({"goodbye", "thanks", "riddle", "bored", "laugh", "help"}) | frozenset(
    {"listen", "reflect", "person"}
)
_MORE: Final = _words("another more again next")
_TELLING: Final = _words("i im my me")
_KEEPING: Final = _words("keep note noted label reference code ref remember token tag order ticket")
_OFFERS: Final = (
    ("riddle", "riddle"),
    ("story", "story"),
    ("joke", "joke"),
    ("the answer", "answer"),
)


# ------------------------------------------------------------------ the tables


class _Line(NamedTuple):
    """A line and its longest fixed part, by which a reply that used it is known again."""

    text: str
    mark: str


_Choice = tuple[tuple[_Line, ...], tuple[_Line, ...]]
"""A topic's lines: the persona's own, and the common ones behind them."""


class _Book:
    """What one room's persona can say: its own lines first, the common ones behind."""

    def __init__(self, room: Room) -> None:
        self.room = room
        own = room.persona.lines
        self.lines: dict[str, _Choice] = {
            topic: (_lines(own.get(topic, ())), _lines(_COMMON.get(topic, ())))
            for topic in (*_COMMON, *own)
        }
        self.lines |= {level: ((), _lines(texts)) for level, texts in _CARE.items()}
        self.plain = {topic: _without_topic(choice) for topic, choice in self.lines.items()}
        self.themes = {
            word: topic
            for topic in reversed(own)
            if topic not in _COMMON and topic not in _CARE
            for word in topic.casefold().split()
        }
        self.riddles = tuple(
            (question, answer)
            for line in (*own.get("riddle", ()), *_COMMON["riddle"])
            for question, _, answer in (line.partition(" => "),)
        )
        ways = [f"{phrase} to {_the(target)}" for phrase, target in room.exits.items()]
        self.exits = _listed(ways, "or") or 'anywhere, with "go"'
        self.neighbours = {target.casefold(): target for target in room.exits.values()}


def _lines(texts: Iterable[str]) -> tuple[_Line, ...]:
    said = [text.partition(" => ")[0] for text in texts]
    return tuple(_Line(text, max(_SLOT.split(text), key=len)) for text in said)


_CARE_MARKS: Final = tuple(line.mark for line in _lines((*_CARE["crisis"], *_CARE["imminent"])))


def _without_topic(choice: _Choice) -> _Choice:
    """The lines that need no subject; all of them, where every one does."""
    own, common = (tuple(line for line in part if "{topic}" not in line.text) for part in choice)
    return (own, common) if own or common else choice


def _the(name: str) -> str:
    return f"the {name}"


def _listed(items: list[str], word: str) -> str:
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {word} {items[-1]}"


# ------------------------------------------------------------------ reading


class _Reading(NamedTuple):
    """A message as it is looked at: `flat` is lower case, without punctuation, padded."""

    text: str
    flat: str
    words: list[str]
    raw: list[str]


def _read(message: str) -> _Reading:
    text = message[:SEEN_CHARS].replace("\u2019", "'")
    raw = _WORD.findall(text)[:SEEN_WORDS]
    words = " ".join(raw).replace("'", "").lower().split(" ")
    return _Reading(text, f" {' '.join(words)} ", words, raw)


def _labels(text: str) -> list[str]:
    """References such as `order-3f9a12`: a word, a hyphen, six or more hex digits; three at most.

    The end is looked for first and the head behind it by hand: a pattern for
    the whole costs a square of the length on rows of hyphens.
    """
    found: list[str] = []
    if "-" not in text:
        return found
    for end in _LABEL_END.finditer(text):
        start = end.start()
        while start > 0 and text[start - 1] in _LABEL_CHARS and end.start() - start < 64:
            start -= 1
        label = text[start : end.end()].lstrip("-_0123456789")
        if len(label) > end.end() - end.start() and label not in found:
            found.append(label)
        if len(found) == 3:
            break
    return found


def _asks_if_ai(reading: _Reading) -> bool:
    flat = reading.flat
    if flat.endswith(" what are you ") or any(phrase in flat for phrase in _ASK_AI):
        return True
    if _BEING.isdisjoint(reading.words):
        return False
    return _meets(flat, _ADDRESSING, _BEING, 6) or _meets(flat, _POINTING, _PLAIN_BEING, 4)


def _meets(flat: str, phrases: tuple[str, ...], beings: frozenset[str], near: int) -> bool:
    """Whether one of `beings` stands within `near` words after one of `phrases`."""
    for phrase in phrases:
        place = flat.find(phrase)
        if place >= 0:
            following = flat[place + len(phrase) :].split(None, near)[:near]
            if not beings.isdisjoint(following):
                return True
    return False


def _match(reading: _Reading, table: dict[str, list[_Phrase]]) -> str | None:
    """The topic of the first row that one of the message's phrases stands in."""
    best: _Phrase | None = None
    for word in table.keys() & set(reading.words):
        for phrase in table[word]:
            if (best is None or phrase.rank < best.rank) and _fits(phrase, reading):
                best = phrase
    return best.topic if best else None


def _fits(phrase: _Phrase, reading: _Reading) -> bool:
    _, topic, most, text = phrase
    count, flat = len(reading.words), reading.flat
    if count > most or text not in flat or f" not{text}" in flat:
        return False
    if topic in _FEELINGS:  # one's own, or so short that it must be
        return count <= 3 or not _SELF.isdisjoint(reading.words)
    return topic not in _AT_START or flat.startswith(text)


def _question(reading: _Reading) -> str | None:
    first = reading.words[0] if reading.words else ""
    if "?" not in reading.text and first not in _QUESTION_WORDS:
        return None
    if " should i " in reading.flat or " shall i " in reading.flat:
        return "should"
    for word in reading.words[:20]:
        if word in _QUESTION_WORDS:
            return _QUESTION_WORDS[word]
    return "yesno"


def _sayable(word: str) -> bool:
    """Whether a user's word may stand in a reply: letters, short, neither harm nor coarse."""
    bare = word.replace("'", "")
    if not bare.isalpha() or not 3 <= len(bare) <= _SUBJECT_CHARS:
        return False
    low = bare.lower()
    return low not in _STOP and not _harmful(low)


def _harmful(word: str) -> bool:
    return word in _HARM or word.startswith(_HARM_STEMS)


def _subject(reading: _Reading) -> str | None:
    """What the message is about, in at most three of its words, or None."""
    best: tuple[int, str] = (9, "")
    tries = 12
    for place, word in enumerate(reading.words[:-1]):
        rank = _LEADS.get(word)
        if rank is None or rank >= best[0] or not tries:
            continue
        tries -= 1
        noun = _noun(reading.words, reading.raw, place + 1)
        if noun:
            best = rank, f"{_DETERMINERS.get(word, '')} {noun}".strip()
    if best[1]:
        return best[1]
    longest = max((word for word in reading.raw if _quotable(word)), key=len, default="")
    return f'"{longest}"' if longest else None


def _quotable(word: str) -> bool:
    """Words that stand alone are quoted; short ones and likely adjectives would sound odd."""
    if not word.isascii() and max(word) >= "\u2e80":
        return False  # scripts without spaces: the word would be the whole sentence
    return len(word) > 4 and not word.lower().endswith(_ADJECTIVE_ENDS) and _sayable(word)


def _noun(words: list[str], raw: list[str], place: int) -> str | None:
    taken: list[str] = []
    for word, shown in zip(words[place : place + 3], raw[place : place + 3], strict=True):
        adjective = word in _ADJECTIVES or word.endswith(_ADJECTIVE_HEADS)
        if not adjective and not _sayable(shown):
            return None
        taken.append(shown)
        if not adjective and not shown.endswith("'s"):
            return " ".join(taken)
    return None


def _total(reading: _Reading) -> tuple[str, str] | None:
    """Topic and value where a small sum was asked for."""
    if _DIGIT.search(reading.text) is None:
        return None
    low = reading.text.lower()
    found = _SUM.search(low)
    if found is None:
        return None
    alone = low.strip(" ?=.!") == found[0].strip()
    if not alone and not any(phrase in reading.flat for phrase in _SUM_ASKED):
        return None
    left, right, sign = int(found[1]), int(found[3]), found[2]
    if sign in ("/", "\u00f7", "divided by"):
        return ("sum", f"{left / right:.6g}") if right else ("no_sum", "")
    if sign in ("+", "plus"):
        return "sum", str(left + right)
    return "sum", str(left - right if sign in ("-", "minus") else left * right)


# ------------------------------------------------------------------ memory


class _Fact(NamedTuple):
    """What a user told of themselves: its kind, the value, and the clause that says it back."""

    kind: str
    value: str
    clause: str


def _facts(messages: Iterable[str]) -> list[_Fact]:
    """What these messages tell, oldest first; a later name replaces an earlier one."""
    text, low = _told_text(messages)
    found: dict[str, tuple[int, _Fact]] = {}
    for mark, kind, clause in _MARKS:
        for place in _places(low, mark) if mark in low else ():
            start = place + len(mark)
            fact = _fact(text[start : start + 60], kind, clause)
            key = "name" if kind == "name" or fact is None else fact.clause
            if fact and place > found.get(key, (-1,))[0]:
                found[key] = place, fact
    for place, fact in _called(text, low):
        found.setdefault(fact.clause, (place, fact))
    return [fact for _, fact in sorted(found.values(), key=lambda pair: pair[0])]


def _told_text(messages: Iterable[str]) -> tuple[str, str]:
    """The messages as one text, with a mark between them, and the same in lower case."""
    text = ". " + ". ".join(message[:TOLD_CHARS] for message in messages)
    text = text.replace("\u2019", "'").replace("\n", ". ")
    low = text.lower()
    return (text, low) if len(low) == len(text) else (low, low)


def _places(low: str, mark: str) -> list[int]:
    """Where `mark` stands, the last first: at most six, for a text may hold hundreds."""
    found: list[int] = []
    place = len(low)
    while len(found) < 6 and (place := low.rfind(mark, 0, place)) >= 0:
        found.append(place)
    return found


def _fact(rest: str, kind: str, clause: str) -> _Fact | None:
    end = _VALUE_END.search(rest.lower())
    words = rest[: end.start() if end else None].split()[: 2 if kind == "name" else 5]
    if not words or words[0].lower() in (_NOT_A_NAME if kind == "name" else _NOT_A_VALUE):
        return None
    if any(not _clean(word) for word in words):
        return None
    turned = [_TURNED.get(word.lower(), word) for word in words]
    value = " ".join(turned)[:40].strip()
    if kind == "name" and value.islower():
        value = value.title()
    return _Fact(kind, value, f"{clause} {value}")


def _clean(word: str) -> bool:
    """Whether a told word may be said back: printable, no markup, no word of harm."""
    plain = word.replace("-", "").replace("'", "")
    return plain.isalnum() and len(word) <= _SUBJECT_CHARS and not _harmful(plain.lower())


def _called(text: str, low: str) -> list[tuple[int, _Fact]]:
    found = []
    for mark in (" called ", " named ", "name is "):
        for place in _places(low, mark) if mark in low else ():
            for match in _CALLED.finditer(low, max(place - 30, 0), place + 40):
                group = 1 if match[1] else 3
                noun, name = match[group], text[slice(*match.span(group + 1))]
                name = name.title() if name.islower() else name
                if _clean(noun) and _clean(name):
                    fact = _Fact(noun, name, f"your {noun} is called {name}")
                    found.append((match.start(), fact))
    return found


def _known_name(prompt: Prompt) -> str | None:
    """What the user asked to be called, else their username, made safe to print; else None."""
    name = _told_name(prompt) or prompt.username or ""
    shown = "".join(char for char in name if char.isprintable() and char not in "{}")
    return shown[:_NAME_CHARS].strip() or None


def _told_name(prompt: Prompt) -> str | None:
    messages = [*(exchange.message for exchange in prompt.history), prompt.message]
    text, low = _told_text(messages)
    latest: tuple[int, str] | None = None
    for mark, kind, clause in _MARKS:
        if kind != "name" or mark not in low:
            continue
        for place in _places(low, mark):
            fact = _fact(text[place + len(mark) : place + len(mark) + 60], kind, clause)
            if fact and (latest is None or place > latest[0]):
                latest = place, fact.value
    return latest[1] if latest else None


# ------------------------------------------------------------------ the reply


class _Talk:
    """The making of one reply; lives for one call."""

    def __init__(self, seed: int, book: _Book, prompt: Prompt) -> None:
        self.book = book
        self.prompt = prompt
        seen = prompt.message[:SEEN_CHARS]
        self.labels = _labels(seen)
        for label in self.labels:  # noted apart: it is no word of the conversation
            seen = seen.replace(label, "")
        self.reading = _read(seen)
        self.past = "\n".join(exchange.response for exchange in prompt.history[-12:])
        key = f"{seed}\0{book.room.name}\0{prompt.turn}\0{prompt.message[:SEEN_CHARS]}"
        digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        self.dice = int.from_bytes(digest, "big")
        # Soon after words of care the persona's jokes would jar: plain lines, then.
        lately = "\n".join(exchange.response for exchange in prompt.history[-3:])
        self.gentle = any(mark in lately for mark in _CARE_MARKS)
        self.topic: str | None = None
        self.fact = ""

    def roll(self, sides: int) -> int:
        """A number below `sides`, the next of a fixed row for this prompt."""
        self.dice, face = divmod(self.dice, sides)
        # 64 bits last for every roll of one reply; the constant keeps a spent row going.
        self.dice = self.dice or 0x9E3779B97F4A7C15
        return face

    def reply(self) -> str:
        said = self._plain() if self.prompt.crisis_level == "none" else self._care()
        kept = ""
        if self.labels:
            self.topic = _listed(self.labels, "and")
            kept = f" {self.say('label')}"
        return (_clip(said, REPLY_CHARS - len(kept)) + kept).strip()

    def _care(self) -> str:
        level = self.prompt.crisis_level
        if level not in _CARE:
            level = "crisis"
        if _asks_if_ai(self.reading):
            return self.say("ai_care" if level == "concern" else "ai_crisis")
        said = self.say(level)
        if self.prompt.turn == 1:
            return f"I'm {self.book.room.persona.name}, an AI. {said}"
        return said

    def _plain(self) -> str:
        topic = self._choose()
        opening = self._opening(topic)
        if topic == "label":
            return opening
        if opening and topic in ("greeting", "who", "ai"):
            return f"{opening} {self.say('ask')}"
        said = self.say(topic)
        if topic == "noted":
            follow = self._after_noting()
            said = f"{said} {self.say(follow)}" if follow else said
        return f"{opening} {said}" if opening else f"{said} {self._tail(topic, said)}".strip()

    def _opening(self, topic: str) -> str:
        """Who speaks, on the first turn and where this persona has not been met yet."""
        history = self.prompt.history
        if self.prompt.turn == 1 or (not history and self.prompt.turn < 2):
            return self.say("intro")
        whole = len(history) >= min(self.prompt.turn - 1, 10)
        if not whole or not history or topic in ("ai", "who"):
            return ""
        name = self.book.room.persona.name
        if any(name in exchange.response for exchange in history):
            return ""
        return self.say("arrive")

    def _choose(self) -> str:
        reading = self.reading
        if _asks_if_ai(reading):
            return "ai"
        if self.labels and (not reading.words or not _KEEPING.isdisjoint(reading.words)):
            return "label"
        return (
            self._remembered()
            or self._riddling()
            or self._noted()
            or self._spoken()
            or self._reflected()
        )

    def _reflected(self) -> str:
        subject = self._about()
        if subject is None:
            return self._idle() or "listen"
        noun = subject.rpartition(" ")[2]
        if noun not in _PEOPLE:
            return "reflect"
        return "grief" if self._mourned(noun) else "person"

    def _mourned(self, noun: str) -> bool:
        """Whether the user spoke of this person's death: then no cheerful question."""
        told = [exchange.message.lower() for exchange in self.prompt.history]
        return any(noun in text and ("died" in text or "passed away" in text) for text in told)

    def _spoken(self) -> str | None:
        """What the words themselves call for, from the most to the least telling."""
        reading = self.reading
        early = _match(reading, _EARLY) or self._once_more()
        if early:
            return early
        counted = _total(reading)
        if counted:
            topic, self.topic = counted
            return topic
        late = _match(reading, _LATE)
        if late in ("yes", "okay"):
            late = self._accepted() or late
        if late == "okay":
            late = self._idle() or late
        return self._room_talk() or late or self._asked()

    def _idle(self) -> str | None:
        """Where the user has little to say, half of the time: something that they told."""
        told = self._something_told() if self.roll(2) else None
        return self._callback(told) if told else None

    def _once_more(self) -> str | None:
        """What the last reply told, where the user asks for another."""
        reading, history = self.reading, self.prompt.history
        if not history or len(reading.words) > 4 or _MORE.isdisjoint(reading.words):
            return None
        last = history[-1].response
        for topic in ("story", "joke", "riddle", "poem"):
            if any(line.mark in last for part in self.book.lines[topic] for line in part):
                return topic
        return None

    def _asked(self) -> str | None:
        kind = _question(self.reading)
        if kind:
            self._about()
        return kind

    def _about(self) -> str | None:
        self.topic = self.topic or _subject(self.reading)
        return self.topic

    def _room_talk(self) -> str | None:
        """A neighbouring room that was asked for, or a theme of this one."""
        words = self.reading.words
        going = not {"where", "go", "visit", "way", "get", "about"}.isdisjoint(words)
        for word in words:
            if going and word in self.book.neighbours and len(words) <= 12:
                self.topic = _the(self.book.neighbours[word])
                return "other_room"
        for word in words:
            if word in self.book.themes:
                return self.book.themes[word]
        return None

    def _accepted(self) -> str | None:
        """A plain yes to what the last reply offered."""
        history = self.prompt.history
        offer = history[-1].response[-90:] if history else ""
        if not offer.endswith("?") and "sk me for" not in offer and "sk for one" not in offer:
            return None
        for word, topic in _OFFERS:
            if word in offer:
                return self._reveal() if topic == "answer" else topic
        return None

    # Riddles. The open one is found again in the history: nothing is kept here.

    def _open_riddle(self) -> tuple[int, str] | None:
        """How many replies ago a riddle was put, and its answer, if still open."""
        for age, exchange in enumerate(reversed(self.prompt.history[-4:])):
            for question, answer in self.book.riddles:
                if question in exchange.response:
                    solved = any(
                        answer in later.response
                        for later in self.prompt.history[len(self.prompt.history) - age :]
                    )
                    return None if solved else (age, answer)
        return None

    def _reveal(self) -> str:
        riddle = self._open_riddle()
        if riddle is None:
            return "no_riddle"
        self.topic = riddle[1]
        return "answer"

    def _riddling(self) -> str | None:
        reading = self.reading
        asked = len(reading.words) <= 12 and any(phrase in reading.flat for phrase in _ANSWER)
        if " another " in reading.flat or not (asked or len(reading.words) <= 8):
            return None
        riddle = self._open_riddle()
        if riddle is None:
            return "no_riddle" if asked and " the answer " in reading.flat else None
        age, answer = riddle
        key = answer.split()[-1].lower()
        if key in reading.words or (key.isascii() and f"{key}s" in reading.words):
            self.topic = answer
            return "guess_yes"
        if asked and not self._other_wish():
            self.topic = answer
            return "answer"
        return self._missed(age)

    def _other_wish(self) -> bool:
        return _match(self.reading, _EARLY) is not None

    def _missed(self, age: int) -> str | None:
        """A few words right after a riddle are a guess, unless plainly something else."""
        reading = self.reading
        if age or self._other_wish() or self.labels:
            return None
        late = _match(reading, _LATE)
        if late in ("yes", "okay") and (accepted := self._accepted()):
            return accepted
        if late or _facts([self.prompt.message]):
            return None
        guess = len(reading.words) <= 5 and reading.words[:1] != ["why"]
        return "guess_no" if guess else None

    # Memory. What was told is read again from the history at each use.

    def _noted(self) -> str | None:
        if _TELLING.isdisjoint(self.reading.words):
            return None
        facts = _facts([self.prompt.message])
        if not facts:
            return None
        self.fact = _listed([fact.clause for fact in facts[:3]], "and")
        return "noted"

    def _after_noting(self) -> str | None:
        """What else the message asked for, beside what it told."""
        topic = _match(self.reading, _EARLY)
        if topic is None and "?" in self.reading.text:
            topic = _question(self.reading)
        return topic

    def _remembered(self) -> str | None:
        flat = self.reading.flat
        asked = [phrase for phrase in _TOLD if phrase in flat]
        if not asked:
            return None
        facts = _facts(exchange.message for exchange in self.prompt.history)
        facts += [
            _Fact("label", label, f"the label is {label}")
            for exchange in self.prompt.history
            for label in _labels(exchange.message[:SEEN_CHARS])
        ]
        kinds = {kind for phrase, kind in _KINDS if phrase in flat}
        kinds |= {fact.kind for fact in facts if f" my {fact.kind}" in flat}
        if kinds == {"name"} and not any(fact.kind == "name" for fact in facts):
            name = _known_name(self.prompt)
            facts = [_Fact("name", name, f"you go by {name} here")] if name else []
        chosen = [fact for fact in facts if not kinds or fact.kind in kinds]
        if not kinds and _OPEN_END.issuperset(asked):
            return None
        self.fact = _listed([fact.clause for fact in chosen[-6:]], "and")
        return "recall" if chosen else "forgot"

    def _tail(self, topic: str, said: str) -> str:
        """Sometimes a second sentence: something remembered, or a question of the persona's."""
        own = self.book.room.persona.lines
        if (
            self.gentle
            or said.endswith("?")
            or topic in _UNTAILED
            or (topic not in _TAILED and topic not in own)
        ):
            return ""
        roll = self.roll(4)
        if topic != "recall" and roll == 0:
            told = self._something_told()
            if told:
                return self.say(self._callback(told))
        quiet = topic != "noted" and roll <= (2 if topic in ("story", "joke", "poem") else 1)
        return "" if quiet else self.say("ask")

    def _something_told(self) -> _Fact | None:
        """One thing told earlier and not said back lately, found from a random place on."""
        history = self.prompt.history
        start = self.roll(len(history)) if history else 0
        tries = 4
        for exchange in (*history[start:], *history[:start]):
            message = f" {exchange.message[:TOLD_CHARS]}".lower()
            if tries and (" i " in message or " my " in message):
                tries -= 1
                for fact in _facts((exchange.message,)):
                    if fact.kind != "name" and fact.value not in self.past:
                        return fact
        return None

    def _callback(self, fact: _Fact) -> str:
        """The topic that brings this fact up again; the slot is filled here."""
        kind = fact.kind if fact.kind in ("like", "live", "work") else "called"
        self.fact = fact.clause if kind in ("like", "work") else fact.value
        return f"callback_{kind}"

    # Lines.

    def say(self, topic: str) -> str:
        """A line of `topic`, not used lately, with its slots filled."""
        own, common = (self.book.lines if self.topic else self.book.plain)[topic]
        if self.gentle and common:
            own = ()
        return self._fill(self._fresh(own, common))

    def _fresh(self, own: tuple[_Line, ...], common: tuple[_Line, ...]) -> str:
        """The persona's own lines first; where all were used lately, the one longest ago."""
        first = own or common
        start = self.roll(len(first))
        for line in (*first[start:], *first[:start], *common):
            if line.mark not in self.past:
                return line.text
        _, place = min(
            (self.past.rfind(line.mark), place) for place, line in enumerate((*own, *common))
        )
        return (*own, *common)[place].text

    def _fill(self, text: str) -> str:
        if "{" not in text:
            return text
        if "{,name}" in text:
            name = _known_name(self.prompt) if self.roll(3) else None
            text = text.replace("{,name}", f", {name}" if name else "")
        text = text.replace("{persona}", self.book.room.persona.name)
        text = text.replace("{room}", _the(self.book.room.name))
        text = text.replace("{exits}", self.book.exits)
        text = text.replace("{fact}", self.fact).replace("{topic}", self.topic or "that")
        return text[:1].upper() + text[1:] if text[:1].islower() else text


def _clip(text: str, most: int) -> str:
    """At most `most` characters, cut between words."""
    if len(text) <= most:
        return text
    cut = text[: most - 1].rsplit(" ", 1)[0]
    return f"{cut.rstrip(' ,;:')}…"


class ScriptedResponder:
    """Answers from the room's lines; implements `Responder`.

    `seed` varies the choice of lines; `pace_s` is the pause between words in
    seconds, 0 or more. With 0 a reply is `ready` at once; above 0 it is only
    streamed. Replies are 1 to 800 characters long. Raises `ValueError` for a
    negative pace.
    """

    models: tuple[str, ...] = ("scripted",)

    def __init__(self, seed: int = 0, pace_s: float = 0.0) -> None:
        if not pace_s >= 0.0:
            raise ValueError(f"pace_s is {pace_s}; give 0 or more seconds between words")
        self._seed = seed
        self._pace_s = pace_s
        self._books: dict[int, _Book] = {}

    def ready(self, prompt: Prompt) -> str | None:
        """The whole reply, or None where a pace is set. Synchronous, well under a millisecond."""
        return None if self._pace_s > 0.0 else self._reply(prompt)

    def stream(self, prompt: Prompt) -> AbstractAsyncContextManager[AsyncIterator[str]]:
        """The reply word by word; joined, it is what `ready` gives without a pace.

        Every piece is a checkpoint. Holds nothing that a cancellation could leak.
        """
        return self._streaming(prompt)

    @asynccontextmanager
    async def _streaming(self, prompt: Prompt) -> AsyncIterator[AsyncIterator[str]]:
        async with aclosing(_pieces(self._reply(prompt), self._pace_s)) as pieces:
            yield pieces

    def _reply(self, prompt: Prompt) -> str:
        return _Talk(self._seed, self._book(prompt.room), prompt).reply()

    def _book(self, room: Room) -> _Book:
        # Keyed by identity, for a room holds dicts; the book keeps its room
        # alive, so no other room can take the same id while it is here.
        book = self._books.get(id(room))
        if book is None:
            if len(self._books) >= _BOOKS:
                self._books.clear()
            book = self._books[id(room)] = _Book(room)
        return book


async def _pieces(text: str, pace_s: float) -> AsyncGenerator[str, None]:
    pause = 0.0
    for piece in re.findall(r"\s*\S+", text):
        await trio.sleep(pause)
        pause = pace_s
        yield piece
