//! Words that carry an emotion, and how strongly: what a text truly expresses can be read off them.
//!
//! r_e(text) = 1 − Π (1 − v) over the different words of the text that speak of e with strength v: one strong word is
//! nearly enough, repeating it adds nothing, and words of other emotions take nothing away.

/// The emotions, in the order of their labels in the Emotion data set (Saravia et al. 2018); *surprise* is left out, as in
/// the paper.
pub const EMOTIONS: [&str; 5] = ["sadness", "joy", "love", "anger", "fear"];
/// How many there are.
pub const N: usize = EMOTIONS.len();

const STRONG: f32 = 0.9;
const PLAIN: f32 = 0.8;
/// Of a word that two emotions share.
const SHARED: f32 = 0.45;
/// Of a place or an occasion that only hints at an emotion.
const HINT: f32 = 0.2;

/// How one feels; each word belongs to one emotion, `[emotion]`.
pub const ADJECTIVES: [&[&str]; N] = [
    &[
        "sad", "miserable", "heartbroken", "hopeless", "lonely", "gloomy", "devastated", "unhappy", "depressed", "empty", "sorrowful",
        "tearful", "discouraged", "worthless", "homesick", "broken", "defeated", "forgotten", "regretful", "numb",
    ],
    &[
        "happy", "joyful", "cheerful", "delighted", "thrilled", "glad", "excited", "proud", "content", "merry", "lucky", "playful",
        "radiant", "hopeful", "satisfied", "energetic", "festive", "relaxed", "amused", "triumphant",
    ],
    &[
        "loving", "caring", "tender", "affectionate", "devoted", "fond", "romantic", "passionate", "adored", "cherished",
        "compassionate", "gentle", "loyal", "warm", "supportive", "beloved", "faithful", "generous", "smitten", "enchanted",
    ],
    &[
        "angry", "furious", "annoyed", "irritated", "bitter", "resentful", "outraged", "mad", "hostile", "jealous", "offended",
        "grumpy", "frustrated", "enraged", "impatient", "hateful", "insulted", "vengeful", "cranky", "disgusted",
    ],
    &[
        "scared", "afraid", "terrified", "anxious", "nervous", "worried", "frightened", "uneasy", "panicky", "insecure", "shaky",
        "paranoid", "alarmed", "threatened", "timid", "vulnerable", "hesitant", "fearful", "tense", "intimidated",
    ],
];

/// How one feels, where two emotions share the word: the word and the two.
pub const SHARED_ADJECTIVES: &[(&str, [usize; 2])] = &[
    ("overwhelmed", [4, 0]), ("shaken", [4, 0]), ("helpless", [0, 4]), ("upset", [0, 3]), ("hurt", [0, 3]), ("restless", [4, 3]),
    ("agitated", [3, 4]), ("bothered", [3, 4]), ("blessed", [1, 2]), ("touched", [2, 1]), ("thankful", [1, 2]), ("sentimental", [2, 0]),
    ("nostalgic", [0, 2]), ("giddy", [1, 2]), ("bewildered", [4, 1]), ("stubborn", [3, 1]),
];

/// What one wants to do: the verb comes first and carries the emotion.
pub const URGES: [&[&str]; N] = [
    &["cry", "weep", "sob in my room", "mourn for a while", "sigh all day"],
    &["smile", "laugh out loud", "dance in the kitchen", "celebrate with everyone", "sing in the car"],
    &["hug everyone", "kiss my partner", "cuddle all evening", "adore every minute", "embrace my family"],
    &["scream", "yell at someone", "punch a pillow", "slam the door", "argue with everybody"],
    &["hide under the table", "tremble", "flee from here", "panic", "shiver in the corner"],
];

/// What one is full of.
pub const NOUNS: [&[&str]; N] = [
    &["grief", "sorrow", "despair", "tears"],
    &["joy", "laughter", "delight", "cheer"],
    &["love", "affection", "tenderness", "devotion"],
    &["rage", "hatred", "fury", "spite"],
    &["fear", "dread", "terror", "worry"],
];

/// Occasions that hint at an emotion; the marked word is the last.
pub const OCCASIONS: [&[&str]; N] = [
    &["the funeral", "the farewell", "our divorce", "the hospital"],
    &["the party", "our holiday", "the festival", "the picnic"],
    &["the wedding", "our anniversary", "the honeymoon", "our engagement"],
    &["the traffic", "the lawsuit", "the quarrel", "the scam"],
    &["the exam", "the surgery", "the storm", "the interview"],
];

/// Strength of every emotional word, `[emotion]`.
pub fn strengths() -> Vec<(&'static str, [f32; N])> {
    let only = |e: usize, v: f32| std::array::from_fn(|i| if i == e { v } else { 0.0 });
    let mut all: Vec<(&str, [f32; N])> = Vec::new();
    for e in 0..N {
        all.extend(ADJECTIVES[e].iter().map(|w| (*w, only(e, STRONG))));
        all.extend(URGES[e].iter().map(|w| (first(w), only(e, PLAIN))));
        all.extend(NOUNS[e].iter().map(|w| (*w, only(e, PLAIN))));
        all.extend(OCCASIONS[e].iter().map(|w| (last(w), only(e, HINT))));
    }
    all.extend(SHARED_ADJECTIVES.iter().map(|(w, [a, b])| (*w, std::array::from_fn(|i| if i == *a || i == *b { SHARED } else { 0.0 }))));
    all
}

fn first(phrase: &'static str) -> &'static str {
    phrase.split(' ').next().unwrap_or(phrase)
}

fn last(phrase: &'static str) -> &'static str {
    phrase.rsplit(' ').next().unwrap_or(phrase)
}
