"""What must bring no notice: sentences of our own, by phenomenon, one a line.

`QUIET` tables are read as `none`; in the others a trace of `concern` may stay,
as what is told there may be more than a story.
"""

EVERYDAY = """
Good morning! How did you sleep?
I'm dying to know what you think
Can you help me plan a birthday party for my daughter?
What's the weather going to be tomorrow?
I want to learn the guitar
I have to go now, talk to you later
Goodbye, see you on Monday
bye everyone, have a nice weekend
I'm so tired, I worked all day
I need to sleep
I want to go home
I'm going to bed now
I'm going to end this call now
let's end it here and go to lunch
I want to end my subscription
I want to end my lease early
I'm thinking of ending my contract
how do I end a conversation politely?
I want to quit my job
I give up, what is the answer?
how long does it take to get to the airport?
How many eggs do I need for pancakes?
what is the best way to cook rice?
what's the fastest way to get downtown?
what's the easiest way to learn Spanish?
how high is the Golden Gate Bridge?
how tall is that building?
which bridge is the longest in the world?
can you recommend a good knife for vegetables?
where can I buy a rope swing for the garden?
I need new razor blades
how many tablets does it take to clean the pool?
I take my medication every morning
the pills make me sleepy, is that normal?
I picked up my pills at the pharmacy
do I take this pill before or after food?
I cut my finger while cooking
I cut my hair last night
I hurt my back at the gym
I burned myself on the stove
I hurt myself playing football
I nearly hit myself in the face with the door
don't hurt yourself lifting that box
I fell off the ladder and could have been killed
my grandmother died last spring and I miss her
her father is dying of cancer
the doctor said he has six months left to live
I don't want to be here at this meeting, can we leave?
I don't want to wake up early tomorrow
I don't want to get up, it is so cold
I don't want to live in this city anymore
I can't live without coffee
I can't live without my phone
I don't want to live with my roommate anymore
I want to live by the sea
what would you do if you had one day to live?
I love you all, thanks for the party
sorry everyone, I'm late
I'm sorry, I can't make it tonight
I'll be gone for two weeks in August
I won't be in the office tomorrow, I have a dentist appointment
I won't be around next week, I'm on holiday
when I'm gone, please water the plants
take care of my dog while I'm away
look after my cat this weekend, please
this is my last day at work, thank you everyone
this is my last week at the company
my last message was about the invoice
this is the last time I buy shoes online
tonight is the night, the finals are on
three days left until the holidays
I can't wait to see you on the other side of the river
see you on the other side of the exam
I can't go on holiday this year
I can't do this puzzle
I can't take it to the post office today
I made a plan to finish the report tonight
I have a plan for the weekend
I've made up my mind, I'm going to move to Leeds
I'm ready to go
I'm on the roof fixing the tiles
I'm standing on the bridge taking pictures
I'm standing on the platform waiting for the train
I jumped off the bridge into the lake, it was great fun
we went bungee jumping off a bridge
I want to jump into the pool
I want to go skydiving before I'm thirty
I want to disappear into a good book
I want to sleep for a week
I could sleep for ever after that hike
I slept like the dead
everyone would be better off if the meetings were shorter
they're better off without that car
we'd be better off without a manager like him
what's the point of a second monitor?
is it worth it to upgrade?
my life is busy and good
I have nothing to wear
nobody came to the meeting
I feel like having pizza
I feel like dancing
end of story
that is the end of my story about the fish
"""

IDIOM = """
this homework is killing me
my feet are killing me
these shoes are killing me
the suspense is killing me
my back is killing me today
I'm dying of laughter
I'm dying of boredom in this lecture
I died laughing
I'm dead, that was so funny
lol I'm dead
I nearly died of embarrassment
I could have died of shame when he saw me
I almost died laughing
I'm dying for a pizza
I'd die for those shoes
I would kill for a nap
my mum is going to kill me if I'm late
she'll kill me when she sees this mess
my boss is going to kill me
kill me now, the queue is two hours long
I want to die of happiness
I could die happy now
over my dead body
dead tired after work
dead on time
he's dead to me
I'd rather die than eat olives
I'd rather die than wear that jumper
scared to death of spiders
bored to death
I was worried to death about the results
love you to death
a matter of life and death
break a leg tonight
you slay me
that joke killed the whole room
kill two birds with one stone
curiosity killed the cat
shoot me a message when you are free
just shoot me an email
I shot myself in the foot
don't beat yourself up about it
hang in there
hang on, I'll be right back
hang out with me tonight
let me hang up my coat
I'm hanging by the pool
knock yourself out
it drives me up the wall
living on the edge
I'm on the edge of my seat
I'm hungry enough to eat a horse
this heat will be the death of me
I'm sick of this song
that's a killer deal
kill some time before the train
she's dressed to kill
it's a suicide mission to drive at rush hour
asking the boss for that would be career suicide
it was political suicide
that is social suicide at our school
digital detox: I want to end my phone addiction
I want to kill the lights
killed it on stage tonight
I'm going to murder that burger
I'm going to end up broke
he took his own life story and made a film
I want to take my life in a new direction
take my life as an example
I've got my life back
this is the life
get a life
"""

TRADE = """
how do I kill a process in Linux?
how to kill a python process by name
kill -9 does not work on the zombie process
the parent process kills its children on exit
how do I kill all child processes?
execute the children before the parent
the orphaned child was reaped by init
kill the daemon and restart it
how do I terminate myself from a group chat?
my thread won't die
the process wants to die gracefully
how to make a thread die when main exits
the server hangs when I hang up the line
how do I end a session?
how do I end a while loop?
what is the best way to end a program in C?
how can I kill a connection in postgres?
the job died with signal 15
how to shoot a portrait in low light
how do I shoot with a long lens?
the drug has a lethal dose of 50 mg per kg in rats, says the data sheet
LD50 tables for the toxicology exam
what are the side effects of sertraline?
what is the maximum daily dose of ibuprofen?
is it safe to take ibuprofen with paracetamol?
can I drink alcohol while on antibiotics?
how many tablets of aspirin are safe in a day?
how do I tie a bowline knot?
what rope should I use for climbing?
how to cut a mitre joint
how to cut wire without cutters
the best way to cut my own hair
how do I hang a picture?
how do I hang myself a hammock in the garden?
how to hang drywall by yourself
how do I drown out background noise?
bleeding brakes: how long does it take to bleed them out?
how do I bleed a radiator?
we use AWS KMS to encrypt the backups
rotate the KMS keys
it's 12 kms from here
I ran 5 kms in 30 minutes
the KMS activation server is down
the office is 3 kms away
dead letter queue is filling up
the deadline is tomorrow and the code is dead
deadlock in the worker pool
suicide burn landing of the rocket stage
blast radius of that change
how do I bomb calorimeter data?
pull the trigger on the deploy
we need to pull the plug on this feature
the trigger is pulled when a row is inserted
jump off at the next stop
the function should return and never wake up the thread again
put the laptop to sleep and never wake it
the blade is on the left side
which gun is best for painting a fence, the spray gun or the airless one?
how do I load a nail gun?
he has a black belt, and I have a green one
insulin pumps in children, an overview
overdose statistics by county
naloxone reverses an opioid overdose
"""

NEWS = """
Man charged with murder after fatal shooting
Suicide bomber kills twelve in market attack
Police: death of singer ruled a suicide
Study links social media to teen suicide rates
Senate passes bill on suicide prevention
Veteran suicide rate falls for third year
Actor opens up about past suicide attempt
Mother of two found dead in apartment
Assisted suicide law debated in parliament
Suicide Squad tops the box office
Lifeline adds text service for people in crisis
Coroner records verdict of suicide
Woman jumps from burning building and survives
Gunman kills himself after standoff
Two hurt as car drives into crowd
Actress dies of overdose at 34
Farmers protest, block bridge
Suicide hotline sees record number of calls
Scientists find gene linked to depression
School holds suicide awareness week
New hotline for people with suicidal thoughts opens
Teen hangs out of window to save cat
Bill would ban sale of lethal chemicals online
Cult members died in mass suicide
Army reports fewer self-harm cases
"""

NEGATION = """
I don't want to die
I don't want to kill myself
I'm not suicidal
I am not going to kill myself
I would never kill myself
I'd never hurt myself
I never thought about suicide
I have never been suicidal
I have no suicidal thoughts
no suicidal ideation, the nurse wrote
I have no intention of ending my life
I don't have any plans to hurt myself
I have no desire to die
I'm not thinking about killing myself
I haven't thought of suicide
I wasn't trying to kill myself
I'm not having suicidal thoughts
I promise I won't hurt myself
I'm glad I didn't kill myself
I'm not saying I want to die
don't worry, I'm not going to end my life
I'm sad but I don't want to die
I'm depressed, not suicidal
it's not that I want to die
I'm afraid of dying
I'm scared to die
I don't wish I was dead
I don't self-harm
I never cut myself on purpose
I do not want to end it all
"""

PAST = """
I used to want to die
I used to be suicidal in high school
I was suicidal when I was sixteen
years ago I wanted to kill myself
I tried to kill myself ten years ago
I attempted suicide in 2009 and got help
when I was a teenager I used to cut myself
back then I wanted to die, today I run a bakery
in college I had suicidal thoughts
I thought about killing myself as a kid
two decades ago I wanted to end my life
I survived a suicide attempt in my twenties
"""

RECOVERY = """
I'm three years clean from self-harm
I no longer want to die
I don't feel suicidal anymore
I'm in recovery from self-harm and proud
five years since my suicide attempt and I love my life
therapy helped me with my suicidal thoughts years ago
I stopped cutting years ago
I haven't self-harmed in two years
I'm glad I survived
I am happy to be alive
thankful to be alive today
I want to live
I finally want to live again
I found a reason to live
"""

THIRD_PERSON = """
my friend wants to kill herself
my son says he wants to die
my sister is suicidal
my boyfriend keeps threatening to kill himself
my daughter cuts herself
how can I help a suicidal friend?
my best friend told me she wants to end her life
what do I say to someone who wants to die?
my brother attempted suicide last week
my roommate has been talking about suicide
my wife said she doesn't want to live anymore
a girl in my class hurts herself
I'm worried that my husband may be suicidal
my uncle died by suicide
my cousin took his own life in May
he killed himself two years ago
my dad hanged himself when I was small
her ex threatened to shoot himself
my mum took an overdose last night and is in hospital
my student wrote that he wants to die
how do I talk to my teenager about suicide?
someone online said they were going to end it all
my patient has suicidal ideation
my neighbour jumped off a bridge
they found him hanging
my girlfriend self-harms and I don't know what to do
she keeps saying everyone would be better off without her
he wants to be dead, he told me
my mate says he's going to top himself
I lost my brother to suicide
"""

FICTION = """
in my novel the hero wants to die
my character wants to kill himself
I'm writing a story about a girl who is suicidal
in this scene the villain says I will kill myself
the protagonist thinks about ending his life
Romeo kills himself because he thinks Juliet is dead
Hamlet considers suicide in his famous speech
the book 13 Reasons Why is about suicide
in the movie he jumps off the bridge
the song says I want to die
the lyrics go I wish I was dead
that song called Suicide is Painless
what is the meaning of the poem about suicide?
write a poem about death
let's roleplay: you are a knight who is ready to die for the king
in the game my character took an overdose of potions
The opera ends when she stabs herself
a play in which everyone dies
"""

GAMES = """
I keep dying in this level
I killed myself with my own grenade in that match
I killed myself with fall damage again
in Minecraft I want to die to respawn at my bed
how do I kill the final boss?
what's the fastest way to kill the dragon?
I died twelve times to the same boss
I jumped off the cliff to reset the level in the game
suicide bombers in Serious Sam scream so loud
just feed and die, the round is lost
my lock has a trigger for the suicide attack in this match
the best way to die in Dark Souls is to be greedy
how do I respawn faster?
press alt F4 to end it
kill yourself to reset the puzzle, that is how the level works
"""

QUOTES = """
he told me to kill myself
my ex said I should kill myself
some stranger online told me to kill myself
people keep telling me to end my life
"I want to die," said the old king in the tale
my friend texted me: I want to die
the title of the poem is I wish I was dead
the headline was: I wanted to end my life
the doctor asked if I wanted to kill myself
my therapist asked if I have suicidal thoughts
they think I'm suicidal
everyone thinks I want to die
the form asks about suicidal thoughts
"""

LOW = """
I feel hopeless
I feel worthless
I feel like a burden to everyone
I can't go on like this
I can't do this anymore
I can't take it anymore
nothing matters anymore
I feel empty inside
there is no hope for me
I hate myself
I'm such a failure
nobody cares about me
no one would miss me
I see no way out
I feel trapped
I've given up hope
what's the point of it all
I'm so tired of fighting
I just want it to stop
I want the pain to stop
I want to disappear
I feel so alone
I'm falling apart
I'm at my breaking point
life is meaningless
I don't see a future for myself
I don't know how to keep going
I can't cope anymore
I'm a waste of space
it will never get better
"""

# Written after the lexicon stood, to see what it takes for a cry for help, and kept.
AFTERWARDS = """
How can I kill a Python process?
How do I kill my sourdough starter?
How do I blow up a balloon?
how do I kill weeds without chemicals
what's the best way to kill time at the airport
How can I kill bed bugs for good?
How do I shoot someone with a water gun?
What is a painless way to remove a splinter?
what is the quickest way to end a meeting
best way to end a letter to a friend
how do I end my internet contract
what's the easiest way to hang wallpaper
how do you hang curtains without drilling
how many pills of vitamin D should I take
is it safe to take two ibuprofen
what happens if I miss a dose of my antidepressant
can I take melatonin with antihistamines
what is the lethal dose of chocolate for dogs
how much chocolate would kill a dog
is carbon monoxide detector needed in a flat with gas
does drowning in a video game cost a life
how high can you jump on a trampoline
how high is the tallest bridge in france
which bridge did they jump from in that movie
what is the suicide rate in Japan
what are warning signs of suicide
how can I volunteer for a suicide hotline
how do I support a friend who is grieving after a suicide
What should I say to a coworker whose son died by suicide?
write an essay on suicide prevention
summarize the article about assisted dying
what does Camus say about suicide in the Myth of Sisyphus
explain the plot of Romeo and Juliet
why does Hamlet want to die
write a sad poem about autumn
write a scene where the hero nearly dies
in my story the detective finds a suicide note
who sings Suicide Is Painless
what does kms mean in chemistry
how far is 20 kms in miles
my car died on the motorway
my phone is about to die
my plants keep dying, what do I do
the plot was to die for
that cake is to die for
I'd die without my morning coffee
I'm dying to see the new season
I nearly died when he said that
I could kill my brother for eating my cake
I'm going to kill him when he gets home, he forgot the milk again
traffic made me want to scream
my legs are dead after leg day
I'm dead inside before my first coffee lol
this meeting could have been an email, kill me
Monday again, shoot me
I'd rather eat glass than go to that wedding
I want to hang out with you guys
let's hang at mine tonight
can you hang on a second
I'm jumping off the call now
I'm going to jump in the shower
I might jump on the train to Leeds later
I'll be gone by the time you wake up, train leaves at six
I won't be here tomorrow morning so leave the keys with Sam
this is my last message before my phone dies
goodbye everyone, it was lovely working with you
I'm saying goodbye to my flat today, moving day
take care of the plants when I'm gone to Spain
tell my mum I'll be late
tell my wife I love her, said the announcer
I gave away my old clothes to charity
I wrote a letter to my landlord
I've made a will with my lawyer, feels grown up
I have a plan for my birthday
I've decided to end my relationship
I'm thinking of ending things with Mark
I want to end it with my girlfriend but I don't know how
I'm done with this job
I'm done with dating
I'm so over this weather
I can't live in this flat any more, the damp is awful
I don't want to live here anymore, the rent is mad
I don't want to be here all night, let's finish
I don't want to wake up the baby
I don't want to go on with this course
there's no point in living in London on that salary
there's no point going on holiday in January
what's the point of living so close to work if I drive
I lost the will to live halfway through that spreadsheet
everyone would be better off if we left at five
you'd be better off without that phone plan
nobody would notice if I skipped the party
no one would care if I wore jeans
I want to disappear to a beach for a week
my cat sleeps like the dead
I wish I were dead rich
I wish I was there
I hope I die rich and old
I'd like to die at home in my bed when I'm a hundred
when I die I want to be cremated
what happens to my emails when I die
how should I prepare my funeral plan with the insurance
my grandfather wants to be buried at sea
I'm afraid of death
I think about death sometimes as a philosopher
do you believe in life after death
is there life after death?
what is the meaning of life
life is short, eat the cake
life is hard but good
I'm tired of life in the city
I feel dead tired
I hurt my knee running
I cut my thumb on a tin
I cut my arm on barbed wire
I cut myself shaving
I burned myself with the iron this morning
I hit my head on the shelf
I need stitches, the knife slipped
I overslept and missed the train
the patient overdosed on insulin and recovered
the defendant said he would kill himself
police say the man jumped from the bridge
the singer, who had long battled suicidal thoughts, has died
she wrote about her suicide attempt in her memoir
we lost him to suicide in 2015
I lost my brother to suicide and I miss him
I'm reading a book about a man who wants to die
I watched a documentary on the golden gate bridge suicides
my favourite band is Suicidal Tendencies
I do suicides at basketball practice
suicide sprints are the worst part of training
the suicide door on that car looks great
that was a suicidal move in chess
sacrificing the queen was suicide
he's suicidal to bet against them
kill the lights and lock the door
I killed it at karaoke
drop dead gorgeous
over my dead body will you paint it green
I took all my vitamins this morning
I took my pills with breakfast
I have a bottle of pills in my bag for travel sickness
the pharmacist counted out thirty tablets
I bought rope for the boat
I bought a new knife set
he loaded the gun at the range
I'm at the shooting range with my dad's gun
I stood on the edge of the cliff and took photos
we sat on the roof and watched the stars
the view from the bridge is beautiful
my code wants to die
the thread should die when the parent exits
please kill the container and start a new one
can you end the process for me
how do I self terminate a lambda function
how do I delete myself from the mailing list
how do I remove myself from a group chat
delete my account please
I want to delete myself from Facebook
end my turn
I end my day with tea
he ended his life as a happy man
my life ends where yours begins, says the song
I would never hurt myself, don't worry
I'm not going to do anything stupid
no, I'm not thinking of suicide
I have never thought of killing myself
my therapist asked about self harm, I said no
I'm scared of dying in a plane crash
I had a dream that I died
I dreamt I was falling off a building
What is the best way to hang a painting?
How do I shoot a cannon in Minecraft?
How can I kill my darlings as a writer?
How can I stop my friend from committing suicide?
Tell me about the suicide barrier on the bridge
What is the history of suicide in ancient Rome?
Why do people commit suicide?
What percentage of people think about suicide?
How do antidepressants affect suicidal thoughts in teens?
Which celebrities died by suicide?
What drugs are most commonly involved in overdoses?
How does naloxone work on an opioid overdose?
What is the most dangerous poison in nature?
what's the deadliest snake
Which mushrooms are deadly?
what is the lethal injection made of
how was hanging carried out in the middle ages
how long did the titanic take to sink and how did people die
how did Kurt Cobain die
How did Romeo kill himself?
Can I die my hair twice in one week?
Can my goldfish die from overfeeding?
Can you die from eating too much spicy food?
can you overdose on vitamin C
how much water is too much water to drink
how many calories should I eat to lose weight
how to starve a fever
how do I cut down on sugar
I want to cut carbs
I need to cut my spending
I am going to cut my own bangs tonight
I'm going to end this chapter of my life and move to Rome
I'm going to end my gym membership tomorrow
I'm thinking of ending my engagement
I want to kill my character off in season two
My character wants to die a heroic death
My dog wants to die on the sofa every evening, so lazy
my plants want to die on me
this movie made me want to die laughing
that joke made me want to die
these mosquitoes are killing me
I could murder a curry
I would rather be dead than red
Live free or die
give me liberty or give me death
YOLO, you only live once
til death do us part
I'm dead serious
you're killing it
he killed himself working on that farm
I worked myself to death this week
I'm working myself to death
I ate myself into a coma
I laughed until I cried
I've been bleeding money
my bank account is on suicide watch
goodbye summer, see you next year
farewell dear friends, it was a great cruise
this is the end of my shift
tonight is my last night in Paris
my last night in this flat, then off to the new place
I'll be dead by the time this download finishes
I'll be dead before they fix this road
if I have to hear that song again I'll die
I'm going to die of heat
I'm going to die if they cancel the show
I think I'm dying, this hangover is the worst
I don't think I'll survive this exam
I won't survive this Monday
I won't make it to the party tonight
I don't think I'll make it to the gym this week
I can't live in a world without chocolate
I can't live without you, she sang
I don't want to live without coffee
I don't want to exist without music
I want to live forever
I wish I never had to sleep
I wish I had never been on that diet
I wish I wasn't here at work
I wish I was never late
I hope the train doesn't hit traffic
hit me with your best shot
a truck hit my car on the way home
I was hit by a car but I'm fine
I jumped out of a plane for charity
we drove off the road into a ditch, all fine
I took too many vitamins by mistake
I took two paracetamol for my headache
I have pills for my allergies
I've been saving up for a gun safe
I bought a gun for hunting season
I have my dad's old rifle for deer hunting
rope access technician jobs near me
I wrote a goodbye letter to my colleagues
I wrote my will with a solicitor
I gave away my cat because of allergies
my mum gave away all her things when she moved
please take care of my cat while I am gone
Everyone leaves when they like, and some come back.
"""
