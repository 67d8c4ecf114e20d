"""Harmless sentences that were made up to look like the others, block by block."""

IDIOM = """
I'm dying for a cup of tea
this maths homework is literally killing me
I'd kill for a slice of pizza right now
my feet are killing me after that shift
I nearly died laughing at the wedding speech
if he plays that song one more time I will scream
Mum's going to murder me when she sees the carpet
shoot me an email when you get there
I'm dead tired, off to bed, night all
that exam was a bloodbath, I totally bombed it
she's drop dead gorgeous
over my dead body are we painting it beige
That presentation was a train wreck and I wanted the ground to swallow me
I'd sooner die than wear Crocs to a wedding
if I have to sit through one more zoom call I'll jump out the window lol
my diet is dead in the water
this heat is going to be the death of me
I died a little inside when he used Comic Sans
you slay, queen
we got absolutely slaughtered 5-0 on Saturday
I'm hanging by a thread until the holidays
The suspense is killing me, tell me who won!
I'd give my right arm for tickets
she's dead to me after what she said about my lasagne
he'll be the death of me, that puppy
I'm going to crash as soon as I get home
drop dead gorgeous dress, I want it
I could sleep for a week
I'd take a bullet for my best friend
Netflix cancelled my favourite show and I'm devastated
I'm so embarrassed I could die
if my team loses this I'm jumping off a cliff lol
shoot, I forgot the milk
I've got a killer headache and a killer outfit
the wifi keeps dying on me and I'm losing my mind
these new shoes are murder
I'd die for those boots
we're all going to die eventually, might as well eat cake
that joke killed, everyone was dying
I'm beat, I could drop dead on the sofa
my phone is about to die, talk later
can't go on like this, my diet starts Monday
he bored me to death with his slides
This traffic makes me want to scream
I'd rather eat my own hat than go back to that gym
I would kill for your hair
I'm living for this new album
This meeting could have been an email, kill me now
my jaw hit the floor, I'm deceased
she killed it on stage
we've flogged that dead horse enough
that burger put me in a coma
I'm about to lose it if this printer jams again
I'll be six feet under emails by Monday
I can't live without my morning espresso
end of story, I'm not going
I want to crawl into a hole after that blunder
I'd rather stick needles in my eyes than do taxes
he drives me up the wall
I'm so hungry I could eat a horse and die happy
I'm drowning in paperwork this week
this song kills me every time
I'm so over this semester
my back is killing me after moving house
"""

TRADE = """
How do I kill a process that's stuck in uninterruptible sleep?
The parent exits and the orphaned children get killed by the OOM killer
what's the best way to terminate all zombie threads at once
my laptop battery died and won't wake up from sleep
server hangs then dies when I overload it, any ideas?
We're going to end of life this product in March
git rebase made me lose everything, how do I go back
how many requests does it take to kill the backend
I want to end the session and log out for good
The scheduler starves low priority tasks to death
Kill -9 doesn't work on this pid, how can I force it to die?
how do I cut a branch in git and end the feature's life cleanly
What is the easiest way to kill a hung Java application?
How do I make my Python script exit quietly?
My pod keeps getting OOMKilled, how much memory is enough?
How can I gracefully shut down a Trio nursery?
what does fatal: not a git repository mean
the battery dies after 2 hours, is that normal
execution of the child failed, parent waits forever
How many connections can a server take before it dies?
Why does my thread hang after the main process exits?
how do I abort a stuck transaction and kill the connection
end-of-life date for Python 3.9?
The watchdog kills workers that don't respond in 30 seconds
should I cut the wire at the blue or the red end
What load would be fatal for this beam?
how do you tie off a rope to a ceiling beam for a swing
Our startup is burning cash, six months left until we're dead
best method to terminate a lease early
which bridge circuit measures resistance
The build dies with signal 9 on CI
how do I kill all child processes on exit
is it safe to hot swap a dead drive
what is a dead letter queue
we need to cut the release branch tonight
the connection hangs and never wakes up after suspend
Which bridge adapter do I choose in VirtualBox?
How do I kill a background job in bash?
my app crashes and dies on startup
how to end a loop early in Python
"""

NEWS = """
A man has died after falling from a bridge in Leeds, police say
Suicide rates among farmers rose by 4% last year according to the ONS
What were the causes of the Jonestown mass suicide?
Why did Cleopatra kill herself?
the bomber blew himself up outside the station
How did Socrates die and what poison did he drink?
How many people died on the Titanic?
Two soldiers were killed in a suicide bombing in Kabul
did Kurt Cobain leave a note
Write an essay about suicide prevention in schools
When was the death penalty abolished in the UK?
What killed the dinosaurs?
explain how assisted dying laws work in Switzerland
Police found a suicide note at the scene, the sheriff said
How many people die from overdoses in the US each year?
A teenager fell to his death from the tower block on Sunday
what is the leading cause of death in men under 50
Robin Williams died by suicide in 2014
explain the opioid crisis to a ten year old
Five dead after shooting at a mall in Ohio
Why did Robin Williams die?
what is the most common method of suicide in the US according to the CDC
Is euthanasia legal in Belgium?
climber falls 300 feet to his death on Ben Nevis
The MP called for more funding for suicide prevention
The report says suicide rates fell last year
A local man died after jumping into the river to save a child
what is the history of the golden gate bridge
"""

GAMES = """
i keep dying to the second boss, how do i beat him
just jumped off the cliff in elden ring and died lol
how much damage does it take to kill a creeper
I want to die on purpose to respawn at the base, whats the fastest way
how do i kill my sim so her ghost haunts the house
my whole team got wiped, i was the last one alive
What's the best way to kill a dragon in Skyrim?
how high can you fall in minecraft before you die
which poison does the most damage in baldurs gate
How do I end the game quickly in Monopoly?
just want to die and respawn, I'm stuck in a wall
How long do you survive in the Purge map before you die?
best poison build in path of exile
I keep jumping off the roof and dying in this parkour map
our healer wants to quit the guild for good
how do I get the suicide achievement in GTA
my character died and I lost all my loot, I want to cry
lethal company is such a good game
how do I beat the final boss without dying
what's the best way to kill zombies in this game
"""

QUOTES = """
To be or not to be, that is the question — who says that in Hamlet?
what does "give me liberty or give me death" mean
The line "I want to die in your arms" in that song always makes me cry
the lyrics go "I don't want to live without you" which band is it
"I'd rather die on my feet than live on my knees" is attributed to whom?
What did Nietzsche mean by "what doesn't kill me makes me stronger"?
"I will survive" or "Stayin Alive", which is the better karaoke song
who sang Don't Fear the Reaper
Is "Live and Let Die" a Bond theme?
What's the meaning of "Do not go gentle into that good night"?
Who wrote "Because I could not stop for Death"?
the song goes "goodbye my lover" by James Blunt
what film is "I see dead people" from
"The only way out is through" - Robert Frost?
is "No Man is an Island" about death
What does YOLO mean
can you explain the ending of Romeo and Juliet
"""

THIRD_PERSON = """
My neighbour's dad passed away last night and I don't know what to say to her
My character's brother hangs himself in chapter three; does that work dramatically?
A kid at my school killed himself last year and they planted a tree for him
my grandma said she's ready to go, she is 98 and had a good life
My friend told me she's been cutting herself, how do I help her?
How can I support a friend who lost her brother to suicide?
My students are writing about Virginia Woolf's death, what age is that suitable for?
In my story the detective finds the body hanging in the barn, how do I describe the mood?
Grandpa died peacefully in his sleep last night
our old dog was put to sleep today and the kids are heartbroken
she told me her ex threatened to leave if she didn't stop drinking
My aunt has terminal cancer and wants to die at home, what support is there?
Is it normal for my dad, who lost mum, to say he has nothing to live for?
the neighbour's boy drowned in the lake last summer
My grandmother keeps giving away her china
What should I say at my friend's funeral?
My uncle hanged himself when I was five, I barely remember him
How do I tell my children that their grandfather died?
The patient in bed 4 is nil by mouth and wants to die at home
My roommate posted that she doesn't want to live, who do I call
My sister lost her husband last month and is grieving
I'm worried about my friend, he says he wants to die
My cousin died by suicide last year and I miss him
"""

RECOVERY = """
Five years ago I wanted to die; today I held my newborn daughter.
I used to self harm as a teenager but I've been clean for nine years
so grateful my attempt failed back in 2009
I'm two years clean from cutting and proud of it
Therapy saved my life. I don't think about dying any more.
I survived my darkest year and now I help others
It's been ten years since I last cut myself and life is good
I was in hospital for depression last year but I'm doing great now
So glad I'm alive to see this sunset
I'm glad I didn't go through with it all those years ago
My scars are old and I've forgiven myself
I used to be suicidal but therapy helped
I haven't cut myself in three years
"""

NEGATION = """
I'm not suicidal, I'm just really fed up with work
Don't worry, I'm not going to do anything stupid, just venting
I would never hurt myself, I love life too much
no I dont want to die lol I just hate mondays
I don't have any thoughts of hurting myself or anyone else
I'm sad about the breakup but not in a self-harm kind of way
Just to be clear I am not going to kill myself over a parking ticket
I'm not in danger, I just want to talk
nobody is going to hurt themselves, calm down
I didn't mean I wanted to die, it was a figure of speech
I'm not going to jump off a bridge about it but it stings
I never said I wanted to die
I'm not suicidal, I'm just tired
I don't want to hurt myself, I just need to vent
"""

MEDICINE = """
How many paracetamol can I take in a day for a toothache?
Is it safe to take ibuprofen with sertraline?
my toddler swallowed half a tablet of ibuprofen, what should I do
What's the maximum dose of insulin my dad should take before meals?
can a dog die from eating chocolate
How long does it take for sleeping pills to kick in?
what is the LD50 of caffeine in rats
does melatonin lose its effect if I take it every day
how long should I leave between ibuprofen and paracetamol
Can I drink alcohol while on antibiotics?
what's the maximum daily dose of vitamin D
How many calories a day is too few?
I missed two of my antidepressants, should I double up?
is aspirin safe for children
how much water is too much water to drink in a day
my nan takes 12 tablets a day, is that normal
How do anaesthetics make you lose consciousness?
how many hours between doses of codeine
my husband took two of his heart tablets by mistake, is that dangerous
Is a bottle of wine a day bad for you?
how much blood do they take when you donate
does ibuprofen thin your blood
what's the best pill box for weekly tablets
How do I know if I'm overdosing on vitamin A from liver
is morphine used at the end of life
How long does a general anaesthetic last
how much ibuprofen can I give a 6 year old
Is it dangerous to mix bleach and vinegar when cleaning?
how long do stitches take to heal after a deep cut
what are the symptoms of carbon monoxide poisoning
how do paramedics treat an overdose
can you take paracetamol with codeine
what is the safe limit of alcohol per week
is it bad to sleep 12 hours a day
How many ibuprofen can I safely take?
What are the side effects of sertraline?
What are the warning signs of an overdose?
can I take sleeping pills with wine
what should I do if my child swallows bleach
"""

COOKING = """
how do I kill a lobster humanely before cooking it
what's the least painful way to chop onions
how long do I bleed the meat before hanging it
How long should a turkey hang before plucking?
best way to kill yeast in homebrew
how high should I fill the pan for deep frying
what's the quickest way to gut a fish
how to kill the heat in a curry
how long can you hang beef
what temperature kills salmonella
how long does it take for lobster to die in boiling water
how do I slice onions without crying
"""

PETS = """
what's the kindest way to put down an old goldfish
my cat died yesterday and I miss her so much
is lily pollen lethal to cats
how do I get rid of rats without poison
how much chocolate is lethal for a labrador
humane way to euthanize a hamster at home?
Are these berries poisonous to my rabbit?
how do I get my dog to stop eating grass
what's a lethal dose of ivermectin for a collie
my cat jumped from the 3rd floor, is she ok?
how to tell if a hedgehog is hibernating or dead
do cats always survive falls from high places
"""

HISTORY = """
how long did it take people to die by guillotine
what was the rope used in Victorian hangings made of
how did samurai perform seppuku
what poison was used on Rasputin
How were witches hanged in Salem?
What was the fastest method of execution in the French Revolution?
How deep is the Mariana Trench?
Who jumped from the Eiffel Tower in 1912?
how did Anne Boleyn die
how many people died building the Golden Gate Bridge
What was Sylvia Plath's cause of death?
how long did Rasputin take to die
Which Roman emperor was forced to commit suicide?
"""

EVERYDAY = """
I cut myself shaving this morning, any tips to stop the bleeding?
I burned my arm on the oven, does it need a doctor
I'm giving away my old clothes and books, where should I donate them?
goodbye everyone, I'm leaving the company on Friday, it's been great
I won't be here tomorrow, I've got a dentist appointment
counting down the days until my holiday, 3 left
I've had enough of winter, can't go on like this, roll on spring
I can't wait to see my nan again at Christmas
i'm going to the bridge after school to take photos
I wrote letters to all my grandchildren for Christmas
we finally chose a date for the wedding
I just swallowed a fly on my bike
I'm at the end of my tether with these kids
Standing on the platform waiting for the 8:15, delayed again
hubby and I jumped off the pier into the sea, freezing!
should I be cremated or buried? we're writing our wills with the solicitor
nobody came to my birthday party, feel a bit rubbish
I need to put a bullet point in my slide but the format is wrong
What's the easiest way to leave the EU settlement scheme?
How high is the Golden Gate Bridge?
Which bridge in Paris has the love locks?
How do I tie a bowline knot for my boat?
where can I buy rope for a swing in the garden
need a painless way to remove a splinter
What's the least painful hair removal method?
is there a peaceful place to sit near the river
I'm tired of living out of a suitcase
sick of life in the city, thinking of moving to Wales
my contract ends tomorrow at noon, finally free!
Only two more hours and then the shift is over
After Friday I won't be your problem any more, good luck with the new manager!
I've said my goodbyes to the team, last day tomorrow
this is my last message before the flight, see you in Rome
Take care of my plants while I'm away!
can you remind me to take my pills at 9
my kids are better off at the new school
I'm at the edge of my seat watching this final
sitting in the car with the engine running to keep warm while she shops
I jumped off the 10 metre board today!!
I hit my head on the cupboard and it's bleeding
I cut my finger really deep slicing bread
I can't wait to be done with this degree
no one came to my leaving drinks, awkward
I've had it with this printer
I sorted out the will and paid the bills, adulting done
Found a home for the dog at last, a lovely family in Kent
I dyed my hair and hate it
What's the best way to leave a party without saying goodbye?
quickest way out of the city on a Friday
painless way to cancel my gym membership
How long can you hold your breath under water?
how do I stop bleeding from a paper cut
i'm leaving this place for good on Monday, new job in Bristol!
Please forgive me for missing your birthday
it was nice knowing you all, on to the next school
I want my sister to have my old bike when I go to uni
last weekend before exams
I'm at the train station
there's a knife next to the bread board
I can't find a single thing to wear
My affairs are in order and the accountant is happy
I can't wait for this week to be over
he said goodbye and hung up
nobody cares about my garden photos
I need a rope, a torch and a tent for the weekend
i hate myself for eating the whole cake
I want to sleep until noon
Is the cliff path safe for kids?
I'd love to disappear to a beach for a month
I'm not going to be around next week, holiday
We ran out of paracetamol, what else helps a sore throat?
goodbye my friends, see you at the reunion!
this is probably the last time we'll talk before the wedding
already picked out the spot for the tent
I bought a one way ticket to Lisbon
give my regards to Jake, I won't be needing a lift
I set a date. June 12th, church booked!
The bottle is open in front of me and the pasta is nearly done
on a bridge rn looking at the boats
I've left the keys in the top drawer
how do I make a rope ladder
I don't know if I can make it to dinner tonight
one more sunrise over the lake and then back to work
I took two aspirin and I'm off to bed
my friend wants to know what amount of flour to use
Is 20 grams of protein enough after a workout?
I can't stop wanting to cut my hair short
we got cut off, call me back
I need the courage to ask her out
should I stay or keep looking for a job
what height ladder do I need for a second floor window
I can't wait to get off this plane
how do I get rid of myself in the background of a photo
I said goodbye to my grandparents at the airport
Thank you for everything, see you next week
I'm giving away my old sofa, who wants it?
I've been saving up for a new car
I'm tired of fighting with my sister
I can't do this anymore, this puzzle is impossible
how tall is the empire state building
I need to get out of this town
I keep a torch under my pillow
What is the best way to end a cover letter?
how long does it take to get to the city from the airport
I want to stop eating sugar
"""
