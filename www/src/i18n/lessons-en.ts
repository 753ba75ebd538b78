// The lessons' words in English. Numbers are the run's own; nothing here says how a run came out.
export interface LessonWords {
  title: string;
  /** What to notice, in one line. */
  notice: string;
  question: string;
  answers: readonly string[];
  /** What the run's numbers say. */
  verdict: (v: Record<string, string>) => string;
}

export const LESSONS_EN: Record<string, LessonWords> = {
  majority: {
    title: 'The majority steamrolls',
    notice: 'Nine in ten want it practical, one in ten wants it warm, and the prompt does not say who asks: follow the minority in ③.',
    question: 'DPO trains on all of them. What happens to the minority’s reward, measured by its own taste?',
    answers: ['It rises', 'It hardly changes', 'It falls'],
    verdict: (v) => `DPO took the minority’s reward from ${v['from']} to ${v['to']} and the majority’s from ${v['manyFrom']} to ${v['manyTo']}.`,
  },
  contested: {
    title: 'A contested taste',
    notice: 'Nobody can please both groups. In ⑥, does the robust lane leave DPO’s path or stop earlier on it?',
    question: 'Take DPO where it had moved as far (the same KL) as KLDPO at its end. Does KLDPO serve both groups better?',
    answers: ['Yes, both', 'No, a group is worse off', 'Between: no loss above 0.03'],
    verdict: (v) => `At KL ${v['kl']}, ${v['lane']} has ${v['rare']} for the minority where DPO had ${v['dpoRare']}, and ${v['many']} for the majority where DPO had ${v['dpoMany']}.`,
  },
  shortcut: {
    title: 'A shortcut',
    notice: 'Flattery marks the better answer for most and misleads for some; real quality could be learned. Watch ① early in the run.',
    question: 'Take DPO where it had moved as far (the same KL) as KLDPO at its end. There, KLDPO’s minority accuracy is …',
    answers: ['better by more than 0.05', 'within 0.05', 'worse by more than 0.05'],
    verdict: (v) => `At KL ${v['kl']}, ${v['lane']} has ${v['rare']} for the minority where DPO had ${v['dpoRare']}, and ${v['many']} for the majority where DPO had ${v['dpoMany']}.`,
  },
  flipped: {
    title: 'The same shortcut, with wrong labels',
    notice: 'Every tenth training label is flipped. The adversary sees only losses: read under each lane’s name where its weight goes.',
    question: 'KLDPO’s adversary looks for high losses. What does it raise most above its share of the data?',
    answers: ['The minority', 'The wrong labels', 'Neither'],
    verdict: (v) =>
      `Over its last 100 steps KLDPO put ${v['wrong']} of its weight on flipped pairs (${v['wrongData']} of the data) and ${v['rare']} on the minority (${v['rareData']}). Dr. DPO, which tilts the other way, put ${v['dr']} on flipped pairs.`,
  },
  'tiny-tau': {
    title: 'τ too small',
    notice: 'The smaller τ, the fewer pairs rule. In ②, see how many points stand above the line.',
    question: 'KLDPO at τ = 0.02 sees 16 pairs a step. From how many does it effectively learn (effective sample size)?',
    answers: ['More than 10', '3 to 10', 'Fewer than 3'],
    verdict: (v) => `${v['lane']} learned from ${v['size']} of ${v['batch']} pairs on average over the last 100 steps; ${v['other']} from ${v['otherSize']}.`,
  },
  marker: {
    title: 'Groups that the prompt tells apart',
    notice: 'The prompt now says who asks, so one policy can serve both groups: what one gains, the other need not lose.',
    question: 'GR-DPO, which is told the groups, favors the minority. What does the majority’s accuracy pay for it, against DPO?',
    answers: ['Less than 0.08', '0.08 to 0.2', 'More than 0.2'],
    verdict: (v) => `Against DPO, GR-DPO changed the minority’s accuracy by ${v['gain']}; the majority paid ${v['price']}.`,
  },
  nothing: {
    title: 'Nothing to be robust to',
    notice: 'Half and half, and the prompt says who asks: there is no forgotten group. Watch the shares in ①.',
    question: 'After the same number of steps, whose answers earn more reward at the training mix?',
    answers: ['DPO’s', 'KLDPO’s', 'No difference above 0.05'],
    verdict: (v) => `Reward: DPO ${v['dpo']} at KL ${v['dpoKl']}, ${v['lane']} ${v['kldpo']} at KL ${v['kl']}.`,
  },
  wasserstein: {
    title: 'Wasserstein smooths',
    notice: 'WDPO’s adversary does not reweight pairs; it nudges words. Compare how far the two lanes move (KL under their names).',
    question: 'After the same number of steps, how far is WDPO from the reference, compared with DPO (KL)?',
    answers: ['About as far (over 80 %)', '20 to 80 % as far', 'Hardly moved (under 20 %)'],
    verdict: (v) => `KL: ${v['lane']} ${v['kl']}, DPO ${v['dpoKl']}. Where DPO had moved as far, its minority accuracy was ${v['dpoRare']}; WDPO’s is ${v['rare']}.`,
  },
  regions: {
    title: 'Four regions',
    notice: 'Four groups, one of them 5 %: most batches hold one pair of it, or none. Which group gets the weight in ①?',
    question: 'GR-DPO is told the groups. How much weight does the rarest group end up with?',
    answers: ['More than its share', 'About its share', 'Less than its share'],
    verdict: (v) =>
      `The rarest group is ${v['mix']} of the pairs; GR-DPO gave it ${v['share']}, KLDPO ${v['kldpo']}. A group that is missing from a batch counts as a loss of 0 there, and GR-DPO’s weight follows losses.`,
  },
  flatter: {
    title: 'Flatter, or only nearer?',
    notice: 'The paper’s own experiment: fear is rewarded, and the taste moves to anger. In ④ one line falls less; compare its KL, too.',
    question: 'KLDPO’s line over α falls less than DPO’s. Does it also earn more than DPO where the taste has moved all the way, at α = 1?',
    answers: ['Yes, by more than 0.05', 'No difference above 0.05', 'No, less by more than 0.05'],
    verdict: (v) =>
      `From α₀ to α = 1 DPO’s reward goes from ${v['dpoNear']} to ${v['dpoFar']} (KL ${v['dpoKl']}), ${v['lane']}’s from ${v['near']} to ${v['far']} (KL ${v['kl']}). Where DPO had gone as far as ${v['lane']} it had ${v['thereNear']} and ${v['thereFar']}: a policy that hardly leaves the reference has a flat line, too.`,
  },
  'clean-labels': {
    title: 'Labels without chance',
    notice: 'The paper’s text allows two readings of its labels. Here the higher mixed reward always wins, so anger’s small share shows in them.',
    question: 'The three learn at one rate. Who earns most where the taste has moved all the way, at α = 1?',
    answers: ['DPO', 'KLDPO', 'WDPO'],
    verdict: (v) =>
      `Reward from α₀ to α = 1: DPO ${v['dpo']} (KL ${v['dpoKl']}), ${v['kldpoName']} ${v['kldpo']} (KL ${v['kldpoKl']}), ${v['wdpoName']} ${v['wdpo']} (KL ${v['wdpoKl']}). In the paper’s Figure 2 it is DPO that falls, and the robust methods are flatter.`,
  },
  'closed-form': {
    title: 'Solved on paper',
    notice: 'One prompt, two answers, one free number: every method’s end point can be worked out, and the engine has to land on it.',
    question: 'Nine in ten say yes. Against DPO’s margin βh = log 9, KLDPO’s with τ = 1 is …',
    answers: ['The same or larger', 'Smaller, in the same direction', 'Reversed'],
    verdict: (v) => `DPO landed on βh = ${v['dpo']} (on paper ${v['exact']}), KLDPO with τ = ${v['tau']} on ${v['kldpo']} (on paper ${v['kldpoExact']}).`,
  },
};
