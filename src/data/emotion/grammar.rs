//! Short first-person sentences, as people write them about their day.
//!
//! A pattern has slots in braces. Neutral slots are the same for every emotion; `{adj}`, `{adj2}`, `{urge}`, `{noun}` and
//! `{occasion}` come from the first emotion of a text, `{other}` and `{other_urge}` from the second, where there is one.

use super::lexicon::{ADJECTIVES, N, NOUNS, OCCASIONS, SHARED_ADJECTIVES, URGES};
use crate::rng::Stream;

/// Sentences of one emotion.
const SINGLE: &[&str] = &[
    "i feel {degree} {adj} because {event}",
    "i feel {degree} {adj} {time}",
    "i feel {degree} {adj} and {adj2} since {event}",
    "{time} i feel {degree} {adj} about {topic}",
    "i am feeling {degree} {adj} about {topic} {time}",
    "i am {degree} {adj} that {event}",
    "{event} and now i feel {degree} {adj}",
    "{event} so i am {degree} {adj} {time}",
    "when {event} i felt {degree} {adj}",
    "i have been feeling {adj} since {event}",
    "i just want to {urge} because {event}",
    "{event} and i want to {urge}",
    "it makes me feel {degree} {adj} when {habit}",
    "whenever {habit} i want to {urge}",
    "i can't help feeling {degree} {adj} {time}",
    "my heart is full of {noun} since {event}",
    "there is so much {noun} in me {time}",
    "i started to feel {adj} the moment {event}",
    "i am still {degree} {adj} about {topic}",
    "i woke up feeling {degree} {adj} and i do not know why",
    "i remember feeling {degree} {adj} at {occasion}",
    "i keep thinking about {occasion} and i feel {degree} {adj}",
    "after {occasion} i went home feeling {degree} {adj}",
    "{person} told me about {occasion} and i wanted to {urge}",
    "i did not expect to feel {degree} {adj} about {topic}",
    "{person} asked why i looked {degree} {adj} {time}",
    "to be honest {topic} fills me with {noun}",
    "i left {place} feeling {degree} {adj} because {event}",
    "i sat at {place} {time} and felt {degree} {adj}",
    "{person} says i am {adj} whenever {habit}",
    "i wrote to {person} that i feel {degree} {adj}",
    "i walked to {place} and began to {urge}",
    "every time {habit} i feel {adj} and {adj2}",
    "i thought about {topic} {time} and felt {noun}",
];

/// Sentences of two emotions.
const MIXED: &[&str] = &[
    "i feel {degree} {adj} but also {other} because {event}",
    "i am {adj} about {topic} and {degree} {other} about {topic2}",
    "{event} and i feel {adj} and {other} at once",
    "when {event} i felt {degree} {adj} and a bit {other}",
    "part of me is {adj} and part of me is {degree} {other}",
    "i wanted to {urge} but {person} made me feel {other}",
    "{time} i feel {other} and {adj} about {topic}",
    "i do not know if i am {adj} or {other} about {topic}",
    "after {occasion} i was {degree} {adj} and still {other}",
    "it makes me {adj} and {other} when {habit}",
    "i want to {urge} and {other_urge} because {event}",
    "i left {place} feeling {degree} {adj} yet {other}",
];

/// How much.
const DEGREES: &[&str] = &["so", "really", "very", "quite", "rather", "a little", "a bit", "pretty", "extremely", "somewhat", "too", "truly", "completely"];

/// When.
const TIMES: &[&str] = &[
    "today", "tonight", "this morning", "this evening", "this week", "again", "lately", "right now", "these days", "at the moment",
    "since monday", "since friday", "all day", "every night", "after work", "after lunch", "before bed",
];

/// Who.
const PEOPLE: &[&str] = &[
    "my boss", "my sister", "my brother", "my mother", "my father", "my neighbor", "my friend", "my roommate", "my cousin", "my teacher",
    "my manager", "my partner", "my uncle", "my aunt", "my daughter", "my son", "the doctor", "my landlord", "my coach", "a stranger",
    "my old friend", "my best friend", "my colleague", "the whole team", "my grandmother",
];

/// Where.
const PLACES: &[&str] = &[
    "work", "school", "the office", "the station", "the library", "the park", "the shop", "the cafe", "the gym", "home", "the beach",
    "the kitchen", "the bus stop", "the garden", "the airport", "the river", "the market", "the church",
];

/// What about.
const TOPICS: &[&str] = &[
    "my job", "my new job", "the move", "my grades", "the news", "our plans", "the weather", "my future", "the weekend", "my apartment",
    "the project", "the trip", "my body", "the letter", "the call", "my past", "the game", "this town", "my family", "money",
    "school", "my birthday", "the meeting", "the results", "my health", "our house", "the whole thing", "the phone bill", "my hair", "the garden",
];

/// What happened once; nothing of it belongs to one emotion.
const EVENTS: &[&str] = &[
    "{person} called me {time}", "{person} left without a word", "{person} moved to another city", "{person} sent me a long message",
    "{person} is coming to visit", "{person} forgot my birthday", "{person} read my diary", "{person} gave me a ring", "{person} sold the car",
    "{person} changed the plans again", "{person} said my name", "{person} looked at me", "{person} found my old letters",
    "{person} talked about {topic}", "{person} cooked dinner for me", "{person} met me at {place}", "{person} waited for me at {place}",
    "{person} drove me to {place}", "{person} bought a dog", "{person} lost the keys", "{person} got a new job", "{person} asked about {topic}",
    "nobody answered my message", "nobody came to {place}", "we talked about {topic}", "we are going to {place} {time}",
    "we won the game", "we missed the train", "we stayed at {place} until midnight", "i have to speak in class", "i have to wait for the results",
    "i got a letter from {person}", "i lost my phone at {place}", "i saw {person} at {place}", "i said goodbye to {person}", "i heard a noise outside",
    "i found a note from {person}", "i passed the test", "i failed the test", "i dreamed about {person}", "i am alone at {place}",
    "the phone rang at night", "the music stopped", "the bus was late", "the lights went out", "the results came back", "the door was open",
    "it is raining at {place}", "the dog ran away", "the baby is asleep", "everything changed so fast", "they took my seat", "they chose me for the team",
];

/// What happens over and over.
const HABITS: &[&str] = &[
    "{person} calls me", "{person} talks about {topic}", "{person} looks at me", "{person} is late", "{person} plays that song",
    "{person} says nothing", "{person} comes home", "{person} mentions {topic}", "{person} sits next to me", "{person} asks about {topic}",
    "i think about {topic}", "i walk past {place}", "i hear that song", "i see {person}", "i am alone at {place}", "it rains all day",
    "the phone rings", "we talk about {topic}", "people stare at me", "somebody knocks",
];

/// Every pattern and neutral bank: with the lexicon, all words that there are.
pub fn banks() -> [&'static [&'static str]; 9] {
    [SINGLE, MIXED, DEGREES, TIMES, PEOPLE, PLACES, TOPICS, EVENTS, HABITS]
}

/// How often a text has two emotions.
const MIXED_SHARE: f64 = 0.25;
/// How often a feeling is told in a word that two emotions share.
const SHARED_SHARE: f64 = 0.15;
/// How often `{degree}` says nothing.
const BARE_SHARE: f64 = 0.35;

/// A sentence and the emotions it was written for, the first one first.
pub fn sentence(stream: &mut Stream) -> (String, Vec<usize>) {
    let mut emotions = vec![stream.below(N)];
    if stream.chance(MIXED_SHARE) {
        emotions.push((emotions[0] + 1 + stream.below(N - 1)) % N);
    }
    let pattern = *stream.pick(if emotions.len() > 1 { MIXED } else { SINGLE });
    let mut said = Vec::new();
    expand(pattern, &emotions, stream, &mut said);
    (said.join(" "), emotions)
}

/// Adds the words of `pattern` to `said`, its slots filled.
fn expand(pattern: &str, emotions: &[usize], stream: &mut Stream, said: &mut Vec<String>) {
    for part in pattern.split(' ') {
        let Some(slot) = part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) else {
            said.push(part.to_string());
            continue;
        };
        let (first, second) = (emotions[0], emotions.get(1).copied().unwrap_or(emotions[0]));
        let bank: &[&str] = match slot {
            "degree" if stream.chance(BARE_SHARE) => continue,
            "degree" => DEGREES,
            "time" => TIMES,
            "person" => PEOPLE,
            "place" => PLACES,
            "topic" | "topic2" => TOPICS,
            "event" => EVENTS,
            "habit" => HABITS,
            "adj" | "adj2" => &[feeling(first, said, stream)],
            "other" => &[feeling(second, said, stream)],
            "urge" => URGES[first],
            "other_urge" => URGES[second],
            "noun" => NOUNS[first],
            "occasion" => OCCASIONS[first],
            _ => &[],
        };
        // A slot of no known name stays as it is; a test finds it.
        let choice = if bank.is_empty() { slot } else { *stream.pick(bank) };
        expand(choice, emotions, stream, said);
    }
}

/// A word for how one feels that was not said yet.
fn feeling(emotion: usize, said: &[String], stream: &mut Stream) -> &'static str {
    loop {
        let shared: Vec<&str> = SHARED_ADJECTIVES.iter().filter(|(_, of)| of.contains(&emotion)).map(|(w, _)| *w).collect();
        let word = if stream.chance(SHARED_SHARE) { *stream.pick(&shared) } else { *stream.pick(ADJECTIVES[emotion]) };
        if !said.iter().any(|s| s == word) {
            return word;
        }
    }
}
