// 日本語。Words 型なので、訳し忘れは型検査で見つかる。シナリオ・手法・群の名はエンジンの id を鍵とする（words.test.ts が漏れを見つける）。
import { careJa } from './care-ja';
import type { Stage, Summary } from '../engine/types';
import type { Notice } from '../state/settings';
import { japanese } from '../charts/text-ja';
import { CARDS, FORMS, PARAMS } from './cards-ja';
import { en, formFromCatalog } from './en';
import { phrase } from './ja-phrases';
import { LESSONS_JA } from './lessons-ja';
import type { Words } from './language.svelte';

const STAGES: Record<Stage, string> = {
  data: '選好ペアの作成',
  kernels: 'GPU 用にコンパイル',
  'reward-model': '報酬モデルの学習',
  sft: '参照方策の学習',
  pairs: '比べる文の生成',
  reference: '参照方策でペアを採点',
  train: '準備運転',
};

export const SCENARIOS: Record<string, { name: string; line: string; lead: string; lesson: string }> = {
  'two-populations': {
    name: '二つの集団',
    line: '人々が助言を求めている。多くは実用的な答えを、一部は温かい答えを望む。質の良さは誰もが望む。',
    lead: '頑健なのか、慎重なだけか。',
    lesson:
      '二つの群は正反対の話し方を望み、誰が尋ねているかは質問文からわからない。だから全員を満足させる方策はない。少ししか動かない手法は、それだけで少数派への害も小さい。⑥の軌跡は DPO の道から離れるか、それとも同じ道の手前で止まるだけか。',
  },
  shortcut: {
    name: '近道',
    line: '多くの人にとって、お世辞を含む答えは質も良い。一部の人ではそれが裏目に出る。本当の質はデータから学べる。',
    lead: '多数派には通じ、残りの人を裏切る近道。',
    lesson:
      'ここでは一つの方策で全員に応えられるので、頑健さに見返りがありうる。①の敵対者は、お世辞に惑わされる人々を見つけるか。⑥の軌跡は DPO の道より上に出るか。次にラベルをいくらか反転してみよう。',
  },
  noise: {
    name: '',
    line: '',
    lead: 'まれな好みと誤ったラベルは、損失からは見分けがつかない。',
    lesson: '学習用ラベルの一部が反転している。敵対者に見えるのは損失だけ。各レーン名の下で、重みのうちどれだけが少数派ではなく誤ったラベルに乗るかを見よう。',
  },
  regions: {
    name: '四つの地域',
    line: '好みが部分的に重なる四つの群。そのうち一つはまれ。',
    lead: '割を食うのはどの群か。敵対者はそれを知っているか。',
    lesson: '好みが重なるので、まれな群を助けても他の群が損をするとは限らない。③の最悪の群と、①で重みを受ける群を比べよう。',
  },
  tabular: {
    name: '一つの問いに二つの答え',
    line: '自由な数は一つだけ、紙の上で解ける。割合 p の人は必ず二番目の答えを選ぶ。',
    lead: '手計算で確かめられる大きさ。',
    lesson:
      'DPO は βh = log((1−p)/p) に落ち着く。KLDPO はそれを 1 + 1/τ で割った値に落ち着く。同じ向きで小さいマージン、つまり慎重さである。p = 0.1、τ = 0.25 のとき、少数派への重みは 0.392 で終わる。',
  },
  emotion: {
    name: '感情',
    line: '気持ちを述べる短い文。主に「恐れ」、少しだけ「怒り」が評価され、その後、好みが「怒り」へ移る。',
    lead: '論文の実験を小さく再現。',
    lesson:
      '報酬モデルが感情の見分け方を学び、参照方策の書いた文に、二つの感情の混合報酬（α₀ = 0.1）でラベルを付ける。その後、好みが移る。論文（GPT-2 規模）では、DPO は α₀ の近くで最もよく、離れるにつれて下がり、WDPO と KLDPO はより平らだった。参照からの距離をそろえても、④ でそう見えるだろうか。',
  },
  imported: {
    name: '自分のペア',
    line: 'prompt、chosen、rejected と、必要なら group を持つ JSON Lines ファイル。この端末の外には出ない。',
    lead: 'あなた自身の選好。',
    lesson: 'まずあなたの文で参照方策を学習し、各手法はそこから始まる。群は「group」欄から読む。なければ群は一つで、不公平も生じない。',
  },
};

/** 画面で最初に並ぶ手法の短い説明。その他はカードから。 */
const METHODS: Record<string, { name: string; help: string }> = {
  dpo: { name: 'DPO', help: '与えられた比率にそのまま合わせる。どのペアも重みは同じ。' },
  kldpo: { name: 'KLDPO', help: '敵対者が損失の大きいペアほど重みを増す。τ はその温度。' },
  wdpo: { name: 'WDPO', help: '敵対者が各ペアの単語を少しずらす。ρ はどこまで動かすか。' },
  gr_dpo: { name: 'GR-DPO', help: '群を教えられたうえで最悪の群に合わせる。比較のものさし。' },
  dr_dpo: { name: 'Dr. DPO', help: '逆向きに、損失の大きいペアの重みを減らす。誤ったラベル向け。' },
};

/** 群の名と望み。鍵は「シナリオ/エンジンでの名」。 */
export const GROUPS: Record<string, { name: string; wants: string }> = {
  'emotion/Sadness': { name: '悲しみ', wants: '悲しみを表す文を望む。' },
  'emotion/Joy': { name: '喜び', wants: '喜びを表す文を望む。' },
  'emotion/Love': { name: '愛', wants: '愛を表す文を望む。' },
  'emotion/Anger': { name: '怒り', wants: '怒りを表す文を望む。' },
  'emotion/Fear': { name: '恐れ', wants: '恐れを表す文を望む。' },
  'two-populations/Practical': { name: '実用派', wants: '丁寧な言葉で、すべきことを教えてほしい。' },
  'two-populations/Sentimental': { name: '共感派', wants: '丁寧な言葉で、寄り添ってほしい。' },
  'shortcut/Tenants': { name: '入居者', wants: '正しい答えがほしい。ペアでは良いほうの答えがお世辞を言う。' },
  'shortcut/Technicians': { name: '技術者', wants: '正しい答えがほしい。ペアでは悪いほうの答えがお世辞を言う。' },
  'regions/Harbor': { name: '港', wants: 'すべきことを、くだけた言葉で教えてほしい。' },
  'regions/Valley': { name: '谷', wants: 'すべきことを、改まった言葉で教えてほしい。' },
  'regions/Highlands': { name: '高原', wants: '改まった言葉で、寄り添ってほしい。' },
  'regions/Islands': { name: '島', wants: 'くだけた言葉で、寄り添ってほしい。' },
  'tabular/Yes': { name: 'はい', wants: '必ず「はい」を選ぶ。' },
  'tabular/No': { name: 'いいえ', wants: '必ず「いいえ」を選ぶ。' },
};

const ERRORS: Record<string, string> = {
  config: '設定の誤り',
  data: 'データの誤り',
  checkpoint: '方策ファイルの誤り',
  trace: '記録の誤り',
  device: '計算装置の問題',
  numerics: '数値が有限でなくなりました',
  io: '読み書きの失敗',
};

export const ja: Words = {
  language: 'ja',
  title: 'prefshift',
  pageTitle: 'prefshift：選好がずれたとき、取り残されるのは誰か',
  languageLabel: '言語',
  charts: japanese,
  tagline: '複数の方策が同じ選好から学ぶ。人々が変わったとき、取り残されるのは誰か。',
  skip: '図へ進む',

  scenario: (id) => SCENARIOS[id] ?? en.scenario(id),
  group: (scenario, name) => GROUPS[`${scenario}/${name}`]?.name ?? name,
  wants: (scenario, name, wants) => GROUPS[`${scenario}/${name}`]?.wants ?? wants,
  groupName: (g) => `群 ${g + 1}`,
  method: (id) => {
    const card = CARDS[id];
    return METHODS[id] ?? (card ? { name: card.name ?? en.method(id).name, help: `${card.adversary}${card.robust}` } : en.method(id));
  },
  form: (method, id) => FORMS[`${method}/${id}`] ?? formFromCatalog(method, id),
  param: (method, id) => PARAMS[`${method}/${id}`] ?? PARAMS[id] ?? en.param(method, id),
  told: ({ code, message, mend }) => {
    const known = phrase(message);
    return { message: known ?? `${ERRORS[code] ?? '問題が起きました'}：${message}`, mend: mend === '' ? '' : (phrase(mend) ?? mend) };
  },
  remark: (text) => phrase(text) ?? text,
  number: (n) => n.toLocaleString('ja'),
  metricName: { accuracy: '正解率', margin: 'マージン', reward: '報酬' },
  metricHelp: {
    accuracy: '方策がその群と同じ側を選ぶ割合。',
    margin: '対数比の差（好まれた答え − 好まれなかった答え）の平均（nats）。',
    reward: '新しく書いた答えに対する、その群の報酬の平均。',
  },
  metricAxis: { accuracy: '正解率', margin: 'マージン（nats）', reward: '報酬' },

  // Transport
  transport: '実行',
  train: 'ここで学習',
  play: '再生',
  pause: '一時停止',
  stepOne: '1 ステップ',
  reset: '最初へ',
  replayAgain: 'もう一度',
  goOn: (steps) => `あと ${steps} ステップ`,
  speed: '速さ',
  speeds: { 0: '全速', 10: '毎秒 10 ステップ', 2: '毎秒 2 ステップ', 1: '毎秒 1 ステップ' },
  stepCount: (step, total) => `ステップ ${step} / ${total}`,
  status: {
    opening: '開いています',
    empty: '再生を押すと学習します',
    replaying: '記録された実行を再生中',
    replayed: '記録された実行',
    loading: 'エンジンを読み込み中',
    preparing: (stage: Stage, n: number, done: number, total: number) =>
      `準備 ${n}/3：${STAGES[stage]}${total > 1 ? ` ${Math.round((100 * done) / total)} %` : ''}`,
    training: 'この端末で学習中',
    paused: '一時停止中',
    done: '完了',
    failed: 'エラーで停止',
  },

  // Device
  device: '計算装置',
  devices: { auto: '自動', webgpu: 'WebGPU', cpu: 'CPU' },
  engine: { none: '', loading: 'エンジンを読み込み中', ready: '', failed: 'エンジンを使えません' },
  kernels: (done: number, total: number) => (done < total ? `GPU 用にコンパイル中（${done}/${total}）` : 'コンパイル済み、準備完了'),
  probing: '計算装置を探しています',
  deviceLine: (backend, cores, reason) => `${backend === 'webgpu' ? 'WebGPU' : cores > 1 ? `CPU ${cores} コア` : 'CPU'}：${phrase(reason) ?? reason}`,

  // Themes and help
  theme: (dark) => (dark ? '明るい配色に切り替える' : '暗い配色に切り替える'),
  present: 'プロジェクターで見せる',
  help: 'ヘルプ',
  helpTitle: 'この画面の読み方',
  close: '閉じる',
  keys: [
    ['space', '再生・一時停止'],
    ['→', '1 ステップ進む'],
    ['R', '最初へ戻す'],
    ['S', 'スローモーション。スペースで次へ'],
    ['P', 'プロジェクター用の大きな表示'],
    ['L', '課題'],
    ['1 2 3', '課題の問いに答える'],
    ['?', 'このヘルプ'],
  ],
  helpText: [
    '小さな言語モデルを、一つの参照方策から出発して、複数の選好最適化手法で同時に、同じバッチで学習します。列が一つの手法です。すべてこのタブの中で動き、どこにも送信されません。',
    '色と形は、ペアがどの群の人々のものかを表し、それ以外の意味はありません。線の種類は手法を表します。',
    '① 最悪の場合を選ぶ敵対者がどの群に重みを置くか。破線はデータ中のその群の割合。② その理由。現在のバッチの各ペアについて、損失と敵対者の重み。③ 各群が得るもの。④ 実際に使う人々がデータと違ったらどうなるか。α を動かしてください。⑤ いま各方策が書く文。⑥ 横軸は学習時の比率での値、縦軸は最も不利な人々での値。DPO の道の上にとどまる手法は慎重なだけで、上へ離れる手法が頑健です。',
    'モデルは論文のものよりはるかに小さく、内蔵の文は人工のものです。ここからわかるのは仕組みであって、製品の良し悪しではありません。',
  ],

  // Lesson
  lesson: '見どころ',
  findingRare: (group, share, weights) =>
    weights === '' ? `最もまれな群（${group}）はペアの ${share}。` : `最もまれな群（${group}）はペアの ${share}、重みは ${weights}。`,
  soFar: 'ここまで',
  recordedPrefix: '記録された実行',
  findingWeight: (lane, share) => `${share}（${lane}）`,
  findingWorst: (metric, kl, lanes) => `最悪の群の${metric}${kl ? '（と KL、nats）' : ''}：${lanes}。`,
  findingLane: (lane, value, kl) => (kl === undefined ? `${lane} ${value}` : `${lane} ${value}（${kl}）`),

  lessons: '課題',
  lessonsHelp: 'どの課題も、一つの実行の舞台を整え、何が起こるかを問います。答えを選び、再生を押すと、その実行の数値が答えます。',
  lessonWords: (id) => LESSONS_JA[id],
  leaveLesson: '課題をやめる',
  guessFirst: '答えを選び（1、2、3 キー）、再生を押してください。',
  guessed: '再生を押してください。実行が終わると、その数値が答えます。',
  runSays: (answer) => `この実行の答え：${answer}。`,
  asGuessed: '予想どおり。',
  notAsGuessed: (guess) => `あなたの予想：${guess}。`,

  // Population
  population: '集団',
  scenarioLabel: 'シナリオ',
  nextStep: '次のステップから',
  restarts: '最初から',
  dataKnobs: 'データ',
  methodKnobs: '手法',
  knobs: {
    minority: { label: '少数派', help: '学習データに占める、最もまれな群の割合。' },
    marker: { label: '目印', help: '質問文から群がわかる頻度。0 は決してわからない、1 は必ずわかる。' },
    flip: { label: '反転', help: '学習用ラベルのうち、でたらめに反転させる割合。' },
    beta: { label: 'β', help: '参照方策へ引き戻す強さ。大きいほど近くにとどまる。' },
    tau: { label: 'τ', help: 'KLDPO：敵対者の温度。小さいほど少数のペアに集中でき、非常に大きいと DPO になる。' },
    radius: { label: 'KL 半径 ρ', help: 'KLDPO（半径を固定）：敵対者の重みが一様からどこまで離れてよいか（KL、nats）。0 は DPO。' },
    rho: { label: 'ρ', help: 'WDPO：ワッサースタイン球の半径。0 は DPO。' },
    lr: { label: '学習率', help: '全レーン共通の学習率。' },
    seed: { label: '乱数の種', help: 'データ、バッチ、サンプルの乱数の種。' },
    seeds: { label: '種の数', help: '手法ごとに、同じデータを別の順序で見るレーンをいくつ作るか。' },
    steps: { label: 'ステップ', help: '1 回の実行で学習するステップ数。' },
    batch: { label: 'バッチ', help: '1 ステップあたりの選好ペア数。' },
    cores: { label: 'コア', help: '学習に使う CPU コア数。0 はレーンが使えるだけ全部。' },
    pairs: { label: 'ペア', help: 'データ集合の学習用ペア数。' },
    scenario: { label: 'シナリオ', help: 'どんな人々が何を望むか。' },
    methods: { label: '手法', help: '並べて学習する手法。' },
    lanes: { label: 'レーン', help: '各レーンの手法、形式、パラメーター。' },
    taus: { label: '別の τ の KLDPO', help: 'これらの τ で KLDPO のレーンを加える。例：1, 0.25' },
    klform: { label: 'KLDPO の形式', help: 'KLDPO のどの形式で学習するか。' },
    wform: { label: 'WDPO の形式', help: 'WDPO のどの形式で学習するか。' },
    device: { label: '計算装置', help: 'どこで学習するか。' },
  },
  valueOf: (label) => `${label} の値`,
  more: '手法・大きさ・形式',
  lanesLegend: 'レーン',
  lanesRestart: '増減すると最初から',
  laneUp: (lane) => `${lane} を上へ`,
  laneDown: (lane) => `${lane} を下へ`,
  laneRemove: (lane) => `${lane} を外す`,
  laneCard: (lane) => `${lane} について`,
  laneValue: (lane, label) => `${lane}：${label}`,
  laneShare: (lane, label) => `${lane}：${label} を共通の値に戻す`,
  addLane: 'レーンを加える',
  tausNone: 'なし',
  lanesFull: (most) => `画面に並ぶのは ${most} レーンまでです。`,
  unmet: {
    margins: 'Transformer が必要',
    rewards: '報酬が必要（自分のペアにはない）',
    gpu: 'CPU のみ。計算装置で選べます',
  },
  formOf: (method) => `${method} の形式`,
  shape: (parameters) => `各方策のパラメーター数：${parameters}`,

  // Pairs
  pairs: '学習用ペア',
  pinned: '固定中（②と⑤を参照）',
  unpin: '外す',
  pin: '固定',
  pinPair: (id) => `ペア ${id} を固定`,
  chosen: '好まれた答え',
  rejected: '好まれなかった答え',
  flippedPair: 'ラベル反転',
  noPairs: 'まだありません',
  chooseFile: '自分のペア…',
  dropHere: '選好ペアの .jsonl ファイルをここに置いてください',
  importSummary: (name, s: Summary) =>
    `${name}：${s.rows} ペア。${s.groups.map(([group, rows]) => `${group} ${rows}`).join('、')}。${s.lengths.p99} トークンで 99 % が丸ごと収まります。`,
  importSkipped: (n) => `使えない行 ${n} 行`,
  importLine: (line, what) => `${line} 行目：${phrase(what) ?? what}`,
  importRemarks: '取り込みの結果',

  // Panels
  rows: {
    shares: { title: '① 敵対者は誰に重みを置くか', help: '10 バッチの平均。破線はデータ中の割合。' },
    tilt: { title: '② 損失 → 重み', help: '' },
    bars: { title: '③ 各群が得るもの', help: '取り分けておいたペア、または新しいサンプルで測る。最悪の群に印。' },
    shift: { title: '④ 人々が変わったら', help: 'α を動かす。' },
    words: { title: '⑤ いま書く文', help: '' },
    plane: { title: '⑥ 頑健か、慎重か', help: '学習時の比率での値と、他の人々での値。DPO の道は早期打ち切りにあたる。' },
  },
  scope: '表示するペア',
  scopes: { batch: 'バッチ', all: '全ペア' },
  scopeHelp: {
    batch: '現在のバッチの全ペア。曲線の上で τ を動かせる。',
    all: '全ペアを、最後にバッチに入ったときの値で。薄いほど古い。',
  },
  layer: '層',
  layers: { factor: '敵対者', gradient: '勾配' },
  layerHelp: { factor: '敵対者の係数（WDPO では感度）。', gradient: '勾配全体に占める割合。どの手法にもある。' },
  sensitivityShare: '感度の割合（%）',
  metric: '値',
  against: '縦軸',
  againsts: { worst: '最悪', alpha: 'α で' },
  planeX: (metric) => `学習時の比率での${metric}`,
  planeYWorst: (metric) => `最悪の群の${metric}`,
  planeYAlpha: (metric, alpha, group) => `${group} ${alpha} での${metric}`,
  verdictAt: { kl: (at) => `KL ${at}`, x: (at) => `学習時の比率での値 ${at}` },
  verdict: {
    left: (lane, at, by) => `${lane} は DPO の道を上へ離れた（${at} で ${by}）。`,
    back: (lane, at, by) => `${lane} は早く止めた DPO と区別できない（${at} で ${by}）。`,
    below: (lane, at, by) => `${lane} は DPO の道を下へ離れた（${at} で ${by}）。`,
    open: (lane, at, by) => `${lane} と DPO の差は ${at} で ${by}。種が一つなので誤差はわからない。`,
  },
  verdictHelp:
    '参照方策から同じだけ離れたところ（両方が達した最大の KL）での、DPO の道からの縦の隔たり ± 1 標準誤差。種が複数ならその間の誤差、一つなら取り分けたペアまたはサンプルの誤差（両レーンが同じものを使うので、やや大きめ）。上・下は 2 標準誤差を超える場合。',
  lanes: 'レーン',
  laneTabs: '表示するレーン',
  kl: (nats) => `KL ${nats}`,
  klHelp: '答え 1 件あたりの、参照方策からの KL ダイバージェンス（nats）。このレーンがどこまで動いたか。',
  flippedWeight: (share, data) => `重みの ${share} が反転ラベルに（ペアの ${data}）`,
  data: 'データ',
  showData: (what) => `数値を表で見る：${what}`,
  promptOf: '質問者',
  reference: '参照方策',
  flippedHelp: 'バッチ中でこのレーンの重みのうち、ラベルが反転したペアに乗る割合。括弧内はデータ中の割合。',
  noSamples: 'この実行ではサンプルを取りません。',
  waitingSamples: '最初の評価のあとに表示します',
  unchanged: '参照方策と同じ',
  wordsTitle: '⑤ 単語ごとに',
  backToSamples: 'ペアを閉じる',
  atStep: (step) => `ステップ ${step}`,
  wordsRegion: '固定したペアを単語ごとに',
  wordsLive: 'ここで学習すると、単語ごとの確率が見られます。',
  wordsGpt: 'この方策は表なので、単語ごとの確率はありません。',
  wordsSoon: '次の評価のあとに単語ごとに表示します。',
  wordsLater: (step) => `ステップ ${step} から記録があります。`,
  tokenHelp: (before, now, delta, pull) => `対数確率 ${before}（参照方策）→ ${now}：${delta} nats${pull === '' ? '' : `。このペアにかかる敵対者の力の ${pull}`}`,
  sumHelp: '答え全体の、参照方策に対する対数比（nats）。',
  writes: 'この質問にいま書く文。乱数はどの方策も同じ。',
  pulled: (words) => `引かれる語：${words.join('、')}`,
  pulledWord: (word, share, to, reach) => `${word} → ${to}（${share}、×${reach}）`,
  pulledHelp:
    'WDPO の敵対者が最も強く引くところ。その語、勾配の向きに動かしたとき最初に最も近い埋め込みとなる語、ペアの ‖∇ℓ‖² に占める割合、敵対者がそこまでの道のりをどれだけ進むか（×1 以上ならその語になっている）。',
  legendUp: '参照方策より出やすい',
  legendDown: '出にくい',
  legendMark: '参照方策と違う語',
  wordsTable: {
    answer: '答え',
    token: 'トークン',
    before: '参照方策の log π（nats）',
    delta: (lane) => `Δ ${lane}（nats）`,
    pull: (lane) => `力の割合 ${lane}`,
    becomes: (lane) => `なる語（${lane}）`,
    reach: (lane) => `進む割合（${lane}、×）`,
  },
  scrub: '表示するステップ',
  follow: '実行を追う',
  following: '最新',
  save: '実行を保存',
  saveHelp: '表示中の実行を記録（JSON Lines）として保存する。`prefshift replay` で読める。',
  phone: { population: '人々', lanes: 'レーン', effect: '結果' },

  // Slow motion
  slowMotion: 'スローモーション',
  slowHelp: '学習の 1 ステップを段階ごとに見る（S キー。スペースで次へ）。',
  slowNext: '次へ（スペース）',
  slowStop: 'やめる',
  slowWaiting: 'このステップを計算しています。',
  slowStages: { batch: 'バッチを引く', losses: '損失', tilt: '重みの傾き', shares: '群の割合', update: '更新', evaluate: '評価' },
  list: (parts) => parts.join('、'),
  slowLane: (lane, value) => `${lane} ${value}`,
  slowTilt: (largest, ess) => `×${largest}（${ess} ペア分）`,
  slow: {
    batch: (step, pairs, groups) => `ステップ ${step} は ${pairs} ペアを引く。どのレーンも同じ：${groups}。`,
    losses: (lanes) => `各レーンが採点する。平均損失（nats）：${lanes}。`,
    tilt: (lanes) => `敵対者が重みをつける。平均に対する最大の重みと、実質何ペア分か：${lanes}。`,
    shares: (group, batch, lanes) => `その結果、このバッチの ${batch} を占める${group}が受ける重みの割合：${lanes}。`,
    update: (lanes, rate) => `重みつきの勾配が方策を動かす。そのノルム：${lanes}。学習率 ${rate}。`,
    evaluate: (step, lanes) => `取り分けたペアで評価する。直近はステップ ${step}。最悪の群の正解率：${lanes}。`,
    notEvaluated: 'まだ評価していません。',
  },

  // Kept run, export
  keep: '比較用に残す',
  keepHelp: 'この実行を残す。⑥に軌跡が残り、次の実行と並ぶ。',
  dropKept: '残した実行を消す',
  keptName: (lane) => `${lane}（前回）`,
  keptSame: '残しました。設定を変えてもう一度学習すると、⑥に両方が並びます。',
  keptNothing: 'なし',
  keptChange: (what, from, to) => `${what} ${from} → ${to}`,
  keptLine: (changed, lanes) => `残した実行からの変更：${changed}。${lanes === '' ? '' : `最後の、最悪の群の正解率：${lanes}。`}`,
  export: '書き出し',
  exportRun: '実行',
  exportJson: 'すべて（JSON）',
  exportCsv: '指標（CSV）',
  exportTrace: '記録（JSON Lines）',
  exportCommand: '同じ実行をコマンドラインで',
  exportCommandHelp: 'リポジトリーの最上位で、`make cli` のあとに。最後の桁は CPU により異なるが、結論は同じになる。',
  exportChanged: '実行中に設定が変更されました。このコマンドは開始時の設定で実行します。',
  exportPolicies: '方策（safetensors）',
  exportCharts: '図',
  exportNothing: '書き出す実行がまだありません。',

  // Share
  share: '共有',
  shareHelp: 'このリンクを開くと、いまの設定のページになります。授業では、操作部を隠したり値を固定したりできます。',
  shareLink: 'リンク',
  shareLanguage: '言語',
  shareAnyLanguage: '開く人に合わせる',
  shareGroups: { data: 'データ', methods: '手法', run: '実行', panels: '図' },
  shareHere: 'このページに適用',
  hide: '隠す',
  lock: '固定',
  lockedHelp: 'このページを開いたリンクで固定されています。',
  copy: 'コピー',
  copied: 'コピーしました',
  copyByHand: '選択しました。キーボードでコピーしてください',

  care: careJa,

  // Restart
  restartNeeded: (keys) => `変更：${keys.join('、')}。最初からやり直しになります。`,
  restartNow: 'この設定でやり直す',
  restartSoon: 'この設定でやり直しています',
  replayDiffers: '記録された実行は、いまの設定と異なります。',
  trainThese: 'この設定で学習する',

  // Notices
  notices: 'お知らせ',
  dismiss: '閉じる',
  urlNotice: (n: Notice) =>
    n.why === 'unknown'
      ? `リンクにある「${n.key}」はこのページにない項目なので、無視しました。`
      : `リンクは ${n.key} を「${n.given}」としていますが、許される値ではないので ${n.used} を使います。`,
  importAgain: 'このリンクは誰かの手元のペアで作られましたが、ペア自体は含まれません。学習するにはファイルを選んでください。',
  chooseFileFirst: 'prompt、chosen、rejected を持つ .jsonl ファイルを選ぶか、ここに置いてください。',
  noRecording: (status) => `記録された実行を読み込めませんでした（${status}）。`,
  noEngine: 'このビルドにはエンジンが含まれないため、ここでは学習できません。',
  noEngineMend: '記録された実行は再生できます。`make demo` でエンジン付きのページを作れます。',
  needsRestart: (fields) => `やり直したときに反映されます：${fields.join('、')}。`,
  fileUnreadable: (name) => `${name} を読めませんでした。`,
  fileRefused: (name, why) => `${name}：${why}`,
};
