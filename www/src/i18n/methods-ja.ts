import { METHOD_INFOS } from '../engine/catalog';

/** 手法とその形の名と説明。鍵はエンジンでの名。 */
export const METHODS: Record<string, { name: string; help: string }> = {
  dpo: { name: 'DPO', help: '与えられた比率にそのまま合わせる。どのペアも重みは同じ。' },
  kldpo: { name: 'KLDPO', help: '敵対者が損失の大きいペアほど重みを増す。τ はその温度。' },
  wdpo: { name: 'WDPO', help: '敵対者が各ペアの単語を少しずらす。ρ はどこまで動かすか。' },
  gr_dpo: { name: 'GR-DPO', help: '群を教えられたうえで最悪の群に合わせる。比較のものさし。' },
  dr_dpo: { name: 'Dr. DPO', help: '逆向きに、損失の大きいペアの重みを減らす。誤ったラベル向け。' },
  gdpo: { name: 'GDPO', help: '確かでないラベルほど引く力が弱い。p̂ = ½ なら 0。' },
  gipo: { name: 'GIPO', help: 'IPO に軟らかいラベルを入れたもの。確かさの二乗で数える。' },
  gropo: { name: 'GROPO', help: '確かでないラベルと、大きく外れたペアの力を弱める。' },
  minor_dpo: { name: 'Minor DPO', help: '好まれなかった答えは、参照より確率が高い間だけ下げる。' },
  bmc: { name: 'BMC', help: '好まれなかった答えを直して好まれた答えとし、違う語を、自信のないほど重く数える。' },
  ada_dpo: { name: 'Ada-DPO', help: 'ペアごとに尺度 τ を選ぶ。明瞭なペアは大きく、曖昧なペアは小さい。' },
  rpo: { name: 'RPO', help: '好まれた答えの尤度を加え、過剰最適化を抑える。' },
  mrpo: { name: 'MRPO', help: '複数の参照方策の調和平均を参照にする。' },
  rs_dpo: { name: 'RS-DPO', help: '参照が書いた答えのうち、報酬が十分に離れたペアだけで学ぶ。' },
  exo_pref: { name: 'EXO（ペア）', help: '二つの答えの上で、方策からラベルへのダイバージェンスを小さくする。' },
  exo_rw: { name: 'EXO（報酬）', help: 'K 個の標本の上で、方策を報酬の分布に近づける。' },
  mpo: { name: 'MPO（本実装の解釈）', help: '大きく外れたペアを手放し、参照のデータの尤度を保つ。' },
  rso: { name: 'RSO', help: '最適な方策が書きそうな標本を棄却法で選び、そのペアで学ぶ。' },
  rdpo: { name: 'rDPO', help: '一定の率で反転したラベルの影響を平均で打ち消す。' },
  cdpo: { name: 'cDPO', help: 'ラベルを確率 1 − ε でだけ信じる。' },
  ipo: { name: 'IPO', help: 'マージンに目標値 1/(2β) を置き、際限なく広げない。' },
  chi_po: { name: 'χPO', help: '参照から大きく離れた答えに指数的な代価を払わせる。' },
  gr_ipo: { name: 'GR-IPO', help: 'GR-DPO の群どうしの競争を IPO の損失で行う。' },
  tv_dro: { name: 'TV-DRO', help: '敵対者が重みの割合 ρ を最悪のペアへ移す。' },
  beta_dpo: { name: 'β-DPO', help: 'バッチごとに β を変え、外れたペアを除きやすくする。' },
  maxmin: { name: 'MaxMin（本実装の代用）', help: 'そのバッチで最も悪い群だけに重みを置く。' },
  hinge: { name: 'ヒンジ', help: 'マージンが 1/β を超えたペアはそのままにする。' },
  nca_pair: { name: 'NCA', help: '両方の答えを参照とも比べ、好まれた答えの確率を支える。' },
  bco_pair: { name: 'BCO', help: '好まれた答えを上げ、好まれなかった答えを下げる。互いに独立。' },
  sppo_hard: { name: 'SPPO', help: '対数比に ±1/(2β) の目標を置く。' },
  aot: { name: 'AOT', help: 'マージンの分布どうしを、並べ替えて比べる。' },
  aot_unpaired: { name: 'AOT（対なし）', help: '対数比の分布どうしを、並べ替えて比べる。' },
  apo_zero: { name: 'APO-zero', help: '好まれた答えを上げ、好まれなかった答えを下げる。どちらにも上限がある。' },
  apo_down: { name: 'APO-down', help: '両方を下げ、好まれなかった答えをより大きく下げる。' },
  discopop: { name: 'DiscoPOP', help: '言語モデルの探索が見つけた損失。' },
  sigmoid_norm: { name: '長さで割った sigmoid', help: '対数比を語数で割ってから DPO の損失をとる。' },
  sft: { name: 'SFT', help: '好まれた答えをまねるだけで、もう一方は見ない。' },
  mix: { name: '加重和', help: 'TRL の損失の種類を重みを付けて足す。' },
};

export const FORMS: Record<string, { name: string; help: string }> = {
  'kldpo/normalized': { name: '正規化', help: '重みの和は 1（アルゴリズム 2 のとおり）。' },
  'kldpo/authors': { name: '著者のコード', help: '重み exp((ℓ−平均)/τ) を 10 で打ち切り、バッチ平均をとる。正規化しないので歩幅も大きくなる。' },
  'kldpo/radius': { name: '半径を固定', help: 'KL(P‖一様) を半径に保ち、τ をバッチごとに解く（補題 12 の双対）。本実装による。' },
  'wdpo/algorithm1': { name: 'アルゴリズム 1', help: '平均 ℓ + ρ √(平均 ‖∇_e ℓ‖²)。' },
  'wdpo/appendix_f': { name: '付録 F', help: '平均 (ℓ + ρ ‖∇_e ℓ‖²)。ρ の尺度が異なり、勾配が小さいときはずっと弱い。' },
  'gipo/loss': { name: '損失を縮める', help: '確かさが損失に掛かる。' },
  'gipo/margin': { name: 'マージンを縮める', help: '確かさがマージンに掛かる：((2p̂−1)h − 1/(2β))²。' },
  'bmc/formula': { name: '式のとおり', help: '方策と参照の対数確率に、どちらも方策の λ を掛ける。' },
  'bmc/as_coded': { name: 'コードのとおり', help: '参照の対数確率には、参照自身の λ を掛ける。' },
  'bmc/modeling': { name: '重みだけ', help: '答えは直さず、式のとおりの重みだけを使う（DPO-MC）。' },
  'ada_dpo/paper': { name: '論文', help: 'マージンそのもの。β は τ と ρ に含む。τ は閉じた式で。' },
  'ada_dpo/authors': { name: '著者のコード、閉じた式', help: 'β を掛けたマージン。損失の定数を除く。' },
  'ada_dpo/newton': { name: '著者のニュートン法', help: 'τ を 1 から 5 回のニュートン法で求める。' },
  'rpo/authors': { name: '著者のコード', help: '対数確率の和に βη を掛けて引く。' },
  'rpo/token_mean': { name: 'TRL', help: 'バッチの好まれた語すべての平均に η を掛けて足す（sigmoid + sft）。' },
  'rpo/sequence_mean': { name: 'OpenRLHF', help: '答えごとの語の平均をさらに平均し、η を掛けて足す。' },
  'mrpo/published': { name: '論文のとおり', help: '適応する重み。参照ごとに自分の重み。' },
  'mrpo/as_coded': { name: 'コードのとおり', help: '二つの適応する重みが入れ替わる。' },
  'mrpo/fixed': { name: '一定の重み', help: '主な参照が 1 − α、残りが α を分ける。' },
  'exo_pref/normalized': { name: '正規化した目標', help: '目標は (1−ε, ε)。TRL の exo_pair と同じ。' },
  'exo_pref/authors': { name: '著者のコード', help: '正規化しない対数目標 0 と −10。' },
  'exo_rw/exo': { name: 'EXO', help: '方策から報酬へのダイバージェンス。' },
  'exo_rw/dpo': { name: '報酬での DPO', help: '逆の向き。交差エントロピー。' },
  'mpo/no_reference': { name: '参照なし', help: '方策自身のマージンで順序を測る。' },
  'mpo/reference': { name: '参照あり', help: '参照に対するマージンで順序を測る。' },
  'rso/sigmoid_norm': { name: 'sigmoid-norm', help: 'β の代わりに γ を使う DPO の損失。' },
  'rso/hinge_norm': { name: 'hinge-norm', help: '参照に対するマージンのヒンジ。' },
  'rso/hinge': { name: 'ヒンジ（SLiC）', help: '参照を使わない、方策自身のマージンのヒンジ。' },
  'cdpo/fixed': { name: '一定の率', help: 'すべてのペアに同じ ε。' },
  'cdpo/soft': { name: '軟らかいラベル', help: 'ペアごとに ε = 1 − p̂。' },
  'ipo/sum': { name: '和', help: '対数比を語の和のまま使う（論文のとおり）。' },
  'ipo/length': { name: '語ごと（TRL）', help: '対数比を語数で割る。' },
  'ipo/soft': { name: '軟らかいラベル', help: '目標に 2p̂ − 1 を掛ける。' },
};

/** レーンの名。エンジンは「手法 (形) 記号=値…」と書く。 */
export function laneName(name: string): string {
  const info = [...METHOD_INFOS].sort((a, b) => b.name.length - a.name.length).find((each) => name === each.name || name.startsWith(`${each.name} `));
  if (!info) return name;
  const rest = name.slice(info.name.length);
  const form = info.forms.find((each) => rest.startsWith(` (${each.name})`));
  const words = form && FORMS[`${info.id}/${form.id}`];
  return `${METHODS[info.id]?.name ?? info.name}${form && words ? `（${words.name}）${rest.slice(form.name.length + 3)}` : rest}`;
}
