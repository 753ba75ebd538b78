import { dataPhrase, translated } from './ja-data-phrases';

// 群・手法の表にない、エンジンが英語で述べる文の訳。載っていない文は英語のまま表示する。
const PHRASES: [RegExp, string][] = [
  // 計算装置の選択
  [/^as chosen$/, '選んだとおり'],
  [/^as chosen: (.*)$/s, '選んだとおり（$1）'],
  [/^this browser has no WebGPU$/, 'このブラウザーには WebGPU がない'],
  [/^WebGPU finds no adapter here$/, 'WebGPU のアダプターが見つからない'],
  [/^this build of the page has no WebGPU engine$/, 'このビルドには WebGPU エンジンがない'],
  [/^the only WebGPU adapter is software \((.*)\), which is slower$/, 'WebGPU のアダプターがソフトウェア（$1）で、遅いため'],
  [/^the GPU was lost three times within a minute$/, '1 分間に 3 回 GPU が失われたため'],
  [/^the GPU was found to compute wrongly$/, 'GPU の計算に誤りが見つかったため'],
  // エンジンとの連絡
  [/^the engine could not be loaded \(no connection\)$/, 'エンジンを読み込めませんでした（接続がありません）'],
  [/^the engine’s file is damaged, or something else came in its place$/, 'エンジンのファイルが壊れているか、別のものが届きました'],
  [/^the engine’s worker was ended by the browser$/, 'エンジンのワーカーがブラウザーに終了されました'],
  [/^the engine’s worker has not answered for (\d+) s$/, 'エンジンのワーカーが $1 秒間応答していません'],
  [/^the GPU has not answered for (\d+) s$/, 'GPU が $1 秒間応答していません'],
  [/^the GPU was lost \((.*)\)$/s, 'GPU が失われました（$1）'],
  [/^the engine has been stopped$/, 'エンジンは停止しました'],
  [/^press play to start it again$/, '再生を押すと再び始まります'],
  [/^the engine could not be loaded \((\d+)\)$/, 'エンジンを読み込めませんでした（$1）'],
  [/^reload the page$/, 'ページを読み込み直してください'],
  [/^the engine’s worker could not be started$/, 'エンジンのワーカーを起動できませんでした'],
  [/^the engine’s workers have fallen out of step$/, 'エンジンのワーカーの歩調が合わなくなりました'],
  [/^reset the run$/, '最初からやり直してください'],
  [/^the run was started anew$/, '実行はやり直されました'],
  [/^no run has been started$/, 'まだ実行が始まっていません'],
  [/^press play first$/, 'まず再生を押してください'],
  [/^(.*) blew up at step (\d+): its numbers were no longer finite\. It went back to what it was at step (\d+) and goes on with learning rate (\S+); the other lanes are as they were\.$/s, '$L はステップ $2 で発散しました（数値が有限でない）。ステップ $3 の状態に戻し、学習率 $4 で続けます。他のレーンに影響はありません。'],
  [/^(.*) blew up at step (\d+): its loss jumped from (\S+) to (\S+)\. It went back to what it was at step (\d+) and goes on with learning rate (\S+); the other lanes are as they were\.$/s, '$L はステップ $2 で発散しました（損失が $3 から $4 に跳ね上がりました）。ステップ $5 の状態に戻し、学習率 $6 で続けます。他のレーンに影響はありません。'],
  [/^(.*) diverged at step (\d+): its numbers were no longer finite, for the third time\. It stays as it was at step (\d+); the other lanes go on\. Lower its learning rate and reset\.$/s, '$L はステップ $2 で三度目の発散となりました（数値が有限でない）。ステップ $3 の状態で止め、他のレーンは続けます。学習率を下げて最初からやり直してください。'],
  [/^(.*) diverged at step (\d+): its loss jumped from (\S+) to (\S+), for the third time\. It stays as it was at step (\d+); the other lanes go on\. Lower its learning rate and reset\.$/s, '$L はステップ $2 で三度目の発散となりました（損失が $3 から $4 に跳ね上がりました）。ステップ $5 の状態で止め、他のレーンは続けます。学習率を下げて最初からやり直してください。'],
  [/^every lane blew up by step (\d+)$/, 'すべてのレーンがステップ $1 までに発散しました'],
  [/^lower train\.learning_rate and start again$/, 'train.learning_rate を下げて最初からやり直してください'],
  [/^there is no run to look into$/, '調べる実行がありません'],
  [/^this GPU computes wrongly: (.*)$/s, 'この GPU は正しく計算しません：$1'],
  [/^train on the CPU; another browser or driver may help$/, 'CPU で学習してください。別のブラウザーやドライバーなら動くかもしれません'],
  [/^This run trains on the CPU: (.*) has no version for the GPU\.$/, 'この実行は CPU で学習します（$1 には GPU 版がないため）。'],
  // 感情の文
  [/^the reference policy wrote the same text twice for every prompt$/, '参照方策が、どの書き出しにも同じ文を二度書きました'],
  [/^train it longer, or on more texts$/, '長く学習させるか、文を増やしてください'],
  [/^some of the run’s workers have stopped$/, '実行のワーカーの一部が止まっています'],
  [/^(\d+) different texts to learn from and (\d+) held out, in (\d+) words\.$/, '学習に使う文 $1 種、取り分けた文 $2 種、語彙 $3 語。'],
  [/^checkpoint: (.*)$/s, 'チェックポイント：$1'],
  [/^What was made half-way before cannot be gone on with \((.*)\)\. The stage begins again\.$/s, '途中まで作ったものは続けられません（$1）。この段階を初めからやり直します。'],
  [/^Wrote (\d+) different pairs of texts, not (\d+): the others were the same twice\.$/, '異なる文の組は $2 組のうち $1 組でした。残りは二度とも同じ文でした。'],
];

/** 知っている文ならその訳。 */
export const phrase = (text: string): string | undefined => translated(PHRASES, text) ?? dataPhrase(text);
