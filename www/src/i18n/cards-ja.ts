// 手法カードの日本語。鍵はエンジンの手法 id（words.test.ts が漏れを見つける）。

/** 一枚のカード。空文字は、英語でも空の欄。 */
export interface CardJa {
  name?: string;
  adversary: string;
  robust: string;
  not: string;
  note?: string;
  clash?: string;
  gauge?: string;
}

const NONE = 'なし。どのペアも重みは 1/n。';
const BOTH = '誤ったラベルと、比率の変化。';
const MIX = '比率の変化。';
const RANKED = 'なし。順位どうしを組にするので、各ペアではなくバッチ全体が良くなればよい。';

export const CARDS: Record<string, CardJa> = {
  dpo: { adversary: NONE, robust: '特になし。学習した選好の比率に合わせる。', not: '群の比率の変化、誤ったラベル、そして学習のしすぎ。学習を続けると参照方策から離れ続ける。' },
  kldpo: {
    adversary: 'バッチの中で、損失の大きいペアほど重みを増す。',
    robust: '学習用ペアの比率の変化。',
    not: '誤ったラベル。損失が大きいので、かえって重くなる。',
    note: '著者のコードは重みを正規化せず、それぞれを 10 で打ち切る。別の形式として選べる。',
    gauge: '傾きの温度 τ',
  },
  wdpo: {
    adversary: '各ペアの単語を少しずらす。損失が敏感なところほど大きく。',
    robust: 'ペアの入力の小さな変化。',
    not: 'まれな群。ペアの重みは変えないので、その群が敏感でもあるときにしか助けにならない。',
    note: '本文は平均の平方根に、コードは二乗の平均に罰を課す。ρ の尺度は形式ごとに異なる。',
    clash: 'WDPO は Winsorized DPO などの名でもある。',
  },
  gr_dpo: {
    adversary: '教えられた群の重みを、指数勾配上昇でまるごと変える。',
    robust: '群の比率の変化。群を知っているからで、知らない手法のものさしになる。',
    not: '教えられていない群と、群の中の誤ったラベル。',
    note: '群の損失はバッチ内の平均。著者の既定ではバッチ和を群の大きさで割り、η の尺度が変わる。',
    clash: 'GRPO は Group Robust とも Group Relative Preference（Policy）Optimization とも読まれる。',
  },
  dr_dpo: { adversary: '敵というより味方。損失の大きいペアの重みを減らす。', robust: '損失が大きくなる誤ったラベル。', not: '比率の変化。まれな群も損失が大きいので見捨てる。' },
  gdpo: {
    adversary: 'なし。不確かなラベルほど弱く引き、p̂ = ½ ならまったく引かない。',
    robust: '不確かだとわかっているラベル。',
    not: '確信をもって誤ったラベルと、比率の変化。',
    note: '論文の考えから導き、数値で確かめた。著者のコードは公開されていない。',
    clash: 'GDPO は Group Distributional Preference Optimization（2412.20299）や、報酬を分離する手法（2601.05242）の名でもある。',
  },
  gipo: {
    adversary: 'なし。不確かなラベルは、確かさの二乗で数える。',
    robust: '不確かだとわかっているラベル。マージンに目標があり、際限なく伸びない。',
    not: '確信をもって誤ったラベルと、比率の変化。',
    note: '論文の二つの読み方を選べる。本文は手元になかった。',
  },
  gropo: {
    adversary: 'なし。不確かなラベルは弱く引き、大きく外れたペアも DPO より弱く引く。',
    robust: '不確かなラベルと、ある程度は誤ったラベル。合わせられないペアをシグモイドが手放す。',
    not: MIX,
    note: 'ROPO の定数は第三者のコードのもの。論文の値は手元になかった。',
  },
  minor_dpo: {
    adversary: 'なし。参照方策の確率を下回った不採用の答えには触れない。',
    robust: '高い学習率。不採用の答えを際限なく押し下げない。',
    not: 'DPO と同じく、誤ったラベルと比率の変化。',
    note: '二つの要約が同じ式を示す。著者のコードは見つからなかった。出発点の b = 0 では門は閉じている。',
  },
  ada_dpo: {
    adversary: 'どのラベルも少し疑う。明らかなペアは尺度が大きくなって離れてよく、曖昧なペアは小さい。',
    robust: '一つの β のもとで、明らかさがまちまちなペア。',
    not: '比率の変化（論文も別の目的だと述べている）と、誤ったラベル。',
    note: '公表されたニュートン法は循環しうる（ρ₀ = 0.3、マージン 0.7 がその例）。閉じた式は本実装による。',
    gauge: 'ペアの τ の平均',
  },
  rpo: {
    adversary: '敵対的な報酬モデル。解き終えると、好まれた答えへの教師あり項が残る。',
    robust: '過剰な最適化。好まれた答えの確率が、不採用の答えにつられて下がらない。',
    not: '誤ったラベル（それも真似る）と、比率の変化。',
    note: '和とトークン平均は β|y_w| 倍ほど違うので、η は形式をまたいで使えない。',
    clash: 'RPO は Iterative Reasoning PO（2404.19733）や Reward-aware PO の名でもある。',
  },
  exo_pref: {
    name: 'EXO（ペア）',
    adversary: 'なし。ラベルの分布を覆うのではなく、その峰の一つを求める。',
    robust: 'すべてのラベルには合わせられない小さな方策。平均せず、一部をあきらめる。',
    not: 'ε が小さいときの誤ったラベル（最初の歩みが急）と、比率の変化。',
    note: 'h = 0 での勾配は DPO の 3.5 倍（ε = 0.001）。学習率を下げるか、同じ KL で比べること。',
  },
  rdpo: {
    adversary: 'なし。反転したラベルが平均して加える分を引く。',
    robust: '割合 ε ででたらめに反転したラベル。',
    not: 'ε の誤りと長い学習（損失に下限がなく、マージンが流れる）、そして比率の変化。',
    clash: 'R-DPO は長さを補正する別の手法。TRL ではこの手法を robust と呼ぶ。',
  },
  cdpo: {
    adversary: 'なし。どのラベルも平滑化する。',
    robust: '既知の割合で反転したラベル。マージンに有限の目標 σ(βh) = 1 − ε がある。',
    not: MIX,
    note: 'TRL は 0.28 版のあと、sigmoid 損失のラベル平滑化をやめた。',
  },
  ipo: {
    adversary: 'なし。どのマージンも同じ目標へ引く。',
    robust: '確かなラベルへの過適合。マージンは伸び続けず 1/(2β) で止まる。',
    not: '誤ったラベル（距離の二乗が最も効く）と、比率の変化。',
    note: 'TRL は著者の言に従い対数比を答えの長さで割る。他のコードは割らない。',
  },
  chi_po: {
    adversary: 'なし。参照方策がほとんど書かない答えを信用しない。',
    robust: '小さい β での過剰な最適化。答えを参照方策よりはるかに高めると、指数的に代価を払う。',
    not: BOTH,
    note: '二つの要約が同じ式を示す。打ち切りの外では勾配が止まり、フレームがその割合を示す。',
    gauge: 'ロジットが打ち切られたペアの割合',
  },
  gr_ipo: {
    adversary: '教えられた群の重みを、指数勾配上昇でまるごと変える。',
    robust: '群の比率の変化。群を知っているから。',
    not: '教えられていない群と、群の中の誤ったラベル。',
    note: '著者の η = 5e-7 は、バッチで和をとり群の大きさで尺度を変えた損失のもの。ここでは平均。',
  },
  tv_dro: {
    adversary: '全重みのうち割合 ρ を、損失の最も小さいペアから取り、最も大きいペアに与える。',
    robust: '学習用ペアの比率の変化（割合 ρ まで）。',
    not: 'たった一つの誤ったラベル。動かせる重みがすべて集まりうる。',
    note: '内側の問題はバッチごとに正確に解く。論文自身のアルゴリズムは読めなかった。',
  },
  beta_dpo: {
    adversary: 'なし。マージンが移動平均から遠いペアほどよく除かれ、明らかなバッチほど β が大きくなる。',
    robust: '外れたペアと、一つの β では扱えない質のむらがあるデータ。',
    not: 'まれな群（そのマージンこそ除かれる外れ値）と、比率の変化。',
    note: '移動平均は 0 から始め、使う前に更新する（著者のコードのとおり）。',
    gauge: 'このバッチの β',
  },
  maxmin: {
    name: 'MaxMin（本実装の代用）',
    adversary: '平均損失が最も大きい群を選び、すべての重みを与える。',
    robust: '教えられた群のどんな比率にも。最悪の群だけが数えられる。',
    not: 'バッチ中の小さな群（平均が雑音になる）と、誤ったラベル。',
    note: '論文は注釈者の集まりごとに報酬モデルを学び、強化学習で訓練する。これはその代わりに GR-DPO の極限をとったもの。',
  },
  hinge: {
    adversary: NONE,
    robust: '明らかなペアへの過適合。マージンは 1/β あれば足りる。',
    not: BOTH,
    note: '参照方策つきでは RSO の hinge-norm 損失。SLiC 本来の損失に参照方策はない。',
  },
  nca_pair: { adversary: NONE, robust: '好まれた答えの確率の低下。参照方策に錨を下ろしている。', not: BOTH },
  bco_pair: { adversary: NONE, robust: '互いに対になるよう書かれていない答えどうし。', not: BOTH, note: '報酬をずらす移動平均は用いない（0.29 以降の TRL と同じ）。' },
  sppo_hard: { adversary: NONE, robust: '際限なく伸びる対数比。それぞれに目標がある。', not: '誤ったラベル（距離の二乗が最も効く）と、比率の変化。', note: '損失だけ。論文の自己対戦の繰り返しは含まない。' },
  aot: { adversary: RANKED, robust: '合わせられない個々のペア（バッチ全体が良くなる限り）。', not: 'まれな群。他のペアで埋め合わせられてしまう。', note: 'ペアは、方策のマージンの中での順位で呼ぶ。' },
  aot_unpaired: {
    name: 'AOT（組なし）',
    adversary: RANKED,
    robust: '合わせられない個々のペア（バッチ全体が良くなる限り）。',
    not: 'まれな群。他のペアで埋め合わせられてしまう。',
    note: 'ペアは、好まれた答えの順位で呼ぶ。TRL ではかつて aot_pair といった。',
  },
  apo_zero: { adversary: NONE, robust: '合わせられないペア。シグモイドが手放す。', not: MIX, note: '好まれた答えが、方策の書くものより良いときのため。' },
  apo_down: { adversary: NONE, robust: '合わせられないペア。シグモイドが手放す。', not: MIX, note: '好まれた答えが、方策の書くものより悪いときのため。好まれた答えの確率も意図して下げる。' },
  discopop: { adversary: NONE, robust: '意図したものはない。ベンチマークの得点で選ばれた。', not: '誤ったラベルと比率の変化。損失は凸でない。' },
  sigmoid_norm: {
    name: 'Sigmoid（長さで正規化）',
    adversary: NONE,
    robust: '長さの異なる答え。長い答えほど効くということがない。',
    not: BOTH,
    note: 'トークンあたりの対数比は小さいので、公表された実行では β が数単位になる。',
    clash: 'RSO の sigmoid-norm は別物で、norm は参照方策で割ることを指す。',
  },
  sft: { adversary: 'なし。不採用の答えは見ない。', robust: '過剰な最適化。真似るだけだから。', not: '誤ったラベル（それも真似る）と、比率の変化。' },
  mix: {
    name: '重み付き和',
    adversary: NONE,
    robust: '各部分が頑健なものに、いくらか。',
    not: '最も重い部分が頑健でないもの。',
    note: 'β は全部分に共通。sigmoid + sft は TRL の RPO、sigmoid + bco_pair + sft は TRL の MPO（InternVL の Mixed PO）。',
    clash: 'TRL の MPO はこの種の和で、Maximum Preference Optimization ではない。',
  },
};

export const FORMS: Record<string, { name: string; help: string }> = {
  'kldpo/normalized': { name: '正規化', help: '重みの和は 1（アルゴリズム 2 のとおり）。' },
  'kldpo/authors': { name: '著者のコード', help: '重み exp((ℓ−平均)/τ) を 10 で打ち切り、バッチ平均をとる。正規化しないので歩幅も大きくなる。' },
  'kldpo/radius': { name: '半径を固定', help: 'KL(P‖一様) を半径に保ち、τ をバッチごとに解く（補題 12 の双対）。本実装による。' },
  'wdpo/algorithm1': { name: 'アルゴリズム 1', help: '平均 ℓ + ρ √(平均 ‖∇_e ℓ‖²)。' },
  'wdpo/appendix_f': { name: '付録 F', help: '平均 (ℓ + ρ ‖∇_e ℓ‖²)。ρ の尺度が異なり、勾配が小さいときはずっと弱い。' },
  'gipo/loss': { name: '損失を縮尺', help: '確かさを損失に掛ける。幾何平均を soft IPO に当てはめたもの。' },
  'gipo/margin': { name: 'マージンを縮尺', help: '確かさをマージンに掛ける：((2p̂−1)h − 1/(2β))²。' },
  'ada_dpo/paper': { name: '論文', help: 'マージンそのもの。β は τ と ρ に含まれ、τ は閉じた式で求める。' },
  'ada_dpo/authors': { name: '著者のコード（閉じた式）', help: 'β 倍のマージン。損失から τ の定数項を除く。τ は閉じた式で求める。' },
  'ada_dpo/newton': { name: '著者のニュートン法', help: '著者のコードのとおり、τ を 1 から射影ニュートン法で 5 歩。' },
  'rpo/authors': { name: '著者のコード', help: '対数確率の和の βη 倍を引く。' },
  'rpo/token_mean': { name: 'TRL', help: 'バッチの好まれた答えの全トークンの平均の η 倍を加える（sigmoid + sft）。' },
  'rpo/sequence_mean': { name: 'OpenRLHF', help: '答えごとのトークン平均をさらに平均したものの η 倍を加える。' },
  'exo_pref/normalized': { name: '正規化した目標', help: '目標は (1−ε, ε)。TRL の exo_pair と同じ。' },
  'exo_pref/authors': { name: '著者のコード', help: '正規化しない対数目標 0 と −10。' },
  'cdpo/fixed': { name: '一定の割合', help: 'どのペアにも同じ ε。' },
  'cdpo/soft': { name: '柔らかいラベル', help: 'ペアごとの ε = 1 − p̂（柔らかいラベルがなければ DPO と同じ）。' },
  'ipo/sum': { name: '和', help: '対数比をトークンについて足す（論文のとおり）。' },
  'ipo/length': { name: 'トークンあたり（TRL）', help: '対数比をトークン数で割る。' },
  'ipo/soft': { name: '柔らかいラベル', help: '目標を 2p̂ − 1 倍する（Furuta ら）。' },
};

/** パラメーターの説明。鍵は「手法/名」、どの手法でも同じなら「名」だけ。 */
export const PARAMS: Record<string, string> = {
  beta: '参照方策へ引き戻す強さ。大きいほど近くにとどまる。',
  'kldpo/tau': '敵対者の温度。小さいほど少数のペアに集中でき、非常に大きいと DPO になる。',
  'kldpo/radius': '不確実性集合の KL 半径（nats）。0 は DPO、log n 以上は最悪の 1 ペアだけ。',
  'wdpo/rho': 'ワッサースタイン球の半径（尺度は形式ごとに異なる）。0 は DPO。',
  'gr_dpo/eta': '群の重みの歩幅。0 ならどの群の重みも同じまま。',
  'gr_ipo/eta': '群の重みの歩幅。0 ならどの群の重みも同じまま。',
  'dr_dpo/beta_prime': '温度。小さいほど易しいペアだけを信じ、非常に大きいと DPO になる。',
  'gropo/gamma': '対数損失の重み。',
  'gropo/alpha': 'シグモイド損失の重み。',
  'ada_dpo/rho0': '内側の敵対者がラベルをどこまで疑ってよいか（KL、nats）。log 2 以上なら τ は最小のまま。',
  'ada_dpo/tau0': '最小の尺度。',
  'ada_dpo/tau_max': '最大の尺度。',
  'rpo/eta': '教師あり項の重み。0 は DPO。',
  'exo_pref/epsilon': '目標が不採用の答えに残す割合。',
  'rdpo/epsilon': 'ラベルが反転していると考える割合。',
  'cdpo/epsilon': 'ラベルが誤っている確率。',
  'chi_po/r_max': '報酬差の最大。ロジットは ±2 Rmax で打ち切る。',
  'tv_dro/rho': '敵対者が動かせる重みの割合。0 は DPO、1 は最悪の 1 ペアだけ。',
  'beta_dpo/alpha': 'β がバッチにどれだけ従うか。0 は選別後のペアでの DPO。',
  'beta_dpo/filter': '各バッチから除く割合。',
  'beta_dpo/momentum': '移動平均と標準偏差の慣性。',
  'aot/epsilon': 'ラベルの平滑化。',
  'aot_unpaired/epsilon': 'ラベルの平滑化。',
  'discopop/tau': '二つの損失を切り替える門の温度。',
  'mix/epsilon': 'TRL の label_smoothing。exo_pair、robust、aot、aot_unpaired で使う。',
  'mix/tau': 'discopop の温度。',
  ...Object.fromEntries(
    ['sigmoid', 'hinge', 'ipo', 'exo_pair', 'nca_pair', 'robust', 'bco_pair', 'sppo_hard', 'aot', 'aot_unpaired', 'apo_zero', 'apo_down', 'discopop', 'sft', 'sigmoid_norm'].map((id) => [
      `mix/${id}`,
      'この名の損失の重み。0 なら使わない。',
    ]),
  ),
};
