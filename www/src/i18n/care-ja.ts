import type { Cause } from '../engine/protocol';
import type { Care } from './care';

const CAUSES: Record<Cause | 'other', string> = {
  'gpu-lost': 'GPU が失われました',
  'gpu-silent': 'GPU が応答しなくなりました',
  'worker-lost': 'エンジンのワーカーが失われました',
  'worker-silent': 'エンジンのワーカーが応答しなくなりました',
  other: 'エンジンで問題が起きました',
};

export const careJa: Care = {
  trouble: (cause, step, detail) => `ステップ ${step} の後に${CAUSES[cause ?? 'other']}（${detail}）。`,
  then: {
    again: '最後のチェックポイントから学習を続けます。',
    stopped: '段階は止めたままで、「続ける」を押すとその続きから再開します。',
    cpu: '1 分間に 3 回目のため、最後のチェックポイントから CPU で学習を続けます。',
    refused: 'CPU で学習を続けます。',
    end: '1 分間に 3 回目です。もう一度始めるには再生を押してください。',
  },
  recovered: (device, step, seconds) => `${seconds} 秒後、ステップ ${step} から ${device === 'cpu' ? 'CPU' : 'WebGPU'} で学習を再開しました。抜けたり重複したりしたステップはありません。`,
  offer: (scenario, step, total, saved) => `「${scenario}」の実行がステップ ${step}／${total} で保存されています（${saved.toLocaleString('ja')}）。`,
  goOn: '続きから再開',
  forget: '破棄',
  otherTab: '別のタブがこのページの実行を保存しているため、このタブの実行は保存されません。学習は続けられ、ファイルには保存できます。',
  noRoom: 'ブラウザーの保存領域が足りず、この実行を保存できませんでした。学習は続きます。残すにはファイルに保存してください。',
  notKept: (why) => `この実行を保存できませんでした（${why}）。学習は続きます。残すにはファイルに保存してください。`,
  menu: '再開用ファイル',
  save: 'チェックポイントを保存',
  saveHelp: '続きをビット単位で同じに再開できるよう、この実行のすべてをファイルに保存します。`prefshift train --resume` でも読めます。',
  open: 'チェックポイントか記録を開く…',
  openHelp: '保存したチェックポイントから続けるか、記録された実行（JSON Lines）を表示します。ページにドロップしても開けます。',
  tooLarge: (mib, most) => `${mib} MiB あり、このページで開ける ${most} MiB を超えています`,
  pairsFirst: 'この実行は手元のペアのファイルから作られました。先にそのファイルを選んでから、チェックポイントを開いてください',
  pauseHidden: 'タブが隠れている間は一時停止',
};
