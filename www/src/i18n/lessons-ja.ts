// 課題の言葉、日本語。数値はその実行のもの。結果を先取りして書かない。
import type { LessonWords } from './lessons-en';

export const LESSONS_JA: Record<string, LessonWords> = {
  majority: {
    title: '多数派が押し切る',
    notice: '十人のうち九人は実用的な答えを、一人は温かい答えを望み、誰が尋ねているかは質問文からわからない。③で少数派を追おう。',
    question: 'DPO は全員のデータで学習する。少数派自身の好みで測った報酬はどうなるか。',
    answers: ['上がる', 'ほとんど変わらない', '下がる'],
    verdict: (v) => `DPO により、少数派の報酬は ${v['from']} から ${v['to']} へ、多数派の報酬は ${v['manyFrom']} から ${v['manyTo']} へ変わった。`,
  },
  contested: {
    title: '割れる好み',
    notice: '両方の群を満足させることは誰にもできない。⑥で、頑健なレーンは DPO の道から離れるか、途中で止まるだけか。',
    question: 'DPO が、最後の KLDPO と同じだけ（同じ KL まで）動いた時点と比べる。KLDPO は両方の群にとって良いか。',
    answers: ['両方に良い', '損をする群がある', 'その間（損は 0.03 以内）'],
    verdict: (v) => `KL ${v['kl']} で、少数派は ${v['lane']} が ${v['rare']}、DPO が ${v['dpoRare']}。多数派は ${v['many']} と ${v['dpoMany']}。`,
  },
  shortcut: {
    title: '近道',
    notice: 'お世辞は、多くの人では良い答えの目印になり、一部の人では裏目に出る。本当の質も学べる。実行の初めの①に注目。',
    question: 'DPO が、最後の KLDPO と同じだけ（同じ KL まで）動いた時点と比べる。KLDPO の少数派の正解率は……',
    answers: ['0.05 を超えて良い', '差は 0.05 以内', '0.05 を超えて悪い'],
    verdict: (v) => `KL ${v['kl']} で、少数派は ${v['lane']} が ${v['rare']}、DPO が ${v['dpoRare']}。多数派は ${v['many']} と ${v['dpoMany']}。`,
  },
  flipped: {
    title: '同じ近道、ラベルに誤り',
    notice: '学習用ラベルの十に一つが反転している。敵対者に見えるのは損失だけ。重みの行き先を各レーン名の下で読もう。',
    question: 'KLDPO の敵対者は大きな損失を探す。データ中の割合と比べて、最も重みを増すのはどれか。',
    answers: ['少数派', '誤ったラベル', 'どちらでもない'],
    verdict: (v) =>
      `最後の 100 ステップで KLDPO の重みは、反転したペアに ${v['wrong']}（データ中 ${v['wrongData']}）、少数派に ${v['rare']}（同 ${v['rareData']}）。逆向きに傾ける Dr. DPO は、反転したペアに ${v['dr']}。`,
  },
  'tiny-tau': {
    title: '小さすぎる τ',
    notice: 'τ が小さいほど、少数のペアが支配する。②で、線より上にいくつ点があるかを見よう。',
    question: 'τ = 0.02 の KLDPO は 1 ステップに 16 ペアを見る。実質いくつのペアから学ぶか（有効サンプルサイズ）。',
    answers: ['10 より多い', '3 から 10', '3 より少ない'],
    verdict: (v) => `最後の 100 ステップの平均で、${v['lane']} は ${v['batch']} ペア中 ${v['size']} から、${v['other']} は ${v['otherSize']} から学んだ。`,
  },
  marker: {
    title: '質問文で見分けられる群',
    notice: '今度は誰が尋ねているかが質問文からわかるので、一つの方策で両方に応えられる。一方の得が他方の損とは限らない。',
    question: '群を教えられた GR-DPO は少数派を助ける。そのために多数派の正解率は DPO よりどれだけ下がるか。',
    answers: ['0.08 未満', '0.08 から 0.2', '0.2 より大きい'],
    verdict: (v) => `DPO と比べて GR-DPO は、少数派の正解率を ${v['gain']} 変え、多数派が払った代償は ${v['price']}。`,
  },
  nothing: {
    title: '備えるものがないとき',
    notice: '半々で、誰が尋ねているかもわかる。忘れられた群はない。①の割合を見よう。',
    question: '同じステップ数のあと、学習時の比率での報酬が高いのはどちらの答えか。',
    answers: ['DPO', 'KLDPO', '差は 0.05 以内'],
    verdict: (v) => `報酬：DPO は KL ${v['dpoKl']} で ${v['dpo']}、${v['lane']} は KL ${v['kl']} で ${v['kldpo']}。`,
  },
  wasserstein: {
    title: 'ワッサースタインはならす',
    notice: 'WDPO の敵対者はペアの重みを変えず、単語をずらす。二つのレーンがどこまで動くか（名前の横の KL）を比べよう。',
    question: '同じステップ数のあと、参照方策からの WDPO の距離（KL）は DPO に比べてどのくらいか。',
    answers: ['ほぼ同じ（80 % 超）', '20〜80 %', 'ほとんど動かない（20 % 未満）'],
    verdict: (v) => `KL は ${v['lane']} が ${v['kl']}、DPO が ${v['dpoKl']}。DPO が同じだけ動いた時点の少数派の正解率は ${v['dpoRare']}、WDPO は ${v['rare']}。`,
  },
  regions: {
    title: '四つの地域',
    notice: '四つの群のうち一つは 5 %。多くのバッチには一つか、一つも入らない。①で重みを受けるのはどの群か。',
    question: 'GR-DPO は群を教えられている。最もまれな群への重みは最後にどうなるか。',
    answers: ['割合より多い', '割合とほぼ同じ', '割合より少ない'],
    verdict: (v) =>
      `最もまれな群はペアの ${v['mix']}。GR-DPO は ${v['share']}、KLDPO は ${v['kldpo']} を与えた。バッチにいない群の損失は 0 と数えられ、GR-DPO の重みは損失に従う。`,
  },
  flatter: {
    title: '平らなのか、近いだけか',
    notice: '論文自身の実験。報酬は恐れにあり、好みは怒りへ移る。④で一方の線は下がり方が小さい。その KL も比べよう。',
    question: 'α に対する KLDPO の線は DPO より下がり方が小さい。好みが移りきった α = 1 での報酬も、DPO より高いか。',
    answers: ['高い（差は 0.05 超）', '差は 0.05 以内', '低い（差は 0.05 超）'],
    verdict: (v) =>
      `α₀ から α = 1 で、DPO の報酬は ${v['dpoNear']} から ${v['dpoFar']}（KL ${v['dpoKl']}）、${v['lane']} は ${v['near']} から ${v['far']}（KL ${v['kl']}）。DPO が ${v['lane']} と同じだけ動いた時点では ${v['thereNear']} と ${v['thereFar']}。参照方策をほとんど離れない方策の線も、また平らになる。`,
  },
  'clean-labels': {
    title: '偶然のないラベル',
    notice: '論文の本文はラベルの付け方を二通りに読める。ここでは混合報酬の高い方が必ず選ばれるので、怒りのわずかな重みもラベルに表れる。',
    question: '三つの手法は同じ学習率で学ぶ。好みが移りきった α = 1 で、報酬が最も高いのはどれか。',
    answers: ['DPO', 'KLDPO', 'WDPO'],
    verdict: (v) =>
      `α₀ から α = 1 の報酬：DPO ${v['dpo']}（KL ${v['dpoKl']}）、${v['kldpoName']} ${v['kldpo']}（KL ${v['kldpoKl']}）、${v['wdpoName']} ${v['wdpo']}（KL ${v['wdpoKl']}）。論文の図 2 では、下がるのは DPO で、頑健な手法の方が平らだった。`,
  },
  'closed-form': {
    title: '紙の上で解く',
    notice: '質問一つ、答え二つ、自由な数一つ。どの手法の行き着く先も計算でき、エンジンはそこに着かなければならない。',
    question: '十人中九人が「はい」。DPO のマージン βh = log 9 に対して、τ = 1 の KLDPO のマージンは……',
    answers: ['同じか、より大きい', '同じ向きで、より小さい', '逆向き'],
    verdict: (v) => `DPO は βh = ${v['dpo']}（計算では ${v['exact']}）、τ = ${v['tau']} の KLDPO は ${v['kldpo']}（計算では ${v['kldpoExact']}）に着いた。`,
  },
};
