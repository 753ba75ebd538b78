// 図の言葉、日本語。
import type { ChartText } from './text';

export const japanese: ChartText = {
  waiting: '最初のステップを待っています',
  step: 'ステップ',
  group: '群',
  lane: 'レーン',
  training: '学習データ',
  shareOf: {
    factor: ['敵対者の重みの割合（%）', '敵対者の割合（%）', '割合（%）'],
    gradient: ['勾配全体に占める割合（%）', '勾配の割合（%）', '割合（%）'],
  },
  trainingShare: (share) => [`学習データ ${share}`, `データ ${share}`, share],
  trainingEdges: ['学習データ', 'データ'],
  sharesSummary: (what, step, now, training) => `ステップ ${step} での${what}：${now}。学習データでは：${training}。`,
  loss: ['損失 ℓ（nats）', 'ℓ（nats）'],
  factor: ['敵対者の係数（倍、平均 1）', '敵対者の係数（倍）', '係数（倍）', '（倍）'],
  sensitivity: ['輸送予算の割合（倍、平均 1）', '輸送予算の割合（倍）', '予算（倍）', '（倍）'],
  logScale: '対数',
  pairColumn: 'ペア',
  pair: (id) => `ペア ${id}`,
  pairsByLoss: '損失の順に並べたペア',
  meanLoss: (loss) => `平均 ${loss}`,
  clamp: (factor) => [`打ち切り ×${factor}`, `×${factor}`],
  sampleSize: (ess, n, radius) =>
    radius === null
      ? [`有効サンプルサイズ ${ess}／${n}`, `有効数 ${ess}／${n}`, `ESS ${ess}/${n}`, `ESS ${ess}`]
      : [`有効サンプルサイズ ${ess}／${n}・半径 ${radius} nats`, `有効数 ${ess}／${n}・半径 ${radius} nats`, `ESS ${ess}/${n}・${radius} nats`, `ESS ${ess}/${n}`, `ESS ${ess}`],
  pairReadout: (loss, factor) => `ℓ ${loss} nats・×${factor}`,
  tiltSummary: (n, batch, mean, low, high, ess, extra) =>
    n === batch
      ? `${n} ペア、平均損失 ${mean} nats、係数は ×${low} から ×${high}、有効サンプルサイズ ${ess}／${n}、${extra}。`
      : `${n} ペア（それぞれ最後にバッチに入ったときの値）、係数は ×${low} から ×${high}。最新のバッチ ${batch} ペアでは、平均損失 ${mean} nats、有効サンプルサイズ ${ess}、${extra}。`,
  tiltCurve: (tau, radius) => `τ = ${tau} の傾き曲線、半径 ${radius} nats`,
  noCurve: (radius) => `半径 ${radius} nats`,
  flatCurve: 'どのペアも同じ重み',
  knobLabel: { tau: '敵対者の温度 τ', radius: '敵対者の KL 半径' },
  knobText: (kind, value, next) => {
    const text = kind === 'tau' ? `τ ${value}` : `半径 ${value}`;
    const short = kind === 'tau' ? [text] : [text, `ρ ${value}`];
    return next ? [`${text}（次のステップから）`, `${text}（次）`, ...short] : short;
  },
  ago: (steps) => `${steps} ステップ前`,
  ageColumn: '経過ステップ',
  sensitivityNote: '係数は重みではなく感度（輸送予算の割合）',
  metric: {
    accuracy: ['正解率（取り分けたペア中の割合）', '正解率（割合）'],
    margin: ['マージン h（nats）'],
    reward: ['新しいサンプルの報酬（点）', '報酬（点）'],
  },
  worst: '最悪',
  reference: ['参照方策', '参照'],
  barsSummary: (metric, values, worst) => `群ごとの${metric}：${values}${worst}。`,
  worstIs: (group) => `。最悪は${group}`,
  deployed: (group) => [`実際に使う人々のうち${group}の割合 α`, `使う人々での${group}の割合 α`, `${group}の割合 α`, '割合 α'],
  trainingMix: ['学習時の比率', '学習時'],
  atAlpha: (alpha) => [`α = ${alpha} で`, `α ${alpha}`],
  alphaLabel: (group) => `実際に使う人々のうち${group}の割合`,
  shiftSummary: (metric, alpha, group, values, training) => `使う人々の ${alpha} が${group}のとき（学習データでは ${training}）の${metric}：${values}。`,
  standardError: '± 1 標準誤差',
  ball: (lane, low, high) => [`${lane} の KL 球に入る比率：${low}〜${high}`, `${lane} の KL 球：${low}〜${high}`, `KL 球 ${low}〜${high}`, 'KL 球'],
  ballSummary: (lane, radius, low, high) => `、${lane} の KL 球（半径 ${radius} nats）に入る割合は ${low} から ${high}`,
  worstSummary: (values) => `、全割合での最小値：${values}`,
  atStep: (lane, step) => `${lane}、ステップ ${step}`,
  byWords: (lane) => `${lane}、単語から読める値`,
  nominal: '学習時の比率',
  start: ['参照方策', '参照', '出発点'],
  equal: 'y = x',
  baseline: '早期打ち切りの基準',
  klColumn: '参照方策からの KL（nats）',
  kl: (nats) => `KL ${nats} nats`,
  klMark: (nats) => `KL = ${nats}`,
  pathPoints: '軌跡の点（レーン順）',
  planeSummary: (x, y, start, ends) => `横軸 ${x}、縦軸 ${y}：参照方策の ${start} から、${ends}。`,
  planeEnd: (lane, x, y, step) => `${lane} は ${step} ステップ後に (${x}, ${y})`,
};
