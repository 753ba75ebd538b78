// 自分のペアや文を読むときにエンジンが英語で述べる文の訳。
import { laneName } from './methods-ja';

const KINDS: Record<string, string> = { null: 'null', 'true or false': '真偽値', 'a number': '数', text: '文字列', 'a list': 'リスト', 'an object': 'オブジェクト' };

/** 「line 3: …; line 5: …」の一つひとつを訳す。 */
function lines(text: string): string {
  return text
    .split(/; (?=line \d+: |and more)/)
    .map((part) => {
      const [, line, what = ''] = /^line (\d+): (.*)$/s.exec(part) ?? [];
      return line === undefined ? part.replace(/^and more$/, 'ほか') : `${line} 行目：${problem(what) ?? what}`;
    })
    .join('、');
}

type Phrase = [RegExp, string | ((parts: RegExpExecArray) => string)];

/** 一行の問題。 */
const PROBLEMS: Phrase[] = [
  [/^not JSON(?:: (.*))?$/s, 'JSON ではありません'],
  [/^not CSV: (.*)$/s, 'CSV ではありません'],
  [/^not an object but (.*)$/, ([, kind = '']) => `オブジェクトではなく${KINDS[kind] ?? kind}です`],
  [/^(\d+) KiB long; at most (\d+) can be read$/, '$1 KiB あります。一行に読めるのは $2 KiB までです'],
  [/^misses `(\w+)`$/, '`$1` がありません'],
  [/^misses `prompt`, and `chosen` and `rejected` begin with different turns$/, '`prompt` がなく、`chosen` と `rejected` の出だしも違います'],
  [/^`(\w+)` is empty$/, '`$1` が空です'],
  [/^`chosen` and `rejected` have the same words$/, '`chosen` と `rejected` が同じ文です'],
  [/^`(\w+)` is not (?:text|a number) but (.*)$/, ([, field = '', kind = '']) => `\`${field}\` が${KINDS[kind] ?? kind}です`],
  [/^`confidence` is (\S+); it must be from 0\.5 to 1$/, '`confidence` が $1 です。0.5 から 1 までにしてください'],
  [/^`(\w+)` has no assistant message$/, '`$1` に assistant の発言がありません'],
  [/^`(\w+)` has a message without `role` and `content` as text$/, '`$1` に、`role` と `content` のそろわない発言があります'],
  [/^(\d+) words; the first (\d+) are the prompt, and more must follow$/, '$1 語しかありません。最初の $2 語が書き出しで、その続きも必要です'],
  [/^label (\d+); numbers go from 0 to (\d+)$/, 'ラベル $1 は範囲の外です（番号は 0 から $2）'],
];

/** ファイル全体の問題、その直し方、取り込みの結果。 */
const FILES: Phrase[] = [
  [/^the file has more than (\d+) MiB$/, 'ファイルが $1 MiB を超えています'],
  [/^take a sample of its lines$/, '行を抜き出して小さくしてください'],
  [/^the file has no (?:lines|rows)$/, 'ファイルに行がありません'],
  [/^no (?:line|row) can be used: (.*)$/s, ([, list = '']) => `使える行がありません（${lines(list)}）`],
  [/^each line is a JSON object with `prompt`, `chosen` and `rejected`$/, '各行を `prompt`、`chosen`、`rejected` を持つ JSON オブジェクトにしてください'],
  [/^a CSV file with the columns `text` and `label`, or JSON Lines with these fields$/, '`text` と `label` の列を持つ CSV か、同じ欄を持つ JSON Lines にしてください'],
  [/^the header cannot be read: (.*)$/s, '見出しの行を読めません（$1）'],
  [/^the first line has no `text` and `label`: (.*)$/s, '最初の行に `text` と `label` がありません（$1）'],
  [/^(\d+) different labels$/, 'ラベルが $1 種類です'],
  [/^label `(.*)` has (\d+) texts$/s, 'ラベル「$1」の文が $2 件です'],
  [/^2 to (\d+) labels, at least (\d+) texts each$/, 'ラベルは 2 から $1 種類、それぞれに $2 件以上の文が必要です'],
  [/^group `(.*)` has (\d+) usable rows; one is needed to train on and one to hold out$/s, '群「$1」の使える行は $2 行です。学習用と取り分け用に一行ずつ必要です'],
  [/^add rows to this group or leave it out of the file$/, 'この群の行を増やすか、ファイルから外してください'],
  [/^too few different prompts and answers to hold some out for evaluation$/, '評価用に取り分けるには、質問と答えの種類が足りません'],
  [/^add rows; every group needs pairs that no training pair repeats$/, '行を増やしてください。どの群にも、学習用のペアと重ならないペアが必要です'],
  [/^Read (\d+) rows: (.*)\.$/s, '$1 行を読みました：$2。'],
  [/^Read (\d+) texts: (.*)\.$/s, '$1 件の文を読みました：$2。'],
  [/^Left out (\d+) lines: (.*)\.$/s, ([, n = '', list = '']) => `${n} 行を除きました（${lines(list)}）。`],
  [/^Held out for evaluation, with their prompts: (.*)\.$/s, '評価のため、質問ごと取り分けました：$1。'],
  [/^Kept the (\d+) most frequent words; (\d+) rarer ones \((\S+) % of the text\) read <unk>\.$/, '多い順に $1 語を残しました。残りの $2 語（文の $3 %）は <unk> と読みます。'],
  [/^Kept the (\d+) most frequent words of (\d+); the others read <unk>\.$/, '$2 語のうち、多い順に $1 語を残しました。残りは <unk> と読みます。'],
  [/^Cut (\d+) of (\d+) rows to (\d+) tokens; a context of (\d+) keeps 99 % whole\.$/, '$2 行中 $1 行を $3 トークンで切りました。文脈長が $4 なら 99 % が丸ごと収まります。'],
  [/^Left out (\d+) rows whose two answers are the same, as the policy would see them\.$/, '方策から見て二つの答えが同じになる $1 行を除きました。'],
  [/^Left out (\d+) (?:rows|texts) that repeat another, as the (?:policy|models) would see them\.$/, 'モデルから見て他の行と同じになる $1 行を除きました。'],
  [/^Too few different prompts to hold some out: the same prompts, with other answers, are in training\.$/, '質問の種類が少ないため、取り分けた質問が、別の答えとともに学習にも含まれます。'],
  [/^Group `(.*)` has (\d+) pairs to train on, not (\d+): trained on (\d+) pairs instead of (\d+), at the same mix\.$/s, '群「$1」の学習用ペアは $2 組で、$3 組に足りません。比率はそのまま、$5 組でなく $4 組で学習します。'],
  [/^Learned (\d+) byte pairs beside the 256 bytes\.$/, '256 のバイトのほかに $1 のバイト対を学びました。'],
];

/** $1 などにかっこの中身を、$L に一つ目のかっこのレーンの名を入れる。 */
export function translated(phrases: readonly Phrase[], text: string): string | undefined {
  for (const [pattern, japanese] of phrases) {
    const parts = pattern.exec(text);
    if (parts && typeof japanese === 'function') return japanese(parts);
    if (parts) return (japanese as string).replaceAll(/\$([\dL])/g, (_, n: string) => (n === 'L' ? laneName(parts[1] ?? '') : (parts[Number(n)] ?? '')));
  }
  return undefined;
}

const problem = (text: string): string | undefined => translated(PROBLEMS, text);

/** 知っている文ならその訳。 */
export const dataPhrase = (text: string): string | undefined => problem(text) ?? translated(FILES, text);
