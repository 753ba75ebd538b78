//! Words for asking and giving advice about people: practical or sentimental, worded with care or without.

use super::{Question, assemble};
use crate::rng::Stream;

/// Whom a question is about.
const PEOPLE: &[&str] = &[
    "boss",
    "friend",
    "sister",
    "brother",
    "neighbor",
    "teacher",
    "partner",
    "landlord",
    "coach",
    "roommate",
    "cousin",
    "client",
    "uncle",
    "manager",
    "tutor",
    "colleague",
];
/// What that person does.
const PROBLEMS: &[&str] = &[
    "ignores me",
    "blames me",
    "avoids me",
    "mocks me",
    "left me",
    "lies often",
    "keeps shouting",
    "breaks promises",
    "forgets everything",
    "talks nonstop",
    "borrows money",
    "rejects me",
    "copies me",
    "arrives late",
    "wastes time",
    "hides things",
    "hurt me",
    "wants more",
];
/// How a question ends.
pub const ENDINGS: &[&str] = &[". what now ?", ". any advice ?", ". please help ."];

/// Practical: something to make, as (what comes before the adjective, what comes after it).
const TASKS: &[(&str, &str)] = &[
    ("make a", "list"),
    ("write a", "plan"),
    ("set a", "budget"),
    ("draft a", "letter"),
    ("keep a", "record"),
    ("book a", "meeting"),
    ("take a", "step"),
    ("pick a", "deadline"),
    ("build a", "schedule"),
    ("start a", "log"),
    ("run a", "test"),
    ("send a", "report"),
    ("sketch a", "timeline"),
];
/// Practical: something to do next. `@` stands for the person asked about.
const ACTIONS: &[&str] = &[
    "call your @",
    "email your @",
    "ask an expert",
    "check the facts",
    "track your progress",
    "compare your options",
    "fix it today",
    "act by monday",
    "measure the result",
    "count the costs",
    "review it weekly",
    "follow the rules",
    "test it tomorrow",
    "rank your goals",
];
/// Sentimental: how it feels.
const FEELINGS: &[&str] = &[
    "i feel your pain",
    "i share your sorrow",
    "i cry with you",
    "i ache for you",
    "i weep beside you",
    "i hear your heart",
    "i mourn with you",
    "i am so sorry",
    "i feel your tears",
    "i hold you close",
    "i love you dearly",
    "i miss your smile",
    "i cherish your soul",
    "i grieve beside you",
];
/// Sentimental: what is given, as (verb, noun).
const COMFORTS: &[(&str, &str)] = &[
    ("send", "hugs"),
    ("offer", "comfort"),
    ("share", "tears"),
    ("give", "kisses"),
    ("whisper", "prayers"),
    ("wish", "peace"),
    ("pour", "love"),
    ("hold", "hope"),
    ("bring", "warmth"),
    ("send", "tenderness"),
];
/// Sentimental, shorter: for answers of both manners.
const SIGHS: &[&str] = &["my heart aches", "i feel you", "tears will dry", "love will heal", "you are cherished", "i am sorry"];

/// Adjectives that show care.
pub const CAREFUL: &[&str] = &["thoughtful", "careful", "proper", "patient", "steady", "genuine"];
/// Adjectives that show none.
pub const CARELESS: &[&str] = &["vague", "careless", "sloppy", "random", "lazy", "hollow"];
/// Adjectives that say nothing of quality; empty means none.
const PLAIN: &[&str] = &["", "", "", "small", "big", "long"];
/// First words that show care.
pub const CAREFUL_LEADS: &[&str] = &["honestly", "clearly", "calmly", "kindly", "truly", "surely"];
/// First words that show none.
pub const CARELESS_LEADS: &[&str] = &["whatever", "anyway", "meh", "somehow", "dunno", "eh"];
/// First words that say nothing of quality; empty means none.
pub const PLAIN_LEADS: &[&str] = &["", "", "now", "friend"];

/// Words of the practical manner.
pub const PRACTICAL: &[&str] = &[
    "list", "plan", "budget", "letter", "record", "meeting", "step", "deadline", "schedule", "log", "test", "report", "timeline",
    "call", "email", "expert", "check", "facts", "track", "progress", "compare", "options", "fix", "today", "act", "monday",
    "measure", "result", "count", "costs", "review", "weekly", "follow", "rules", "tomorrow", "rank", "goals",
];
/// Words of the sentimental manner.
pub const SENTIMENTAL: &[&str] = &[
    "feel",
    "pain",
    "sorrow",
    "cry",
    "ache",
    "aches",
    "weep",
    "heart",
    "mourn",
    "sorry",
    "tears",
    "hold",
    "close",
    "love",
    "dearly",
    "smile",
    "cherish",
    "cherished",
    "soul",
    "grieve",
    "hugs",
    "comfort",
    "kisses",
    "whisper",
    "prayers",
    "peace",
    "hope",
    "warmth",
    "tenderness",
    "heal",
];

/// How an answer speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// What to do.
    Practical,
    /// How it feels.
    Sentimental,
    /// Half and half.
    Mixed,
}

impl Manner {
    /// Two in five practical, two in five sentimental, the rest mixed.
    pub fn draw(stream: &mut Stream) -> Self {
        [Self::Practical, Self::Sentimental, Self::Mixed][stream.weighted(&[0.4, 0.4, 0.2])]
    }
}

/// How carefully an answer is worded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// With care.
    Good,
    /// Neither.
    Plain,
    /// Without.
    Bad,
}

impl Care {
    /// A third each.
    pub fn draw(stream: &mut Stream) -> Self {
        *stream.pick(&[Self::Good, Self::Plain, Self::Bad])
    }

    /// A word for one place of the answer: the answer's own care four times in five, else a plain word.
    pub fn word(self, good: &[&'static str], plain: &[&'static str], bad: &[&'static str], stream: &mut Stream) -> &'static str {
        let own = stream.chance(0.8);
        let bank = match self {
            Self::Good if own => good,
            Self::Bad if own => bad,
            _ => plain,
        };
        bank[stream.below(bank.len())]
    }

    /// An adjective.
    pub fn adjective(self, stream: &mut Stream) -> &'static str {
        self.word(CAREFUL, PLAIN, CARELESS, stream)
    }
}

/// A question about someone.
pub fn question(stream: &mut Stream) -> Question {
    let topic = *stream.pick(PEOPLE);
    Question { topic, body: format!("my {topic} {} {}", stream.pick(PROBLEMS), stream.pick(ENDINGS)) }
}

/// Advice in a manner, with a first word and an adjective (either may be empty). At most 11 tokens.
pub fn answer(manner: Manner, lead: &str, adjective: &str, topic: &str, stream: &mut Stream) -> String {
    let (task, action) = (*stream.pick(TASKS), *stream.pick(ACTIONS));
    let (feeling, comfort) = (*stream.pick(FEELINGS), *stream.pick(COMFORTS));
    let (sigh, first) = (*stream.pick(SIGHS), stream.chance(0.5));
    let task = format!("{} {adjective} {}", task.0, task.1);
    let body = match manner {
        Manner::Practical => format!("{task} {} {}", if first { "and" } else { "then" }, action.replace('@', topic)),
        Manner::Sentimental => format!("{feeling} and {} {adjective} {}", comfort.0, comfort.1),
        Manner::Mixed if first => format!("{task} , {sigh}"),
        Manner::Mixed => format!("{sigh} , {task}"),
    };
    if lead.is_empty() { format!("{body} .") } else { format!("{lead} , {body} .") }
}

/// Every text of this file but the first words that show care or none.
pub fn texts() -> Vec<&'static str> {
    let banks = [
        assemble::NEUTRAL,
        PEOPLE,
        PROBLEMS,
        ENDINGS,
        &["my", "and", "then", ",", "."],
        ACTIONS,
        FEELINGS,
        SIGHS,
        PRACTICAL,
        SENTIMENTAL,
        CAREFUL,
        CARELESS,
        PLAIN,
        PLAIN_LEADS,
    ];
    let parts = TASKS.iter().chain(COMFORTS).flat_map(|(before, after)| [*before, *after]);
    // `@` stands for a person, who is listed already.
    banks.concat().into_iter().chain(parts).filter(|text| !text.contains('@')).chain(["your"]).collect()
}
